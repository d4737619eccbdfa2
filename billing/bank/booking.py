"""Booking bank lines: by a person's word, after seeing what it changes; above the season's amount by two persons.

What of a line is booked is the sum of its ledger entries, so that reversing an entry frees its money. Each change holds
the line's lock: two persons at the same line come one after the other.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from billing.accounts import fee_accounts, ledger, overview, school_refunds
from billing.bank import names, proposals
from billing.models import Allocation, BankLine, LedgerEntry, PayerName, SchoolRefund
from portal import history
from portal.changes import states
from portal.changes.transactions import retried
from portal.errors import Conflict, PortalError
from portal.formatting import yuan
from portal.models import User
from schools.models import Enrolment, School

Status = Allocation.Status
MOST_AT_ONCE = 200


class Changed(Conflict):
    """An account is not as the person saw it when confirming."""

    def __init__(self) -> None:
        super().__init__(_("An account has changed in the meantime. Check the amounts again, then confirm."))


@dataclass(frozen=True)
class Effect:
    """What booking does to one account; amounts in fen."""

    enrolment: Enrolment
    amount_fen: int
    charged_fen: int
    received_fen: int

    @property
    def due_before(self) -> int:
        return max(0, self.charged_fen - self.received_fen)

    @property
    def due_after(self) -> int:
        return max(0, self.charged_fen - self.received_fen - self.amount_fen)

    @property
    def overpaid_before(self) -> int:
        return max(0, self.received_fen - self.charged_fen)

    @property
    def overpaid_after(self) -> int:
        return max(0, self.received_fen + self.amount_fen - self.charged_fen)


def effects(allocations: Iterable[Allocation]) -> list[Effect]:
    """Before and after of each account, by school. Each allocation has its account with the season loaded."""
    amounts: dict[int, int] = {}
    seasons = {}
    for row in allocations:
        seasons[row.account.season_id] = row.account.season
        amounts[row.account.enrolment_id] = amounts.get(row.account.enrolment_id, 0) + row.amount_fen
    return [
        Effect(fees.enrolment, amounts[fees.enrolment.pk], fees.charged_fen, fees.received_fen)
        for season in seasons.values()
        for fees in overview.by_school(season)
        if fees.enrolment.pk in amounts
    ]


def seen(allocations: Sequence[Allocation], found: Iterable[Effect]) -> str:
    """A mark of what the person was shown: the confirmation carries it, and is refused when it is not true any more."""
    shown = [f"{row.pk}:{row.amount_fen}" for row in sorted(allocations, key=lambda row: row.pk)]
    shown += sorted(f"{each.enrolment.pk}:{each.charged_fen}:{each.received_fen}" for each in found)
    return hashlib.sha256(",".join(shown).encode()).hexdigest()[:32]


def needs_second(allocation: Allocation) -> bool:
    """Whether the whole line is above the season's amount: parts of it are not booked by one person either."""
    return abs(allocation.line.amount_fen) > allocation.account.season.four_eyes_fen


def live(ids: Iterable[int]) -> list[Allocation]:
    rows = Allocation.objects.filter(pk__in=list(ids), status__in=Allocation.LIVE)
    return list(rows.select_related("line", "account__season", "account__school", "refund").order_by("line_id", "pk"))


@retried
def confirm(allocations: list[Allocation], *, mark: str, by: User, may_be_second: bool) -> tuple[int, int]:
    """Confirm proposals: they are booked, or wait for a second person. Returns how many of each.

    `mark`: what `seen` gave when the person was shown the effects. `may_be_second`: whether this person may be the second.
    All or none. Raises Changed when an account or a proposal is not as it was shown.
    """
    if len(allocations) > MOST_AT_ONCE:
        raise PortalError(_("At most %(limit)d at once.") % {"limit": MOST_AT_ONCE})
    lines = BankLine.objects.filter(pk__in={row.line_id for row in allocations}).order_by("pk")
    locked = {line.pk: line for line in lines.select_for_update(no_key=True)}
    rows = live(row.pk for row in allocations)
    if len(rows) != len(allocations) or mark != seen(rows, effects(rows)):
        raise Changed
    booked = 0
    for row in rows:
        row.line = locked[row.line_id]
        if row.line.status != BankLine.Status.OPEN:
            raise Changed
        if needs_second(row) and row.status == Status.PROPOSED:
            states.change(row, Status.AWAITING, by=by, first_by=by, facts={"amount_fen": row.amount_fen})
            continue
        if row.status == Status.AWAITING:
            _require_second(row, by, may_be_second)
        _book(row, by=by)
        booked += 1
    return booked, len(rows) - booked


