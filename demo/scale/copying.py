"""Rows of a model as lines of COPY, and a database that takes them fast.

Triggers, foreign keys and indexes are away while the rows come. Made again at the end, PostgreSQL proves with them
that each row is what the constraints allow; what the triggers `same_school` would have refused is looked for by
joins (`strangers`).
"""

import datetime as dt
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import connection, models

from portal.database import same_school

NULL = r"\N"
_ESCAPED = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


class Raw(str):
    """A value that is written for COPY already."""

    __slots__ = ()


def escaped(text: str) -> str:
    return text if text.isprintable() and "\\" not in text else text.translate(_ESCAPED)


_written = json.JSONEncoder(ensure_ascii=False).encode


def json_text(value: Any) -> Raw:
    return Raw(escaped(_written(value)))


def array_text(values: list[Any]) -> Raw:
    """Of numbers, or of plain words."""
    return Raw("{" + ",".join(map(str, values)) + "}")


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: escaped,
    Raw: lambda value: value,
    int: str,
    float: repr,
    bool: lambda value: "t" if value else "f",
    bytes: lambda value: r"\\x" + value.hex(),
    dt.datetime: dt.datetime.isoformat,
    dt.date: dt.date.isoformat,
    dt.time: dt.time.isoformat,
    uuid.UUID: str,
    type(None): lambda value: NULL,
    dict: json_text,
}


def _choice(value: Any) -> str:
    """Of TextChoices."""
    return escaped(str(value))


class Table:
    """The lines of one model that are not copied yet. Columns that are not named get the model's default."""

    def __init__(self, model: type[models.Model], *names: str) -> None:
        self.name = model._meta.db_table
        columns = {field.attname: field for field in model._meta.concrete_fields}
        named = [columns.pop(name) for name in names]
        others = [field for field in columns.values() if field.has_default() or not field.has_db_default()]
        others = [field for field in others if not field.primary_key]
        self.columns = [str(field.column) for field in (*named, *others)]
        self._rest = "".join("\t" + _default(field) for field in others) + "\n"
        self._lines: list[str] = []

    def add(self, *values: Any) -> None:
        """Each value as COPY takes it; lists are written by `array_text` or `json_text` before."""
        self._lines.append("\t".join([_WRITERS.get(type(value), _choice)(value) for value in values]) + self._rest)

    def copy(self) -> int:
        """Write the lines; return how many."""
        lines, self._lines = self._lines, []
        if lines:
            with (
                connection.cursor() as cursor,
                cursor.copy(f"COPY {self.name} ({', '.join(map(quoted, self.columns))}) FROM STDIN") as copy,
            ):
                for at in range(0, len(lines), 500):
                    copy.write("".join(lines[at : at + 500]))
        return len(lines)


def _default(field: models.Field) -> str:
    value = field.get_default() if field.has_default() else None
    if value is None:
        if not field.null and not field.blank:
            raise ValueError(f"{field} has no default: the filler has to say it")
        return NULL if field.null else ""
    if isinstance(value, list):
        return array_text(value) if field.get_internal_type() == "ArrayField" else json_text(value)
    return _WRITERS.get(type(value), _choice)(value)


def tables() -> list[str]:
    """The tables of our own rooms."""
    return sorted(
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if not model.__module__.startswith(("django.", "allauth."))
    )


_FOREIGN_KEYS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND conrelid::regclass::text = ANY(%s) ORDER BY 1, 2
"""
# Unique constraints and indexes; primary keys stay, rows come in their order.
_UNIQUE = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'u' AND conrelid::regclass::text = ANY(%s) ORDER BY 1, 2
"""
_INDEXES = """
SELECT tablename, indexname, indexdef FROM pg_indexes
WHERE schemaname = 'public' AND tablename = ANY(%s)
  AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = to_regclass(quote_ident(indexname)) AND contype IN ('p', 'u'))
ORDER BY 1, 2
"""


@contextmanager
def open_for_copying(report: Callable[[str], object]) -> Iterator[None]:
    """Take away what slows COPY down, of tables that are nearly empty; put it back at the end.

    For the owner of the tables. When the rows do not fit, the end raises IntegrityError.
    """
    names = tables()
    foreign_keys, unique, indexes = (_rows(query, names) for query in (_FOREIGN_KEYS, _UNIQUE, _INDEXES))
    forced = [
        name for (name,) in _rows("SELECT relname FROM pg_class WHERE relforcerowsecurity AND relname = ANY(%s)", names)
    ]
    _run(*(f"ALTER TABLE {table} DROP CONSTRAINT {quoted(name)}" for table, name, _is in foreign_keys + unique))
    _run(*(f"DROP INDEX {quoted(name)}" for _table, name, _is in indexes))
    _run(*(f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY" for name in forced))
    _run(*(f"ALTER TABLE {name} DISABLE TRIGGER USER" for name in names))
    yield
    report("sequences")
    _run(*(_sequence(name) for name in names if _has_sequence(name)))
    report("indexes")
    _run("SET maintenance_work_mem = '512MB'", "SET max_parallel_maintenance_workers = 2")
    _run(*(f"ALTER TABLE {table} ADD CONSTRAINT {quoted(name)} {what}" for table, name, what in unique))
    _run(*(what for _table, _name, what in indexes))
    report("foreign keys")
    _run(*(f"ALTER TABLE {table} ADD CONSTRAINT {quoted(name)} {what}" for table, name, what in foreign_keys))
    report("rows of other schools")
    if found := strangers():
        raise ValueError(f"Rows that name a row of another school: {found}")
    _run(*(f"ALTER TABLE {name} ENABLE TRIGGER USER" for name in names))
    _run(*(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY" for name in forced))


def quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def _rows(query: str, names: list[str]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query, [names])
        return cursor.fetchall()


def _run(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _has_sequence(table: str) -> bool:
    return bool(
        _rows("SELECT 1 FROM information_schema.columns WHERE table_name = ANY(%s) AND is_identity = 'YES'", [table])
    )


def _sequence(table: str) -> str:
    return f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), coalesce(max(id), 0) + 1, false) FROM {table}"  # noqa: S608


def strangers() -> dict[str, int]:
    """{table.column: rows} whose foreign key leads to a row of another school."""
    found = {}
    for model in apps.get_models():
        for field in same_school.guarded(model):
            table, parent = model._meta.db_table, field.related_model._meta.db_table
            query = (
                f"SELECT count(*) FROM {table} own JOIN {parent} parent ON parent.id = own.{field.column}"  # noqa: S608
                " WHERE parent.school_id IS DISTINCT FROM own.school_id"
            )
            with connection.cursor() as cursor:
                cursor.execute(query)
                (number,) = cursor.fetchone()
            if number:
                found[f"{table}.{field.column}"] = number
    return found
