"""Numbers of rows, kept by the database in the transaction that changes the rows.

A model of counts (`portal.models.Counter`) says in `COUNTS` of which rows it is, and by what. Triggers on the table of the
rows, one a statement, append what the statement has changed: +2 of one group, -2 of another. Lines that nobody has changed a row for are
refused, but of the system. Nothing is updated, so that no two transactions wait for each other. The number of a group is the
sum of its lines; `portal.counters.folding` makes one line of them. `migrate` puts the triggers into force at its end.

An expression names the row that is counted `own`. With a `Parent` it may also read the columns of the row that `own`
points to, named `parent`; a change of these moves what points to it. Whoever writes `own` holds the lock of its parent:
otherwise a change of both at the same time would be counted wrong.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps

from portal.database.scope import DatabaseRole


@dataclass(frozen=True)
class Parent:
    """The row that a counted row points to by its column `via`. `columns`: what the expressions read of it."""

    model: str
    via: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Counts:
    """`of`: the label of the model whose rows are counted; `by`: {field of the counts: SQL of its value}, besides the columns
    `scope` of the rows; `where`: SQL of the rows that count."""

    of: str
    by: dict[str, str]
    where: str = "true"
    parent: Parent | None = None
    scope: tuple[str, ...] = ("season_id", "school_id")


FUNCTION = """
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
{body}
    RETURN NULL;
END $$
"""
TRIGGER = "CREATE OR REPLACE TRIGGER {name} AFTER {event} ON {table} {referencing} FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
# A line is a claim about rows: whoever may append one by hand could make a dashboard lie, that of all schools too where a
# counter knows no school.
GUARD = """
CREATE OR REPLACE FUNCTION counted_by_triggers() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF pg_trigger_depth() < 2 AND current_user NOT IN (
        '{system}', (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID)
    ) THEN
        RAISE insufficient_privilege USING MESSAGE = TG_TABLE_NAME || ' is written by the triggers of what it counts';
    END IF;
    RETURN NULL;
END $$
"""
GUARDED = (
    "CREATE OR REPLACE TRIGGER counted_by_triggers BEFORE INSERT ON {table}"
    " FOR EACH STATEMENT EXECUTE FUNCTION counted_by_triggers()"
)
NEW, OLD = "NEW TABLE AS new_rows", "OLD TABLE AS old_rows"
REFERENCING = {"INSERT": f"REFERENCING {NEW}", "UPDATE": f"REFERENCING {OLD} {NEW}", "DELETE": f"REFERENCING {OLD}"}


def models_of_counts() -> list[Any]:
    return [model for model in apps.get_models() if getattr(model, "COUNTS", None) is not None]


def groups_of(model: Any) -> list[str]:
    """The columns that make a group: those of `COUNTS.scope` (season and school) and of `COUNTS.by`."""
    return [*model.COUNTS.scope, *model.COUNTS.by]


def _table(label: str) -> str:
    return str(apps.get_model(label)._meta.db_table)


def _selected(model: Any, own: str, number: str, parent: str = "") -> str:
    """SELECT of the groups of the rows in `own`, each row as `number`."""
    counts: Counts = model.COUNTS
    values = ", ".join(
        [*(f"own.{name}" for name in counts.scope), *(f"{sql} AS {name}" for name, sql in counts.by.items())]
    )
    rows = f"{own} AS own"
    if counts.parent:
        table = parent or f"public.{_table(counts.parent.model)}"
        rows += f" JOIN {table} AS parent ON parent.id = own.{counts.parent.via}"
    return f"SELECT {values}, {number} AS number FROM {rows} WHERE {counts.where}"  # noqa: S608


def recount(model: Any) -> str:
    """SELECT that counts the rows themselves: one line a group."""
    groups = ", ".join(groups_of(model))
    rows = _selected(model, f"public.{_table(model.COUNTS.of)}", "1")
    return f"SELECT {groups}, count(*) AS number FROM ({rows}) counted GROUP BY {groups}"  # noqa: S608


def _append(model: Any, *selected: str) -> str:
    groups = ", ".join(groups_of(model))
    return (
        f"    INSERT INTO public.{model._meta.db_table} ({groups}, number) SELECT {groups}, sum(number) FROM ("  # noqa: S608
        f"{' UNION ALL '.join(selected)}) moved GROUP BY {groups} HAVING sum(number) <> 0;"
    )


def _changes(model: Any, event: str) -> str:
    """What a statement on the counted rows appends."""
    new, old = _selected(model, "new_rows", "1"), _selected(model, "old_rows", "-1")
    return _append(model, *{"INSERT": [new], "UPDATE": [new, old], "DELETE": [old]}[event])


def _moves(model: Any) -> str:
    """What an UPDATE of the parents appends: the rows that point to them go over to other groups."""
    parent: Parent = model.COUNTS.parent
    table = f"public.{_table(model.COUNTS.of)}"
    read = ", ".join(("id", *parent.columns))
    appended = _append(model, _selected(model, table, "1", "new_rows"), _selected(model, table, "-1", "old_rows"))
    differ = f"SELECT {read} FROM new_rows EXCEPT SELECT {read} FROM old_rows"  # noqa: S608
    return f"    IF EXISTS ({differ}) THEN\n    {appended}\n    END IF;"


def statements(tables: Iterable[str]) -> Iterator[str]:
    """The SQL that puts the triggers into force, run by the owner of the tables. Safe to repeat."""
    existing = set(tables)
    yield GUARD.replace("{system}", DatabaseRole.SYSTEM)
    bodies: dict[tuple[str, str], list[str]] = {}  # (table, event): what is appended
    for model in models_of_counts():
        table = _table(model.COUNTS.of)
        if model._meta.db_table in existing and table in existing:
            for event in REFERENCING:
                bodies.setdefault((table, event), []).append(_changes(model, event))
            if model.COUNTS.parent:
                bodies.setdefault((_table(model.COUNTS.parent.model), "UPDATE"), []).append(_moves(model))
            yield GUARDED.format(table=model._meta.db_table)
            yield (
                f"ALTER TABLE {model._meta.db_table} SET (autovacuum_vacuum_scale_factor = 0.2,"
                " autovacuum_vacuum_insert_scale_factor = 0.2, autovacuum_analyze_scale_factor = 0.2)"
            )
    for (table, event), body in bodies.items():
        function = f"{table}_counted_{event.lower()}"
        yield FUNCTION.format(name=function, body="\n".join(body))
        yield TRIGGER.format(
            name=f"counted_{event.lower()}", event=event, table=table, referencing=REFERENCING[event], function=function
        )
