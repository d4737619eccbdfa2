"""Making one line of the many that a minute has appended to a group. The numbers stay what they are."""

from typing import Any

from django.db import connection

from portal.database.counters import groups_of, models_of_counts

# One statement, one snapshot: what is appended meanwhile is not touched. Of two who fold at once, the second finds the
# lines gone and adds nothing.
FOLD = """
WITH many AS (SELECT {groups} FROM {table} GROUP BY {groups} HAVING count(*) > 1),
gone AS (DELETE FROM {table} line USING many WHERE ({lines}) = ({manys}) RETURNING line.*)
INSERT INTO {table} ({groups}, number) SELECT {groups}, sum(number) FROM gone GROUP BY {groups} HAVING sum(number) <> 0
"""


def fold() -> None:
    """Fold all counters. Needs the system's scope."""
    for model in models_of_counts():
        _fold(model)


def _fold(model: Any) -> None:
    groups = groups_of(model)
    lines, manys = (", ".join(f"{name}.{column}" for column in groups) for name in ("line", "many"))
    with connection.cursor() as cursor:
        cursor.execute(FOLD.format(table=model._meta.db_table, groups=", ".join(groups), lines=lines, manys=manys))
