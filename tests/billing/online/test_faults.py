"""Whatever happens on the way between a provider and us, no payment is lost and none is booked twice.

Each order meets another delivery of its message and another fault of the calls; every second payment is refunded. In the
end our books are held against the provider's bill. PAYMENT_ORDERS=1000 makes the run longer; it prints what it counted.
"""

import datetime as dt
import os
import time
from collections import Counter

import pytest
from django.utils import timezone

from billing.accounts import ledger
from billing.books import reconciliation
from billing.models import BankLine, BankStatement, Callback, LedgerEntry, Order, Repayment
from billing.online import orders, providers, repayments
from billing.online.providers import BillKind, CallbackMessage, Redirect
from portal.errors import PortalError
from portal.models import User
from portal.tenancy import system_scope
from students.models import Student
from tests import factories
from tests.billing.online.conftest import let_students_pay
from tests.support.payment_peers.alipay import AlipayPeer
from tests.support.payment_peers.deliveries import deliver, settle_all
from tests.support.payment_peers.peer import Peer
from tests.support.payment_peers.wechat import WeChatPeer

pytestmark = pytest.mark.django_db

DELIVERIES = ("once", "twice", "never", "late", "wrong amount", "wrong merchant")
FAULTS = ("", "500", "lost", "unsigned", "forged")
# Every pair, in an order in which the first twelve have each delivery and each fault at least twice.
CASES = tuple((DELIVERIES[i % 6], FAULTS[i % 5]) for i in range(30))
ORDERS = int(os.environ.get("PAYMENT_ORDERS", "12"))


@pytest.fixture(params=[WeChatPeer, AlipayPeer])
def peer(request, monkeypatch):
    peer = request.param()
    provider = peer.merchant()["provider"]
    monkeypatch.setattr(providers, "PROVIDERS", {provider: providers.make(provider, peer.merchant())})
    peer.days_ago = 2  # a day is over of which a bill is asked for
    yield peer
    peer.stop()


@pytest.fixture
def paying(enrolment, owner, scoped, peer):
    return let_students_pay(enrolment, owner, name_of(peer))


def name_of(peer: Peer) -> str:
    return peer.merchant()["provider"]


def begin(row: Order, peer: Peer, fault: str) -> None:
    peer.faults = {name: [fault] for name in ("start", "query", "close")}
    try:
        checkout = orders.start_payment(row)
    except PortalError:
        checkout = orders.start_payment(row)
    if isinstance(peer, AlipayPeer) and isinstance(checkout, Redirect):
        assert peer.open(checkout.url)


def pay_all(rows: list[Order], peer: Peer) -> None:
    """A round of all cases after the other, because a signature is good for five minutes."""
    for begin_at in range(0, len(rows), len(CASES)):
        pay_round(rows[begin_at : begin_at + len(CASES)], peer, begin_at)


def pay_round(rows: list[Order], peer: Peer, begin_at: int) -> None:
    """The messages come out of order."""
    waiting: list[CallbackMessage] = []
    for index, row in enumerate(rows, begin_at):
        delivery, fault = CASES[index % len(CASES)]
        begin(row, peer, fault)
        if delivery == "wrong merchant":
            # From elsewhere each time: an address with many wrong messages is not read for a while.
            address = f"10.9.{index // 250}.{index % 250}"
            assert deliver(name_of(peer), peer.pay_elsewhere(row.number), address=address) == 400
            continue
        message = peer.pay(row.number, amount=1 if delivery == "wrong amount" else None)
        waiting += {"never": [], "twice": [message, message], "late": []}.get(delivery, [message])
        if delivery == "late":
            orders.settle(row.pk)
            orders.settle(row.pk)  # the first call may meet the fault
            waiting.append(message)
    for message in reversed(waiting):
        assert deliver(name_of(peer), message) < 300


