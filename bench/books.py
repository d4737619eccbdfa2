"""The accountants' pages at the size of the province: 700,000 students in 170 schools, three seasons, 500,000 orders with two
entries and an event each.

    .venv/bin/python -m bench.books [STUDENTS [ORDERS]]

Printed are, per page, the queries and the time that PostgreSQL took for all of them (best of five), beside the floor: the
look-up of one entry by its key. Then the seconds of the nightly proof, check by check. Receipts are not filled in: their check
finds every order.
"""

import os
import sys
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

SEASONS, DAYS = 3, 90
ORDERS = """
INSERT INTO billing_order (school_id, season_id, student_id, number, status, provider, merchant, channel, openid,
                           amount_fen, created_at, expires_at, paid_at, refund_number)
SELECT school_id, %(season)s, id, %(year)s || lpad(id::text, 10, '0'), 'paid', provider, provider, 'phone', '',
       1500, day, day, day, ''
FROM (SELECT id, school_id, (ARRAY['wechat', 'alipay'])[1 + id %% 2] AS provider,
             %(first)s::date + (id %% %(days)s)::int + interval '10 hours' AS day
      FROM students_student ORDER BY id %% 997, id LIMIT %(count)s) payer
"""
ENTRIES = """
INSERT INTO billing_ledgerentry (school_id, season_id, account_id, order_id, kind, amount_fen, balance_fen, provider,
                                 reference, remarks, external_id, at, posted_on)
SELECT paid.school_id, paid.season_id, account.id, paid.id, kind, fen, greatest(fen, 0), paid.provider,
       CASE kind WHEN 'payment' THEN 'P' || paid.number ELSE '' END, '', kind || paid.number, paid.paid_at,
       paid.paid_at::date
FROM billing_order paid
JOIN billing_feeaccount account ON (account.school_id, account.season_id) = (paid.school_id, paid.season_id)
CROSS JOIN (VALUES (1, 'charge', 1500), (2, 'payment', -1500)) pair(place, kind, fen)
ORDER BY paid.paid_at::date, paid.id, place
"""
TRANSFERS = """
INSERT INTO billing_ledgerentry (school_id, season_id, account_id, kind, amount_fen, balance_fen, provider, reference,
                                 remarks, external_id, at, posted_on)
SELECT school_id, season_id, id, kind, fen, greatest(fen, 0), '', 'B-' || id || '-' || n, '', kind || n, now(),
       current_date
FROM billing_feeaccount CROSS JOIN generate_series(1, 20) n
CROSS JOIN (VALUES (1, 'charge', 450000), (2, 'payment', -450000)) pair(place, kind, fen)
ORDER BY id, n, place
"""
SUMS = """
INSERT INTO billing_daysum (school_id, season_id, account_id, day, provider, kind, entries, debit_fen, credit_fen)
SELECT school_id, season_id, account_id, posted_on, provider, kind, count(*), sum(greatest(amount_fen, 0)),
       sum(greatest(-amount_fen, 0))
FROM billing_ledgerentry GROUP BY 1, 2, 3, 4, 5, 6
"""
EVENTS = """
INSERT INTO portal_event (at, kind, school_id, season_id, object_type, object_id, actor_key, actor_name, before, after,
                          facts, seal, source)
SELECT at, 'ledger.' || kind, school_id, season_id, 'billing.ledgerentry', id, 'system', 'system', '', '', '{}', '\\x00', 'task'
FROM billing_ledgerentry
"""


