"""Storing many rows of a model with one statement for thousands of them.

They go to PostgreSQL as one JSON text. The ORM's `bulk_create` renders and escapes each value by itself, which takes several
times as long; COPY is refused where row security is on.
"""
# ruff: noqa: S608 - the names are those of our own tables

import datetime as dt
import json
import uuid
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import partial
from itertools import islice
from operator import attrgetter
from typing import Any, TypeVar

from django.db import connection, models

ROWS = 5_000  # of one statement
Row = TypeVar("Row", bound=models.Model)


def insert(rows: Iterable[Row]) -> list[Row]:
    """Store new rows of one model and give them their ids. `save` is not called.

    Raises IntegrityError; what was stored before it goes with the caller's transaction.
    """
    waiting, stored = iter(rows), []
    while some := list(islice(waiting, ROWS)):
        _insert(some)
        stored += some
    return stored


def _insert(rows: list[Any]) -> None:
    meta = rows[0]._meta
    fields = [field for field in meta.concrete_fields if not field.primary_key]
    readers = [(field.column, _reader(field)) for field in fields]
    values = [{column: read(row) for column, read in readers} for row in rows]
    table = connection.ops.quote_name(meta.db_table)
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{table}, %s)"
            f" RETURNING {connection.ops.quote_name(meta.pk.column)}",
            [json.dumps(values, default=_plain, ensure_ascii=False)],
        )
        for row, (pk,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = pk
            row._state.adding, row._state.db = False, connection.alias


def _reader(field: Any) -> Callable[[Any], Any]:
    """What reads the value of this field from a row."""
    own = type(field).pre_save is not models.Field.pre_save
    read = partial(field.pre_save, add=True) if own else attrgetter(field.attname)
    encoder = getattr(field, "encoder", None)  # of a field of JSON: what it makes of dates
    return (lambda row: json.loads(json.dumps(read(row), cls=encoder))) if encoder else read


def _plain(value: Any) -> str:
    """A value that JSON does not know, as PostgreSQL reads it."""
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, (bytes, memoryview)):
        return "\\x" + value.hex()
    if isinstance(value, (uuid.UUID, Decimal)):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not stored by JSON")
