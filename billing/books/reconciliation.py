"""The daily comparison of the books with what each provider says it has taken and paid back.

A line of the bill and an entry belong together by order and the provider's number, whatever day either of them bears: what
is paid at midnight is posted the day after. A payment that the books refused and that went back differs in nothing. A day is compared again until its bill has come and nothing differs.
"""

import datetime as dt
import logging
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import IO, Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.books import sheets
from billing.models import BankLine, BillLine, Difference, LedgerEntry, Order, Reconciliation, Repayment
from billing.online import providers
from billing.online.providers import BillKind, BillRow, ProviderError
from portal import history, notifications
from portal.background import jobs
from portal.errors import Conflict, PortalError
from portal.models import Job, User

log = logging.getLogger(__name__)
KIND = "reconciliation"  # of jobs
DAYS_AGAIN = 10  # a day is compared again so long
PAYOUT_DAYS = 5  # within which a provider pays a day out
PAID_TOGETHER = 7  # days with trade that a provider pays out by one transfer, at most
PAYOUTS_SINCE = 60  # days that still wait for their bank line
CHUNK = 2000
# How the two providers call themselves on a bank statement.
PAYERS = ("财付通", "微信支付", "支付宝", "tenpay", "alipay")
What = Difference.What
ENTRY_KIND = {BillKind.PAYMENT: LedgerEntry.Kind.PAYMENT, BillKind.REFUND: LedgerEntry.Kind.REFUND}


@dataclass(frozen=True)
class Comparison:
    """`lines` and `differences` are not saved yet."""

    lines: list[BillLine]
    differences: list[Difference]


def due(today: dt.date) -> Iterator[tuple[str, dt.date]]:
    """(merchant, day) of what is to be compared: of the last days those without a bill or with open differences.

    A merchant without an order of the day, and without one that was refunded, has nothing to compare before its bill.
    """
    days = [today - dt.timedelta(days=n) for n in range(1, DAYS_AGAIN + 1)]
    done = set(
        Reconciliation.objects.filter(day__in=days)
        .exclude(billed_at=None)
        .exclude(differences__in=Difference.objects.filter(settled_at=None))
        .values_list("merchant", "day")
    )
    for merchant in providers.PROVIDERS:
        for day in days:
            if (merchant, day) not in done and (day == days[0] or _has_moved(merchant, day)):
                yield merchant, day


def _has_moved(merchant: str, day: dt.date) -> bool:
    is_known = Reconciliation.objects.filter(merchant=merchant, day=day).exists()
    return is_known or _entries_of(merchant, day).exists()


def _entries_of(merchant: str, day: dt.date) -> QuerySet[LedgerEntry]:
    return LedgerEntry.objects.filter(
        posted_on=day, order__merchant=merchant, kind__in=ENTRY_KIND.values(), order__isnull=False
    )


def start(merchant: str, day: dt.date, *, by: User | history.System) -> Job:
    """The job that compares this day. Raises PortalError for a day that is not over, and for an unknown merchant."""
    if day >= timezone.localdate():
        raise PortalError(_("A provider bills a day when it is over."))
    if merchant not in providers.PROVIDERS:
        raise PortalError(_("This merchant is not configured here (any more)."))
    return jobs.create(KIND, by=by, params={"merchant": merchant, "day": day.isoformat()})


@jobs.handler(
    KIND, label=gettext_lazy("Comparing the books with a provider's bill"), file_may="fees.see", seen_with="fees.see"
)
def handle(job: Job) -> None:
    run = compare(job.params["merchant"], dt.date.fromisoformat(job.params["day"]))
    job.result = {"reconciliation": run.pk}
    if run.billed_at is None:
        job.message = _("%(merchant)s gives no bill of %(day)s yet. It is asked again by itself.") % {
            "merchant": run.merchant,
            "day": run.day,
        }
        return
    left = run.differences.filter(settled_at=None).count()
    job.message = _("%(matched)d lines agree, %(left)d differ.") % {"matched": run.matched, "left": left}
    jobs.attach_file(job, f"{run.merchant}-{run.day}.xlsx", report(run))


