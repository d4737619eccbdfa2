"""The demo's payments: students pay at the simulator, schools by bank transfer."""

from django.utils import timezone

from billing.accounts import fee_accounts, settlements
from billing.online import orders
from billing.online.providers.simulator import Simulator
from portal.models import User
from schools.models import Enrolment
from students.models import Student


def pay_online(student: Student, enrolment: Enrolment) -> None:
    """The student pays the fee at the payment simulator."""
    order = orders.open_order(student=student, enrolment=enrolment)
    orders.receive_callback(order.merchant, Simulator().pay(order_number=order.number, amount_fen=order.amount_fen))


def transfer_fee(enrolment: Enrolment, *, by: User, share: float = 1.0) -> None:
    """The school transfers this share of its charge, unless it has paid before."""
    account = fee_accounts.post_charge(enrolment, by=by)
    due = fee_accounts.statement(enrolment).charged_fen
    if due and not account.entries.filter(kind="payment").exists():
        fee_accounts.record_transfer(
            enrolment,
            by=by,
            amount_fen=int(due * share),
            booked_on=timezone.localdate(),
            reference=f"DEMO{enrolment.school.code}",
            remarks="演示转账",
        )


def settle(enrolment: Enrolment, *, by: User, signed_by: User | None = None) -> None:
    """The center settles with the school, unless it has before; `signed_by` signs it off for the school."""
    if settlements.of(enrolment).exists() or not settlements.difference(enrolment):
        return
    settlement = settlements.propose(enrolment, by=by)
    if signed_by:
        settlements.sign(settlement, by=signed_by)
