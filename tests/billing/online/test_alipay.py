"""Payment by Alipay, against a peer that speaks its protocol, signatures included."""

import datetime as dt
import hashlib
import json
import subprocess
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from billing.accounts import ledger
from billing.models import Callback, Order
from billing.online import orders, providers
from billing.online.providers import CallbackMessage, Channel, ProviderError, Redirect, State
from billing.online.providers.alipay import Alipay
from portal.errors import PortalError
from portal.tenancy import system_scope
from students.identity import student_access
from students.models import Student
from tests.billing.online.conftest import let_students_pay
from tests.support.payment_peers import deliveries
from tests.support.payment_peers.alipay import BUYER, AlipayPeer, certificate_number
from tests.support.payment_peers.deliveries import settle_all, unresolved
from tests.support.payment_peers.peer import certificate_pem
from tests.support.words import said

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def running_peer():
    peer = AlipayPeer()
    yield peer
    peer.stop()


@pytest.fixture
def peer(running_peer, monkeypatch):
    running_peer.reset()
    monkeypatch.setattr(providers, "PROVIDERS", {"alipay": providers.make("alipay", running_peer.merchant())})
    return running_peer


def use_certificates(peer: AlipayPeer, monkeypatch: pytest.MonkeyPatch, **changed: str) -> None:
    peer.uses_certificates = True
    made = Alipay("alipay", peer.merchant(by_public_key=False) | changed)
    monkeypatch.setitem(providers.PROVIDERS, "alipay", made)


@pytest.fixture
def paying(enrolment, owner, scoped, peer):
    return let_students_pay(enrolment, owner, "alipay")


@pytest.fixture
def order(student, paying, peer):
    """Its page is open at Alipay."""
    row = orders.open_order(student=student, enrolment=paying)
    assert peer.open(orders.start_payment(row).url)
    return row


def deliver(message: CallbackMessage) -> int:
    return deliveries.deliver("alipay", message)


@pytest.mark.parametrize("by_certificate", [False, True])
@pytest.mark.parametrize("channel", [Channel.COMPUTER, Channel.PHONE])
def test_a_payment_and_its_refund_on_both_pages_by_both_ways_of_verifying(
    student, paying, peer, monkeypatch, center_admin, by_certificate, channel
):
    if by_certificate:
        use_certificates(peer, monkeypatch)
    order = orders.open_order(student=student, enrolment=paying, channel=channel)
    assert orders.query_provider(order).state == State.CREATED  # nobody has opened the page
    checkout = orders.start_payment(order)
    assert isinstance(checkout, Redirect)
    assert peer.open(checkout.url)
    assert peer.orders[order.number]["total_amount"] == "15.00"
    assert orders.query_provider(order).state == State.CREATED
    assert deliver(peer.pay(order.number)) == 200
    assert deliver(peer.notice(order.number)) == 200  # once more
    order.refresh_from_db()
    assert order.status == Order.Status.PAID
    orders.refund_order(order, by=center_admin)
    assert deliver(peer.notice(order.number)) == 200
    student.refresh_from_db()
    assert (order.status, student.fee_state) == (Order.Status.REFUNDED, Student.FeeState.UNPAID)
    assert ledger.sum_entries(ledger.account_of(paying)) == 0
    assert unresolved() == 0


def test_our_numbers_of_certificates_are_those_of_openssl(peer, monkeypatch, tmp_path):
    """The number is an MD5 over what `openssl x509` says of issuer and serial number."""
    use_certificates(peer, monkeypatch)
    (tmp_path / "own.pem").write_text(certificate_pem(peer.own_certificate))
    told = ["openssl", "x509", "-in", str(tmp_path / "own.pem"), "-noout", "-serial", "-issuer", "-nameopt", "RFC2253"]
    serial, issuer = subprocess.run(told, capture_output=True, text=True, check=True).stdout.splitlines()
    words = issuer.partition("=")[2] + str(int(serial.partition("=")[2], 16))
    number = hashlib.md5(words.encode()).hexdigest()
    assert words.startswith("CN=Alipay Public,OU=Alipay,O=Ant Financial,C=CN")
    assert providers.get("alipay").certificate_number == number == certificate_number(peer.own_certificate)


def test_an_answer_by_another_certificate_is_not_believed(student, paying, peer, monkeypatch):
    use_certificates(peer, monkeypatch, alipay_certificate=certificate_pem(peer.app_certificate))
    with pytest.raises(ProviderError, match="another certificate"):
        providers.get("alipay").query(order_number="1")


def test_the_provider_hears_the_word_that_ends_its_notices(order, peer):
    message = peer.pay(order.number)
    answer = Client().post(
        reverse("billing:notify", args=["alipay"]), message.body, content_type=message.headers["Content-Type"]
    )
    assert answer.content == b"success"
    forged = message.body.replace(b"=15.00", b"=15.01")
    answer = Client().post(
        reverse("billing:notify", args=["alipay"]), forged, content_type=message.headers["Content-Type"]
    )
    assert answer.content != b"success"


