"""Several merchants: a season takes some of them, students choose, and an order stays with its own."""

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Callback, Order
from billing.online import orders, providers
from portal.errors import PortalError
from portal.tenancy import system_scope
from schools.forms import SeasonForm
from tests import factories
from tests.billing.online.conftest import let_students_pay, take
from tests.billing.online.test_alipay import running_peer as running_peer
from tests.capture.conftest import sign_in
from tests.support.payment_peers.deliveries import deliver
from tests.support.words import said

pytestmark = pytest.mark.django_db

PHONE = "Mozilla/5.0 (Linux; Android 14) Mobile Safari/537.36"


@pytest.fixture
def peer(running_peer, monkeypatch):
    """Alipay takes this year's and last year's payments with two merchants, which are one at the peer."""
    running_peer.reset()
    merchants = {name: running_peer.merchant() for name in ("alipay-2025", "alipay-2026")}
    merchants["demo"] = {"provider": "simulator"}
    monkeypatch.setattr(
        providers, "PROVIDERS", {name: providers.make(name, given) for name, given in merchants.items()}
    )
    return running_peer


@pytest.fixture
def paying(enrolment, owner, scoped, peer):
    return let_students_pay(enrolment, owner, "alipay-2025")


def test_an_order_of_last_year_is_heard_asked_and_refunded_at_last_years_merchant(student, paying, peer, center_admin):
    order = orders.open_order(student=student, enrolment=paying)
    peer.open(orders.start_payment(order).url)
    take(paying, "alipay-2026")
    assert peer.notify_addresses[order.number].endswith("/pay/notify/alipay-2025/")
    message = peer.pay(order.number)
    assert deliver("alipay-2026", message) == 200  # rightly signed, but of no order of this merchant
    order.refresh_from_db()
    assert order.status == Order.Status.CREATED
    with system_scope():
        Callback.objects.all().update(external_id="elsewhere")
    assert deliver("alipay-2025", message) == 200
    order.refresh_from_db()
    assert (order.status, order.merchant) == (Order.Status.PAID, "alipay-2025")
    assert orders.refund_order(order, by=center_admin).status == Order.Status.REFUNDED


def test_who_had_begun_at_the_old_merchant_pays_the_new_one_and_the_old_order_is_closed(student, paying, peer):
    first = orders.open_order(student=student, enrolment=paying)
    peer.open(orders.start_payment(first).url)
    take(paying, "alipay-2026")
    second = orders.open_order(student=student, enrolment=paying)
    first.refresh_from_db()
    assert (first.status, second.merchant) == (Order.Status.CLOSED, "alipay-2026")
    assert peer.orders[first.number]["trade_status"] == "TRADE_CLOSED"
    with pytest.raises(
        PortalError, match=said("This way of paying is not offered any more. Reload the page and choose another.")
    ):
        orders.open_order(student=student, enrolment=paying, merchant="alipay-2025")


def test_a_merchant_that_is_gone_keeps_no_page_from_opening(student, paying, peer, monkeypatch):
    order = orders.open_order(student=student, enrolment=paying)
    peer.open(orders.start_payment(order).url)
    deliver("alipay-2025", peer.pay(order.number))
    monkeypatch.delitem(providers.PROVIDERS, "alipay-2025")
    assert said("Alipay") in sign_in(student).get(reverse("billing:receipt")).content.decode()
    assert deliver_status(peer.notice(order.number).body) == 404


def deliver_status(body: bytes) -> int:
    url = reverse("billing:notify", args=["alipay-2025"])
    return Client().post(url, body, content_type="application/x-www-form-urlencoded").status_code


def test_the_student_chooses_where_the_season_takes_several(student, paying, peer):
    take(paying, "demo", "alipay-2026")
    factories.consent(student)
    client = sign_in(student)
    page = client.get(reverse("billing:pay"), HTTP_USER_AGENT=PHONE).content.decode()
    assert page.index('value="demo"') < page.index('value="alipay-2026"')
    answer = client.post(reverse("billing:pay"), {"merchant": "alipay-2026"}, HTTP_USER_AGENT=PHONE)
    order = Order.objects.get()
    assert (order.merchant, order.channel) == ("alipay-2026", "phone")
    assert answer["Location"] == reverse("billing:payment", args=[order.number])
    inside = client.get(reverse("billing:pay"), HTTP_USER_AGENT=f"{PHONE} MicroMessenger/8.0").content.decode()
    assert said("WeChat cannot open the payment page from here. Open this page in your phone's browser.") in inside
    take(paying)
    closed = client.get(reverse("billing:pay")).content.decode()
    assert said("Online payment is not available right now. Ask your school, or come back later.") in closed


def test_a_season_takes_one_merchant_of_each_provider(season, settings):
    settings.PAYMENT_MERCHANTS = {
        "alipay-2025": {"provider": "alipay", "merchant": "2088"},
        "alipay-2026": {"provider": "alipay", "merchant": "2089"},
    }
    form = SeasonForm(instance=season)
    assert [name for name, _label in form.fields["payment_merchants"].choices] == [
        *settings.PAYMENT_MERCHANTS,
        "simulator",
    ]
    both = SeasonForm({"payment_merchants": ["alipay-2025", "alipay-2026"]}, instance=season)
    assert said("Choose one merchant of each provider: students choose by the provider.") in str(
        both.errors["payment_merchants"]
    )
    one = SeasonForm({"payment_merchants": ["alipay-2026"]}, instance=season)
    assert "payment_merchants" not in one.errors
