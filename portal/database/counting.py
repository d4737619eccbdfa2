"""Several counts in one statement."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet


def count_each(querysets: Sequence[QuerySet]) -> list[int]:
    """The number of rows of each queryset."""
    if not querysets:
        return []
    counts, parameters = [], list[Any]()
    for rows in querysets:
        try:
            sql, own = rows.order_by().values("pk").query.sql_with_params()
        except EmptyResultSet:
            counts.append("0")
        else:
            counts.append(f"(SELECT count(*) FROM ({sql}) AS found)")  # noqa: S608 (made by Django)
            parameters.extend(own)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(counts)}", parameters)
        (numbers,) = cursor.fetchall()
    return list(numbers)
