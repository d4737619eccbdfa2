"""Lines of the history that are written after the request, where the request itself may only read."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import models

_kept: ContextVar[list[models.Model] | None] = ContextVar("kept_lines", default=None)


@contextmanager
def kept(rows: list[models.Model]) -> Iterator[None]:
    """Lines that are added inside stand in `rows`; whoever opened this writes them."""
    token = _kept.set(rows)
    try:
        yield
    finally:
        _kept.reset(token)


def add(row: models.Model) -> None:
    """Write a new line, now or later."""
    rows = _kept.get()
    if rows is None:
        row.save(force_insert=True)
    else:
        rows.append(row)
