"""Fills an empty database with the two seasons of the scale demo, and proves what it has filled.

A process for each core makes rows and copies them; what is made depends on the seed and the day alone.
"""

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, connections
from django.utils import timezone

from billing.books import proof
from billing.models import Receipt, ReceiptSeries
from demo.scale import (
    accounts,
    letters,
    notices,
    pictures,
    provider_bills,
    school_rows,
    seasons,
    stations,
    student_rows,
    workflows,
)
from demo.scale.copying import Table, json_text, open_for_copying, tables
from demo.scale.pictures import Pictures
from demo.scale.seasons import Province
from demo.scale.student_rows import Batch, Campus, Made, Numbers
from portal.counters import proof as counters
from portal.database.owner import as_owner
from portal.history import checkpoints
from portal.models import Notification
from portal.tenancy import system_scope
from schools.models import Season

STUDENTS_A_BATCH = 2000
Report = Callable[[str], object]

DAY_SUMS = """
INSERT INTO billing_daysum (school_id, season_id, account_id, day, provider, kind, entries, debit_fen, credit_fen)
SELECT school_id, season_id, account_id, posted_on, provider, kind, count(*), sum(greatest(amount_fen, 0)),
       sum(greatest(-amount_fen, 0))
FROM billing_ledgerentry GROUP BY 1, 2, 3, 4, 5, 6
"""
BALANCES = """
UPDATE billing_feeaccount account SET balance_fen = summed.fen
FROM (SELECT account_id, sum(amount_fen) AS fen FROM billing_ledgerentry GROUP BY 1) summed
WHERE summed.account_id = account.id
"""
SETTLED = "UPDATE billing_feeaccount SET settled_at = %s WHERE id = %s"
PAID = """
SELECT paid.id, paid.school_id, paid.season_id, season.year, paid.amount_fen, student.name, paid.paid_at,
       paid.refund_requested_at, paid.student_id
FROM billing_order paid JOIN students_student student ON student.id = paid.student_id
JOIN schools_season season ON season.id = paid.season_id
ORDER BY paid.paid_at, paid.id
"""


class BooksDisagree(Exception):
    """The proof of the ledger has found faults in what was filled."""


def fill(
    *, students: int, last_year: int, seed: int = 1, processes: int = 1, report: Report = print,
    draw: Callable[[Season], Pictures] = pictures.draw,
) -> None:  # fmt: skip
    """Fill a database that holds no season.

    Raises IntegrityError for a row that the constraints do not allow, BooksDisagree for sums that are wrong.
    """
    clock = _Clock(report)
    with system_scope():
        with as_owner():
            with open_for_copying(clock.begin):
                clock.begin("schools and people")
                province = seasons.make(students=students, last_year=last_year, seed=seed)
                clock.begin("pictures")
                drawn = draw(province.seasons[0])
                numbers = _numbers(province, students + last_year, seed)
                clock.begin("students")
                made = _write_students(province.campuses, numbers, drawn, processes, clock)
                clock.begin("schools")
                rows = made.rows + _write_schools(province, numbers, drawn, made) + _write_receipts(numbers)
                rows += provider_bills.make()
                for name, number in sorted(rows.items()):
                    report(f"  {name:<28}{number:>12,}")
            clock.begin("statistics")
            _run(*(f"ANALYZE {name}" for name in tables()))
        clock.begin("counters")
        counters.repair()
        clock.begin("workflows")
        workflows.run(province)
        clock.begin("books")
        if faults := proof.prove().faults:
            raise BooksDisagree(str(faults))
        checkpoints.make()
        checkpoints.make()  # counts what the first has noted
    clock.end()


@dataclass
class _Clock:
    """Says how many seconds each step has taken."""

    report: Report
    step: str = ""
    started: float = field(default_factory=time.perf_counter)
    begun: float = field(default_factory=time.perf_counter)

    def begin(self, step: str) -> None:
        self._say()
        self.step, self.started = step, time.perf_counter()

    def end(self) -> None:
        self._say()
        self.report(f"{'all':<30}{time.perf_counter() - self.begun:>10.1f} s")

    def _say(self) -> None:
        if self.step:
            self.report(f"{self.step:<30}{time.perf_counter() - self.started:>10.1f} s")


