"""The fee of a student who moves to another school: what the student paid is booked over, both schools' charges follow.

A settlement that was signed stays as it is; the supplement takes the student off here and adds the student there.
"""

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.accounts import fee_accounts, ledger, settlements
from billing.models import Order, Receipt, Waiver
from billing.online import orders, receipts
from billing.online.providers import ProviderError
from portal import files, history
from portal.errors import Conflict, PortalError
from schools.models import Enrolment
from students.models import Student
from students.moving import move, school_changes
from students.moving.move import Copies, Move

FeeState = Student.FeeState
FILES = ("fiscal_file",)


@school_changes.registers_obstacle
def being_refunded(student: Student) -> str:
    if not Order.objects.filter(student=student, status__in=Order.IN_REFUND).exists():
        return ""
    return _("A refund of this student is on its way. Move the student when the money is back.")


@move.prepares_move
def close_open_order(student: Student) -> None:
    """Ask the provider: a payment that has come in is booked and moves along, an unpaid order is closed."""
    for order in Order.objects.select_related("school", "season", "student").filter(
        student=student, status=Order.Status.CREATED
    ):
        try:
            orders.close(order)
        except ProviderError as error:
            raise PortalError(
                _("A payment of this student is open, and its provider cannot be asked now. Try again in some minutes.")
            ) from error


@move.registers_copier
def copy_fiscal_receipts(copies: Copies) -> None:
    for receipt in Receipt.objects.filter(order__student=copies.old, order__status=Order.Status.PAID, voided_at=None):
        copies.twin(receipt, FILES)


@move.registers_mover
def move_fee(found: Move) -> None:
    old, new = found.old, found.new
    if Order.objects.filter(student=old, status=Order.Status.CREATED).exists():
        raise Conflict(_("The student has begun to pay at this moment. Try again in some minutes."))
    for order in Order.objects.select_related("student").filter(student=old, status=Order.Status.PAID):
        _move_order(found, order)
    for waiver in Waiver.objects.filter(student=old, revoked_at=None):
        found.copy(waiver, student_id=new.pk)
        ended = {"revoked_at": timezone.now(), "revoked_reason": _("Moved to another school")}
        Waiver.objects.filter(pk=waiver.pk).update(**ended)
        ledger.set_fee_state(new, FeeState.WAIVED, by=found.by)
    if old.fee_state != FeeState.UNPAID:
        ledger.set_fee_state(old, FeeState.UNPAID, by=found.by)
    if line := settlements.lines_of(old).first():
        found.told["settled"] = str(line.settlement)
    parties = Q(school=old.school_id) | Q(school=new.school_id)
    for enrolment in Enrolment.objects.filter(parties, season=old.season_id).order_by("pk"):
        fee_accounts.post_charge(enrolment, by=found.by)
    new.refresh_from_db(fields=["fee_state"])


def _move_order(found: Move, order: Order) -> None:
    twin = ledger.move_payment(order, to=found.new, by=found.by)
    for receipt in Receipt.objects.filter(order=order, voided_at=None):
        _move_receipt(found, receipt, twin)
    found.told |= {"order": twin.number, "moved_fen": twin.amount_fen}


def _move_receipt(found: Move, receipt: Receipt, twin: Order) -> None:
    """The receipt is void, another names the school now; a fiscal e-receipt of the payment stays the one that it is."""
    no_fiscal = {"fiscal_code": "", "fiscal_number": "", "fiscal_check": "", "fiscal_at": None}
    nothing = no_fiscal | {"fiscal_file": "", "fiscal_file_size": 0, "voided_at": timezone.now()}
    Receipt.objects.filter(pk=receipt.pk).update(**nothing)
    history.record("receipt.moved", receipt, by=found.by, facts={"number": receipt.number})
    serial, number = receipts.next_number(twin)
    new = found.copy(receipt, files_of=FILES, order_id=twin.pk, serial=serial, number=number)
    files.delete_after_commit([receipt.fiscal_file.name])
    history.record("receipt.issued", new, by=found.by, facts={"amount_fen": new.amount_fen, "number": new.number})
