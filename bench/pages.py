"""Pages at the size of the province: 700,000 students in 170 schools, one of them with 30,000, and all that a season holds.

    .venv/bin/python -m bench.pages [STUDENTS]     in a database of its own, filled by `manage.py demo --scale`
    .venv/bin/python -m bench.pages --here         in the one of TUCAI_DATA, filled before
    .venv/bin/python -m bench.pages --here --pages     without the work behind them; --work: that alone

One row in fifty is changed first, and nothing is vacuumed: a running season. Printed are, per page, the statements, the ms that
PostgreSQL took for all of them as the plain roles, of the first request and of the best of five, and the ms of processor time of its
process (`cpu`, the best of five), which a busy machine changes little. Beside them stand the floor (the one count that no dashboard can do
without, the look-up of one row by its key) and the budget in ms, where design.md or issue 12 gives one; a page is slow when its cpu is over
it. Then comes the work behind the pages (`bench.work`), unless `--pages` is given. Last come the statements that took longest, whole when
`--plans` is given.
"""

import datetime as dt
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from bench.database import alone, by_owner, connect, connect_here, server_ms

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

LEAST_SLOW_MS = 50.0
# (label, who looks, URL name, what follows the address or "@model" for the page of its middle row, budget in ms)
PAGES = (
    ("dashboard", "center", "schools:dashboard", "", 60),
    ("schools", "center", "schools:schools", "", 50),
    ("students of all schools", "center", "students:center_students", "", 50),
    ("students, searched by number", "center", "students:center_students", "?q=20230100001", 10),
    ("students, sorted by name", "center", "students:center_students", "?sort=name", 50),
    ("photos", "center", "capture:center_photos", "", 10),
    ("photos, page 10,000", "center", "capture:center_photos", "?page=10000", 10),
    ("photos of today", "center", "capture:center_photos", "?attempts=every&day={today}", None),
    ("figures by day", "center", "capture:figures", "", None),
    ("figures by college", "center", "capture:college_figures", "", None),
    ("judging", "center", "capture:photo_rules", "", 50),
    ("backgrounds", "center", "capture:center_background", "", None),
    ("proofreading forms", "center", "proofing:center_feedback", "", None),
    ("fees", "center", "billing:center_fees", "", None),
    ("entries", "center", "billing:entries", "", None),
    ("entries, page 500", "center", "billing:entries", "?page=500", None),
    ("day book", "center", "billing:day_book", "", None),
    ("settlements", "center", "billing:center_settlements", "", None),
    ("receipts", "center", "billing:receipts", "", None),
    ("waivers", "center", "billing:waivers", "", None),
    ("reconciliation", "center", "billing:reconciliations", "", None),
    ("reconciliation of a day", "center", "billing:reconciliation", "@billing.Reconciliation", None),
    ("bank", "center", "billing:bank", "", None),
    ("bank lines", "center", "billing:bank_lines", "", None),
    ("bank lines, to be assigned", "center", "billing:bank_lines", "?state=open", None),
    ("bank statement", "center", "billing:bank_statement", "@billing.BankStatement", None),
    ("bank line", "center", "billing:bank_line", "@billing.BankLine", None),
    ("payers' names", "center", "billing:bank_names", "", None),
    ("refunds to schools", "center", "billing:center_refunds", "", None),
    ("print runs", "center", "printing:center_runs", "", None),
    ("what the registry gets", "center", "printing:handover", "", None),
    ("retention", "center", "portal:retention", "", None),
    ("corrections of all schools", "center", "proofing:center_corrections", "", None),
    ("shipments", "center", "printing:center_shipments", "", None),
    ("notices", "center", "schools:center_notices", "", None),
    ("notice", "center", "schools:center_notice", "@schools.Notice", None),
    ("letters", "center", "schools:center_inquiries", "", None),
    ("letter", "center", "schools:center_inquiry", "@schools.Inquiry", None),
    ("moves between schools", "center", "students:center_moves", "", None),
    ("rosters of several schools", "center", "students:bundles", "", None),
    ("season", "center", "schools:season", "", None),
    ("schedule", "center", "schools:schedule", "", None),
    ("year's end", "center", "year_end:year_end", "", 300),
    ("deliveries", "center", "portal:deliveries", "", None),
    ("history", "center", "portal:history", "", None),
    ("looks", "center", "portal:center_looks", "", None),
    ("people", "center", "portal:center_people", "", None),
    ("home", "school", "schools:school_home", "", None),
    ("roster", "school", "students:roster", "", 5),
    ("roster, searched by name", "school", "students:roster", "?q=王伟", 5),
    ("roster, searched by number", "school", "students:roster", "?q=20230100", 5),
    ("roster, page 300", "school", "students:roster", "?page=300", 5),
    ("review", "school", "capture:review", "", None),
    ("daily checks", "school", "capture:daily_checks", "", None),
    ("exemptions", "school", "capture:exemptions", "", None),
    ("backgrounds of the school", "school", "capture:background", "", None),
    ("stations", "school", "capture:stations", "", None),
    ("plan of the classes", "school", "capture:plan", "", None),
    ("who is missing", "school", "capture:missing", "", None),
    ("proofs", "school", "proofing:proofs", "", None),
    ("corrections", "school", "proofing:corrections", "", None),
    ("feedback form", "school", "proofing:feedback", "", None),
    ("prints", "school", "printing:prints", "", None),
    ("fees of the school", "school", "billing:account", "", None),
    ("fees of the students", "school", "billing:students", "", None),
    ("history of the school", "school", "portal:school_history", "", None),
    ("messages", "school", "portal:messages", "", None),
    ("moves", "school", "students:moves", "", None),
    ("notices", "school", "schools:notices", "", None),
    ("letters of the school", "school", "schools:inquiries", "", None),
)
PANELS = (
    "students:panel_figures", "students:panel_matrix", "students:panel_schools", "billing:panel_fees", "capture:panel_today",
    "capture:panel_failures", "proofing:panel_feedback", "printing:panel_printing", "portal:panel_jobs",
)  # fmt: skip


