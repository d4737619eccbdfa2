"""Refunds to a school of what it paid too much: asked for, approved by another person, transferred.

What is asked for or approved is set aside: all open refunds together are never more than the overpayment. Every change
holds the account's lock, so that two at the same time are seen one after the other.
"""

import datetime as dt
from typing import Any

from django.db.models import QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.accounts import fee_accounts, ledger
from billing.models import FeeAccount, LedgerEntry, SchoolRefund
from portal import history, notifications
from portal.changes import states
from portal.changes.transactions import retried
from portal.errors import PortalError
from portal.formatting import yuan
from portal.models import User
from schools.models import Enrolment

Status = SchoolRefund.Status


def refundable_fen(enrolment: Enrolment) -> int:
    """The overpayment without what is set aside for open refunds, in fen; 0 when there is none."""
    open_refunds = SchoolRefund.objects.filter(account__enrolment=enrolment, status__in=SchoolRefund.OPEN)
    set_aside = open_refunds.aggregate(sum=Sum("amount_fen"))["sum"] or 0
    return max(0, fee_accounts.statement(enrolment).overpaid_fen - set_aside)


def undecided(request: Any) -> QuerySet[SchoolRefund]:
    """The refunds of the season that wait for a decision or a transfer."""
    return SchoolRefund.objects.filter(account__season=request.season, status__in=SchoolRefund.OPEN)


@retried
def ask(
    enrolment: Enrolment, *, amount_fen: int, reason: str, bank_name: str, bank_account_no: str, by: User
) -> SchoolRefund:
    """Ask for a refund, by the school or by the center. Raises PortalError for more than is overpaid."""
    account = _lock(ledger.account_of(enrolment))
    if amount_fen <= 0:
        raise PortalError(_("The amount must be more than zero."))
    _require_reason(reason)
    _require_overpaid(amount_fen, refundable_fen(enrolment))
    refund = SchoolRefund.objects.create(
        school_id=account.school_id,
        account=account,
        amount_fen=amount_fen,
        reason=reason.strip(),
        bank_name=bank_name.strip(),
        bank_account_no=bank_account_no.strip(),
        asked_by=by,
    )
    facts = {"amount_fen": amount_fen, "reason": refund.reason}
    history.record("schoolrefund.asked", refund, by=by, after=refund.status, facts=facts)
    return refund


@retried
def approve(refund: SchoolRefund, *, by: User) -> SchoolRefund:
    """Approve a refund that another person asked for; it is transferred by hand then.

    Raises PortalError for the person who asked, and when the overpayment does not cover it any more.
    """
    account = _lock(refund.account)
    if refund.asked_by_id == by.pk:
        raise PortalError(_("Who asked for a refund does not approve it. Another person has to."))
    # This refund is among those that are set aside.
    _require_overpaid(refund.amount_fen, refundable_fen(account.enrolment) + refund.amount_fen)
    _change(refund, Status.APPROVED, by=by, decided_by=by, decided_at=timezone.now())
    return refund


@retried
def decline(refund: SchoolRefund, *, answer: str, by: User) -> SchoolRefund:
    """Decline a refund that has not been transferred, with a reason that the school reads."""
    _lock(refund.account)
    _require_reason(answer)
    _change(refund, Status.DECLINED, by=by, answer=answer.strip(), decided_by=by, decided_at=timezone.now())
    return refund


@retried
def pay(refund: SchoolRefund, *, booked_on: dt.date, reference: str, by: User, **of_line: Any) -> LedgerEntry:
    """Book the transfer of an approved refund. `of_line`: the bank line that proves it (`bank_line`).

    Without a bank line the transfer is refused when the overpayment does not cover it any more. With one the money
    has left: it is booked, and what is due then shows on the account.
    """
    account = _lock(refund.account)
    refund.refresh_from_db()
    if refund.status == Status.APPROVED and not of_line.get("bank_line"):
        _require_overpaid(refund.amount_fen, fee_accounts.statement(account.enrolment).overpaid_fen)
    entry = ledger.post_school_refund(
        account,
        amount_fen=refund.amount_fen,
        booked_on=booked_on,
        reference=reference,
        remarks=refund.reason,
        by=by,
        **of_line,
    )
    _change(refund, Status.PAID, by=by, entry=entry)
    ledger.update_settled([account.pk], by=by)
    return entry


@retried
def take_back(entry: LedgerEntry, *, reason: str, by: User) -> LedgerEntry:
    """Reverse the entry of a refund that was booked in error. The refund is to be transferred again."""
    account = _lock(entry.account)
    counter = ledger.post_reversal(entry, reason=reason, by=by)
    _change(entry.refund, Status.APPROVED, by=by, facts={"reason": reason}, entry=None)
    ledger.update_settled([account.pk], by=by)
    return counter


def _lock(account: FeeAccount) -> FeeAccount:
    locked = FeeAccount.objects.select_related("enrolment__season", "enrolment__school")
    return locked.select_for_update(of=("self",), no_key=True).get(pk=account.pk)


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise PortalError(_("Please give the reason."))


def _require_overpaid(amount_fen: int, most_fen: int) -> None:
    if not most_fen:
        raise PortalError(_("Nothing is overpaid, so there is nothing to refund."))
    if amount_fen > most_fen:
        raise PortalError(_("At most %(amount)s yuan can be refunded.") % {"amount": yuan(most_fen)})


def _change(
    refund: SchoolRefund, to: str, *, by: User, facts: dict[str, Any] | None = None, **fields: Any
) -> SchoolRefund:
    facts = (
        {"amount_fen": refund.amount_fen} | ({"reason": fields["answer"]} if "answer" in fields else {}) | (facts or {})
    )
    states.change(refund, to, by=by, facts=facts, **fields)
    parameters = {"amount": refund.amount_fen, "reason": fields.get("answer", "")}
    if to == Status.DECLINED:
        notifications.notify_school(
            refund.school, season=refund.account.season, kind="school_refund.declined", parameters=parameters
        )
    else:
        parameters.pop("reason")
        notifications.notify_school(
            refund.school, season=refund.account.season, kind=f"school_refund.{to}", parameters=parameters
        )
    return refund
