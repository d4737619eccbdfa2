"""The proof that the ledger agrees with itself, with the history, the orders and the bank lines.

The database keeps the sums (see the triggers of billing's migration); this counts again what they should be.
"""

import logging
from collections.abc import Callable

from django.db import connection
from django.utils.translation import gettext_lazy as _

from billing.models import FeeAccount, LedgerEntry, LedgerProof, Order
from portal import notifications
from portal.watching import signs
from students.models import Student

log = logging.getLogger(__name__)
MOST_NAMED = 20

_RECEIVED = ", ".join(f"'{status}'" for status in Order.RECEIVED)
# {name: (sentence, SQL of the ids of what is wrong)}
CHECKS = {
    "balance": (
        _("The balance of an account is not the sum of its entries"),
        """
        SELECT account.id FROM billing_feeaccount account
        LEFT JOIN (SELECT account_id, sum(amount_fen) AS fen FROM billing_ledgerentry GROUP BY 1) summed
            ON summed.account_id = account.id
        WHERE account.balance_fen <> coalesce(summed.fen, 0)
        """,
    ),
    "running": (
        _("The balance that an entry bears is not the sum up to it"),
        """
        SELECT id FROM (
            SELECT id, balance_fen, sum(amount_fen) OVER (PARTITION BY account_id ORDER BY id) AS fen
            FROM billing_ledgerentry
        ) running WHERE balance_fen <> fen
        """,
    ),
    "day": (
        _("The sums of a day are not those of its entries"),
        """
        SELECT coalesce(kept.id, 0) FROM billing_daysum kept FULL JOIN (
            SELECT account_id, posted_on, provider, kind, count(*) AS entries,
                   sum(greatest(amount_fen, 0)) AS debit, sum(greatest(-amount_fen, 0)) AS credit
            FROM billing_ledgerentry GROUP BY 1, 2, 3, 4
        ) summed ON (summed.account_id, summed.posted_on, summed.provider, summed.kind)
                  = (kept.account_id, kept.day, kept.provider, kept.kind)
        WHERE (kept.entries, kept.debit_fen, kept.credit_fen) IS DISTINCT FROM (summed.entries, summed.debit, summed.credit)
        """,
    ),
    "event": (
        _("An entry has no event in the history"),
        """
        SELECT entry.id FROM billing_ledgerentry entry WHERE NOT EXISTS (
            SELECT FROM portal_event WHERE object_type = 'billing.ledgerentry' AND object_id = entry.id
        )
        """,
    ),
    "order": (
        _("The entries of an online order do not agree with its state"),
        f"""
        SELECT asked.id FROM billing_order asked LEFT JOIN (
            SELECT order_id, count(*) AS entries, sum(amount_fen) AS rest,
                   coalesce(-sum(amount_fen) FILTER (WHERE kind IN ('payment', 'moved') AND amount_fen < 0), 0) AS paid,
                   coalesce(sum(amount_fen) FILTER (WHERE kind = 'moved' AND amount_fen > 0), 0) AS moved,
                   coalesce(sum(amount_fen) FILTER (WHERE kind = 'refund'), 0) AS refunded
            FROM billing_ledgerentry WHERE order_id IS NOT NULL GROUP BY 1
        ) booked ON booked.order_id = asked.id
        WHERE CASE
            WHEN asked.status IN ({_RECEIVED}) THEN
                (booked.entries, booked.rest, booked.paid, booked.refunded) IS DISTINCT FROM (2, 0, asked.amount_fen, 0)
            WHEN asked.status = 'refunded' THEN (booked.entries, booked.rest, booked.paid, booked.refunded)
                IS DISTINCT FROM (4, 0, asked.amount_fen, asked.amount_fen)
            WHEN asked.status = 'moved' THEN (booked.entries, booked.rest, booked.paid, booked.moved)
                IS DISTINCT FROM (4, 0, asked.amount_fen, asked.amount_fen)
            ELSE booked.entries IS NOT NULL
        END
        """,  # noqa: S608
    ),
    "provider": (
        _("An entry names another provider than its order"),
        """
        SELECT entry.id FROM billing_ledgerentry entry LEFT JOIN billing_order paid ON paid.id = entry.order_id
        WHERE entry.provider <> coalesce(paid.provider, '')
        """,
    ),
    "bank_line": (
        _("What is booked of a bank line is not what its entries say"),
        """
        SELECT DISTINCT coalesce(part.line_id, entry.bank_line_id)
        FROM (SELECT * FROM billing_allocation WHERE status = 'booked' OR entry_id IS NOT NULL) part
        FULL JOIN (SELECT * FROM billing_ledgerentry WHERE bank_line_id IS NOT NULL AND kind <> 'reversal') entry
            ON entry.id = part.entry_id
        WHERE (part.status, part.line_id, part.account_id, part.amount_fen)
            IS DISTINCT FROM ('booked', entry.bank_line_id, entry.account_id, -entry.amount_fen)
        """,
    ),
    "reversal": (
        _("A reversal does not take back the entry that it names"),
        """
        SELECT counter.id FROM billing_ledgerentry counter LEFT JOIN billing_ledgerentry entry
            ON counter.external_id = 'reversal:' || entry.id
        WHERE counter.kind = 'reversal' AND (counter.account_id, counter.amount_fen, coalesce(counter.bank_line_id, 0))
            IS DISTINCT FROM (entry.account_id, -entry.amount_fen, coalesce(entry.bank_line_id, 0))
        """,
    ),
    "receipt": (
        _("The receipts of a season have a gap"),
        """
        SELECT series.id FROM billing_receiptseries series LEFT JOIN (
            SELECT season_id, count(*) AS number, max(serial) AS last FROM billing_receipt GROUP BY 1
        ) given ON given.season_id = series.season_id
        WHERE (coalesce(given.number, 0), coalesce(given.last, 0)) <> (series.last, series.last)
        """,
    ),
    "receipt_order": (
        _("A paid order has no receipt, or a receipt is valid without one"),
        f"""
        SELECT asked.id FROM billing_order asked LEFT JOIN billing_receipt given ON given.order_id = asked.id
        WHERE (asked.status IN ({_RECEIVED})) <> (given.id IS NOT NULL AND given.voided_at IS NULL)
        """,  # noqa: S608
    ),
    "student": (
        _("A student counts as paid without a paid order, or the other way round"),
        f"""
        SELECT student.id FROM students_student student FULL JOIN (
            SELECT student_id FROM billing_order WHERE status IN ({_RECEIVED})
        ) paid ON paid.student_id = student.id
        WHERE (student.fee_state = '{Student.FeeState.PAID}') <> (paid.student_id IS NOT NULL)
        """,  # noqa: S608
    ),
}


