"""The proof that the counters say what the rows say, and how they are put right."""

import logging
from collections.abc import Callable
from typing import Any

from django.db import connection

from portal import notifications
from portal.database.counters import groups_of, models_of_counts, recount
from portal.models import CounterProof

log = logging.getLogger(__name__)
MOST_NAMED = 20
# One statement, one snapshot: what changes meanwhile is in both or in none.
DIFFERENCES = """
SELECT {columns}, coalesce(kept.number, 0) AS kept, coalesce(counted.number, 0) AS counted
FROM (SELECT {groups}, sum(number) AS number FROM {table} GROUP BY {groups}) kept
FULL JOIN ({recount}) counted ON ({kepts}) = ({counteds})
WHERE coalesce(kept.number, 0) <> coalesce(counted.number, 0)
"""
TOTAL = "SELECT coalesce(sum(number), 0) FROM {table}"
REPAIR = """
INSERT INTO {table} ({groups}, number) SELECT {groups}, counted - kept FROM ({differences}) differing
RETURNING {groups}, number
"""


def differences(model: Any) -> str:
    """SELECT of the groups whose counter is not the number of their rows."""
    groups = groups_of(model)
    kepts, counteds = (", ".join(f"{name}.{column}" for column in groups) for name in ("kept", "counted"))
    return DIFFERENCES.format(
        columns=", ".join(f"coalesce(kept.{column}, counted.{column}) AS {column}" for column in groups),
        groups=", ".join(groups),
        table=model._meta.db_table,
        recount=recount(model),
        kepts=kepts,
        counteds=counteds,
    )


def prove(report: Callable[[str, int], object] = lambda name, number: None) -> CounterProof:
    """Count the rows again and store where the counters differ. `report(label of the counter, groups that differ)`.

    Tells the center when they differ. Needs the system's scope.
    """
    faults: dict[str, Any] = {}
    rows = 0
    for model in models_of_counts():
        found, counted = _differing(model)
        rows += counted
        report(model._meta.label, len(found))
        if found:
            log.error(
                "The counters %s differ from their rows in %d groups: %s", model._meta.label, len(found), found[:3]
            )
            faults[model._meta.label] = [len(found), found[:MOST_NAMED]]
    if faults:
        number = sum(number for number, _found in faults.values())
        notifications.notify_center(kind="counters_differ", season=None, parameters={"n": number})
    return CounterProof.objects.create(rows=rows, faults=faults)


def repair(report: Callable[[str, int], object] = lambda name, number: None) -> CounterProof:
    """Append to each counter what it lacks. Safe while the rows change. `report(label, groups put right)`."""
    faults: dict[str, Any] = {}
    rows = 0
    for model in models_of_counts():
        with connection.cursor() as cursor:
            sql = REPAIR.format(
                table=model._meta.db_table, groups=", ".join(groups_of(model)), differences=differences(model)
            )
            cursor.execute(sql)
            found = cursor.fetchall()
            cursor.execute(TOTAL.format(table=model._meta.db_table))
            rows += cursor.fetchone()[0]
        report(model._meta.label, len(found))
        if found:
            named = [
                dict(zip([*groups_of(model), "added"], map(_plain, row), strict=True)) for row in found[:MOST_NAMED]
            ]
            faults[model._meta.label] = [len(found), named]
    return CounterProof.objects.create(rows=rows, faults=faults, was_repaired=True)


def _differing(model: Any) -> tuple[list[dict[str, Any]], int]:
    """(each group that differs, rows that the counter tells)."""
    with connection.cursor() as cursor:
        cursor.execute(differences(model))
        columns = [column.name for column in cursor.description]
        found = [dict(zip(columns, map(_plain, row), strict=True)) for row in cursor.fetchall()]
        cursor.execute(TOTAL.format(table=model._meta.db_table))
        return found, cursor.fetchone()[0]


def _plain(value: Any) -> Any:
    """As JSON keeps it."""
    return value if value is None or isinstance(value, (int, bool)) else str(value)


def latest() -> CounterProof | None:
    return CounterProof.objects.first()