def compare(merchant: str, day: dt.date) -> Reconciliation:
    """Fetch the bill and compare it. Safe to repeat: what a person has settled stays settled."""
    try:
        rows = providers.get(merchant).bill(day)
    except ProviderError as error:
        if error.permanent:
            raise PortalError(_("The provider refuses the bill: %(why)s") % {"why": error}) from error
        return Reconciliation.objects.get_or_create(merchant=merchant, day=day)[0]
    with transaction.atomic():
        run, _created = Reconciliation.objects.select_for_update(no_key=True).get_or_create(merchant=merchant, day=day)
        run.lines.all().delete()
        found = _compare(run, rows)
        BillLine.objects.bulk_create(found.lines, batch_size=CHUNK)
        new = _keep_differences(run, found.differences + list(_missing_there(run)))
        _sum(run, found.lines)
        run.closing_fen, run.moved_fen = _moved(merchant, day)
        run.billed_at = timezone.now()
        run.save()
        if new:
            parameters = {"merchant": run.merchant, "day": run.day.isoformat(), "n": new}
            link = reverse("billing:reconciliation", args=[run.pk])
            notifications.notify_center(kind="fees.differences", season=None, parameters=parameters, link=link)
        match_payouts()
    run.refresh_from_db()
    return run


def _moved(merchant: str, day: dt.date) -> tuple[int | None, int | None]:
    """(balance at the end of the day, sum of the movements) of the merchant's account; None where the provider says none."""
    try:
        rows = sorted(
            providers.get(merchant).fund_flow(day), key=lambda row: row.at
        )  # those of one moment keep their order
    except ProviderError as error:
        log.warning("The movements of %s on %s: %s", merchant, day, error)
        return None, None
    return (rows[-1].balance_fen, sum(row.amount_fen for row in rows)) if rows else (None, None)


def _compare(run: Reconciliation, rows: list[BillRow]) -> Comparison:
    found = Comparison([], [])
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        numbers = {row.order_number for row in chunk}
        named = Order.objects.filter(Q(number__in=numbers) | Q(provider_number__in=numbers)).order_by("pk")
        orders = {row.number_at_provider: row for row in named}  # of one that moved to another school, the last
        entries: dict[tuple[str, str], LedgerEntry] = {}
        for entry in LedgerEntry.objects.filter(
            order__in=[row.pk for row in named], kind__in=ENTRY_KIND.values()
        ).select_related("order"):
            if entry.order:
                entries[entry.order.number_at_provider, entry.kind] = entry
        repaid = set(
            Repayment.objects.filter(
                status=Repayment.Status.REFUNDED, callback__order_number__in={row.order_number for row in chunk}
            ).values_list("callback__external_id", "number")
        )
        settled = {number for pair in repaid for number in pair}
        for row in chunk:
            if (row.refund_number or row.external_id) in settled:
                found.lines.append(_line(run, row, None))
                continue
            booked = entries.get((row.order_number, ENTRY_KIND[row.kind]))
            _compare_row(run, row, orders.get(row.order_number), booked, found)
    return found


def _line(run: Reconciliation, row: BillRow, entry: LedgerEntry | None) -> BillLine:
    return BillLine(
        reconciliation=run,
        kind=row.kind,
        order_number=row.order_number[:64],
        refund_number=row.refund_number[:64],
        external_id=row.external_id[:64],
        amount_fen=row.amount_fen,
        fee_fen=row.fee_fen,
        at=row.at,
        entry=entry,
    )


