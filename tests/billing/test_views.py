import json

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.accounts import fee_accounts
from billing.models import Callback, FeeAccount, LedgerEntry, Order
from billing.online import orders, providers
from billing.online.providers import simulator
from billing.online.providers.simulator import SIGNATURE, Simulator
from billing.views import student as student_views
from portal.models import Event
from portal.tenancy import system_scope
from schools.models import Enrolment
from students.identity import student_access
from students.models import Student
from tests import factories
from tests.conftest import client_of
from tests.support.database import statements_of
from tests.support.words import said

pytestmark = pytest.mark.django_db


@pytest.fixture
def student_client(student, enrolment, school):
    with system_scope():
        Enrolment.objects.filter(pk=enrolment.pk).update(payment_mode=Enrolment.PaymentMode.STUDENT)
    client = Client()
    session = client.session
    student_access.begin(session, student)
    session.save()
    return client


def test_school_sees_count_price_and_bank_account(school, season, owner_client):
    factories.student(school, season, stage=Student.Stage.APPROVED)
    page = owner_client.get(reverse("billing:account")).content.decode()
    assert "6200 0000 0000 0000 000" in page
    assert "15.00" in page


def test_center_enters_a_transfer_and_reverses_it(school, season, enrolment, center_client):
    factories.student(school, season, stage=Student.Stage.APPROVED)
    url = reverse("billing:center_school_fees", args=[enrolment.pk])
    form = {"amount_fen": "15.00", "booked_on": timezone.localdate().isoformat(), "reference": "B-77"}
    assert center_client.post(url, form).status_code == 302
    page = center_client.get(url).content.decode()
    assert "B-77" in page
    with system_scope():
        entry = LedgerEntry.objects.get(kind="payment")
    center_client.post(reverse("billing:reverse_entry", args=[enrolment.pk, entry.pk]), {"reason": "wrong school"})
    with system_scope():
        assert LedgerEntry.objects.filter(kind="reversal").count() == 1


def test_center_list_queries_do_not_grow_with_schools(season, school, center_client):
    url = reverse("billing:center_fees")
    center_client.get(url)
    assert statements_of(center_client, url) == 9
    factories.school(season=season, code="10003", name="Hill College")
    factories.school(season=season, code="10004", name="Valley College")
    assert statements_of(center_client, url) == 9


def test_student_pays_at_the_labelled_simulator(student, student_client):
    page = student_client.get(reverse("billing:pay"))
    assert said("Payment simulator (no money moves)") in page.content.decode()
    assert page.context["step"] == 4  # the photo is not handed in before the fee
    response = student_client.post(reverse("billing:pay"))
    page = student_client.get(response["Location"]).content.decode()
    assert said("No money moves here. In production this is the page of the payment provider.") in page
    student_client.post(response["Location"])
    student.refresh_from_db()
    assert student.fee_state == Student.FeeState.PAID
    assert "15.00" in student_client.get(reverse("billing:receipt")).content.decode()


def test_student_does_not_see_anothers_order(school, season, student_client):
    other = factories.student(school, season)
    with system_scope():
        order = Order.objects.create(
            number="X1",
            school=school,
            season=season,
            student=other,
            provider="simulator",
            amount_fen=1500,
            expires_at=timezone.now(),
        )
    assert student_client.get(reverse("billing:simulator", args=[order.number])).status_code == 404


def test_the_payment_to_refund_is_found_among_many(student, enrolment, owner, scoped, center_client):
    fee_accounts.choose_payment_mode(enrolment, mode=Enrolment.PaymentMode.STUDENT, by=owner)
    other = factories.student(scoped, enrolment.season)
    found, hidden = (orders.open_order(student=one, enrolment=enrolment) for one in (student, other))
    url = reverse("billing:center_school_fees", args=[enrolment.pk])
    assert hidden.number in center_client.get(url).content.decode()
    for words in (student.student_no, found.number):
        page = center_client.get(url, {"q": words}).content.decode()
        assert found.number in page
        assert hidden.number not in page


def test_a_payment_that_the_books_refuse_is_resolved_by_a_person(
    student, enrolment, owner, scoped, center_client, center_officer
):
    fee_accounts.choose_payment_mode(enrolment, mode=Enrolment.PaymentMode.STUDENT, by=owner)
    order = orders.open_order(student=student, enrolment=enrolment)
    wrong = orders.receive_callback("simulator", Simulator().pay(order_number=order.number, amount_fen=1))
    unknown = orders.receive_callback("simulator", Simulator().pay(order_number="X404", amount_fen=1500))
    url, panel = reverse("billing:center_fees"), reverse("billing:panel_fees")
    page = center_client.get(url).content.decode()
    for words in (order.number, student.name, student.school.name, wrong.external_id, wrong.outcome, "X404"):
        assert words in page
    assert f"{reverse('billing:center_school_fees', args=[enrolment.pk])}?q={student.student_no}" in page
    told = said("Lines of the bank: %(lines)s · refused payments: %(payments)s", lines=0, payments=2)
    assert told in center_client.get(panel).content.decode()

    resolve = reverse("billing:resolve_payment", args=[wrong.pk])
    client_of(center_officer).post(resolve, {"reason": "given back"})
    center_client.post(resolve, {"reason": " "})
    with system_scope():
        assert Callback.objects.unresolved().count() == 2
    for row in (wrong, unknown):
        center_client.post(reverse("billing:resolve_payment", args=[row.pk]), {"reason": "given back, no. 7"})
    with system_scope():
        event, other = Event.objects.filter(kind="fees.payment_resolved").select_related("school").order_by("id")
    assert (event.object_id, event.school, event.facts["reason"]) == (order.pk, student.school, "given back, no. 7")
    assert other.object_id == unknown.pk
    assert "X404" not in center_client.get(url).content.decode()
    assert told not in center_client.get(panel).content.decode()
    assert center_client.get(reverse("portal:history")).status_code == 200


