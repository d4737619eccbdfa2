"""A bank's file from its upload to the end of its job, at 600, 5,000 and 19,000 lines of 170 schools.

    .venv/bin/python -m bench.money.bank_statement [LINES ...]

Printed are the seconds of the request that takes the file and of the job that reads, takes and matches its lines, on a
database of its own. The job's own processor time, without PostgreSQL and the reader's process, hardly depends on the load. The budget of the issue, 600 lines in 2 s, is for both together.
"""

import datetime as dt
import os
import sys
import time
from collections.abc import Sequence

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from bench.database import by_owner, connect
from bench.money.made_statement import PRICE, MadeStatement, icbc_csv, make

SIZES = (600, 5_000, 19_000)
SEED, YEARS = 1, (2021, 2022)


def fill(made: MadeStatement) -> None:
    """The schools of the made statement, each with a tenth of its students at ten times the price: the same due."""
    from django.db import connection

    from portal.tenancy import school_scope
    from tests import factories

    season = factories.season(year=2022, price_fen=10 * PRICE)
    for made_school in made.schools:
        school = factories.school(season=season, code=made_school.code, name=made_school.name)
        number = -(-made_school.due[season.year] // season.price_fen)
        with school_scope(school), connection.cursor() as cursor:
            cursor.execute(f"""
            INSERT INTO students_student (school_id, season_id, stage, fee_state, lock_reason, created_at, updated_at, import_no,
                id_hash, id_sealed, id_tail, pinyin, initials, student_no, name, id_type, gender, level, college, major, class_name, phone, email)
            SELECT {school.pk}, {season.pk}, 'approved', 'unpaid', '', now(), now(), 0, '{school.code}-' || n, '', 0, '', '', 'S' || n,
                '李一', 'resident', 'female', '本科', '信息学院', '软件工程', '软件2301', '', '' FROM generate_series(1, {number}) n
            """)
    by_owner("VACUUM ANALYZE")


def measure(lines: int) -> None:
    """A statement of `lines` lines, when nothing is in the books yet."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from billing.bank import statements
    from billing.models import Allocation, BankLine, BankStatement
    from portal.background import jobs
    from portal.models import User

    made = make(SEED, lines=lines, years=YEARS)
    content = icbc_csv(made, first_day=dt.date(2022, 11, 1) - dt.timedelta(days=lines // 30))
    started = time.perf_counter()
    statement = statements.upload(content=content, filename=f"{lines}.csv", by=User.objects.get())
    uploaded, used = time.perf_counter(), time.process_time()
    with CaptureQueriesContext(connection) as queries:
        jobs.run(statement.job_id)
    ended, used = time.perf_counter(), time.process_time() - used
    kept = BankLine.objects.filter(statement=statement).count()
    proposed = Allocation.objects.filter(line__statement=statement).count()
    in_sql = sum(float(query["time"]) for query in queries)
    print(
        f"{lines:>7,} lines: upload {uploaded - started:.2f} s, job {ended - uploaded:.2f} s, of which {used:.2f} s are of its own processor"
        f" and {in_sql:.2f} s of {len(queries)} queries; {kept:,} lines kept, {proposed:,} parts proposed; load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    statement.refresh_from_db()
    if (statement.status, kept) != (BankStatement.Status.TAKEN, lines):
        sys.exit(f"misread: {statement.status}")


def main(sizes: Sequence[int]) -> None:
    connect(create=True, name="test_bench_bank_statement")
    from tests import factories

    fill(make(SEED, years=YEARS))
    factories.person("accountant", "center_finance")
    for lines in sizes:
        by_owner("TRUNCATE billing_bankline, billing_allocation, billing_feeaccount CASCADE")
        measure(lines)


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or SIZES)