@pytest.mark.parametrize(
    "changed",
    [
        {"app_id": "2021000000009999"},
        {"seller_id": "2088000000009999"},
        {"total_amount": "15.001"},
        {"total_amount": "1e3"},
        {"total_amount": "999999999.99"},
        {"out_trade_no": "\ud7ff0"},
        {"trade_no": "0" * 65},
    ],
)
def test_a_signed_notice_that_is_not_ours_or_no_payment_is_refused(order, peer, changed):
    assert deliver(peer.pay(order.number, **changed)) == 400
    order.refresh_from_db()
    assert (order.status, unresolved()) == (Order.Status.CREATED, 0)


def test_the_buyer_is_in_no_row_in_clear_and_the_signed_message_is_kept_whole(order, peer):
    message = peer.pay(order.number)
    assert BUYER.encode() in message.body
    deliver(CallbackMessage(message.headers, message.body.replace(b"=15.00", b"=15.01")))
    assert deliver(message) == 200
    with system_scope(), connection.cursor() as cursor:
        cursor.execute("SELECT kept::text FROM billing_callback kept")
        rows = " ".join(row for (row,) in cursor.fetchall())
        assert (BUYER in rows, BUYER.encode().hex() in rows) == (False, False)
        forged, genuine = Callback.objects.order_by("verified")
    assert (genuine.body, forged.verified) == (message.body.decode(), False)


def test_a_notice_that_is_not_to_be_believed_is_refused(order, peer):
    message = peer.pay(order.number)
    told = dict(parse_qsl(message.body.decode(), keep_blank_values=True))
    for spoilt in (
        told | {"sign": ""},
        told | {"sign": "é"},
        told | {"sign_type": "RSA"},
        told | {"total_amount": "1.00"},
        {name: value for name, value in told.items() if name != "sign"},
    ):
        assert deliver(CallbackMessage(message.headers, urlencode(spoilt).encode())) == 400
    assert deliver(CallbackMessage(message.headers, message.body + b"&total_amount=1.00")) == 400
    told = {name: value for name, value in told.items() if name not in ("sign", "sign_type")}
    assert deliver(peer.signed(told, "forged")) == 400
    order.refresh_from_db()
    assert order.status == Order.Status.CREATED
    assert deliver(message) == 200


def test_a_wrong_amount_waits_for_a_person_and_a_trade_that_only_waits_says_nothing(order, peer):
    assert deliver(peer.notice(order.number)) == 200  # WAIT_BUYER_PAY
    assert unresolved() == 0
    assert deliver(peer.pay(order.number, amount=1)) == 200
    order.refresh_from_db()
    assert (order.status, unresolved()) == (Order.Status.CREATED, 1)


@pytest.mark.parametrize("fault", ["500", "lost", "unsigned", "forged"])
def test_an_answer_that_is_not_to_be_believed_decides_nothing(order, peer, center_admin, fault):
    peer.faults["query"] = [fault]
    with pytest.raises(ProviderError) as refused:
        orders.query_provider(order)
    assert not refused.value.permanent
    deliver(peer.pay(order.number))
    order.refresh_from_db()
    peer.faults["refund"] = [fault]
    assert orders.refund_order(order, by=center_admin).status == Order.Status.REFUNDING
    settle_all(minutes=3)  # asks, and asks for it again where Alipay knows nothing
    order.refresh_from_db()
    assert (order.status, list(peer.refunds)) == (Order.Status.REFUNDED, [order.refund_number])


def test_an_unsigned_refusal_closes_no_order(order, peer):
    """A stranger who says that the order does not exist would have a paid one closed."""
    peer.pay(order.number)
    peer.faults["query"] = ["unsigned"]
    with pytest.raises(ProviderError, match="not signed"):
        orders.close(order)
    order.refresh_from_db()
    assert order.status == Order.Status.CREATED


def test_an_old_answer_about_another_order_is_not_taken(order, peer, monkeypatch):
    peer.pay(order.number)
    peer.orders["another"] = peer.orders[order.number]  # what the peer signed says another number
    with pytest.raises(ProviderError, match="another order"):
        providers.get("alipay").query(order_number="another")


def test_a_refund_that_alipay_refuses_has_failed_and_is_asked_for_again(order, peer, center_admin):
    deliver(peer.pay(order.number))
    order.refresh_from_db()
    peer.orders[order.number]["trade_status"] = "TRADE_FINISHED"
    with pytest.raises(PortalError, match=said("The payment provider refused the refund. Try again later.")):
        orders.refund_order(order, by=center_admin)
    assert order.status == Order.Status.REFUND_FAILED
    peer.orders[order.number]["trade_status"] = "TRADE_SUCCESS"
    assert orders.refund_order(order, by=center_admin).status == Order.Status.REFUNDED


