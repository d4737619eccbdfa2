"""The accountants' pages at the size of the province, filled by `manage.py demo --scale`: two seasons, in which a quarter of the
schools let the students pay, and the others owe and transfer.

    .venv/bin/python -m bench.money.books [STUDENTS]

Printed are, per page, the queries and the time that PostgreSQL took for all of them (best of five), beside the floor: the
look-up of one entry by its key. Then the seconds of the nightly proof, check by check.
"""

import os
import sys
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def main(students: int) -> None:
    from bench.database import connect
    from bench.pages import client_of, fill, people, query_ms, sql_of

    connect(create=True, name="test_bench_books")
    from django.db import connection
    from django.urls import reverse

    from billing.books import proof
    from billing.models import LedgerEntry
    from portal.tenancy import system_scope

    fill(students)
    center, _clerk, large = people()
    staff = client_of(center)
    with system_scope():
        entry = LedgerEntry.objects.exclude(order=None).first()
        enrolment, number = entry.account.enrolment_id, entry.order.number
        seasons = list(LedgerEntry.objects.order_by("season").values_list("season", flat=True).distinct())
        print(f"{students:,} students, {LedgerEntry.objects.count():,} entries, {len(seasons)} seasons\n")
        print(f"{'page':<60}{'queries':>8}{'ms in PostgreSQL':>18}{'cpu ms':>8}")
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
        cost = sql_of(staff, url)
        print(f"{label:<60}{cost.statements:>8}{cost.clock:>18.1f}{cost.cpu:>8.1f}", flush=True)
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
    main(given[0] if given else 700_000)
