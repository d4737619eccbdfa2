"""Pages at the size of the province: 700,000 students in 170 schools, one of them with 30,000.

    .venv/bin/python -m bench.pages [STUDENTS]

Printed are, per page, the queries and the time that PostgreSQL took for them (the best of five of each), beside the floor: the one
query that no dashboard can do without, and the look-up of one row by its key. Budgets (design.md 10): dashboard 60 ms, a page of a
30,000 student list, searched, 5 ms.
"""

import os
import sys
import time
from typing import Any
from urllib.parse import quote

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

SCHOOLS, LARGE = 170, 30_000
STAGES = "ARRAY['waiting','checking','retake','ready','review','approved','approved','approved','proofed','proofed','printed','delivered']"
FILL = f"""
INSERT INTO students_student (school_id, season_id, student_no, name, id_type, id_sealed, id_hash, gender, level, college,
                              major, class_name, phone, email, stage, fee_state, lock_reason, created_at, updated_at,
                              id_tail, pinyin, initials)
SELECT %(school)s, %(season)s, '2023' || lpad(n::text, 6, '0'), substr('赵钱孙李周吴郑王冯陈', 1 + n %% 10, 1) || '同学' || n,
       'resident', %(sealed)s, md5(%(school)s || ':' || n) || md5(n::text), 'male', '本科', '学院' || n / 1500,
       '专业' || n / 300, '班级' || n / 40, '139' || lpad((%(school)s * 40000 + n)::text, 8, '0'), '', ({STAGES})[1 + (n * 7 + %(school)s) %% 12],
       (ARRAY['unpaid','paid','by_school'])[1 + n %% 3], '', now(), now(), (n * 31 + %(school)s) %% 4096,
       (ARRAY['zhao','qian','sun','li','zhou','wu','zheng','wang','feng','chen'])[1 + n %% 10] || 'tongxue' || n,
       substr('zqslzwzwfc', 1 + n %% 10, 1) || 'tx'
FROM generate_series(1, %(count)s) n
"""


def fill(students: int) -> tuple[Any, Any, Any]:
    """The province; returns the center's person and the person of the large school."""
    from django.db import connection

    from bench.database import by_owner
    from portal.models import Role
    from portal.tenancy import system_scope
    from schools.models import Area, Enrolment, School
    from tests import factories

    season = factories.season()
    areas = [Area.objects.create(code=f"a{n}", name=f"片区{n}", position=n) for n in range(13)]
    schools = School.objects.bulk_create(
        School(code=f"{n:05d}", name=f"高校{n:03d}", area=areas[n % 13]) for n in range(SCHOOLS)
    )
    with system_scope():
        Enrolment.objects.bulk_create(
            Enrolment(school=school, season=season, status=Enrolment.Status.CAPTURING) for school in schools
        )
    sealed = b"\x01"  # unreadable: only the list's own rows are opened
    rest = max(students - LARGE, 0) // (SCHOOLS - 1)
    with connection.cursor() as cursor:
        for n, school in enumerate(schools):
            count = min(LARGE, students) if n == 0 else rest
            cursor.execute(FILL, {"school": school.pk, "season": season.pk, "count": count, "sealed": sealed})
    by_owner("VACUUM ANALYZE students_student")
    return (
        factories.person("center", Role.CENTER_ADMIN),
        factories.person("clerk", Role.SCHOOL_ADMIN, schools[0]),
        schools[0],
    )


def sql_of(client: Any, url: str, *, times: int = 5) -> tuple[int, float]:
    """(queries, ms in PostgreSQL) of one page: the best of `times` of each statement, so that other programs count little."""
    from django.db import connection

    runs: list[list[float]] = []
    for _ in range(times):
        spent: list[float] = []
        with connection.execute_wrapper(_timed(spent)):
            response = client.get(url)
        if response.status_code != 200:
            raise SystemExit(f"{url} answered {response.status_code} {response.headers.get('Location', '')}")
        runs.append(spent)
    runs = [run for run in runs if len(run) == len(runs[-1])]
    return len(runs[-1]), sum(map(min, zip(*runs, strict=True)))


