"""Payment by WeChat Pay, against a peer that speaks its protocol, signatures included."""

import base64
import datetime as dt
import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.accounts import fee_accounts, ledger
from billing.models import Callback, Order
from billing.online import orders, providers
from billing.online.providers import (
    CallbackMessage,
    Channel,
    JSAPIParameters,
    ProviderError,
    QRText,
    Redirect,
    State,
    exchange,
    wechat_bills,
)
from billing.online.providers.wechat import WeChatPay
from portal.errors import PortalError
from portal.tenancy import system_scope
from schools.models import Enrolment
from students.identity import student_access
from students.models import Student
from tests.billing.online.conftest import let_students_pay
from tests.support.payment_peers import deliveries
from tests.support.payment_peers.deliveries import settle_all, unresolved
from tests.support.payment_peers.wechat import WeChatPeer
from tests.support.words import said

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def running_peer():
    peer = WeChatPeer()
    yield peer
    peer.stop()


@pytest.fixture
def peer(running_peer, monkeypatch):
    running_peer.reset()
    monkeypatch.setattr(providers, "PROVIDERS", {"wechat": providers.make("wechat", running_peer.merchant())})
    return running_peer


def set_merchant(monkeypatch: pytest.MonkeyPatch, credentials: dict[str, str]) -> None:
    monkeypatch.setitem(providers.PROVIDERS, "wechat", WeChatPay("wechat", credentials))


@pytest.fixture
def paying(enrolment, owner, scoped, peer):
    return let_students_pay(enrolment, owner, "wechat")


@pytest.fixture
def order(student, paying):
    row = orders.open_order(student=student, enrolment=paying)
    orders.start_payment(row)
    return row


def deliver(message: CallbackMessage) -> int:
    return deliveries.deliver("wechat", message)