@dataclass
class Statement:
    sql: str
    ms: float


def fill(students: int) -> None:
    """The province, in the database that is connected."""
    from demo.scale import filling

    filling.fill(
        students=students,
        last_year=students // 10,
        processes=os.cpu_count() or 1,
        report=lambda line: print(line, file=sys.stderr, flush=True),
    )


def people() -> tuple[Any, Any, Any]:
    """(the center's administrator, the one of the largest school, that school)"""
    from portal.models import User

    clerk = User.objects.get(username="school")
    return User.objects.get(username="center"), clerk, clerk.membership.school


def change_rows() -> None:
    """What an hour of a running season leaves behind: one row in fifty is another version of itself."""
    for table, column in (("students_student", "updated_at"), ("capture_photo", "queued_at")):
        by_owner(
            f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
            f"UPDATE {table} SET {column} = {column} WHERE id % 50 = 7",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        )


def statements_of(ask: Callable[[], Any]) -> list[Statement]:
    """The statements that a call sends, as PostgreSQL took them."""
    from django.db import connection

    found: list[Statement] = []

    def run(execute: Any, sql: Any, *rest: Any) -> Any:
        start = time.perf_counter()
        try:
            return execute(sql, *rest)
        finally:
            found.append(Statement(str(sql), (time.perf_counter() - start) * 1000))

    with connection.execute_wrapper(run):
        ask()
    return found


@dataclass
class Cost:
    """Of one page: its statements, ms on the clock and of processor time in PostgreSQL."""

    statements: int
    clock: float
    cpu: float


def sql_of(client: Any, url: str, *, times: int = 5) -> Cost:
    """The best of `times` of each statement, so that other programs count little."""
    runs, worked = [], []
    for _ in range(times):
        before = server_ms()
        runs.append(statements_of(lambda: looked(client, url)))
        worked.append(server_ms() - before)
    return Cost(len(runs[-1]), _best(runs), min(worked))


def _best(runs: list[list[Statement]]) -> float:
    alike = [run for run in runs if len(run) == len(runs[-1])]
    return sum(min(one.ms for one in same) for same in zip(*alike, strict=True))


def looked(client: Any, url: str) -> Any:
    response = client.get(url)
    if response.status_code != 200:
        raise SystemExit(f"{url} answered {response.status_code} {response.headers.get('Location', '')}")
    return response


def _asking(client: Any, url: str, answers: list[Any]) -> Callable[[], Any]:
    return lambda: answers.append(client.get(url))


