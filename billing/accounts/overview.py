"""The fees of all schools of a season.

A fixed number of queries, whatever the number of schools.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Sum

from billing.accounts.fee_accounts import RECEIVED
from billing.models import BankLine, Callback, LedgerEntry, Repayment
from schools.models import Enrolment, Season
from students import progress
from students.models import Student

PAID, WAIVED = Student.FeeState.PAID, Student.FeeState.WAIVED


@dataclass(frozen=True)
class SchoolFees:
    """The fees of one school; amounts in fen.

    `state` is "nothing", "open", "part", "settled" or "students".
    """

    enrolment: Enrolment
    photographed: int
    paid_by_students: int
    waived: int
    received_fen: int

    @property
    def billed(self) -> int:
        by_school = self.enrolment.payment_mode == Enrolment.PaymentMode.SCHOOL
        return self.photographed - self.paid_by_students - self.waived if by_school else 0

    @property
    def charged_fen(self) -> int:
        return self.billed * self.enrolment.season.price_fen

    @property
    def due_fen(self) -> int:
        return max(0, self.charged_fen - self.received_fen)

    @property
    def overpaid_fen(self) -> int:
        return max(0, self.received_fen - self.charged_fen)

    @property
    def student_fen(self) -> int:
        return self.paid_by_students * self.enrolment.season.price_fen

    @property
    def state(self) -> str:
        if self.enrolment.payment_mode == Enrolment.PaymentMode.STUDENT:
            return "students"
        if not self.charged_fen:
            return "nothing"
        return "settled" if not self.due_fen else "part" if self.received_fen > 0 else "open"


@dataclass(frozen=True)
class Totals:
    charged_fen: int
    received_fen: int
    student_fen: int
    due_fen: int
    overpaid_fen: int
    open_schools: int

    @property
    def received_all_fen(self) -> int:
        """From schools and from students."""
        return self.received_fen + self.student_fen


def by_school(season: Season | None) -> list[SchoolFees]:
    """The fees of every enrolled school, the largest amount due first."""
    if season is None:
        return []
    photographed: Counter[int] = Counter()
    paid: Counter[int] = Counter()
    waived: Counter[int] = Counter()
    for school_id, stage, fee_state, number in progress.count_students(season):
        if stage in Student.CAPTURED:
            photographed[school_id] += number
            paid[school_id] += number * (fee_state == PAID)
            waived[school_id] += number * (fee_state == WAIVED)
    entries = LedgerEntry.objects.filter(account__season=season, order=None, kind__in=RECEIVED)
    received = dict(entries.order_by().values_list("school").annotate(Sum("amount_fen")))
    enrolments = Enrolment.objects.filter(season=season).select_related("school__area", "season")
    rows = [
        SchoolFees(
            enrolment,
            photographed[enrolment.school_id],
            paid[enrolment.school_id],
            waived[enrolment.school_id],
            -received.get(enrolment.school_id, 0),
        )
        for enrolment in enrolments
    ]
    return sorted(rows, key=lambda row: -row.due_fen)


@dataclass(frozen=True)
class Unmatched:
    """Money that came in and is nobody's yet: lines of the bank, and payments that the books refused."""

    lines: int
    payments: int
    fen: int

    @property
    def number(self) -> int:
        return self.lines + self.payments


def unmatched() -> Unmatched:
    lines = BankLine.objects.unmatched().aggregate(
        number=Count("pk"), fen=Sum(F("amount_fen") - F("booked_fen"), default=0)
    )
    refused = Callback.objects.unresolved().aggregate(number=Count("pk"), fen=Sum("amount_fen", default=0))
    return Unmatched(lines["number"], refused["number"], lines["fen"] + refused["fen"])


def unresolved_callbacks() -> list[Callback]:
    """The refused payments that nobody has resolved or that go back just now, newest first, at most 200.

    Each gets an attribute `enrolment`: the school's enrolment, None when the payment names no order
    of ours.
    """
    going_back = Callback.objects.filter(repayment__status=Repayment.Status.REFUNDING)
    found = Callback.objects.unresolved() | going_back
    rows: list[Any] = list(found.select_related("order__student__school", "repayment").order_by("-id")[:200])
    orders = [row.order for row in rows if row.order]
    enrolments = {
        (row.school_id, row.season_id): row
        for row in Enrolment.objects.filter(school__in={order.school_id for order in orders})
    }
    for row in rows:
        row.enrolment = enrolments.get((row.order.school_id, row.order.season_id)) if row.order else None
    return rows


def counts(rows: list[SchoolFees]) -> Counter[str]:
    """How many schools are in each state."""
    return Counter(row.state for row in rows)


def totals(rows: list[SchoolFees]) -> Totals:
    return Totals(
        charged_fen=sum(row.charged_fen for row in rows),
        received_fen=sum(row.received_fen for row in rows),
        student_fen=sum(row.student_fen for row in rows),
        due_fen=sum(row.due_fen for row in rows),
        overpaid_fen=sum(row.overpaid_fen for row in rows),
        open_schools=sum(row.due_fen > 0 for row in rows),
    )