def test_each_channel_has_its_way_to_pay(student, paying, peer):
    started = {}
    for channel, openid in (
        (Channel.COMPUTER, ""),
        (Channel.PHONE, ""),
        (Channel.WECHAT, "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
    ):
        order = orders.open_order(student=student, enrolment=paying, channel=channel, openid=openid)
        started[channel] = orders.start_payment(order, address="203.0.113.9", openid=openid)
        assert peer.orders[order.number]["amount"]["total"] == 1500
        assert orders.start_payment(order, address="203.0.113.9", openid=openid) is not None  # the page is loaded again
    code, page, parameters = started.values()
    assert isinstance(code, QRText)
    assert code.text.startswith("weixin://wxpay/")
    assert isinstance(page, Redirect)
    assert parse_qs(urlsplit(page.url).query)["redirect_url"][0].endswith(
        "/me/pay/order/" + peer_number(peer, "h5") + "/"
    )
    assert isinstance(parameters, JSAPIParameters)
    given = parameters.values
    signed = f"{given['appId']}\n{given['timeStamp']}\n{given['nonceStr']}\n{given['package']}\n".encode()
    key = peer.merchant_key.public_key()
    key.verify(base64.b64decode(given["paySign"]), signed, PKCS1v15(), hashes.SHA256())
    # One number is good for one way: the earlier orders are closed, here and there.
    assert [row["trade_state"] for row in peer.orders.values()] == ["CLOSED", "CLOSED", "NOTPAY"]
    assert Order.objects.filter(student=student, status=Order.Status.CLOSED).count() == 2


def peer_number(peer: WeChatPeer, way: str) -> str:
    return next(number for number, row in peer.orders.items() if row["asked"]["way"] == way)


@pytest.mark.parametrize("by_public_key", [True, False])
def test_a_payment_and_its_refund_come_in_by_both_ways_of_verifying(
    student, paying, peer, monkeypatch, center_admin, by_public_key
):
    set_merchant(monkeypatch, peer.merchant(by_public_key=by_public_key))
    peer.uses_public_key, peer.has_certificates = by_public_key, not by_public_key
    order = orders.open_order(student=student, enrolment=paying)
    orders.start_payment(order)
    assert deliver(peer.pay(order.number)) == 204
    order.refresh_from_db()
    assert order.status == Order.Status.PAID
    orders.refund_order(order, by=center_admin)
    assert order.status == Order.Status.REFUNDING
    student.refresh_from_db()
    assert student.fee_state == Student.FeeState.PAID  # the money is not back yet
    assert deliver(peer.finish_refund(order.refund_number)) == 204
    order.refresh_from_db()
    student.refresh_from_db()
    assert (order.status, student.fee_state) == (Order.Status.REFUNDED, Student.FeeState.UNPAID)
    assert ledger.sum_entries(ledger.account_of(paying)) == 0
    assert peer.calls.count("certificates") == (0 if by_public_key else 1)


@pytest.mark.parametrize("fault", ["forged", "probe", "old"])
def test_a_message_that_is_not_to_be_believed_is_refused(order, peer, fault):
    message = peer.pay(order.number)
    spoilt = CallbackMessage(peer.signature_headers(message.body.decode(), fault), message.body)
    assert deliver(spoilt) == 400
    assert deliver(CallbackMessage({}, message.body)) == 400
    assert deliver(CallbackMessage(message.headers, message.body.replace(b"TRANSACTION", b"TRANSACTIO"))) == 400
    order.refresh_from_db()
    assert order.status == Order.Status.CREATED
    assert deliver(message) == 204


@pytest.mark.parametrize("changed", [{"mchid": "1900009999"}, {"appid": "wx0000000000000000"}])
def test_a_payment_to_somebody_else_is_refused(order, peer, changed):
    assert deliver(peer.pay(order.number, **changed)) == 400
    order.refresh_from_db()
    assert order.status == Order.Status.CREATED


def test_strangers_make_us_download_no_certificates(order, peer, monkeypatch):
    set_merchant(monkeypatch, peer.merchant(by_public_key=False))
    peer.uses_public_key = False
    message = peer.pay(order.number)
    for serial in ("1F", "2F", "PUB_KEY_ID_0", ""):
        assert deliver(CallbackMessage(message.headers | {"Wechatpay-Serial": serial}, message.body)) == 400
    assert peer.calls.count("certificates") == 1  # the first, of which all others are known
    assert deliver(message) == 204


@pytest.mark.parametrize("fault", ["500", "lost", "unsigned", "forged", "probe", "old"])
def test_an_answer_that_is_not_to_be_believed_decides_nothing(order, peer, center_admin, fault):
    peer.faults["query"] = [fault]
    with pytest.raises(ProviderError) as refused:
        orders.query_provider(order)
    assert not refused.value.permanent
    deliver(peer.pay(order.number))
    order.refresh_from_db()
    peer.faults["refund"] = [fault]
    assert orders.refund_order(order, by=center_admin).status == Order.Status.REFUNDING
    settle_all(minutes=3)  # asks, and asks for it again where WeChat knows nothing
    assert list(peer.refunds) == [order.refund_number]
    deliver(peer.finish_refund(order.refund_number))
    order.refresh_from_db()
    assert order.status == Order.Status.REFUNDED


def test_a_provider_that_does_not_take_the_order_is_told_in_words(student, paying, peer):
    peer.faults["start"] = ["500"]
    order = orders.open_order(student=student, enrolment=paying)
    with pytest.raises(PortalError, match=said("The payment provider cannot be reached now. Try again in a minute.")):
        orders.start_payment(order)


def test_a_slow_answer_has_an_end(order, monkeypatch):
    monkeypatch.setattr(exchange, "ANSWER_SECONDS", -1)  # over before it begins
    with pytest.raises(ProviderError):
        orders.query_provider(order)


def test_a_refund_that_failed_is_asked_for_under_another_number_and_old_news_changes_nothing(order, peer, center_admin):
    deliver(peer.pay(order.number))
    order.refresh_from_db()
    orders.refund_order(order, by=center_admin)
    first = order.refund_number
    failed = peer.finish_refund(first, "CLOSED")
    assert deliver(failed) == 204
    order.refresh_from_db()
    assert order.status == Order.Status.REFUND_FAILED
    peer.orders[order.number]["trade_state"] = "SUCCESS"
    orders.refund_order(order, by=center_admin)
    assert deliver(peer.finish_refund(first, "CLOSED")) == 204
    order.refresh_from_db()
    assert (order.status, order.refund_number != first) == (Order.Status.REFUNDING, True)
    settle_all(minutes=3)  # still being made
    peer.finish_refund(order.refund_number)  # never told
    settle_all(minutes=3)
    order.refresh_from_db()
    assert order.status == Order.Status.REFUNDED


def test_a_refund_that_nobody_asked_for_waits_for_a_person(order, peer):
    message = peer.pay(order.number)
    deliver(message)
    answer = providers.get("wechat").refund(
        order_number=order.number,
        number="by hand",
        amount_fen=1500,
        external_id=peer.orders[order.number]["transaction_id"],
        notify_address="https://tucai.example/pay/notify/wechat/",
    )
    assert answer.state == State.REFUNDING
    assert deliver(peer.finish_refund("by hand")) == 204
    order.refresh_from_db()
    assert (order.status, unresolved()) == (Order.Status.PAID, 1)


def test_an_order_past_its_time_is_closed_at_wechat_and_one_being_paid_waits(order, peer):
    peer.orders[order.number]["trade_state"] = "USERPAYING"
    settle_all(minutes=31)
    order.refresh_from_db()
    assert order.status == Order.Status.CREATED
    peer.orders[order.number]["trade_state"] = "NOTPAY"
    settle_all()
    order.refresh_from_db()
    assert (order.status, peer.orders[order.number]["trade_state"]) == (Order.Status.CLOSED, "CLOSED")


@pytest.fixture
def student_client(student, paying):
    client = Client()
    session = client.session
    student_access.begin(session, student)
    session.save()
    return client


def test_the_student_scans_a_code_and_the_page_goes_on_by_itself(student, student_client, peer):
    page = student_client.post(reverse("billing:pay"), follow=True)
    number, url = Order.objects.get().number, page.redirect_chain[-1][0]
    assert "<svg" in page.content.decode()
    look = {"HTTP_HX_REQUEST": "true"}
    assert student_client.get(url, **look).status_code == 204
    peer.pay(number)  # its message never comes
    cache.delete(f"look-for-payment:{Order.objects.get().pk}")  # some seconds later
    assert student_client.get(url, **look)["HX-Redirect"] == url
    receipt = student_client.get(url, follow=True)
    assert number in receipt.content.decode()
    assert said("WeChat Pay") in receipt.content.decode()


def test_who_comes_back_from_the_cashier_before_the_message_is_not_asked_again(student_client, peer):
    phone = {"HTTP_USER_AGENT": "Mozilla/5.0 (Linux; Android 14) Mobile Safari/537.36"}
    url = student_client.post(reverse("billing:pay"), **phone)["Location"]
    assert student_client.get(url, **phone).status_code == 200
    peer.pay(Order.objects.get().number)  # WeChat takes it no second time
    assert student_client.get(url, **phone)["Location"] == reverse("billing:receipt")
    assert Order.objects.get().status == Order.Status.PAID


def test_the_student_on_a_phone_is_led_to_the_cashier(student_client, peer):
    phone = {"HTTP_USER_AGENT": "Mozilla/5.0 (Linux; Android 14) Mobile Safari/537.36"}
    page = student_client.post(reverse("billing:pay"), follow=True, **phone).content.decode()
    assert "https://wx.tenpay.com/" in page
    assert '<svg class="segno' not in page
    assert json.loads(json.dumps(peer.calls)).count("start") == 1


def test_a_page_of_a_closed_order_begins_anew(student, student_client, peer):
    student_client.post(reverse("billing:pay"))
    settle_all(minutes=31)
    page = student_client.get(reverse("billing:payment", args=[Order.objects.get().number]), follow=True)
    assert page.redirect_chain[-1][0] == reverse("billing:pay")
    assert timezone.now() > Order.objects.get().expires_at


def test_the_operator_checks_the_credentials_without_an_order(peer, monkeypatch, capsys):
    call_command("check_payment")
    assert said("WeChat Pay") in capsys.readouterr().out
    assert not peer.orders
    for name, wrong in (
        ("private_key", peer.merchant()["private_key"].replace("KEY", "CAT")),
        ("merchant", "1900009999"),
        ("public_key_id", "PUB_KEY_ID_0"),
    ):
        set_merchant(monkeypatch, peer.merchant() | {name: wrong})
        with pytest.raises(CommandError, match=said("WeChat Pay")):
            call_command("check_payment")


def test_an_answer_that_leads_elsewhere_is_not_followed():
    """What is signed for WeChat Pay goes nowhere else."""
    asked = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        with pytest.raises(ProviderError):
            exchange.exchange("GET", f"http://127.0.0.1:{server.server_port}/order", {})
        server.shutdown()
    assert asked == ["/order"]


def test_a_mini_program_pays_with_its_token_to_the_end(student, paying, peer):
    program = Client(headers={"Authorization": f"Student {student_access.new_token(student)}"})
    due = program.post("/api/v1/me/submission/")
    assert due.status_code == 402
    url = due.json()["payment"]
    assert program.get(url).status_code == 404
    peer.codes = {"first": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "again": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}
    started = program.post(url, {"code": "first"}).json()
    assert peer.orders[started["number"]]["asked"]["payer"] == {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}
    assert set(started["parameters"]) == {"appId", "timeStamp", "nonceStr", "package", "signType", "paySign"}
    assert program.post(url, {"code": "first"}).status_code == 400  # WeChat takes a code once
    assert program.post(url, {"code": "again"}).json()["number"] == started["number"]
    assert program.get(url).json()["status"] == "created"
    peer.pay(started["number"])  # its message never comes
    cache.delete(f"look-for-payment:{Order.objects.get().pk}")  # some seconds later
    assert program.get(url).json()["status"] == "paid"
    peer.codes = {"late": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}
    assert said("There is nothing to pay: the fee is settled.") in program.post(url, {"code": "late"}).json()["error"]


def test_the_api_says_where_to_pay_when_not_inside_of_wechat(student, enrolment, owner, scoped):
    fee_accounts.choose_payment_mode(enrolment, mode=Enrolment.PaymentMode.STUDENT, by=owner)
    program = Client(headers={"Authorization": f"Student {student_access.new_token(student)}"})
    answer = program.post("/api/v1/me/payment/", {"code": "any"})
    assert answer.status_code == 400
    assert "error" in answer.json()


def test_bills_of_a_day_are_what_the_peer_booked(order, peer, center_admin):
    peer.days_ago = 2
    deliver(peer.pay(order.number))
    order.refresh_from_db()
    orders.refund_order(order, by=center_admin)
    deliver(peer.finish_refund(order.refund_number))
    day = peer.now().date()
    payment, refund = providers.get("wechat").bill(day)
    transaction = peer.orders[order.number]["transaction_id"]
    assert (payment.kind, payment.order_number, payment.external_id) == ("payment", order.number, transaction)
    assert (payment.amount_fen, payment.fee_fen, payment.refund_number) == (1500, 9, "")
    assert (refund.kind, refund.order_number, refund.refund_number) == ("refund", order.number, order.refund_number)
    assert (refund.amount_fen, refund.fee_fen) == (1500, -9)
    assert order.entries.get(kind="refund").external_id == refund.external_id
    flow = providers.get("wechat").fund_flow(day)
    assert [row.amount_fen for row in flow] == [1500, -9, -1500, 9]
    assert flow[-1].balance_fen == 0
    assert providers.get("wechat").bill(day - dt.timedelta(days=1)) == []
    with pytest.raises(ProviderError, match="is made on"):  # no bill yet does not mean no trade
        providers.get("wechat").bill(day + dt.timedelta(days=2))


@pytest.mark.parametrize("spoilt", ["tradebill", "download"])
def test_a_bill_that_wechat_has_not_signed_for_is_refused(order, peer, spoilt):
    peer.days_ago = 2
    peer.pay(order.number)
    peer.faults[spoilt] = ["forged"]
    with pytest.raises(ProviderError):
        providers.get("wechat").bill(peer.now().date())
    assert len(providers.get("wechat").bill(peer.now().date())) == 1


def test_a_bill_with_a_line_less_than_its_totals_is_refused(order, peer):
    peer.pay(order.number)
    day = peer.now().date().isoformat()
    peer._tradebill(day, {})
    head, line, *totals = gzip.decompress(peer.files[f"trade-{day}"]).decode().splitlines()
    assert len(wechat_bills.trades("\n".join([head, line, *totals]))) == 1
    with pytest.raises(ProviderError, match="totals"):
        wechat_bills.trades("\n".join([head, *totals]))


@pytest.mark.parametrize(
    "changed",
    [
        {"amount": {"total": 10**24, "currency": "CNY"}},
        {"amount": {"total": -1, "currency": "CNY"}},
        {"amount": {"total": float("inf"), "currency": "CNY"}},
        {"out_trade_no": "\ud800"},
        {"transaction_id": "a\0b"},
        {"transaction_id": "0" * 65},
        {"out_trade_no": 7},
    ],
)
def test_a_signed_message_that_can_be_no_payment_is_refused(order, peer, changed):
    assert deliver(peer.pay(order.number, **changed)) == 400
    order.refresh_from_db()
    assert (order.status, unresolved()) == (Order.Status.CREATED, 0)


def test_probes_of_wechat_stop_none_of_its_messages(order, peer):
    message = peer.pay(order.number)
    probe = CallbackMessage(peer.signature_headers(message.body.decode(), "probe"), message.body)
    assert {deliver(probe) for _ in range(70)} == {400}
    with system_scope():
        assert not Callback.objects.exists()
    assert deliver(message) == 204
