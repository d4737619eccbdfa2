"""The fees of all schools side by side, and the panels that show them."""

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.accounts import fee_accounts, overview
from billing.models import LedgerEntry
from portal.tenancy import school_scope, system_scope
from schools.models import Enrolment
from students.models import Student
from tests import factories
from tests.support.pages import words_of
from tests.support.words import said

pytestmark = pytest.mark.django_db
Stage = Student.Stage


@pytest.fixture(autouse=True)
def _unscoped_rows():
    with system_scope():
        yield


def students(school, season, number: int, **fields) -> None:
    for _ in range(number):
        factories.student(school, season, **{"stage": Stage.APPROVED} | fields)


def transfer(school, season, amount_fen: int, by) -> LedgerEntry:
    with school_scope(school):
        return fee_accounts.record_transfer(
            factories.enrolment_of(school, season),
            by=by,
            amount_fen=amount_fen,
            booked_on=timezone.localdate(),
            reference=f"B-{school.code}-{amount_fen}",
        )


@pytest.fixture
def books(school, other_school, season, center_admin):
    """Five schools.

    10001 has paid a part, in 10002 students pay, 10003 has paid all, 10004 owes all, 10005 has no
    student.
    """
    students(school, season, 4)
    students(school, season, 1, fee_state=Student.FeeState.PAID)
    students(school, season, 2, stage=Stage.WAITING)
    transfer(school, season, 4000, center_admin)
    students(other_school, season, 2)
    students(other_school, season, 1, fee_state=Student.FeeState.PAID)
    Enrolment.objects.filter(school=other_school).update(payment_mode=Enrolment.PaymentMode.STUDENT)
    for code, number in (("10003", 1), ("10004", 3), ("10005", 0)):
        row = factories.school(season=season, code=code, name=f"School {code}")
        students(row, season, number)
        if code == "10003":
            transfer(row, season, 1500, center_admin)


def test_each_school_has_its_sums_and_its_state_those_that_owe_most_first(books, season):
    rows = overview.by_school(season)
    found = [(row.enrolment.school.code, row.photographed, row.charged_fen, row.due_fen, row.state) for row in rows]
    assert found[:2] == [("10004", 3, 4500, 4500, "open"), ("10001", 5, 6000, 2000, "part")]
    assert sorted(found[2:]) == [
        ("10002", 3, 0, 0, "students"),
        ("10003", 1, 1500, 0, "settled"),
        ("10005", 0, 0, 0, "nothing"),
    ]
    assert overview.counts(rows) == {"open": 1, "part": 1, "students": 1, "settled": 1, "nothing": 1}


def test_sums_over_all_schools(books, season):
    totals = overview.totals(overview.by_school(season))
    assert (totals.charged_fen, totals.received_fen, totals.due_fen) == (12000, 5500, 6500)
    assert (totals.student_fen, totals.open_schools) == (3000, 2)


def test_transfer_that_was_reversed_is_owed_again(books, school, season, center_admin):
    entry = LedgerEntry.objects.get(kind="payment", school=school)
    with school_scope(school):
        fee_accounts.reverse_transfer(entry, reason="Another school's", by=center_admin)
    row = next(row for row in overview.by_school(season) if row.enrolment.school == school)
    assert (row.received_fen, row.due_fen, row.state) == (0, 6000, "open")


def test_no_season_has_no_rows():
    assert overview.by_school(None) == []


def test_panel_of_the_center(books, center_client):
    assert words_of(center_client.get(reverse("billing:panel_fees"))) == (
        f"{said('Fees')} {said('All')} {said('Still due')} 65.00 {said('Money received')} 85.00"
        f" {said('Unmatched')} 0.00 {said('Lines of the bank: %(lines)s · refused payments: %(payments)s', lines=0, payments=0)}"
        " School 10004 ¥ 45.00 Lakeside University ¥ 20.00"
    )


def test_panel_of_a_school_that_pays(books, owner_client, season):
    assert words_of(owner_client.get(reverse("billing:panel_fees"))).startswith(
        f"{said('Fees')} {said('Account')} {said('Payment method')} {said('The school pays for all')}"
        f" {said('Photographed')} 5 {said('Still due')} ¥ 20.00 {said('Due')}"
    )


def test_panel_of_a_school_whose_students_pay(books, outsider_client):
    page = words_of(outsider_client.get(reverse("billing:panel_fees")))
    assert page.endswith(f"{said('Photographed')} 3 {said('Paid by students')} 1 / 3")


def test_panel_of_one_school_for_the_center(books, center_client, school):
    url = reverse("billing:panel_school")
    page = words_of(center_client.get(url, {"school": school.pk}))
    assert f"{said('Photographed')} 5 {said('Still due')} ¥ 20.00" in page
    assert center_client.get(url, {"school": "x"}).status_code == 404