def _compare_row(
    run: Reconciliation, row: BillRow, order: Order | None, entry: LedgerEntry | None, found: Comparison
) -> None:
    is_same = entry is not None and entry.external_id == row.external_id
    found.lines.append(_line(run, row, entry if is_same else None))
    ours = abs(entry.amount_fen) if entry and is_same else None
    if ours is None:
        is_on_its_way = row.kind == BillKind.REFUND and order is not None and order.status in Order.RECEIVED
        what = What.STATE if is_on_its_way else What.MISSING_HERE
    elif ours != row.amount_fen:
        what = What.AMOUNT
    else:
        return
    found.differences.append(
        Difference(
            reconciliation=run,
            what=what,
            kind=row.kind,
            order_number=row.order_number[:64],
            external_id=row.external_id[:64],
            order=order,
            ours_fen=ours,
            theirs_fen=row.amount_fen,
        )
    )


def _missing_there(run: Reconciliation) -> Iterator[Difference]:
    """Entries of the day that no bill has, of this day or another."""
    left = _entries_of(run.merchant, run.day).filter(bill_lines=None).select_related("order")
    kinds = {entry_kind: kind for kind, entry_kind in ENTRY_KIND.items()}
    for entry in left:
        assert entry.order is not None
        yield Difference(
            reconciliation=run,
            what=What.MISSING_THERE,
            kind=kinds[LedgerEntry.Kind(entry.kind)],
            order_number=entry.order.number,
            external_id=entry.external_id,
            order=entry.order,
            ours_fen=abs(entry.amount_fen),
        )


def _keep_differences(run: Reconciliation, found: list[Difference]) -> int:
    """What was settled stays; what is no longer found and was not settled, goes. Returns how many are new."""

    def key(row: Difference) -> tuple[str, ...]:
        return str(row.what), str(row.kind), row.order_number, row.external_id

    known = {key(row): row for row in run.differences.all()}
    wanted = {key(row): row for row in found}
    gone = [row.pk for each, row in known.items() if each not in wanted and row.settled_at is None]
    run.differences.filter(pk__in=gone).delete()
    return len(Difference.objects.bulk_create([row for each, row in wanted.items() if each not in known]))


def _sum(run: Reconciliation, lines: list[BillLine]) -> None:
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for line in lines:
        sums[line.kind][0] += 1
        sums[line.kind][1] += line.amount_fen
    run.payments, run.payments_fen = sums[BillKind.PAYMENT]
    run.refunds, run.refunds_fen = sums[BillKind.REFUND]
    run.fee_fen = sum(line.fee_fen for line in lines)
    run.matched = sum(line.entry is not None and abs(line.entry.amount_fen) == line.amount_fen for line in lines)


def match_payouts() -> int:
    """Find the bank lines by which providers paid their days out: one day, or consecutive days together.

    A line and its days belong together when the days' net amounts make its amount and neither the line nor one of the days
    could belong otherwise. Returns how many lines were found. Safe to repeat, after a bill and after a bank statement.
    """
    found = list(_possible_payouts(timezone.localdate() - dt.timedelta(days=PAYOUTS_SINCE)))
    lines = Counter(line.pk for line, _days in found)
    days = Counter(run.pk for _line, group in found for run in group)
    sure = [(line, group) for line, group in found if lines[line.pk] == 1 and all(days[run.pk] == 1 for run in group)]
    for line, group in sure:
        Reconciliation.objects.filter(pk__in=[run.pk for run in group], payout=None).update(payout=line)
    return len(sure)


def _possible_payouts(since: dt.date) -> Iterator[tuple[BankLine, list[Reconciliation]]]:
    named = Q(reason=BankLine.Reason.PROVIDER)
    for name in PAYERS:
        named |= Q(payer__icontains=name)
    taken = Reconciliation.objects.exclude(payout=None).values("payout")
    amounts: dict[int, list[BankLine]] = defaultdict(list)
    for line in BankLine.objects.filter(named, amount_fen__gt=0, booked_on__gte=since).exclude(pk__in=taken):
        amounts[line.amount_fen].append(line)
    if not amounts:
        return
    runs = Reconciliation.objects.filter(day__gte=since).exclude(billed_at=None).order_by("merchant", "day")
    for _merchant, of_merchant in groupby(runs, key=lambda run: run.merchant):
        group: list[Reconciliation] = []
        for run in of_merchant:
            if run.payout_id:
                group = []
            elif run.net_fen:
                group = [*group, run][-PAID_TOGETHER:]
                yield from _paying(group, amounts)


