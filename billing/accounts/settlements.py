"""Settlements: what a school owes at a date is frozen with its students, and signed off or contested by the school.

The only gate of their states. The charge of the account goes on growing; what has changed since the last settlement makes
a supplement, in which a student may also be taken off again.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import Case, QuerySet, Sum, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing.accounts import fee_accounts
from billing.models import FeeAccount, Settlement, SettlementLine
from portal import history, notifications
from portal.background import jobs
from portal.changes import states
from portal.changes.transactions import retried
from portal.errors import PortalError
from portal.models import Job, User
from portal.tenancy import school_scope
from schools.models import Enrolment, Season
from students.models import Student
from students.privacy import erasure

KIND = "settlements"
CHUNK = 2000  # lines in one INSERT
Status = Settlement.Status


class NothingToSettle(PortalError):
    """Nothing has changed since the last settlement."""


@dataclass(frozen=True)
class Difference:
    """What a supplement would hold: the ids of students that are new, and of those that are taken off."""

    added: frozenset[int]
    taken_off: frozenset[int]

    @property
    def students(self) -> int:
        return len(self.added) - len(self.taken_off)

    def __bool__(self) -> bool:
        return bool(self.added or self.taken_off)


def difference(enrolment: Enrolment) -> Difference:
    """What has changed since the settlements that stand; with none of them, all students."""
    billed = set(fee_accounts.billed_students(enrolment).values_list("pk", flat=True))
    settled = _settled_students(enrolment)
    return Difference(frozenset(billed - settled), frozenset(settled - billed))


def _settled_students(enrolment: Enrolment) -> set[int]:
    """The students of the settlements that stand, without those that a later one took off."""
    lines = SettlementLine.objects.filter(
        settlement__account__enrolment=enrolment, settlement__status__in=Settlement.STANDING
    )
    signed = Case(When(is_taken_off=True, then=Value(-1)), default=Value(1))
    counted = lines.order_by().values("student").annotate(times=Sum(signed)).filter(times__gt=0)
    return set(counted.values_list("student", flat=True))


def of(enrolment: Enrolment) -> Any:
    """The settlements of the school in this season, the newest first."""
    return Settlement.objects.filter(account__enrolment=enrolment).select_related("account", "school")


def lines_of(student: Student) -> QuerySet[SettlementLine]:
    """Where the student stands on settlements that are not withdrawn, the newest first."""
    lines = SettlementLine.objects.filter(student=student, settlement__status__in=Settlement.STANDING)
    return lines.select_related("settlement__account").order_by("-settlement_id")


def settled_fen(enrolment: Enrolment) -> int:
    """The sum of the settlements that stand."""
    standing = of(enrolment).filter(status__in=Settlement.STANDING)
    return standing.order_by().aggregate(sum=Sum("amount_fen"))["sum"] or 0


def contested(request: Any) -> QuerySet[Settlement]:
    """The contested settlements of the season, which wait for the center."""
    return Settlement.objects.filter(account__season=request.season, status=Status.CONTESTED)


@retried
def propose(enrolment: Enrolment, *, by: User | history.System) -> Settlement:
    """Freeze the account today and hand the settlement to the school.

    Raises PortalError while another one is open, and NothingToSettle when nothing has changed since the last.
    """
    settlement = _freeze(enrolment, by=by)
    _tell_school(settlement, "settlement.proposed")
    return settlement


def _freeze(enrolment: Enrolment, *, by: User | history.System) -> Settlement:
    account = _lock(fee_accounts.post_charge(enrolment, by=by))
    if account.settlements.filter(status__in=Settlement.OPEN).exists():
        raise PortalError(_("A settlement of this school is not signed off yet."))
    changed = difference(enrolment)
    if not changed:
        raise NothingToSettle(_("There is nothing to settle: no student is new or gone since the last settlement."))
    price = enrolment.season.price_fen
    settlement = Settlement.objects.create(
        school_id=account.school_id,
        account=account,
        number=account.settlements.count() + 1,
        as_of=timezone.localdate(),
        price_fen=price,
        students=changed.students,
        amount_fen=changed.students * price,
        proposed_by=by if isinstance(by, User) else None,
    )
    _add_lines(settlement, changed)
    facts = {"students": settlement.students, "amount_fen": settlement.amount_fen, "number": settlement.number}
    history.record("settlement.proposed", settlement, by=by, after=settlement.status, facts=facts)
    return settlement


def _add_lines(settlement: Settlement, changed: Difference) -> None:
    rows = Student.objects.filter(pk__in=changed.added | changed.taken_off).order_by("pk")
    waiting: list[SettlementLine] = []
    for student in rows.iterator(chunk_size=CHUNK):
        waiting.append(
            SettlementLine(
                school_id=settlement.school_id,
                settlement=settlement,
                student=student,
                is_taken_off=student.pk in changed.taken_off,
                student_no=student.student_no,
                name=student.name,
                masked_id=student.masked_id,
                college=student.college,
                major=student.major,
                class_name=student.class_name,
            )
        )
        if len(waiting) == CHUNK:
            SettlementLine.objects.bulk_create(waiting)
            waiting = []
    SettlementLine.objects.bulk_create(waiting)


@retried
def sign(settlement: Settlement, *, by: User) -> Settlement:
    """The school signs the settlement off. It is final."""
    _lock(settlement.account)
    return _change(settlement, Status.SIGNED, by=by, decided_by=by, decided_at=timezone.now())


@retried
def contest(settlement: Settlement, *, reason: str, by: User) -> Settlement:
    """The school contests the settlement, and says why. The center answers."""
    _lock(settlement.account)
    reason = _given(reason)
    fields: dict[str, Any] = {"reason": reason, "answer": "", "decided_by": by, "decided_at": timezone.now()}
    return _change(settlement, Status.CONTESTED, by=by, facts={"reason": reason}, **fields)


@retried
def stand_by(settlement: Settlement, *, answer: str, by: User) -> Settlement:
    """The center stands by a contested settlement, with a reason. It is the school's turn again."""
    _lock(settlement.account)
    answer = _given(answer)
    _change(settlement, Status.PROPOSED, by=by, facts={"reason": answer}, kind="settlement.upheld", answer=answer)
    _tell_school(settlement, "settlement.upheld", reason=answer)
    return settlement


