"""Receipts: numbered without gaps, void when refunded, drawn as PDF, and exchanged with the issuing system."""

import io
from pathlib import Path

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse

from billing.accounts import ledger
from billing.models import Order, Receipt
from billing.online import fiscal, orders, receipts
from billing.online.providers.simulator import Simulator
from portal import history
from portal.tenancy import school_scope, system_scope
from schools.models import Enrolment
from students.identity import student_access
from students.models import Student
from students.privacy import erasure
from tests import factories
from tests.support.concurrency import at_once
from tests.support.school_papers import text_of
from tests.support.words import said


def let_students_pay(enrolment) -> Enrolment:
    with system_scope():
        Enrolment.objects.filter(pk=enrolment.pk).update(payment_mode=Enrolment.PaymentMode.STUDENT)
    enrolment.payment_mode = Enrolment.PaymentMode.STUDENT
    return enrolment


@pytest.fixture
def paying(enrolment, db) -> Enrolment:
    return let_students_pay(enrolment)


def pay(student: Student, enrolment: Enrolment) -> Receipt:
    with school_scope(student.school):
        order = orders.open_order(student=student, enrolment=enrolment)
    message = Simulator().pay(order_number=order.number, amount_fen=order.amount_fen)
    assert orders.receive_callback("simulator", message).outcome == orders.BOOKED
    with system_scope():
        return receipts.whole().get(order=order)


def client_of(student: Student) -> Client:
    client = Client()
    session = client.session
    student_access.begin(session, student)
    session.save()
    return client


class Broken(Exception):
    pass


def test_payments_at_the_same_time_leave_no_number_out_and_give_none_twice(transactional_db, school, season, enrolment):
    """Two of six fail after they have taken their number: others get it."""
    let_students_pay(enrolment)
    with school_scope(school):
        opened = [orders.open_order(student=factories.student(school, season), enrolment=enrolment) for _n in range(6)]

    def confirm(order: Order, *, fails: bool) -> None:
        with transaction.atomic():
            ledger.confirm_payment(order, amount_fen=order.amount_fen, external_id=f"T{order.pk}", by=history.SYSTEM)
            if fails:
                raise Broken

    def call(place: int, order: Order):
        return lambda: confirm(Order.objects.select_related("season", "school").get(pk=order.pk), fails=place in (1, 4))

    results = at_once(*(call(place, order) for place, order in enumerate(opened)))
    assert [type(result) for place, result in enumerate(results) if place in (1, 4)] == [Broken, Broken]
    with system_scope():
        assert sorted(Receipt.objects.values_list("serial", flat=True)) == [1, 2, 3, 4]
        assert Order.objects.filter(status=Order.Status.PAID).count() == 4


def test_a_refund_voids_the_receipt_and_keeps_its_number(student, season, paying, center_admin):
    first = pay(student, paying)
    assert (first.number, first.payer, first.amount_fen) == (f"TC-{season.year}-000001", student.name, 1500)
    with system_scope():
        orders.refund_order(first.order, by=center_admin)
        student.refresh_from_db()
    second = pay(student, paying)
    with system_scope():
        numbers = {row.number: row.is_void for row in Receipt.objects.all()}
    assert numbers == {first.number: True, second.number: False}


def words_of(receipt: Receipt, path: Path) -> str:
    path.write_bytes(receipts.pdf(receipt, provider="微信支付"))
    return "".join(text_of(path).split())


def test_the_pdf_says_who_paid_what_and_when_it_is_void(student, season, paying, center_admin, tmp_path):
    receipt = pay(student, paying)
    text = words_of(receipt, tmp_path / "receipt.pdf")
    for words in (
        receipt.number,
        student.name,
        student.student_no,
        "15.00",
        "壹拾伍元整",
        "微信支付",
        receipt.order.number,
    ):
        assert words in text
    assert "退款作废" not in text
    with system_scope():
        orders.refund_order(receipt.order, by=center_admin)
        voided = receipts.whole().get()
    assert "退款作废" in words_of(voided, tmp_path / "void.pdf")


def test_the_student_sees_and_downloads_the_own_receipt_alone(student, school, season, paying):
    receipt = pay(student, paying)
    page = client_of(student).get(reverse("billing:receipt")).content.decode()
    assert receipt.number in page
    url = reverse("billing:receipt_pdf", args=[receipt.number])
    answer = client_of(student).get(url)
    assert (answer.status_code, answer.content[:5]) == (200, b"%PDF-")
    other = factories.student(school, season)
    assert client_of(other).get(url).status_code == 404
    assert client_of(other).get(reverse("billing:receipt")).status_code == 404


