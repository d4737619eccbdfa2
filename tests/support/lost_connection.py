"""A database that goes away in the middle of a transaction, and what is left on the disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection


@contextmanager
def lost_at(statement: str) -> Iterator[None]:
    """The connection is lost when a statement that begins so is sent; the error reaches the test."""

    def send(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(statement):
            raise OperationalError("server closed the connection unexpectedly")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(send), pytest.raises(OperationalError, match="closed the connection"):
        yield


def stored_files() -> set[Path]:
    return {path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()}
