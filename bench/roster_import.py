"""Import of a roster: ours beside the default import-export and beside the floor (calamine + COPY + ON CONFLICT).

    .venv/bin/python -m bench.roster_import [ROWS]          30,000 rows unless told

Each contender gets the same workbook, an empty roster on a database of its own, and a fresh process. Printed are the time
on the clock, the processor time of this process and of its database server (what a busy machine does not change), and the
memory before and at most. Ours looks into the archive, validates every cell, checks GB 11643, encrypts, compares and writes
the history; the floor does none of it. "center" divides one workbook of ten schools, compares each part for its preview and writes
it, and prints each step. A school takes at most 60,000 rows, the center 120,000. ONLY="floor;ours" runs some of them.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.database import connect, drop, server_ms

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
CONTENDERS = tuple(os.environ.get("ONLY", "floor;ours;ours, same file again;center;import-export").split(";"))
SCHOOLS = 10  # of the center's workbook


def write_workbook(path: Path, rows: int, *, schools: int = 0) -> None:
    import openpyxl

    from students.roster.columns import COLUMNS
    from tests.factories import id_number

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("学生数据表")
    sheet.append([column.heading for column in COLUMNS] + ["学校代码"] * bool(schools))
    for n in range(rows):
        born = f"{2000 + n % 3}{n // 1000 % 12 + 1:02d}{n // 12000 + 1:02d}"
        number = id_number(n % 1000, born=born)
        major = f"专业{n // 90:03d}"
        sheet.append(
            [f"2023{n:06d}", "张王李赵"[n % 4] + "一二三四五六"[n % 6], "女男"[n % 2], "居民身份证", number, "本科"]
            + [f"学院{n // 1500:02d}", major, f"{major}2301", f"139{n:08d}", f"s{n}@example.org"]
            + ([f"2{n * schools // rows:04d}"] if schools else [])
        )
    book.save(path)


def clear() -> None:
    from bench.database import by_owner
    from schools.models import School
    from tests import factories

    by_owner("TRUNCATE students_student CASCADE", "TRUNCATE portal_event")
    if not School.objects.exists():
        factories.school(season=factories.season())


# the contenders; each returns how many students it wrote


def ours(path: Path) -> int:
    from portal import history
    from portal.tenancy import school_scope
    from schools.models import School, Season
    from students.roster import importer

    school = School.objects.order_by("pk")[0]
    with school_scope(school):
        found = importer.apply_import(path.read_bytes(), school=school, season=Season.objects.get(), by=history.SYSTEM)
    if found.wrong:
        raise SystemExit(f"{len(found.wrong)} wrong rows: the benchmark's workbook is not right")
    return found.new + found.changed


def center(path: Path) -> int:
    from portal import history
    from portal.tenancy import school_scope, system_scope
    from schools.models import School, Season
    from students.roster import bundles, importer
    from tests import factories

    season, done = Season.objects.get(), 0
    for n in range(SCHOOLS):
        if not School.objects.filter(code=f"2{n:04d}").exists():
            factories.school(season=season, code=f"2{n:04d}", name=f"School {n}")
    steps = Steps()
    with system_scope():
        parts = bundles.read(path.read_bytes(), season=season, progress=importer.no_progress).parts
    checked = {school: parts.pop(school).finish()[1] for school in list(parts)}
    steps.done("read, divided and checked")
    for school, file in checked.items():
        with school_scope(school):
            importer.plan_import(file, school=school, season=season)
    steps.done("compared for the previews")
    for school, file in checked.items():
        with school_scope(school):
            found = importer.apply_import(file, school=school, season=season, by=history.SYSTEM)
        if found.wrong:
            raise SystemExit(f"{len(found.wrong)} wrong rows: the benchmark's workbook is not right")
        done += found.new
    steps.done("written", goal="4 s on the clock for 100,000 rows, 150 MB more at most")
    return done


class Steps:
    """Prints how long each step took, and the processor time of this process, its readers and its database process."""

    def __init__(self) -> None:
        self._before = self._now()

    def done(self, step: str, goal: str = "") -> None:
        now = self._now()
        clock, own, readers, server = (after - before for after, before in zip(now, self._before, strict=True))
        self._before = now
        says = f"  {step}: {clock:.2f} s, own {own:.2f}, readers {readers:.2f}, server {server:.2f}"
        print(says + (f" (goal {goal})" if goal else ""), file=sys.stderr)

    def _now(self) -> tuple[float, ...]:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        times = (time.perf_counter(), time.process_time(), children.ru_utime + children.ru_stime)
        return (*times, server_ms() / 1000)


def import_export(path: Path) -> int:
    """A ModelResource as in the documentation of import-export. Only the ID number and the tenant
    are set by our code.
    """
    import tablib
    from import_export import resources

    from portal.tenancy import school_scope
    from schools.models import School, Season
    from students.models import Student
    from students.roster.columns import FIELDS

    school, season = School.objects.order_by("pk")[0], Season.objects.get()

    class Plain(resources.ModelResource):
        class Meta:
            model = Student
            import_id_fields = ("student_no",)
            fields = tuple(name for name in FIELDS if name != "id_number")
            use_transactions = True

        def before_import_row(self, row, **kwargs):
            row["gender"] = {"男": "male", "女": "female"}[row["gender"]]
            row["id_type"] = "resident"

        def before_save_instance(self, instance, row, **kwargs):
            instance.school, instance.season, instance.id_number = school, season, row["id_number"]

    data = tablib.Dataset().load(path.read_bytes(), format="xlsx")
    data.headers = list(FIELDS)
    with school_scope(school):
        result = Plain().import_data(data, raise_errors=True)
    return result.totals["new"]


def floor(path: Path) -> int:
    import python_calamine
    from django.db import connection, transaction

    from portal.tenancy import outside_scopes
    from schools.models import School, Season

    keys = f"{School.objects.order_by('pk')[0].pk}, {Season.objects.get().pk}"
    rows = python_calamine.load_workbook(path).get_sheet_by_index(0).to_python()[1:]
    columns = "student_no, name, gender, id_type, id_hash, level, college, major, class_name, phone, email"
    with transaction.atomic(), connection.cursor() as cursor:
        types = ", ".join(f"{name.strip()} text" for name in columns.split(","))
        with outside_scopes():
            cursor.execute(f"CREATE TEMPORARY TABLE raw ({types}) ON COMMIT DROP; GRANT ALL ON raw TO PUBLIC")
        with cursor.copy(f"COPY raw ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(
            f"""INSERT INTO students_student (school_id, season_id, id_sealed, stage, fee_state, lock_reason, created_at,
                                              updated_at, {columns})
                SELECT {keys}, '', 'waiting', 'unpaid', '', now(), now(), student_no, name, 'male', 'resident', id_hash, level,
                       college, major, class_name, phone, email FROM raw
                ON CONFLICT (season_id, school_id, student_no) DO UPDATE SET name = EXCLUDED.name"""
        )
        return cursor.rowcount


RUN = {"center": center, "ours": ours, "ours, same file again": ours, "import-export": import_export, "floor": floor}


def contend(name: str, path: Path) -> None:
    """In a process of its own: time and memory, as one line of JSON."""
    connect()
    if name != "ours, same file again":
        clear()
    from django.db import connection

    connection.ensure_connection()
    server = connection.connection.info.backend_pid
    figures = {"base": peak_memory(), "own": -time.process_time(), "server": -processor_time(server)}
    start = time.perf_counter()
    figures["written"] = RUN[name](path)
    figures["seconds"] = time.perf_counter() - start
    figures["own"] += time.process_time()
    figures["server"] += processor_time(server)
    print(json.dumps(figures | {"peak": peak_memory()}))


def peak_memory() -> float:
    """The most MB that this process has held. On Linux rusage is not used, because it includes the
    memory of the parent.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def processor_time(pid: int) -> float:
    """Seconds that a process has worked; 0 where there is no /proc."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    user, system = stat.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def main(rows: int) -> None:
    connect(create=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "roster.xlsx"
        write_workbook(path, rows)
        of_schools = Path(folder) / "schools.xlsx"
        if "center" in CONTENDERS:
            write_workbook(of_schools, rows, schools=SCHOOLS)
        print(f"{rows:,} rows, {path.stat().st_size / 1024:,.0f} KB")
        measured = {}
        for name in CONTENDERS:
            line = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "bench.roster_import",
                    "--as",
                    name,
                    str(of_schools if name == "center" else path),
                ],
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
            measured[name] = json.loads(line.stdout.splitlines()[-1])
    drop()
    report(measured, rows)


def report(measured: dict[str, dict[str, float]], rows: int) -> None:
    head = (
        "",
        "seconds",
        "rows/s",
        "cpu own",
        "cpu server",
        "MB before",
        "MB peak",
        "written",
        "x peer, time",
        "x peer, cpu",
    )
    print("{:24}{:>9}{:>9}{:>9}{:>12}{:>11}{:>9}{:>9}{:>14}{:>13}".format(*head))
    peer = measured.get("import-export")
    for name, figure in measured.items():
        seconds, cpu = figure["seconds"], figure["own"] + figure["server"]
        times = (peer["seconds"] / seconds, (peer["own"] + peer["server"]) / cpu) if peer else (0, 0)
        print(
            f"{name:24}{seconds:9.2f}{rows / seconds:9,.0f}{figure['own']:9.2f}{figure['server']:12.2f}"
            f"{figure['base']:11.0f}{figure['peak']:9.0f}{figure['written']:9,}{times[0]:14.1f}{times[1]:13.1f}"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--as"]:
        contend(sys.argv[2], Path(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 30_000)