def _timed(spent: list[float]) -> Any:
    """An execute wrapper of Django that appends the ms of each statement."""

    def run(execute: Any, *statement: Any) -> Any:
        start = time.perf_counter()
        try:
            return execute(*statement)
        finally:
            spent.append((time.perf_counter() - start) * 1000)

    return run


def query_ms(sql: str) -> float:
    """The same measure for one statement."""
    from django.db import connection

    spent: list[float] = []
    for _ in range(5):
        with connection.execute_wrapper(_timed(spent)), connection.cursor() as cursor:
            cursor.execute(sql)
    return min(spent)


def first_look(client: Any, url: str) -> tuple[int, float]:
    """The same for the first panel that asks: it counts, the others share its count."""
    from django.core.cache import cache

    from schools.models import Season

    cache.delete(f"progress:{Season.objects.get().pk}")
    return sql_of(client, url, times=1)


def client_of(user: Any) -> Any:
    from django.test import Client

    from portal.tenancy import outside_scopes

    client = Client()
    client.get("/")  # loads the middleware, which notes when somebody signs in
    with outside_scopes():
        client.force_login(user)
    return client


def main(students: int) -> None:
    from bench.database import connect

    connect(create=True, name="test_bench_pages")
    from django.urls import reverse

    from students.lists import number_search

    center, clerk, large = fill(students)
    staff, school = client_of(center), client_of(clerk)
    print(f"{students:,} students, {SCHOOLS} schools, {min(LARGE, students):,} in the largest\n")
    print(f"{'page':<44}{'queries':>8}{'ms in PostgreSQL':>18}")
    floor = "SELECT school_id, stage, fee_state, count(*) FROM students_student GROUP BY 1, 2, 3"
    print(f"{'floor: one count of the index':<44}{1:>8}{query_ms(floor):>18.1f}")
    names = ["students:panel_figures", "students:panel_matrix", "students:panel_schools", "billing:panel_fees"]
    names += ["capture:panel_today", "capture:panel_failures", "proofing:panel_feedback", "printing:panel_printing"]
    total = 0.0
    for name in names:
        look = first_look if name == names[0] else sql_of
        queries, spent = look(staff, reverse(name))
        total += spent
        print(f"{'dashboard: ' + name:<44}{queries:>8}{spent:>18.1f}")
    print(f"{'dashboard, all panels':<44}{'':>8}{total:>18.1f}")
    key = f"SELECT * FROM students_student WHERE school_id = {large.pk} AND student_no = '2023000100'"
    print(f"\n{'floor: one row by its key':<44}{1:>8}{query_ms(key):>18.1f}")
    roster = reverse("students:roster")
    roster = school.get(roster).headers.get("Location", roster)  # with the year
    for label, query in (
        ("first page", ""),
        ("searched by name", "?q=赵同学1"),
        ("searched by number", "?q=20230001"),
        ("searched by pinyin", "?q=wangtongxue1"),
        ("found by the last four of a document", f"?number={quote(number_search.seal('123X'))}"),
        ("page 300", "?page=300"),
    ):
        queries, spent = sql_of(school, roster + query)
        print(f"{'roster of the large school, ' + label:<60}{queries:>8}{spent:>18.1f}")
    everybody = reverse("students:center_students")
    everybody = staff.get(everybody).headers.get("Location", everybody)
    for label, query in (
        ("first page", ""),
        ("searched by number", "?q=20230001"),
        ("sorted by name", "?sort=name"),
        ("page 10,000", "?page=10000"),
    ):
        queries, spent = sql_of(staff, everybody + query)
        print(f"{'students of the center, ' + label:<60}{queries:>8}{spent:>18.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 700_000)
