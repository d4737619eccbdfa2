"""What the database holds of bank lines: their money is booked once."""

import datetime as dt

import pytest
from django.db import ProgrammingError, transaction

from billing.accounts import fee_accounts
from billing.models import BankLine, BankStatement
from portal.errors import PortalError
from portal.tenancy import center_scope, school_scope
from tests import factories
from tests.support.words import said

TOO_MUCH = said("The line of the bank statement does not hold so much money any more.")
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_the_center(db):
    with center_scope():
        yield


@pytest.fixture
def line(db):
    statement = BankStatement.objects.create(filename="icbc.csv", digest="0", status=BankStatement.Status.TAKEN)
    return BankLine.objects.create(
        statement=statement, row=2, key="1", serial="B-1", booked_on=dt.date(2022, 11, 18), amount_fen=4500
    )


def book(enrolment, line, amount_fen, by, reference="B-1"):
    return fee_accounts.record_transfer(
        enrolment, by=by, amount_fen=amount_fen, booked_on=line.booked_on, reference=reference, bank_line=line
    )


def test_entries_of_a_line_never_exceed_it(enrolment, line, center_admin):
    book(enrolment, line, 3000, center_admin)
    with pytest.raises(PortalError, match=TOO_MUCH):
        book(enrolment, line, 1501, center_admin, "B-2")
    book(enrolment, line, 1500, center_admin, "B-3")
    assert BankLine.objects.with_sums().get().booked_fen == 4500


def test_reversed_entry_frees_its_line(enrolment, line, center_admin):
    entry = book(enrolment, line, 4500, center_admin)
    assert not BankLine.objects.unmatched().exists()
    fee_accounts.reverse_transfer(entry, reason="wrong school", by=center_admin)
    assert BankLine.objects.unmatched().get().booked_fen == 0
    book(enrolment, line, 4500, center_admin)


def test_money_out_is_booked_by_no_payment(enrolment, line, center_admin):
    BankLine.objects.update(amount_fen=-4500)
    with pytest.raises(PortalError, match=TOO_MUCH):
        book(enrolment, line, 4500, center_admin)


def test_no_school_sees_what_the_bank_says(line, school):

    with school_scope(school):
        assert not BankLine.objects.exists()
    assert BankLine.objects.exists()


def test_a_school_cannot_book_a_line_itself(enrolment, line, school, center_admin):

    with school_scope(school), pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        book(enrolment, line, 4500, center_admin)


def test_two_schools_share_a_line(enrolment, line, season, other_school, center_admin):
    book(enrolment, line, 3000, center_admin)
    book(factories.enrolment_of(other_school, season), line, 1500, center_admin)
    assert not BankLine.objects.unmatched().exists()