def _paying(
    group: list[Reconciliation], amounts: dict[int, list[BankLine]]
) -> Iterator[tuple[BankLine, list[Reconciliation]]]:
    """The lines that may pay the last day of the group, alone or with days before it."""
    last, total = group[-1].day, 0
    for start in range(len(group) - 1, -1, -1):
        total += group[start].net_fen
        for line in amounts.get(total, ()):
            if last < line.booked_on <= last + dt.timedelta(days=PAYOUT_DAYS):
                yield line, group[start:]


def settle(difference: Difference, *, reason: str, by: User) -> Difference:
    """Mark a difference as explained. Nothing is written into the books."""
    if not reason.strip():
        raise PortalError(_("Say how the difference was settled."))
    now, reason = timezone.now(), reason.strip()
    with transaction.atomic():
        open_one = Difference.objects.filter(pk=difference.pk, settled_at=None)
        if not open_one.update(settled_at=now, settled_by_name=by.actor_name, reason=reason):
            raise Conflict
        facts = {"reference": difference.order_number, "amount_fen": difference.theirs_fen or difference.ours_fen}
        history.record(
            "fees.difference_settled", difference.order or difference, by=by, facts=facts | {"reason": reason}
        )
    difference.refresh_from_db()
    return difference


def overview() -> QuerySet[Reconciliation]:
    """Every run with its open differences."""
    return Reconciliation.objects.select_related("payout").annotate(
        left=Count("differences", filter=Q(differences__settled_at=None))
    )


def open_differences() -> int:
    return Difference.objects.filter(settled_at=None).count()


def ours(run: Reconciliation) -> dict[str, int]:
    """What the books have of the day, in fen: `payments` and `refunds`."""
    sums = _entries_of(run.merchant, run.day).aggregate(
        payments=Sum("amount_fen", filter=Q(kind=LedgerEntry.Kind.PAYMENT), default=0),
        refunds=Sum("amount_fen", filter=Q(kind=LedgerEntry.Kind.REFUND), default=0),
    )
    return {"payments": -sums["payments"], "refunds": sums["refunds"]}


def report(run: Reconciliation) -> IO[bytes]:
    """Every line of the bill and every difference as an open .xlsx file."""
    kinds = dict(Difference._meta.get_field("kind").flatchoices)
    headings = (
        _("Result"),
        _("Kind"),
        _("Order number"),
        _("Number of the provider"),
        _("In the books"),
        _("On the bill"),
        _("Fee of the provider"),
        _("Time"),
        _("How it was settled"),
    )

    def amount(fen: int | None) -> Any:
        return None if fen is None else sheets.yuan(fen)

    def rows() -> Iterator[list[Any]]:
        for one in run.differences.all():
            label, kind = str(What(one.what).label), str(kinds[one.kind])
            amounts = [amount(one.ours_fen), amount(one.theirs_fen)]
            yield [label, kind, one.order_number, one.external_id, *amounts, None, None, one.reason]
        for line in run.lines.select_related("entry").exclude(entry=None).iterator(chunk_size=CHUNK):
            at = timezone.localtime(line.at).strftime("%Y-%m-%d %H:%M:%S")
            here = amount(abs(line.entry.amount_fen)) if line.entry else None
            amounts = [here, amount(line.amount_fen), amount(line.fee_fen)]
            result = _("Matched") if line.entry and abs(line.entry.amount_fen) == line.amount_fen else ""
            yield [result, str(kinds[line.kind]), line.order_number, line.external_id, *amounts, at, ""]

    return sheets.write(_("Reconciliation"), headings, rows())