def test_the_api_names_the_receipt_and_gives_its_pdf(student, paying):
    client = Client(headers={"Authorization": f"Student {student_access.new_token(student)}"})
    assert client.get(reverse("billing_api:payment_receipt")).status_code == 404
    receipt = pay(student, paying)
    assert client.get(reverse("billing_api:payment")).json()["receipt_number"] == receipt.number
    answer = client.get(reverse("billing_api:payment_receipt"))
    assert (answer["Content-Type"], answer.content[:5]) == ("application/pdf", b"%PDF-")


def test_order_and_receipt_outlive_the_person(student, paying, center_admin):
    pay(student, paying)
    with system_scope():
        Order.objects.update(payer_hash="1:ab")
        erasure.erase(student=student, reason="asked", by=center_admin)
        receipt = receipts.whole().get()
        assert (receipt.payer, receipt.order.payer_hash) == (erasure.ERASED, "")
        assert orders.refund_order(receipt.order, by=center_admin).status == Order.Status.REFUNDED


def table(*rows: tuple) -> SimpleUploadedFile:
    book = openpyxl.Workbook()
    for line in rows:
        book.active.append(line)
    stream = io.BytesIO()
    book.save(stream)
    return SimpleUploadedFile("票据.xlsx", stream.getvalue())


def test_the_table_for_the_issuing_system_names_no_document_number(school, season, paying, center_client):
    students = [factories.student(school, season, name=name) for name in ("王一", "赵二")]
    paid = [pay(student, paying) for student in students]
    form = {"item_code": "103042702", "item_name": "毕业生图像采集费"}
    content = center_client.post(reverse("billing:fiscal_export"), form).content
    head, *rows = list(openpyxl.load_workbook(io.BytesIO(content)).active.values)
    assert [dict(zip(head, row, strict=True))["业务流水号"] for row in rows] == [receipt.number for receipt in paid]
    first = dict(zip(head, rows[0], strict=True))
    assert (first["交款人"], first["项目编码"], float(first["金额"])) == ("王一", "103042702", 15.0)
    assert not any(student.id_number in str(row) for student in students for row in rows)
    page = center_client.get(reverse("billing:receipts")).content.decode()
    assert "103042702" in page  # proposed again


def test_numbers_and_files_come_back_to_their_receipts(school, season, paying, center_client):
    student, other = (factories.student(school, season) for _n in range(2))
    receipt, second = pay(student, paying), pay(other, paying)
    back = table(
        ("业务流水号", "票据代码", "票据号码", "校验码"),
        (receipt.number, "32060122", "0012345678", "a1b2c3"),
        ("TC-1999-000001", "32060122", "0012345679", "a1b2c3"),
        (second.number, "32060122", "0012345678", "a1b2c3"),
    )
    file = SimpleUploadedFile("32060122_0012345678.pdf", b"%PDF-1.7 made")
    stranger = SimpleUploadedFile("32060122_9999999999.pdf", b"%PDF-1.7 made")
    answer = center_client.post(reverse("billing:fiscal_read"), {"file": [file, back, stranger]}, follow=True)
    page = answer.content.decode()
    assert said("Taken over: %(numbers)d numbers and %(files)d files.", numbers=1, files=1) in page
    assert said("Row %(row)d: there is no receipt %(number)s.", row=3, number="TC-1999-000001") in page
    assert said("Row %(row)d: this e-receipt belongs to another receipt.", row=4) in page
    with system_scope():
        receipt.refresh_from_db()
        assert (receipt.fiscal_code, receipt.fiscal_number, receipt.fiscal_check) == (
            "32060122",
            "0012345678",
            "a1b2c3",
        )
        assert [row.number for row in fiscal.waiting(season)] == [second.number]
    page = client_of(student).get(reverse("billing:receipt")).content.decode()
    assert "0012345678" in page
    answer = client_of(student).get(reverse("billing:fiscal_file", args=[receipt.number]))
    assert b"".join(answer.streaming_content) == b"%PDF-1.7 made"
    assert client_of(other).get(reverse("billing:fiscal_file", args=[receipt.number])).status_code == 404


def test_a_table_without_the_columns_is_refused(season, center_client):
    answer = center_client.post(reverse("billing:fiscal_read"), {"file": [table(("a", "b"), ("1", "2"))]})
    assert answer.status_code == 400
    assert "业务流水号" in answer.content.decode()
