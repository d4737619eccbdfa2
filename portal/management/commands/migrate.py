"""Django's migrate, as the owner of the tables. It waits for no table longer than LOCK_SECONDS, and may run again after it failed."""

from typing import Any

from django.core.management import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from django.utils.translation import gettext as _
from psycopg.errors import DeadlockDetected, LockNotAvailable

from portal.database.owner import OwnerCommand, limit_waiting

# What CREATE INDEX CONCURRENTLY leaves behind when it fails: an index of that name that nobody reads and every change of a row keeps up.
HALF_MADE = """
SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE NOT indisvalid AND relkind = 'i' AND relowner = current_user::regrole
  AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index WHERE index_relid = indexrelid)
"""


class Command(OwnerCommand, migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        try:
            limit_waiting(connection)
            with connection.cursor() as cursor:
                cursor.execute(HALF_MADE)
                for (name,) in cursor.fetchall():
                    cursor.execute(f"DROP INDEX CONCURRENTLY {name}")
            super().handle(*args, **options)
        except OperationalError as error:
            if not isinstance(error.__cause__, (LockNotAvailable, DeadlockDetected)):
                raise
            raise CommandError(
                _("A table was in use for too long. What was not finished was taken back; run migrate once more.")
            ) from error