def _require_second(row: Allocation, by: User, may_be_second: bool) -> None:
    if row.first_by_id == by.pk:
        raise PortalError(
            _("You have confirmed %(amount)s yuan of %(school)s yourself. Another person has to look at it.")
            % {"amount": yuan(abs(row.amount_fen)), "school": row.account.school.name}
        )
    if not may_be_second:
        raise PortalError(_("Your role does not confirm amounts that need a second person."))


def _book(row: Allocation, *, by: User) -> None:
    line = row.line
    booked: dict[str, Any] = {
        "booked_on": line.booked_on,
        "reference": line.reference,
        "bank_line": line,
        "by": by,
    }
    if row.refund:
        entry = school_refunds.pay(row.refund, **booked)
    else:
        enrolment = Enrolment.objects.select_related("school", "season").get(pk=row.account.enrolment_id)
        remarks = " ".join(filter(None, (line.payer, line.remark)))[:200]
        entry = fee_accounts.record_transfer(enrolment, amount_fen=row.amount_fen, remarks=remarks, **booked)
        _learn(line, enrolment.school, by=by)
    states.change(row, Status.BOOKED, by=by, entry=entry, facts={"amount_fen": row.amount_fen})


def _learn(line: BankLine, school: School, *, by: User) -> None:
    """Remember the payer's name, unless it says nothing new, is a person's, or paid for other schools too."""
    name = names.plain(line.payer)
    own = {names.plain(school.name), names.plain(school.short_name)}
    if len(name) < 2 or name in own or names.is_person(line.payer, line.payer_account):
        return
    if line.allocations.exclude(account__school=school).exclude(status=Status.DROPPED).exists():
        return
    learn_name(school, line.payer, by=by)


def learn_name(school: School, payer: str, *, by: User) -> None:
    """Remember that a payer of this name is this school."""
    with transaction.atomic():
        _name, is_new = PayerName.objects.get_or_create(
            school=school,
            name=names.plain(payer)[:120],
            defaults={"label": payer[:120], "created_by_name": by.actor_name},
        )
        if is_new:
            history.record("payername.learned", school, by=by, facts={"payer": payer[:120]})


def forget_name(name: PayerName, *, by: User) -> None:
    with transaction.atomic():
        history.record("payername.forgotten", name.school, by=by, facts={"payer": name.label})
        name.delete()


def rest_fen(line: BankLine) -> int:
    """What of a line is neither booked nor proposed."""
    booked = -(LedgerEntry.objects.filter(bank_line=line).aggregate(sum=Sum("amount_fen"))["sum"] or 0)
    proposed = line.allocations.filter(status__in=Allocation.LIVE).aggregate(sum=Sum("amount_fen"))["sum"] or 0
    return line.amount_fen - booked - proposed


def _lock(line: BankLine) -> BankLine:
    return BankLine.objects.select_for_update(no_key=True).get(pk=line.pk)