def prove(report: Callable[[str, int], object] = lambda name, number: None) -> LedgerProof:
    """Make all checks and store what they found. `report(name of the check, number of faults)`."""
    faults = {}
    for name, (_sentence, sql) in CHECKS.items():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*), (array_agg(id))[1:{MOST_NAMED}] FROM ({sql}) wrong(id)")  # noqa: S608
            number, ids = cursor.fetchone()
        report(name, number)
        if number:
            log.error("The books do not agree: %s, %d times: %s", name, number, ids)
            faults[name] = [number, ids]
    if faults:
        number = sum(number for number, _ids in faults.values())
        notifications.notify_center(kind="fees.proof_failed", season=None, parameters={"n": number})
    return LedgerProof.objects.create(
        accounts=FeeAccount.objects.count(), entries=LedgerEntry.objects.count(), faults=faults
    )


def latest() -> LedgerProof | None:
    return LedgerProof.objects.first()


@signs.register(
    "ledger", label=_("Ledger"), advice=_("Run manage.py check_ledger; the center's dashboard names what differs.")
)
def _sign() -> signs.Found:
    last = latest()
    faults = sum(number for number, _ids in last.faults.values()) if last else 0
    return signs.proof(last.at if last else None, faults)


def describe(proof: LedgerProof) -> list[tuple[str, int, list[int]]]:
    """(sentence, number, first ids) of each check that found something."""
    return [(str(CHECKS[name][0]), number, ids) for name, (number, ids) in proof.faults.items() if name in CHECKS]
