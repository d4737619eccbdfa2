"""Matching stored lines: what is sure becomes a proposal, what is no fee is set aside, the rest stays with suggestions.

Nothing is booked here: `booking` does that when a person confirms.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict

from django.db import IntegrityError, connection, transaction
from django.db.models import Sum

from billing.accounts import ledger, overview
from billing.accounts.references import reference_of
from billing.bank.matching import Account, Matcher, Refund, Share, Verdict
from billing.bank.names import Names
from billing.models import Allocation, BankLine, LedgerEntry, PayerName, SchoolRefund
from portal import history
from portal.changes import states
from portal.database import inserting
from portal.errors import Conflict
from schools.models import School, Season

KEEP_VERDICTS = """
UPDATE billing_bankline line SET suggestions = told.suggestions, doubt = told.doubt
FROM jsonb_to_recordset(%s::jsonb) AS told(id bigint, suggestions jsonb, doubt text) WHERE line.id = told.id
"""
_SCHOOLS_OWN = {"order": None, "kind": LedgerEntry.Kind.PAYMENT}


def load_matcher() -> Matcher:
    """All accounts with what is due on them now, without what is proposed already. A key is the id of an enrolment."""
    proposed = Allocation.objects.filter(status__in=Allocation.LIVE, refund=None)
    reserved = dict(proposed.order_by().values_list("account__enrolment").annotate(Sum("amount_fen")))
    accounts = [
        Account(
            key=row.enrolment.pk,
            school=row.enrolment.school_id,
            year=season.year,
            reference=reference_of(season.year, row.enrolment.school.code),
            due_fen=max(0, row.due_fen - reserved.get(row.enrolment.pk, 0)),
        )
        for season in Season.objects.exclude(status=Season.Status.DRAFT)
        for row in overview.by_school(season)
    ]
    schools = School.objects.values_list("pk", "name", "short_name")
    known = Names(schools, PayerName.objects.values_list("school_id", "name"))
    open_refunds = SchoolRefund.objects.filter(status=SchoolRefund.Status.APPROVED)
    refunds = [
        Refund(row.pk, row.school_id, row.amount_fen, row.bank_account_no.replace(" ", ""))
        for row in open_refunds.exclude(allocations__status__in=Allocation.LIVE).order_by("pk")
    ]
    return Matcher(accounts, known, refunds)


def propose(lines: list[BankLine], *, by: history.Actor) -> None:
    """Match open lines of which nothing is booked or proposed."""
    matcher = load_matcher()
    by_hand = _entered_by_hand(lines)
    aside: dict[str, list[int]] = defaultdict(list)
    sure: list[tuple[BankLine, Share]] = []
    doubtful: list[BankLine] = []
    for line in sorted(lines, key=lambda line: (line.booked_on, line.pk)):
        if (line.serial, line.amount_fen) in by_hand:
            aside[BankLine.Reason.BY_HAND].append(line.pk)
            continue
        verdict = matcher.judge(line)
        if verdict.reason:
            aside[verdict.reason].append(line.pk)
        elif verdict.is_sure:
            sure += [(line, share) for share in verdict.shares]
        line.suggestions, line.doubt = _stored(verdict)
        doubtful.append(line)
    with transaction.atomic():
        _keep_verdicts(doubtful)
        for reason, ids in aside.items():
            to = BankLine.Status.REFUSED if reason == BankLine.Reason.PERSON else BankLine.Status.ASIDE
            rows = BankLine.objects.filter(pk__in=ids)
            states.change_many(rows, to, by=by, reason=reason, facts={"reason": reason})
        _write(sure, by=by)


def _keep_verdicts(lines: list[BankLine]) -> None:
    """Save `suggestions` and `doubt` of the lines, in one statement: `bulk_update` took the larger part of a long statement's time."""
    values = [{"id": line.pk, "suggestions": line.suggestions, "doubt": line.doubt} for line in lines]
    with connection.cursor() as cursor:
        cursor.execute(KEEP_VERDICTS, [json.dumps(values)])


def _stored(verdict: Verdict) -> tuple[list[dict[str, object]], str]:
    return [asdict(share) for share in verdict.suggestions], verdict.doubt


def _entered_by_hand(lines: Iterable[BankLine]) -> set[tuple[str, int]]:
    """(bank reference, amount) of transfers that somebody typed before the statement came."""
    serials = {line.serial for line in lines if line.serial}
    typed = LedgerEntry.objects.filter(reference__in=serials, bank_line=None, **_SCHOOLS_OWN)
    taken_back = set(
        LedgerEntry.objects.filter(reference__in=serials, kind=LedgerEntry.Kind.REVERSAL).values_list(
            "external_id", flat=True
        )
    )
    return {(entry.reference, -entry.amount_fen) for entry in typed if f"reversal:{entry.pk}" not in taken_back}


def _write(sure: list[tuple[BankLine, Share]], *, by: history.Actor) -> None:
    refunds = {
        row.pk: row for row in SchoolRefund.objects.filter(pk__in=[s.key for _line, s in sure if s.how == "refund"])
    }
    accounts = ledger.accounts_of(share.key for _line, share in sure if share.how != "refund")
    rows = [
        Allocation(
            line=line,
            account_id=refunds[share.key].account_id if share.how == "refund" else accounts[share.key].pk,
            refund_id=share.key if share.how == "refund" else None,
            amount_fen=share.amount_fen,
            how=share.how,
            confidence=share.confidence,
        )
        for line, share in sure
    ]
    try:
        with transaction.atomic():
            inserting.insert(rows)
    except IntegrityError as error:  # somebody else has matched the same lines meanwhile
        raise Conflict from error
    made = Allocation.objects.filter(pk__in=[row.pk for row in rows]).select_related("account__school")
    history.record_each(
        "allocation.proposed",
        [(row, {"amount_fen": row.amount_fen, "confidence": row.confidence}) for row in made],
        by=by,
    )