def fill(orders: int) -> None:
    """Triggers are off meanwhile: the proof at the end shows that what they would have kept is right."""
    import datetime as dt

    from django.db import connection
    from django.utils import timezone

    from bench.database import by_owner
    from billing.accounts.ledger import account_of
    from portal.tenancy import system_scope
    from schools.models import Enrolment, School, Season
    from tests import factories

    newest = Season.objects.get()
    seasons = [
        newest,
        *(factories.season(year=newest.year - n, status=Season.Status.CLOSED) for n in range(1, SEASONS)),
    ]
    tables = ("billing_ledgerentry", "billing_daysum", "billing_order", "portal_event")
    for table in tables:
        by_owner(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        by_owner(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    for table in ("students_student", "billing_feeaccount"):
        by_owner(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    with system_scope():
        by_owner("UPDATE students_student SET fee_state = 'unpaid' WHERE fee_state = 'paid'")
        for season in seasons:
            if season != newest:
                Enrolment.objects.bulk_create(
                    Enrolment(school=school, season=season, status=Enrolment.Status.CAPTURING)
                    for school in School.objects.all()
                )
            for enrolment in Enrolment.objects.filter(season=season).select_related("school", "season"):
                account_of(enrolment)
            first = timezone.localdate() - dt.timedelta(days=DAYS + 365 * (newest.year - season.year))
            values = {"season": season.pk, "year": str(season.year), "first": first, "days": DAYS}
            with connection.cursor() as cursor:
                by_owner(cursor.mogrify(ORDERS, values | {"count": orders // SEASONS}))
        by_owner(
            "UPDATE students_student SET fee_state = 'paid'"
            f" WHERE id IN (SELECT student_id FROM billing_order WHERE season_id = {newest.pk})"
        )
    for statement in (TRANSFERS, ENTRIES, SUMS, EVENTS):
        by_owner(statement)
    for table in (*tables, "students_student", "billing_feeaccount"):
        by_owner(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        by_owner(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    for table in (*tables, "students_student", "billing_feeaccount"):
        by_owner(f"VACUUM ANALYZE {table}")


def main(students: int, orders: int) -> None:
    from bench.database import connect
    from bench.pages import client_of, query_ms, sql_of
    from bench.pages import fill as fill_province

    connect(create=True, name="test_bench_books")
    from django.db import connection
    from django.urls import reverse

    from billing.books import proof
    from billing.models import LedgerEntry
    from portal.tenancy import system_scope

    center, _clerk, large = fill_province(students)
    fill(orders)
    staff = client_of(center)
    with system_scope():
        entry = LedgerEntry.objects.exclude(order=None).first()
        enrolment, number = entry.account.enrolment_id, entry.order.number
        seasons = list(LedgerEntry.objects.order_by("season").values_list("season", flat=True).distinct())
        print(f"{students:,} students, {LedgerEntry.objects.count():,} entries, {len(seasons)} seasons\n")
        print(f"{'page':<60}{'queries':>8}{'ms in PostgreSQL':>18}")
        key = f"SELECT * FROM billing_ledgerentry WHERE id = {entry.pk}"
        print(f"{'floor: one entry by its key':<60}{1:>8}{query_ms(key):>18.1f}")
    entries, book = reverse("billing:entries"), reverse("billing:day_book")
    old = seasons[0] if seasons[0] != entry.season_id else seasons[-1]
    pages = [
        ("accounts of the schools", reverse("billing:center_fees")),
        ("account of a school", reverse("billing:center_school_fees", args=[enrolment])),
        ("account, a payment searched", reverse("billing:center_school_fees", args=[enrolment]) + f"?q={number}"),
        ("entries", entries),
        ("entries, page 500", f"{entries}?page=500"),
        ("entries of an old season", f"{entries}?season={old}"),
        ("entries of all seasons", f"{entries}?season="),
        ("entries of a school", f"{entries}?school={large.pk}"),
        ("entries, refunds (none)", f"{entries}?kind=refund"),
        ("entries, payments by wechat", f"{entries}?kind=payment&provider=wechat"),
        ("entries by amount", f"{entries}?sort=amount"),
        ("entries, a transfer searched", f"{entries}?q=B-1"),
        ("entries, an order searched", f"{entries}?q={number}"),
        ("day book", book),
        ("balances by school", f"{book}?by=school"),
        ("balances by way of payment", f"{book}?by=provider"),
        ("balances by season", f"{book}?by=season"),
        ("reconciliation", reverse("billing:reconciliations")),
        ("dashboard: fees", reverse("billing:panel_fees")),
    ]
    for label, url in pages:
        queries, spent = sql_of(staff, url)
        print(f"{label:<60}{queries:>8}{spent:>18.1f}", flush=True)
    connection.queries_log.clear()
    print()
    started = time.perf_counter()

    def report(name: str, number: int) -> None:
        nonlocal started
        print(f"proof: {name:<20}{number:>6} faults {time.perf_counter() - started:>8.1f} s", flush=True)
        started = time.perf_counter()

    with system_scope():
        proof.prove(report)


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    main(given[0] if given else 700_000, given[1] if len(given) > 1 else 500_000)