def _run(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _numbers(province: Province, students: int, seed: int) -> Numbers:
    """The rows so far took the first numbers. The lines of the schools come first: they are the oldest, mostly."""
    first = {
        name: _next(name) for name in tables() if name not in ("portal_user_groups", "portal_user_user_permissions")
    }
    count = len(province.campuses)
    first["schools"] = first["portal_event"]
    first["portal_event"] += (count + 2) * school_rows.EVENTS
    first["school_entries"] = first["billing_ledgerentry"]
    first["billing_ledgerentry"] += count * 2
    first["print_jobs"] = first["portal_job"] + count
    first["receipt_events"] = first["portal_event"] + students * (student_rows.EVENTS + student_rows.LATER_EVENTS)
    first["receipt_messages"] = first["portal_notification"] + students * student_rows.MESSAGES
    return Numbers(first, students, timezone.now(), seed, province.officer.pk)


def _next(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")  # noqa: S608
        number: int = cursor.fetchone()[0]
    return number


_shared: dict[str, Any] = {}  # what the processes need besides their batches; they are forked


def _write_students(
    campuses: list[Campus], numbers: Numbers, drawn: Pictures, processes: int, clock: _Clock
) -> Made:  # fmt: skip
    _shared.update(numbers=numbers, pictures=drawn)
    batches = list(student_rows.batches(campuses, at_least=STUDENTS_A_BATCH))
    whole = Made(Counter(), Counter(), Counter(), Counter())
    for n, made in enumerate(_made(batches, processes), start=1):
        for name, counted in vars(made).items():
            getattr(whole, name).update(counted)
        if n * 10 // len(batches) > (n - 1) * 10 // len(batches):
            clock.report(f"  {n * 100 // len(batches):>3} % {time.perf_counter() - clock.started:>8.0f} s")
    return whole


def _made(batches: list[Batch], processes: int) -> Iterator[Made]:
    if processes == 1:
        yield from map(_write, batches)
        return
    connections.close_all()  # no two processes use one
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        yield from pool.imap(_write, batches)


def _write(batch: Batch) -> Made:
    return student_rows.write(batch, _shared["numbers"], _shared["pictures"])


def _write_schools(province: Province, numbers: Numbers, drawn: Pictures, made: Made) -> Counter[str]:
    writer = school_rows.Writer(numbers, drawn)
    school_rows.tell_seasons(writer, province.seasons, province.campuses)
    for make in (notices.tell, stations.make, letters.make, accounts.make):
        make(writer, province.campuses)
    volumes: dict[int, dict[int, int]] = {}
    for (run, volume), count in made.printed.items():
        volumes.setdefault(run, {})[volume] = count
    for campus in province.campuses:
        writer.add(
            campus,
            billed=made.billed[campus.account_id],
            portraits=made.portraits[campus.enrolment_id],
            volumes=volumes.get(campus.run_id or 0, {}),
        )
    rows = writer.copy()
    _run(DAY_SUMS, BALANCES)
    settled = [campus for campus in province.campuses if campus.is_settled and made.billed[campus.account_id]]
    with connection.cursor() as cursor:
        for campus in settled:
            cursor.execute(SETTLED, [campus.dates.accepted, campus.account_id])
    return rows


def _write_receipts(numbers: Numbers) -> Counter[str]:
    """A receipt for each payment, numbered in the order in which they came."""
    receipt = Table(
        Receipt,
        "id",
        "school_id",
        "season_id",
        "order_id",
        "number",
        "serial",
        "amount_fen",
        "payer",
        "issued_at",
        "voided_at",
    )
    message = Table(Notification, "id", "school_id", "recipient_key", "kind", "parameters", "link", "created_at")
    event = student_rows.event_table()
    with connection.cursor() as cursor:
        cursor.execute(PAID)
        paid = cursor.fetchall()
    last: Counter[int] = Counter()
    for pk, (order, school, season, year, fen, name, at, voided, student) in enumerate(
        paid, start=numbers.first["billing_receipt"]
    ):
        last[season] += 1
        number = f"TC-{year}-{last[season]:06d}"
        receipt.add(pk, school, season, order, number, last[season], fen, name, at, voided)
        message.add(numbers.first["receipt_messages"] + pk, school, f"student:{student}", "fee.paid",
                    json_text({"amount": fen, "number": number}), "/me/", at)  # fmt: skip
        of, system = ("billing.receipt", pk, school, season, "system", "system", "", ""), "task"
        lines = [(at, "receipt.issued", *of, {"amount_fen": fen, "number": number}, system)]
        if voided:
            lines.append((voided, "receipt.voided", *of, {"number": number}, system))
        for place, line in enumerate(lines):
            student_rows.add_event(event, numbers.first["receipt_events"] + pk * 2 + place, line)
    ReceiptSeries.objects.bulk_create(ReceiptSeries(season_id=season, last=count) for season, count in last.items())
    return Counter({table.name: table.copy() for table in (receipt, message, event)})
