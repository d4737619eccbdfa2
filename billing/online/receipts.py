"""Receipts: one for each paid order, numbered without gaps in a season. `billing.accounts.ledger` issues and voids them.

The number is taken at the end of the payment's transaction, under the lock of the season's series: another payment waits
for it, and a transaction that fails gives its number back.
"""

import tempfile
from pathlib import Path

from django.db.models import F, QuerySet
from django.utils import timezone

from billing.models import Order, Receipt, ReceiptSeries
from billing.online.receipt_pdf import ReceiptData, write
from portal import history, notifications
from portal.pdf.fonts import installed_fonts
from students.models import Student
from students.privacy import erasure


def issue(order: Order, *, by: history.Actor) -> Receipt:
    """The receipt of an order that is paid in this transaction."""
    serial, number = next_number(order)
    receipt = Receipt.objects.create(
        school_id=order.school_id,
        season_id=order.season_id,
        order=order,
        number=number,
        serial=serial,
        amount_fen=order.amount_fen,
        payer=order.student.name,
    )
    history.record("receipt.issued", receipt, by=by, facts={"amount_fen": order.amount_fen, "number": receipt.number})
    _notify(receipt, "fee.paid")
    return receipt


def next_number(order: Order) -> tuple[int, str]:
    """(serial, number) of the next receipt of the season. Take it last: others wait for the end of the transaction."""
    ReceiptSeries.objects.get_or_create(season_id=order.season_id)
    series = ReceiptSeries.objects.filter(season_id=order.season_id)
    series.update(last=F("last") + 1)  # the row stays locked until the payment is committed
    serial = series.values_list("last", flat=True).get()
    return serial, f"TC-{order.season.year}-{serial:06d}"


def void(order: Order, *, by: history.Actor) -> None:
    """Mark the receipt of an order that is refunded in this transaction."""
    for receipt in Receipt.objects.filter(order=order, voided_at=None):
        receipt.voided_at = timezone.now()
        receipt.save(update_fields=["voided_at"])
        history.record("receipt.voided", receipt, by=by, facts={"number": receipt.number})
        _notify(receipt, "fee.refunded")


def _notify(receipt: Receipt, kind: str) -> None:
    parameters = {"amount": receipt.amount_fen, "number": receipt.number}
    notifications.notify(receipt.order.student, school=receipt.school, kind=kind, parameters=parameters)


def whole() -> QuerySet[Receipt]:
    """Receipts with all that their PDF names."""
    return Receipt.objects.select_related("order__student", "school", "season")


def pdf(receipt: Receipt, *, provider: str) -> bytes:
    """The receipt as a PDF of one page. `provider`: the name of the way of payment."""
    order = receipt.order
    data = ReceiptData(
        center=receipt.season.center_name,
        number=receipt.number,
        payer=receipt.payer,
        student_no=order.student.student_no,
        school=receipt.school.name,
        class_year=receipt.season.graduating_class,
        amount_fen=receipt.amount_fen,
        provider=provider,
        order_number=order.number,
        paid_on=timezone.localdate(order.paid_at),
        voided_on=timezone.localdate(receipt.voided_at) if receipt.voided_at else None,
        fiscal_number=receipt.fiscal_number,
    )
    with tempfile.TemporaryDirectory() as folder:
        return write(data, Path(folder) / "receipt.pdf", fonts=installed_fonts("serif")).read_bytes()


@erasure.registers_eraser
def _erase_payers(student: Student, whole: bool) -> None:
    """Orders, entries and receipts stay, as the accounts need them; whose they were is not told any more."""
    Order.objects.filter(student=student).update(payer_hash="")
    if whole:
        Receipt.objects.filter(order__student=student).update(payer=erasure.ERASED)
