from io import BytesIO

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone

from billing.accounts import fee_accounts, settlements
from billing.models import BankLine, BankStatement, SchoolRefund, Settlement
from portal.models import Event, Look, Role
from portal.tenancy import school_scope, system_scope
from students.models import Student
from tests import factories
from tests.conftest import client_of
from tests.support.words import said

pytestmark = pytest.mark.django_db


@pytest.fixture
def students(school, season):
    return [factories.student(school, season, stage=Student.Stage.APPROVED, name=f"张{n}") for n in range(3)]


@pytest.fixture
def settlement(students, school, enrolment, center_admin):
    with school_scope(school):
        return settlements.propose(enrolment, by=center_admin)


@pytest.fixture
def auditor_client(db):
    return client_of(factories.person("auditor", Role.CENTER_AUDITOR))


def bank_line(serial):
    statement = BankStatement.objects.create(filename="icbc.csv", digest=serial)
    return BankLine.objects.create(
        statement=statement, row=2, key=serial, serial=serial, booked_on=timezone.localdate(), amount_fen=4500
    )


def post(client, name, *args, **fields):
    response = client.post(reverse(f"billing:{name}", args=args), fields)
    assert response.status_code == 302, response.content.decode()[:2000]
    return response


def state(settlement):
    with system_scope():
        return Settlement.objects.get(pk=settlement.pk).status


def test_school_looks_at_the_list_and_signs_off(settlement, students, owner_client):
    assert (
        reverse("billing:settlement", args=[settlement.pk])
        in owner_client.get(reverse("billing:account")).content.decode()
    )
    page = owner_client.get(reverse("billing:settlement", args=[settlement.pk])).content.decode()
    assert all(student.name in page and student.id_number not in page for student in students)
    assert set(Look.objects.get(page="billing:settlement").students) == {student.pk for student in students}
    post(owner_client, "sign_settlement", settlement.pk)
    assert state(settlement) == "signed"


def test_school_contests_and_the_center_answers(settlement, owner_client, center_client):
    post(owner_client, "contest_settlement", settlement.pk, reason="S1 has left")
    assert (
        "S1 has left" in center_client.get(reverse("billing:center_settlement", args=[settlement.pk])).content.decode()
    )
    post(center_client, "answer_settlement", settlement.pk, do="stand_by", answer="Photographed in May.")
    assert (
        "Photographed in May." in owner_client.get(reverse("billing:settlement", args=[settlement.pk])).content.decode()
    )


def test_a_fee_is_followed_from_the_student_to_the_bank_line_and_back(
    settlement, students, enrolment, center_admin, center_client, owner_client, auditor_client
):
    with system_scope():
        line, wrong = (bank_line(serial) for serial in ("B-1", "B-2"))
        for each in (line, wrong):
            entry = fee_accounts.record_transfer(
                enrolment,
                by=center_admin,
                amount_fen=4500,
                booked_on=each.booked_on,
                reference=each.serial,
                bank_line=each,
            )
        fee_accounts.reverse_transfer(entry, reason="another school", by=center_admin)
    to_line, to_wrong = (reverse("billing:bank_line", args=[each.pk]) for each in (line, wrong))
    panel = reverse("billing:panel_student", args=[students[0].pk])
    for client, prefix in ((center_client, "center_"), (auditor_client, "center_"), (owner_client, "")):
        to_settlement = reverse(f"billing:{prefix}settlement", args=[settlement.pk]) + f"?q={students[0].student_no}"
        shown, settled = client.get(panel).content.decode(), client.get(to_settlement).content.decode()
        assert to_settlement in shown
        assert reverse(f"students:{prefix}student", args=[students[0].pk]) in settled
        assert students[1].name not in settled
        assert [to_line in page for page in (shown, settled)] == [bool(prefix)] * 2
        assert "B-1" in shown
        assert to_wrong not in shown + settled


def test_finance_follows_a_fee_without_the_page_of_the_student(settlement, students, school):
    finance = client_of(factories.person("school finance", Role.SCHOOL_FINANCE, school))
    page = finance.get(reverse("billing:settlement", args=[settlement.pk])).content.decode()
    assert students[0].name in page
    assert reverse("students:student", args=[students[0].pk]) not in page


def test_list_is_downloaded_with_masked_numbers(settlement, students, owner_client):
    content = post_for_file(owner_client, settlement)
    rows = list(openpyxl.load_workbook(BytesIO(content)).active.values)
    assert [row[2] for row in rows[3:]] == [student.name for student in students]
    assert [row[7] for row in rows[3:]] == [15, 15, 15]
    numbers = {row[3] for row in rows[3:]}
    assert all("*" in number for number in numbers)
    assert Event.objects.filter(kind="settlement.downloaded").get().facts["count"] == 3


def post_for_file(client, settlement):
    return client.post(reverse("billing:settlement_students", args=[settlement.pk])).content


def test_other_schools_see_no_settlement(settlement, outsider_client):
    assert outsider_client.get(reverse("billing:settlement", args=[settlement.pk])).status_code == 404
    assert outsider_client.post(reverse("billing:sign_settlement", args=[settlement.pk])).status_code == 404


def test_center_settles_with_one_school_and_with_all(students, enrolment, center_client):
    post(center_client, "settle_school", enrolment.pk)
    post(center_client, "settle_all")
    page = center_client.get(reverse("billing:center_settlements")).content.decode()
    assert enrolment.school.name in page
    assert "45.00" in page


def test_advice_is_a_pdf_for_school_and_center(students, enrolment, owner_client, center_client):
    for client, url in (
        (owner_client, reverse("billing:advice")),
        (center_client, reverse("billing:center_advice", args=[enrolment.pk])),
    ):
        assert client.get(url).content.startswith(b"%PDF-")


def test_overpayment_is_asked_back_approved_by_another_and_paid(
    students, school, enrolment, owner_client, center_client, center_admin
):
    with school_scope(school):
        fee_accounts.record_transfer(
            enrolment, by=center_admin, amount_fen=6000, booked_on=timezone.localdate(), reference="B-1"
        )
    page = owner_client.get(reverse("billing:account")).content.decode()
    assert said("Overpaid") in page
    assert "-15.00" not in page
    account = {"bank_name": "Lake Bank", "bank_account_no": "62 11"}
    post(owner_client, "ask_refund", amount_fen="15.00", reason="paid twice", **account)
    with system_scope():
        refund = SchoolRefund.objects.get()
    assert "62 11" in center_client.get(reverse("billing:center_refunds")).content.decode()
    post(center_client, "approve_refund", refund.pk)
    post(center_client, "pay_refund", refund.pk, booked_on=timezone.localdate().isoformat(), reference="OUT-1")
    with system_scope():
        refund.refresh_from_db()
    assert (refund.status, refund.entry.reference) == ("paid", "OUT-1")
    entry = client_of(center_admin).get(reverse("billing:center_school_fees", args=[enrolment.pk])).content.decode()
    assert "OUT-1" in entry