def query_ms(sql: str) -> float:
    """The same measure for one statement."""
    from django.db import connection

    def ask() -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql)

    return min(statements_of(ask)[0].ms for _ in range(5))


def client_of(user: Any) -> Any:
    from django.test import Client

    from portal.tenancy import outside_scopes

    client = Client()
    client.get("/")  # loads the middleware, which notes when somebody signs in
    with outside_scopes():
        client.force_login(user)
    return client


def address_of(client: Any, name: str, more: str) -> str:
    """The address with its year; "" for a page that is not here any more."""
    from django.apps import apps
    from django.urls import NoReverseMatch, reverse

    keys = []
    if more.startswith("@"):
        rows = apps.get_model(more[1:])._base_manager.order_by("pk").values_list("pk", flat=True)
        keys, more = list(rows[rows.count() // 2 :][:1]), ""
    try:
        url = reverse(name, args=keys)
    except NoReverseMatch:
        return ""
    return client.get(url).headers.get("Location", url) + more.format(today=dt.date.today())


def measure(clients: dict[str, Any]) -> Iterator[tuple[str, str, Statement]]:
    """Print a line a page; yield (page, address, statement) for each slow statement of the first request."""
    print(f"{'page':<42}{'statements':>11}{'first ms':>10}{'best ms':>10}{'cpu ms':>8}{'budget':>8}")
    panels = [(f"panel: {name}", "center", name, "", 60) for name in PANELS]
    for label, who, name, more, budget in (*PAGES[:1], *panels, *PAGES[1:]):
        url = address_of(clients[who], name, more)
        answers: list[Any] = []
        first = statements_of(_asking(clients[who], url, answers)) if url else []
        if not answers or answers[0].status_code != 200:
            print(f"{who + ': ' + label:<42}{'not here':>11}")
            continue
        cost = sql_of(clients[who], url, times=1 if sum(one.ms for one in first) > 2000 else 5)
        mark = " slow" if cost.cpu > (budget or LEAST_SLOW_MS) else ""
        print(
            f"{who + ': ' + label:<42}{cost.statements:>11}{sum(one.ms for one in first):>10.1f}{cost.clock:>10.1f}{cost.cpu:>8.1f}"
            f"{budget or '':>8}{mark}",
            flush=True,
        )
        yield from ((f"{who}: {label}", url, one) for one in first if one.ms > LEAST_SLOW_MS)


def main(students: int, *, is_here: bool, with_plans: bool, with_pages: bool, with_work: bool) -> None:
    from bench import work

    if is_here:
        connect_here()
    else:
        connect(create=True, name="test_bench_pages")
        fill(students)
    from portal.tenancy import system_scope
    from schools.models import Enrolment, Season
    from students.models import Student

    change_rows()
    alone()
    center, clerk, large = people()
    with system_scope():
        season = Season.objects.filter(status=Season.Status.OPEN).latest("year")
        there = Student.objects.filter(season=season)
        print(
            f"{there.count():,} students of this season, {there.filter(school=large).count():,} in the largest school\n"
        )
        number = there.filter(school=large)[100].student_no
    floor = "SELECT school_id, stage, fee_state, count(*) FROM students_student GROUP BY 1, 2, 3"
    key = f"SELECT * FROM students_student WHERE school_id = {large.pk} AND student_no = '{number}'"
    print(f"{'floor: one count of the index':<42}{1:>11}{'':>10}{query_ms(floor):>10.1f}")
    print(f"{'floor: one row by its key':<42}{1:>11}{'':>10}{query_ms(key):>10.1f}\n")
    slow = list(measure({"center": client_of(center), "school": client_of(clerk)})) if with_pages else []
    if with_work:
        with system_scope():
            enrolment = Enrolment.objects.select_related("school", "season").get(school=large, season=season)
            work.measure(work.Province(season, enrolment, clerk, center))
    for page, url, one in sorted(slow, key=lambda row: -row[2].ms)[:25]:
        print(f"\n{one.ms:.0f} ms  {page}  {url}\n  {one.sql if with_plans else one.sql[:400]}")


if __name__ == "__main__":
    given = sys.argv[1:]
    counts = [int(argument) for argument in given if argument.isdigit()]
    main(
        counts[0] if counts else 700_000,
        is_here="--here" in given,
        with_plans="--plans" in given,
        with_pages="--work" not in given,
        with_work="--pages" not in given,
    )
