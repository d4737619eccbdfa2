"""What the providers have told of the students' payments: a message each, a bill a day, and its comparison with the books."""

from collections import Counter

from django.db import connection
from django.utils.translation import gettext as _

FEE = "round(0.006 * -entry.amount_fen)"  # fen, what a provider keeps of a payment
ABSENT = "entry.order_id % 3001 = 7"  # payments that the provider's bill does not hold

MESSAGES = """
INSERT INTO billing_callback (provider, merchant, external_id, sealed, received_at, verified, outcome, order_number,
                              amount_fen, is_refund, order_id, is_refused, resolved_at)
SELECT paid.provider, paid.merchant, paid.provider || paid.number, '', paid.paid_at, true, %(booked)s, paid.number,
       paid.amount_fen, false, paid.id, false, NULL
FROM billing_order paid WHERE paid.paid_at IS NOT NULL ORDER BY paid.paid_at
"""
# A second payment of an order that is paid already: refused by the books, and half of them paid back.
REFUSED = """
INSERT INTO billing_callback (provider, merchant, external_id, sealed, received_at, verified, outcome, order_number,
                              amount_fen, is_refund, order_id, is_refused, resolved_at)
SELECT paid.provider, paid.merchant, 'again' || paid.number, '', paid.paid_at + interval '1 minute', true, %(refused)s,
       paid.number, paid.amount_fen, false, paid.id, true,
       CASE WHEN row_number() OVER (ORDER BY paid.id) %% 2 = 0 THEN paid.paid_at + interval '1 hour' END
FROM (SELECT * FROM billing_order WHERE status = 'paid' ORDER BY id DESC LIMIT 40) paid
"""
PAID_BACK = """
INSERT INTO billing_repayment (callback_id, status, number, requested_at)
SELECT id, CASE WHEN id % 8 = 0 THEN 'refunding' ELSE 'refunded' END, 'B' || order_number, resolved_at
FROM billing_callback WHERE is_refused AND resolved_at IS NOT NULL
"""
COMPARED = f"""
INSERT INTO billing_reconciliation (merchant, day, run_at, billed_at, payments, payments_fen, refunds, refunds_fen, fee_fen,
                                    matched, closing_fen, moved_fen)
SELECT entry.provider, entry.posted_on, entry.posted_on + interval '34 hours', entry.posted_on + interval '34 hours',
       count(*) FILTER (WHERE entry.kind = 'payment'), coalesce(-sum(entry.amount_fen) FILTER (WHERE entry.kind = 'payment'), 0),
       count(*) FILTER (WHERE entry.kind = 'refund'), coalesce(sum(entry.amount_fen) FILTER (WHERE entry.kind = 'refund'), 0),
       coalesce(sum({FEE}) FILTER (WHERE entry.kind = 'payment'), 0), count(*),
       -sum(entry.amount_fen), -sum(entry.amount_fen)
FROM billing_ledgerentry entry
WHERE entry.kind IN ('payment', 'refund') AND entry.provider <> '' AND entry.posted_on < current_date AND NOT ({ABSENT})
GROUP BY 1, 2 ORDER BY 2, 1
"""  # noqa: S608
LINES = f"""
INSERT INTO billing_billline (reconciliation_id, kind, order_number, refund_number, external_id, amount_fen, fee_fen, at, entry_id)
SELECT run.id, entry.kind, paid.number, CASE entry.kind WHEN 'refund' THEN paid.refund_number ELSE '' END, entry.external_id,
       abs(entry.amount_fen), CASE entry.kind WHEN 'payment' THEN {FEE} ELSE 0 END, entry.at, entry.id
FROM billing_ledgerentry entry
JOIN billing_reconciliation run ON run.merchant = entry.provider AND run.day = entry.posted_on
JOIN billing_order paid ON paid.id = entry.order_id
WHERE entry.kind IN ('payment', 'refund') AND NOT ({ABSENT}) ORDER BY entry.at
"""  # noqa: S608
DIFFERENCES = f"""
INSERT INTO billing_difference (reconciliation_id, what, kind, order_number, external_id, order_id, ours_fen, theirs_fen,
                                settled_at, settled_by_name, reason)
SELECT run.id, 'missing_there', entry.kind, paid.number, entry.external_id, paid.id, -entry.amount_fen, NULL,
       CASE WHEN paid.id % 2 = 0 THEN run.run_at END, '', CASE WHEN paid.id % 2 = 0 THEN '次日账单已列出。' ELSE '' END
FROM billing_ledgerentry entry
JOIN billing_reconciliation run ON run.merchant = entry.provider AND run.day = entry.posted_on
JOIN billing_order paid ON paid.id = entry.order_id
WHERE entry.kind = 'payment' AND {ABSENT}
"""  # noqa: S608


def make() -> Counter[str]:
    """Rows by table. Needs the orders, with their entries."""
    made: Counter[str] = Counter()
    words = {"booked": "booked", "refused": _("This order has been paid already by another payment.")}
    with connection.cursor() as cursor:
        for table, statement in (
            ("billing_callback", MESSAGES), ("billing_callback", REFUSED), ("billing_repayment", PAID_BACK),
            ("billing_reconciliation", COMPARED), ("billing_billline", LINES), ("billing_difference", DIFFERENCES),
        ):  # fmt: skip
            cursor.execute(statement, words if "%(" in statement else None)
            made[table] += cursor.rowcount
    return made
