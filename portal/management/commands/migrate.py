"""Django's migrate, as the owner of the tables. It waits for no table longer than LOCK_SECONDS: whoever asks for a table behind it would
wait as long.
"""

from typing import Any

from django.core.management import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from django.utils.translation import gettext as _
from psycopg.errors import DeadlockDetected, LockNotAvailable

from portal.database.owner import OwnerCommand

LOCK_SECONDS = 5


class Command(OwnerCommand, migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with connections[options["database"]].cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
        try:
            super().handle(*args, **options)
        except OperationalError as error:
            if not isinstance(error.__cause__, (LockNotAvailable, DeadlockDetected)):
                raise
            raise CommandError(
                _("A table was in use for too long. What was not finished was taken back; run migrate once more.")
            ) from error
