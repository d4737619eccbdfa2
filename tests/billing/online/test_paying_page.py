"""A student pays in real Chromium, to the receipt, and the center pays back: by code, on the phone, and at Alipay's page."""

from urllib.parse import parse_qs, urlsplit

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from billing.models import Order
from billing.online import orders, providers
from portal.tenancy import school_scope
from schools.models import Enrolment
from students.models import Student
from tests import factories
from tests.billing.online.conftest import let_students_pay
from tests.capture.conftest import sign_in
from tests.support.payment_peers.alipay import AlipayPeer
from tests.support.payment_peers.deliveries import deliver
from tests.support.payment_peers.wechat import WeChatPeer
from tests.support.words import said

COMPUTER = {"viewport": {"width": 1440, "height": 900}}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "user_agent": "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36",
}


@pytest.fixture
def peers(monkeypatch):
    peers = {"wechat": WeChatPeer(), "alipay": AlipayPeer()}
    made = {name: providers.make(name, peer.merchant()) for name, peer in peers.items()}
    monkeypatch.setattr(providers, "PROVIDERS", made)
    yield peers
    for peer in peers.values():
        peer.stop()


@pytest.fixture
def paying(enrolment, owner, scoped, peers):
    return let_students_pay(enrolment, owner, *peers)


def begin(browser, live_server, paying: Enrolment, merchant: str, device: dict) -> tuple[Page, Student]:
    """The student chooses the provider and goes to the page of the order. Time goes on when the test says so."""
    student = factories.student(paying.school, paying.season)
    factories.consent(student)
    page = browser.new_context(base_url=live_server.url, locale="zh-CN", **device).new_page()
    session = sign_in(student).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page.clock.install()
    page.goto("/me/pay/")
    page.check(f"[value={merchant}]")
    page.click("#pay button")
    page.wait_for_url("**/order/**")
    return page, student


def come_to_the_receipt(page: Page, student: Student) -> Order:
    if "/order/" in page.url:
        page.clock.fast_forward(3500)
    page.wait_for_url("**/receipt/**")
    with school_scope(student.school):
        order = Order.objects.get(student=student)
    expect(page.locator("main")).to_contain_text(order.number)
    return order


def test_from_the_choice_to_the_receipt_and_the_refund(browser, live_server, paying, peers, center_admin, settings):
    settings.SITE_URL = live_server.url
    wechat = peers["wechat"]

    page, student = begin(browser, live_server, paying, "wechat", COMPUTER)
    shot = cv2.imdecode(np.frombuffer(page.locator(".payment-code").screenshot(), np.uint8), cv2.IMREAD_COLOR)
    number = Order.objects.get(student=student).number
    assert cv2.QRCodeDetector().detectAndDecode(shot)[0] == f"weixin://wxpay/bizpayurl?pr={number}"
    assert deliver("wechat", wechat.pay(number)) == 204
    order = come_to_the_receipt(page, student)
    orders.refund_order(order, by=center_admin)
    assert deliver("wechat", wechat.finish_refund(order.refund_number)) == 204
    page.context.close()

    def cashier(route: Route) -> None:
        asked = parse_qs(urlsplit(route.request.url).query)
        wechat.pay(asked["prepay_id"][0].removeprefix("wx"))
        route.fulfill(status=302, headers={"Location": asked["redirect_url"][0]})

    page, phoned = begin(browser, live_server, paying, "wechat", PHONE)
    page.route("https://wx.tenpay.com/**", cashier)
    page.click(f"text={said('Open %(provider)s', provider='WeChat Pay')}")  # and back, before any message
    second = come_to_the_receipt(page, phoned)
    page.context.close()

    page, clicked = begin(browser, live_server, paying, "alipay", COMPUTER)
    page.click(f"text={said('Open %(provider)s', provider='Alipay')}")
    expect(page.locator("h1")).to_have_text("15.00")
    page.click("button")
    page.wait_for_url("**/order/**")
    third = come_to_the_receipt(page, clicked)
    page.context.close()
    orders.refund_order(third, by=center_admin)

    for row in (order, second, third):
        row.refresh_from_db()
    assert [row.status for row in (order, second, third)] == ["refunded", "paid", "refunded"]