def test_notify_refuses_a_forged_message(db):
    response = Client().post(reverse("billing:notify", args=["simulator"]), "{}", content_type="application/json")
    assert response.status_code == 400


NOTIFY = ("billing:notify", ["simulator"])


@pytest.mark.parametrize(
    "body", [b'{"transaction_id": "a\\u0000b"}', b'{"a": "\\ud800"}', b"\x00", b"[" * 60_000, b'["x"]', b""]
)
def test_notify_refuses_whatever_bytes_come(db, body):
    url = reverse(NOTIFY[0], args=NOTIFY[1])
    response = Client().post(url, body, content_type="application/json", HTTP_X_SIMULATOR_SIGNATURE="\xe9" * 64)
    assert response.status_code == 400
    assert not Callback.objects.get().verified


@pytest.mark.parametrize("statement", [{"amount_fen": 10**24}, {"order_number": "\ud800"}, {"transaction_id": 7}, {}])
def test_notify_refuses_a_signed_message_of_a_wrong_shape(db, statement):
    right = {"order_number": "X1", "amount_fen": 1500, "transaction_id": "SIM1"} if statement else {}
    body = json.dumps(right | statement).encode()
    headers = {"HTTP_X_SIMULATOR_SIGNATURE": simulator._sign(body)}
    response = Client().post(reverse(NOTIFY[0], args=NOTIFY[1]), body, content_type="application/json", **headers)
    assert (response.status_code, response.content) == (400, b"refused")


def test_notify_keeps_nothing_of_what_it_need_not_read(db, monkeypatch):
    url = reverse(NOTIFY[0], args=NOTIFY[1])
    assert Client().post(url, b"x" * 70_000, content_type="text/plain").status_code == 413
    assert Client().post(url, b"\xff\xfe", content_type="text/plain").status_code == 400
    unknown = reverse("billing:notify", args=["nobody"])
    assert Client().post(unknown, b"{}", content_type="text/plain").status_code == 404
    monkeypatch.setattr(providers, "PROVIDERS", {})
    assert Client().post(url, b"{}", content_type="text/plain").status_code == 404
    assert not Callback.objects.exists()


def test_notify_keeps_the_beginning_of_what_nobody_has_signed(db):
    Client().post(reverse(NOTIFY[0], args=NOTIFY[1]), b"x" * 60_000, content_type="text/plain")
    assert Callback.objects.get().body == "x" * 1000


def test_an_address_with_many_wrong_messages_is_not_read_for_a_while(db, monkeypatch):
    monkeypatch.setattr(student_views, "WRONG_MESSAGES", "2/10m")
    url = reverse(NOTIFY[0], args=NOTIFY[1])
    client = Client(REMOTE_ADDR="198.51.100.7")
    answers = [client.post(url, b"%d" % n, content_type="text/plain").status_code for n in range(5)]
    assert answers == [400, 400, 400, 429, 429]
    assert Client(REMOTE_ADDR="198.51.100.8").post(url, b"{}", content_type="text/plain").status_code == 400


def test_right_messages_are_never_too_many(student, enrolment, owner, scoped, monkeypatch):
    monkeypatch.setattr(student_views, "WRONG_MESSAGES", "2/10m")
    fee_accounts.choose_payment_mode(enrolment, mode=Enrolment.PaymentMode.STUDENT, by=owner)
    order = orders.open_order(student=student, enrolment=enrolment)
    message = Simulator().pay(order_number=order.number, amount_fen=order.amount_fen)
    client = Client(REMOTE_ADDR="198.51.100.9")
    headers = {"HTTP_X_SIMULATOR_SIGNATURE": message.headers[SIGNATURE]}
    url = reverse(NOTIFY[0], args=NOTIFY[1])
    answers = [client.post(url, message.body, content_type="text/plain", **headers) for _ in range(6)]
    assert {answer.status_code for answer in answers} == {200}


def test_the_operator_looks_at_the_books_and_at_what_providers_sent(student, enrolment, owner, scoped):
    fee_accounts.choose_payment_mode(enrolment, mode=Enrolment.PaymentMode.STUDENT, by=owner)
    order = orders.open_order(student=student, enrolment=enrolment)
    orders.receive_callback("simulator", Simulator().pay(order_number=order.number, amount_fen=order.amount_fen))
    operator = client_of(factories.operator("root"))
    for model in (FeeAccount, Order, LedgerEntry, Callback):
        name = f"admin:billing_{model._meta.model_name}"
        assert operator.get(reverse(f"{name}_changelist"), {"q": "x"}).status_code == 200
        with system_scope():
            row = model._base_manager.first()
        page = operator.get(reverse(f"{name}_change", args=[row.pk]))
        assert page.status_code == 200
        assert b'name="_save"' not in page.content


def test_school_officer_may_not_choose_the_way_of_payment(colleague, school):
    from tests.conftest import client_of

    client = client_of(colleague)
    client.post(reverse("billing:account"), {"payment_mode": "student"})
    with system_scope():
        assert Enrolment.objects.get(school=school).payment_mode == Enrolment.PaymentMode.SCHOOL