def refund_every_second(rows: list[Order], peer: Peer, by: User) -> set[str]:
    """The numbers of the orders whose refund was asked for."""
    asked = set()
    for index, row in enumerate(rows):
        row.refresh_from_db()
        if row.status == Order.Status.PAID and (index + index // len(CASES)) % 2:
            fault = CASES[index % len(CASES)][1]
            peer.faults = {"refund": [fault], "query_refund": [fault]}
            orders.refund_order(row, by=by)
            asked.add(row.number)
    return asked


def tell_refunds(peer: Peer) -> None:
    """Twice, once or never; WeChat pays back some time after it was asked, Alipay at once."""
    for index, number in enumerate(list(peer.refunds)):
        told = peer.finish_refund(number) if isinstance(peer, WeChatPeer) else None
        told = told or peer.notice(peer.refunds[number]["out_trade_no"])
        for _ in range(index % 3):
            assert deliver(name_of(peer), told) < 300


def test_nothing_is_lost_nothing_doubled_and_the_books_are_the_bills(paying, peer, center_admin, capsys):
    began = time.monotonic()
    students = [factories.student(paying.school, paying.season) for _ in range(ORDERS)]
    rows = [orders.open_order(student=one, enrolment=paying) for one in students]
    pay_all(rows, peer)
    settle_all(minutes=31)
    settle_all()
    refunded = refund_every_second(rows, peer, center_admin)
    settle_all(minutes=3)  # the question may meet the fault that the request has met
    settle_all()
    tell_refunds(peer)
    settle_all(minutes=3)

    delivery = {row.number: CASES[index % len(CASES)][0] for index, row in enumerate(rows)}
    never_paid = {number for number, word in delivery.items() if word == "wrong merchant"}
    wrong = {number for number, word in delivery.items() if word == "wrong amount"}
    right = set(delivery) - never_paid - wrong
    for row in rows:
        row.refresh_from_db()
    assert Counter(row.status for row in rows) == {
        Order.Status.PAID: len(right - refunded),
        Order.Status.REFUNDED: len(refunded),
        Order.Status.CLOSED: len(never_paid | wrong),
    }
    assert refunded < right

    bill = providers.get(name_of(peer)).bill(peer.now().date())
    kinds = {BillKind.PAYMENT: LedgerEntry.Kind.PAYMENT, BillKind.REFUND: LedgerEntry.Kind.REFUND}
    sign = {BillKind.PAYMENT: -1, BillKind.REFUND: 1}
    there = [(kinds[row.kind], row.order_number, row.external_id, sign[row.kind] * row.amount_fen) for row in bill]
    entries = LedgerEntry.objects.filter(kind__in=kinds.values())
    here = [tuple(row) for row in entries.values_list("kind", "order__number", "external_id", "amount_fen")]
    with system_scope():
        waiting = Callback.objects.unresolved().values_list("order_number", "external_id", "amount_fen")
        here += [(LedgerEntry.Kind.PAYMENT, number, trade, -amount) for number, trade, amount in waiting]
    lost, doubled = len(set(there) - set(here)), len(here) - len(set(here))
    assert (lost, doubled, sorted(here)) == (0, 0, sorted(there))
    assert len(there) == len(right) + len(wrong) + len(refunded)
    assert {number for number, _trade, _amount in waiting} == wrong  # a person sees each of them
    assert sum(row.fee_fen for row in bill) == sum(row.fee_fen for row in peer.book)
    assert ledger.sum_entries(ledger.account_of(paying)) == 0
    assert Student.objects.filter(fee_state=Student.FeeState.PAID).count() == len(right - refunded)
    with capsys.disabled():
        if "PAYMENT_ORDERS" in os.environ:
            seconds = time.monotonic() - began
            print(
                f"\n{name_of(peer)} {timezone.now():%F}: {ORDERS} orders, {len(right) + len(wrong)} paid there, "
                f"{len(wrong)} of a wrong amount, {len(refunded)} refunded; lost {lost}, doubled {doubled}; {len(bill)} lines of "
                f"the bill equal to the books; {len(peer.calls)} calls, {seconds:.0f} s"
            )


@pytest.mark.parametrize("fault", ["", "lost", "forged"])
def test_a_refused_payment_goes_back_and_the_rest_of_the_day_is_paid_out(paying, peer, center_admin, fault):
    right, wrong = (
        orders.open_order(student=factories.student(paying.school, paying.season), enrolment=paying) for _ in range(2)
    )
    for order, amount in ((right, None), (wrong, 1000)):
        begin(order, peer, "")
        assert deliver(name_of(peer), peer.pay(order.number, amount=amount)) < 300
    entries = LedgerEntry.objects.count()
    with system_scope():
        refused = Callback.objects.unresolved().get()
        peer.faults = {"refund": [fault]}
        row = repayments.ask(refused, reason="not the fee", by=center_admin)
    for _ in range(2):  # an answer that is not to be believed decides nothing: the provider is asked
        row = repayments.settle(row.pk)
    if isinstance(peer, WeChatPeer):
        assert row.status == Repayment.Status.REFUNDING
        assert deliver(name_of(peer), peer.finish_refund(row.number)) < 300
    with system_scope():
        assert Repayment.objects.get().status == Repayment.Status.REFUNDED
        assert (LedgerEntry.objects.count(), len(peer.refunds)) == (entries, 1)

        day = peer.now().date()
        net = right.amount_fen - sum(one.fee_fen for one in peer.book)
        statement = BankStatement.objects.create(filename="x.csv", digest="x")
        line = BankLine.objects.create(
            statement=statement, row=1, key="x", amount_fen=net, booked_on=day + dt.timedelta(days=1), payer="财付通"
        )
        run = reconciliation.compare(name_of(peer), day)
        assert (run.payments, run.refunds, run.matched) == (2, 1, 1)
        assert (run.net_fen, run.moved_fen, run.closing_fen, run.payout) == (net, net, net, line)
        assert not run.differences.exists()
