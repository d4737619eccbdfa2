"""The proof finds what does not agree, and says so."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse

from billing.accounts import ledger
from billing.books import proof
from billing.models import LedgerEntry, LedgerProof
from billing.online import orders
from billing.tasks import prove_ledger
from portal.models import Notification
from students.models import Student
from tests.support.database import by_owner
from tests.support.words import said

pytestmark = pytest.mark.django_db


def tampered(statement: str, *tables: str) -> dict[str, int]:
    """What the proof finds after the owner of the tables has gone past triggers and policies."""
    connection.check_constraints()
    for table in tables:
        by_owner(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        by_owner(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    by_owner(statement)
    return {name: number for name, (number, _ids) in proof.prove().faults.items()}


def test_books_that_were_kept_agree(books, center_admin):
    assert proof.prove().faults == {}
    orders.refund_order(books, by=center_admin)
    made = proof.prove()
    assert (made.faults, made.accounts, made.entries) == ({}, 1, 6)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE billing_feeaccount SET balance_fen = balance_fen + 1", {"balance": 1}),
        (
            "UPDATE billing_ledgerentry SET amount_fen = 2999 WHERE amount_fen = 3000",
            {"balance": 1, "running": 4, "day": 1},
        ),
        ("UPDATE billing_daysum SET entries = 9 WHERE provider = ''", {"day": 2}),
        ("DELETE FROM billing_daysum WHERE provider = ''", {"day": 2}),
        ("UPDATE billing_ledgerentry SET provider = 'wechat' WHERE kind = 'payment' AND order_id IS NOT NULL",
         {"day": 2, "provider": 1}),
    ],
)  # fmt: skip
def test_what_was_changed_past_the_database_is_found(books, statement, found):
    assert tampered(statement, "billing_ledgerentry", "billing_daysum") == found


def test_an_entry_without_an_event_is_found(books):
    assert tampered("DELETE FROM portal_event WHERE kind = 'ledger.payment'", "portal_event") == {"event": 2}


def test_an_order_that_says_other_than_its_entries_is_found(books):
    type(books).objects.filter(pk=books.pk).update(status="closed")
    assert proof.prove().faults == {
        "order": [1, [books.pk]],
        "receipt_order": [1, [books.pk]],
        "student": [1, [books.student_id]],
    }


def test_a_student_who_counts_as_paid_without_an_order_is_found(books):
    student = Student.objects.exclude(pk=books.student_id).first()
    ledger.set_fee_state(student, Student.FeeState.PAID, by=books.student)
    assert proof.prove().faults == {"student": [1, [student.pk]]}


def test_the_nightly_proof_stands_where_finance_looks(books, auditor, outside):
    prove_ledger()
    page = auditor.get(reverse("billing:reconciliations"))
    assert page.context["faults"] == []
    assert page.context["proof"].entries == 4


def test_the_command_ends_with_an_error_when_something_differs(books, capsys, center_admin):
    call_command("check_ledger")
    assert str(proof.CHECKS["balance"][0]) in capsys.readouterr().out
    by_owner("UPDATE billing_feeaccount SET balance_fen = 1")
    with pytest.raises(CommandError, match=said("The books do not agree with themselves. Nothing was changed.")):
        call_command("check_ledger")
    told = Notification.objects.get(kind="fees.proof_failed")
    assert told.recipient_key == center_admin.actor_key
    assert list(LedgerProof.objects.values_list("faults", flat=True)) == [
        {"balance": [1, [LedgerEntry.objects.first().account_id]]},
        {},
    ]
