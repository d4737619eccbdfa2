"""A new key for the messages of the providers, which are kept encrypted as the evidence of payments."""

from django.db import connection

from billing.models import Callback
from portal.security import encryption
from students.privacy import rotation

BATCH = 500
_COUNT = "SELECT get_byte(sealed, 0), count(*) FROM billing_callback WHERE length(sealed) > 0 GROUP BY 1 ORDER BY 1"
_OLD = "length(sealed) > 0 AND get_byte(sealed, 0) <> %s"


def count_by_version() -> dict[int, int]:
    """{version of the key: messages}."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT)
        return dict(cursor.fetchall())


def rewrite() -> list[int]:
    """Encrypt with the newest key what older ones have written; the ids of messages that cannot be read."""
    damaged: list[int] = []
    after, current = 0, encryption.current_version()
    while rows := list(
        Callback.objects.filter(pk__gt=after).extra(where=[_OLD], params=[current]).order_by("pk")[:BATCH]  # noqa: S610
    ):
        after = rows[-1].pk
        for row in rows:
            old = bytes(row.sealed)
            try:
                row.seal(row.headers, row.body)
            except encryption.Unreadable:
                damaged.append(row.pk)
            else:
                Callback.objects.filter(pk=row.pk, sealed=old).update(sealed=row.sealed)
    return damaged


rotation.registers("messages of providers", count_by_version, rewrite)
