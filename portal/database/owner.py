"""The database role that owns the tables.

Web, workers and tests connect as roles that own nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

LOCK_SECONDS = 5  # so long a change of tables waits for one that is in use: all who ask for it behind wait as long


@contextmanager
def as_owner(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Connect to the same database as the owner inside the block.

    Raises TransactionManagementError in a transaction.
    """
    connection = connections[using]
    connection.validate_no_atomic_block()
    plain = connection.settings_dict.copy()
    connection.close()
    owner = {"NAME": plain["NAME"], "SCOPED": False, "PLAIN": plain}
    connection.settings_dict.update(settings.DATABASE_OWNER() | owner)
    try:
        yield
    finally:
        connection.close()
        name = connection.settings_dict["NAME"]
        connection.settings_dict.update({"SCOPED": True} | plain | {"NAME": name})
        connection.settings_dict.pop("PLAIN", None)


@contextmanager
def as_plain_login(connection: Any) -> Iterator[None]:
    """Inside of `as_owner`: connect as the login of before, which sees the rows of the scope that is open.

    Raises TransactionManagementError in a transaction.
    """
    connection.validate_no_atomic_block()
    owner = connection.settings_dict.copy()
    connection.close()
    connection.settings_dict.update({"SCOPED": True} | owner["PLAIN"] | {"NAME": owner["NAME"]})
    try:
        limit_waiting(connection)
        yield
    finally:
        connection.close()
        connection.settings_dict.update(owner)
        limit_waiting(connection)


def limit_waiting(connection: Any) -> None:
    """Statements of this connection fail when they wait for a lock longer than LOCK_SECONDS."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")


class OwnerCommand:
    """Makes a command with the option --database work as the owner.

    Must be the first base class.
    """

    def execute(self, *args: Any, **options: Any) -> Any:
        with as_owner(options["database"]):
            return super().execute(*args, **options)  # type: ignore[misc]
