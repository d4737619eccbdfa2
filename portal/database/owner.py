"""The database role that owns the tables.

Web, workers and tests connect as roles that own nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections


@contextmanager
def as_owner(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Connect to the same database as the owner inside the block.

    Raises TransactionManagementError in a transaction.
    """
    connection = connections[using]
    connection.validate_no_atomic_block()
    plain = connection.settings_dict.copy()
    connection.close()
    connection.settings_dict.update(settings.DATABASE_OWNER() | {"NAME": plain["NAME"], "SCOPED": False})
    try:
        yield
    finally:
        connection.close()
        name = connection.settings_dict["NAME"]
        connection.settings_dict.update({"SCOPED": True} | plain | {"NAME": name})


class OwnerCommand:
    """Makes a command with the option --database work as the owner.

    Must be the first base class.
    """

    def execute(self, *args: Any, **options: Any) -> Any:
        with as_owner(options["database"]):
            return super().execute(*args, **options)  # type: ignore[misc]