def test_a_refund_that_nobody_asked_for_waits_for_a_person(order, peer):
    deliver(peer.pay(order.number))
    peer.make_refund(order.number, "by hand", "15.00")
    assert deliver(peer.notice(order.number)) == 200
    order.refresh_from_db()
    assert (order.status, unresolved()) == (Order.Status.PAID, 1)


def test_an_order_past_its_time_is_closed_at_alipay_and_its_page_is_dead(student, paying, peer):
    opened = orders.open_order(student=student, enrolment=paying)
    url = orders.start_payment(opened).url
    assert peer.open(url)
    settle_all(minutes=31)
    opened.refresh_from_db()
    assert (opened.status, peer.orders[opened.number]["trade_status"]) == (Order.Status.CLOSED, "TRADE_CLOSED")
    never = orders.open_order(student=student, enrolment=paying)
    Order.objects.filter(pk=never.pk).update(expires_at=never.expires_at - dt.timedelta(minutes=31))
    never.refresh_from_db()
    dead = orders.start_payment(never).url
    settle_all()
    never.refresh_from_db()
    assert never.status == Order.Status.CLOSED
    assert not peer.open(dead)


def test_who_changes_to_the_phone_leaves_no_second_open_order(student, paying, peer):
    first = orders.open_order(student=student, enrolment=paying)
    peer.open(orders.start_payment(first).url)
    second = orders.open_order(student=student, enrolment=paying, channel=Channel.PHONE)
    first.refresh_from_db()
    assert (first.status, peer.orders[first.number]["trade_status"]) == (Order.Status.CLOSED, "TRADE_CLOSED")
    assert second.number != first.number
    inside = said("This portal takes no payment inside of WeChat. Open its page in a browser and pay there.")
    with pytest.raises(PortalError, match=inside):
        orders.open_order(student=student, enrolment=paying, channel=Channel.WECHAT)


def test_bills_of_a_day_are_what_the_peer_booked(order, peer, center_admin):
    peer.days_ago = 2
    deliver(peer.pay(order.number))
    order.refresh_from_db()
    orders.refund_order(order, by=center_admin)
    day = peer.now().date()
    payment, refund = providers.get("alipay").bill(day)
    trade = peer.orders[order.number]["trade_no"]
    assert (payment.kind, payment.order_number, payment.external_id) == ("payment", order.number, trade)
    assert (payment.amount_fen, payment.fee_fen, payment.refund_number) == (1500, 9, "")
    assert (refund.kind, refund.order_number, refund.refund_number) == ("refund", order.number, order.refund_number)
    assert (refund.amount_fen, refund.fee_fen) == (1500, -9)
    assert order.entries.get(kind="refund").external_id == refund.external_id
    flow = providers.get("alipay").fund_flow(day)
    assert [row.amount_fen for row in flow] == [1500, -9, -1500, 9]
    assert flow[-1].balance_fen == 0
    assert providers.get("alipay").bill(day - dt.timedelta(days=1)) == []
    with pytest.raises(ProviderError, match="is made on"):  # no bill yet does not mean no trade
        providers.get("alipay").bill(day + dt.timedelta(days=2))


def test_a_bill_without_a_line_that_its_totals_count_is_refused(order, peer, monkeypatch):
    peer.days_ago = 2
    peer.pay(order.number)
    monkeypatch.setattr("tests.support.payment_peers.alipay._trade_line", lambda row: [""] * 25)
    with pytest.raises(ProviderError):
        providers.get("alipay").bill(peer.now().date())


def test_the_operator_checks_both_ways_without_an_order(peer, monkeypatch, capsys):
    call_command("check_payment")
    use_certificates(peer, monkeypatch)
    call_command("check_payment")
    assert capsys.readouterr().out.count("alipay") == 2
    assert not peer.orders
    for by_public_key, name, wrong in (
        (True, "private_key", "no key"),
        (True, "app", "2021000000009999"),
        (True, "public_key", peer.merchant()["private_key"]),
        (False, "app_certificate", certificate_pem(peer.own_certificate)),
        (False, "root_certificate", "none"),
    ):
        peer.uses_certificates = not by_public_key
        credentials = peer.merchant(by_public_key=by_public_key) | {name: wrong}
        monkeypatch.setitem(providers.PROVIDERS, "alipay", Alipay("alipay", credentials))
        with pytest.raises(CommandError, match="alipay"):
            call_command("check_payment")


def test_the_student_chooses_between_providers_and_is_led_to_the_page(student, paying, peer):
    client = Client()
    session = client.session
    student_access.begin(session, student)
    session.save()
    page = client.post(reverse("billing:pay"), {"merchant": "alipay"}, follow=True)
    content = page.content.decode()
    assert said("Open %(provider)s", provider=said("Alipay")) in content
    url = json.dumps(page.context["url"])
    assert dict(parse_qsl(urlsplit(url).query))["method"] == "alipay.trade.page.pay"
    gone = client.post(reverse("billing:pay"), {"merchant": "wechat-2025"})
    assert gone.status_code == 400