@retried
def correct(settlement: Settlement, *, answer: str, by: User) -> Settlement:
    """The center corrects an open settlement: it is withdrawn, and another is frozen from what the roster says now.

    Returns the new one. Raises PortalError when it would say the same: roster and waivers have to be put right before.
    """
    _lock(settlement.account)
    before = _content(settlement)
    withdrawn = _withdraw(settlement, answer=answer, by=by)
    enrolment = Enrolment.objects.select_related("season", "school").get(pk=settlement.account.enrolment_id)
    new = _freeze(enrolment, by=by)
    if _content(new) == before:
        raise PortalError(
            _("Nothing has changed in the list of students. Put it right first, or stand by the settlement.")
        )
    _tell_school(new, "settlement.corrected", reason=withdrawn.answer)
    return new


@retried
def withdraw(settlement: Settlement, *, answer: str, by: User) -> Settlement:
    """The center withdraws a settlement that is not signed off, with a reason."""
    _lock(settlement.account)
    _withdraw(settlement, answer=answer, by=by)
    _tell_school(settlement, "settlement.withdrawn", reason=settlement.answer)
    return settlement


def _withdraw(settlement: Settlement, *, answer: str, by: User) -> Settlement:
    answer = _given(answer)
    return _change(settlement, Status.WITHDRAWN, by=by, facts={"reason": answer}, answer=answer)


def _content(settlement: Settlement) -> set[tuple[Any, ...]]:
    """What a school can contest of it: the students, and what is said of them."""
    return set(settlement.lines.values_list("student", "is_taken_off", "student_no", "name", "class_name"))


def propose_to_all(season: Season, *, by: User) -> Job:
    """Propose a settlement to every school that has something to settle, as a job."""
    enrolments = Enrolment.objects.filter(season=season, payment_mode=Enrolment.PaymentMode.SCHOOL)
    return jobs.create(KIND, by=by, season=season, total=enrolments.count())


@jobs.handler(KIND, label=gettext_lazy("Settling with all schools"), queue="build", seen_with="fees.see")
def _propose_to_all(job: Job) -> None:
    """Each school in a transaction of its own; a second call finds nothing to settle where the first has been."""
    by = job.created_by or history.SYSTEM
    proposed = 0
    paying = Enrolment.objects.filter(season=job.season, payment_mode=Enrolment.PaymentMode.SCHOOL)
    for done, enrolment in enumerate(paying.select_related("season", "school"), start=1):
        with school_scope(enrolment.school):
            if not of(enrolment).filter(status__in=Settlement.OPEN).exists() and difference(enrolment):
                propose(enrolment, by=by)
                proposed += 1
        jobs.progress(job, done)
    job.message = ngettext(
        "Proposed to %(n)d school; the others have nothing to settle, or have not signed off yet.",
        "Proposed to %(n)d schools; the others have nothing to settle, or have not signed off yet.",
        proposed,
    ) % {"n": proposed}


@erasure.registers_eraser
def erase_lines(student: Student, whole: bool) -> None:
    """Take the person out of the settlements, as out of the roster; that there was one stays."""
    if whole:
        gone = {"name": erasure.ERASED, "student_no": f"{Student.ERASED_NUMBER}{student.pk}", "masked_id": ""}
        SettlementLine.objects.filter(student=student).update(**gone, college="", major="", class_name="")


def _lock(account: FeeAccount) -> FeeAccount:
    return FeeAccount.objects.select_for_update(no_key=True).get(pk=account.pk)


def _given(reason: str) -> str:
    if not reason.strip():
        raise PortalError(_("Please give the reason."))
    return reason.strip()


def _change(
    settlement: Settlement, to: str, *, by: User, facts: dict[str, Any] | None = None, kind: str = "", **fields: Any
) -> Settlement:
    facts = {"number": settlement.number, "amount_fen": settlement.amount_fen} | (facts or {})
    return states.change(settlement, to, by=by, facts=facts, kind=kind, **fields)


def _tell_school(settlement: Settlement, kind: str, **more: str) -> None:
    parameters = {"n": settlement.students, "amount": settlement.amount_fen} | more
    link = f"/school/fees/settlements/{settlement.pk}/"
    notifications.notify_school(
        settlement.school, season=settlement.account.season, kind=kind, parameters=parameters, link=link
    )