@retried
def split(line: BankLine, parts: Sequence[tuple[Enrolment, int]], *, by: User) -> list[Allocation]:
    """Say by hand to which accounts the money of a line belongs: [(enrolment, fen)]. Nothing is booked yet.

    Raises PortalError when the parts are more than what is left of the line, or one account comes twice.
    """
    line = _lock(line)
    _require_open(line)
    if not parts:
        raise PortalError(_("Choose at least one school and its amount."))
    if any(amount <= 0 for _enrolment, amount in parts):
        raise PortalError(_("The amount must be more than zero."))
    rest = rest_fen(line)
    if sum(amount for _enrolment, amount in parts) > rest:
        raise PortalError(_("Only %(rest)s yuan of this line are left.") % {"rest": yuan(max(0, rest))})
    accounts = ledger.accounts_of(enrolment.pk for enrolment, _amount in parts)
    taken = {row.account_id for row in line.allocations.filter(status__in=Allocation.LIVE)}
    wanted = [accounts[enrolment.pk].pk for enrolment, _amount in parts]
    if len(set(wanted)) < len(wanted) or taken & set(wanted):
        raise PortalError(_("This account has a part of the line already. Drop that first."))
    rows = [
        Allocation.objects.create(line=line, account=accounts[enrolment.pk], amount_fen=amount)
        for enrolment, amount in parts
    ]
    for row in rows:
        history.record("allocation.proposed", row, by=by, facts={"amount_fen": row.amount_fen})
    return rows


@retried
def pay_refund(line: BankLine, refund: SchoolRefund, *, by: User) -> Allocation:
    """Say by hand that an outgoing line paid a refund to a school. Nothing is booked yet."""
    line = _lock(line)
    _require_open(line)
    if refund.status != SchoolRefund.Status.APPROVED:
        raise Conflict
    if rest_fen(line) > -refund.amount_fen:
        raise PortalError(_("Only %(rest)s yuan of this line are left.") % {"rest": yuan(max(0, -rest_fen(line)))})
    try:
        with transaction.atomic():
            row = Allocation.objects.create(
                line=line,
                account=refund.account,
                refund=refund,
                amount_fen=-refund.amount_fen,
                how=Allocation.How.REFUND,
            )
    except IntegrityError as error:
        raise Conflict(_("Another line of the bank is proposed for this refund already. Drop that first.")) from error
    history.record("allocation.proposed", row, by=by, facts={"amount_fen": row.amount_fen})
    return row


def _require_open(line: BankLine) -> None:
    if line.status != BankLine.Status.OPEN:
        raise PortalError(_("This line is set aside. Take it back first."))


@retried
def drop(allocation: Allocation, *, by: User) -> Allocation:
    """Take a proposal away: the money is to be assigned again."""
    _lock(allocation.line)
    return states.change(allocation, Status.DROPPED, by=by, facts={"amount_fen": allocation.amount_fen})


@retried
def set_aside(line: BankLine, *, reason: str, note: str, by: User) -> BankLine:
    """Say that a line is no fee, or comes from a person and is refused. Raises PortalError when part of it is booked."""
    line = _lock(line)
    if rest_fen(line) != line.amount_fen:
        raise PortalError(_("Part of this line is booked or proposed. Take that back first."))
    to = BankLine.Status.REFUSED if reason == BankLine.Reason.PERSON else BankLine.Status.ASIDE
    return states.change(line, to, by=by, reason=reason, facts={"reason": reason, "note": note})


@retried
def take_up(line: BankLine, *, note: str, by: User) -> BankLine:
    """Take a line that was set aside or refused up again, with a reason."""
    if not note.strip():
        raise PortalError(_("Please give the reason."))
    return states.change(_lock(line), BankLine.Status.OPEN, by=by, reason="", doubt="", facts={"note": note.strip()})


@retried
def say_yuan(line: BankLine, *, amount_fen: int, by: User) -> BankLine:
    """What the bank made of foreign money, in fen. It can be said anew until something is booked or proposed."""
    line = _lock(line)
    if line.currency == "CNY":
        raise PortalError(_("This line is in yuan."))
    if rest_fen(line) != line.amount_fen:
        raise PortalError(_("Part of this line is booked or proposed. Take that back first."))
    before, line.amount_fen = line.amount_fen, amount_fen
    line.save(update_fields=["amount_fen"])
    facts = {"amount_fen": amount_fen}
    history.record("bankline.yuan", line, by=by, before=str(before), after=str(amount_fen), facts=facts)
    return line


def match_again(lines: Iterable[BankLine], *, by: User) -> int:
    """Match open lines anew, such as after a name was learned. Returns the number of lines."""
    rows = list(BankLine.objects.untouched().filter(pk__in=[line.pk for line in lines], currency="CNY"))
    proposals.propose(rows, by=by)
    return len(rows)
