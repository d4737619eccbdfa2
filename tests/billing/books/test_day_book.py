"""Day book, balances and entries as the accountant reads them."""

import datetime as dt
import io

import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from billing.accounts import fee_accounts, ledger
from billing.models import LedgerEntry
from billing.online import orders
from portal import history
from portal.models import Event
from students.models import Student
from tests import factories
from tests.support.words import said

pytestmark = pytest.mark.django_db


def lines(client, **asked):
    found = client.get(reverse("billing:day_book"), asked).context["listed"].found
    return [
        (line.name, line.charged_fen, line.lowered_fen, line.received_fen, line.returned_fen, line.balance_fen)
        for line in found
    ]


def table(response) -> list[tuple]:
    book = load_workbook(io.BytesIO(response.content))
    return list(book.active.iter_rows(values_only=True))


def test_a_day_has_what_was_charged_received_and_paid_back_without_signs(books, auditor, center_admin, enrolment):
    today = str(timezone.localdate())
    assert lines(auditor) == [(today, 4500, 0, 3500, 0, 1000)]
    fee_accounts.reverse_transfer(LedgerEntry.objects.get(reference="B-1", order=None), reason="x", by=center_admin)
    orders.refund_order(books, by=center_admin)
    Student.objects.filter(pk=Student.objects.filter(stage="approved").first().pk).update(stage=Student.Stage.WAITING)
    fee_accounts.post_charge(enrolment, by=center_admin)
    assert lines(auditor) == [(today, 4500, 1500 + 1500, 3500, 2000 + 1500, 1500)]
    assert ledger.account_of(enrolment).balance_fen == 1500


def test_the_balance_runs_from_day_to_day(books, auditor, school, season):
    account = LedgerEntry.objects.first().account
    earlier = timezone.localdate() - dt.timedelta(days=2)
    entry = LedgerEntry(account=account, school=school, season=season, kind="charge", amount_fen=300, posted_on=earlier)
    entry.save()
    history.record("ledger.charge", entry, by=history.SYSTEM)
    assert [(name, balance) for name, *_rest, balance in lines(auditor)] == [
        (str(timezone.localdate()), 1300),
        (str(earlier), 300),
    ]


def test_balances_by_school_provider_and_season(books, auditor, season, school):
    assert lines(auditor, by="school") == [(school.name, 4500, 0, 3500, 0, 1000)]
    assert lines(auditor, by="provider") == [
        (said("Bank transfer"), 3000, 0, 2000, 0, 1000),
        (said("Payment simulator (no money moves)"), 1500, 0, 1500, 0, 0),
    ]
    assert lines(auditor, by="season") == [(str(season.year), 4500, 0, 3500, 0, 1000)]
    assert lines(auditor, provider="bank") == [(str(timezone.localdate()), 3000, 0, 2000, 0, 1000)]
    assert lines(auditor, school=factories.school(season=season, code="10009", name="Hill College").pk) == []


def test_entries_are_filtered_searched_and_counted(books, auditor):
    def found(**asked):
        listed = auditor.get(reverse("billing:entries"), asked).context["listed"]
        assert listed.count == len(listed.found)
        assert listed.sums["debit"] - listed.sums["credit"] == sum(row.amount_fen for row in listed.found)
        return [row.amount_fen for row in listed.found]

    assert found() == [-1500, 1500, -2000, 3000]
    assert found(kind="payment") == [-1500, -2000]
    assert found(provider="bank") == [-2000, 3000]
    assert found(q="B-1") == [-2000]
    assert found(q=books.number) == [-1500, 1500]
    assert found(sort="amount") == [-2000, -1500, 1500, 3000]
    assert found(**{"from": "2001-01-01", "to": "2001-01-02"}) == []


def test_entries_stand_in_two_columns_with_the_balance(books, auditor):
    page = auditor.get(reverse("billing:entries"), {"kind": "payment", "provider": "bank"}).content.decode()
    assert "20.00" in page
    assert "-20.00" not in page


def test_export_has_amounts_as_numbers_and_no_formula(books, auditor):
    rows = table(auditor.post(reverse("billing:entries_export"), {"kind": "payment", "provider": "bank"}))
    headings = list(rows[0])
    assert len(rows) == 2
    row = dict(zip(headings, rows[1], strict=True))
    assert row[said("Credit (received)")] == 20
    assert row[said("Debit (due)")] is None
    assert row[said("Remarks")] == "'=1+1"
    assert Event.objects.filter(kind="fees.exported", facts__count=1).count() == 1


def test_export_of_the_day_book(books, auditor):
    rows = table(auditor.post(reverse("billing:day_book_export"), {"by": "school"}))
    assert rows[1] == ("Lakeside University", 45, 0, 35, 0, 10)


def test_export_refuses_a_filter_that_nobody_knows(books, auditor):
    assert auditor.post(reverse("billing:entries_export"), {"kind": "gift"}).status_code == 400


def test_the_accounts_are_exported_as_the_page_shows_them(books, school, auditor):
    (row,) = table(auditor.post(reverse("billing:accounts_export"), {"state": "part"}))[1:]
    assert row[:2] == (school.name, school.code)
    assert row[5:] == (2, 0, 30, 20, 10, 0, 0)
    assert len(table(auditor.post(reverse("billing:accounts_export"), {"state": "settled"}))) == 1
    assert auditor.post(reverse("billing:accounts_export"), {"state": "gift"}).status_code == 400
