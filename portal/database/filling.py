"""A new column gets its values in a migration, while the portal is in use.

The owner of the tables sees no row of a school (portal.database.rights): an UPDATE of his changes nothing, and says nothing. So rows are
filled by the login of the workers, in the scope of the system.
"""

from collections.abc import Callable
from typing import Any

from portal.database.owner import as_plain_login
from portal.tenancy import system_scope

BATCH = 2000  # rows of one transaction: so long others wait for these rows


def fill(model: str, column: str, value: Any, *, batch: int = BATCH) -> Callable[[Any, Any], None]:
    """A step for `RunPython`, alone in a migration with `atomic = False`: gives `column` the value, an expression, where it is NULL.

    What it did before it was stopped stays; it goes on there when it is run again.
    """

    def run(apps: Any, schema_editor: Any) -> None:
        connection, table = schema_editor.connection, apps.get_model(model)._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_relation_size(%s::regclass)", [table])
            # A new installation: it has no rows, and nobody has rights yet.
            if cursor.fetchone() == (0,):
                return
        with as_plain_login(connection), system_scope():
            empty = apps.get_model(model)._base_manager.using(connection.alias).filter(**{f"{column}__isnull": True})
            some = empty.order_by("pk").values_list("pk", flat=True)
            keys = list(some[:batch])
            while keys:
                empty.filter(pk__in=keys).update(**{column: value})
                keys = list(some.filter(pk__gt=keys[-1])[:batch])

    return run
