import pytest
from django.utils import timezone

from billing.accounts import fee_accounts, ledger, school_refunds
from billing.models import FeeAccount, LedgerEntry, SchoolRefund
from portal.errors import Conflict, PortalError
from portal.models import Event, Notification
from portal.tenancy import school_scope
from students.models import Student
from tests import factories
from tests.support.concurrency import at_once
from tests.support.words import said

Status = SchoolRefund.Status


def overpay(enrolment, by, students=2, amount_fen=5000):
    for _ in range(students):
        factories.student(enrolment.school, enrolment.season, stage=Student.Stage.APPROVED)
    return fee_accounts.record_transfer(
        enrolment, by=by, amount_fen=amount_fen, booked_on=timezone.localdate(), reference="B-1"
    )


def ask(enrolment, by, amount_fen=2000):
    return school_refunds.ask(
        enrolment, amount_fen=amount_fen, reason="paid twice", bank_name="Lake Bank", bank_account_no="62 11", by=by
    )


def pay(refund, by, reference="OUT-1", **fields):
    return school_refunds.pay(refund, booked_on=timezone.localdate(), reference=reference, by=by, **fields)


@pytest.mark.django_db
def test_overpayment_goes_back_and_is_no_negative_debt(enrolment, scoped, owner, center_admin):
    overpay(enrolment, center_admin)
    statement = fee_accounts.statement(enrolment)
    assert (statement.due_fen, statement.overpaid_fen) == (0, 2000)
    refund = ask(enrolment, owner)
    school_refunds.approve(refund, by=center_admin)
    entry = pay(refund, center_admin)
    assert (entry.kind, entry.amount_fen, entry.order) == (LedgerEntry.Kind.REFUND, 2000, None)
    statement = fee_accounts.statement(enrolment)
    assert (statement.received_fen, statement.due_fen, statement.overpaid_fen) == (3000, 0, 0)
    assert ledger.sum_entries(ledger.account_of(enrolment)) == 0
    told = set(Notification.objects.filter(recipient_key=owner.actor_key).values_list("kind", flat=True))
    assert told == {"school_refund.approved", "school_refund.paid"}
    assert Event.objects.filter(kind__startswith="schoolrefund.").count() == 3


@pytest.mark.django_db
def test_who_asked_does_not_approve(enrolment, scoped, center_admin, center_officer):
    overpay(enrolment, center_admin)
    refund = ask(enrolment, center_admin)
    with pytest.raises(PortalError, match=said("Who asked for a refund does not approve it. Another person has to.")):
        school_refunds.approve(refund, by=center_admin)
    assert school_refunds.approve(refund, by=center_officer).status == Status.APPROVED


@pytest.mark.django_db
def test_what_is_asked_for_is_set_aside_until_it_is_declined(enrolment, scoped, owner, center_admin):
    overpay(enrolment, center_admin)
    refund = ask(enrolment, owner, amount_fen=1500)
    with pytest.raises(PortalError, match=said("At most %(amount)s yuan can be refunded.", amount="5.00")):
        ask(enrolment, owner, amount_fen=501)
    school_refunds.decline(refund, answer="It pays for the retakes.", by=center_admin)
    assert ask(enrolment, owner, amount_fen=2000).status == Status.ASKED
    with pytest.raises(Conflict):
        school_refunds.approve(refund, by=center_admin)


@pytest.mark.django_db
def test_later_captures_use_an_overpayment_up_unless_the_money_has_left(enrolment, scoped, owner, center_admin):
    overpay(enrolment, center_admin)
    refund = school_refunds.approve(ask(enrolment, owner), by=center_admin)
    factories.student(scoped, enrolment.season, stage=Student.Stage.REVIEW)
    with pytest.raises(PortalError, match=said("At most %(amount)s yuan can be refunded.", amount="5.00")):
        pay(refund, center_admin)
    refund.refresh_from_db()
    assert refund.status == Status.APPROVED


@pytest.mark.django_db
def test_transfer_is_not_reversed_while_a_refund_rests_on_it(enrolment, scoped, owner, center_admin):
    entry = overpay(enrolment, center_admin)
    refund = school_refunds.approve(ask(enrolment, owner), by=center_admin)
    with pytest.raises(PortalError, match=r"20\.00"):
        fee_accounts.reverse_transfer(entry, reason="another school's", by=center_admin)
    school_refunds.decline(refund, answer="It was not yours.", by=center_admin)
    fee_accounts.reverse_transfer(entry, reason="another school's", by=center_admin)
    assert fee_accounts.statement(enrolment).due_fen == 3000


@pytest.mark.django_db
def test_reversed_transfer_of_a_refund_is_made_again(enrolment, scoped, owner, center_admin):
    overpay(enrolment, center_admin)
    refund = school_refunds.approve(ask(enrolment, owner), by=center_admin)
    school_refunds.take_back(pay(refund, center_admin), reason="another school's", by=center_admin)
    refund.refresh_from_db()
    assert (refund.status, refund.entry) == (Status.APPROVED, None)
    assert fee_accounts.statement(enrolment).overpaid_fen == 2000
    assert pay(refund, center_admin).amount_fen == 2000


@pytest.mark.django_db(transaction=True)
def test_two_at_once_never_take_more_than_the_overpayment(school, season, owner, center_admin):
    enrolment = factories.enrolment_of(school, season)
    with school_scope(school):
        overpay(enrolment, center_admin)
    results = at_once(*[lambda: ask(enrolment, owner, amount_fen=1500)] * 3)
    refused = [result for result in results if isinstance(result, PortalError)]
    (refund,) = [result for result in results if isinstance(result, SchoolRefund)]
    assert len(refused) == 2
    with school_scope(school):
        school_refunds.approve(refund, by=center_admin)
    paid = at_once(*[lambda n=n: pay(SchoolRefund.objects.get(pk=refund.pk), center_admin, f"OUT-{n}") for n in (1, 2)])
    assert sorted(type(result).__name__ for result in paid) == ["Conflict", "LedgerEntry"]
    with school_scope(school):
        assert LedgerEntry.objects.filter(kind=LedgerEntry.Kind.REFUND).count() == 1
        assert ledger.sum_entries(FeeAccount.objects.get(enrolment=enrolment)) == -500
