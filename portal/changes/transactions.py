"""Retrying a transaction that PostgreSQL has ended because of a deadlock or a serialisation
failure.
"""

import copy
import functools
import itertools
import logging
import random
import time
from collections.abc import Callable, Iterable
from typing import Any, ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection, models, transaction
from django.db.models.base import ModelState

P = ParamSpec("P")
R = TypeVar("R")
log = logging.getLogger(__name__)
ATTEMPTS = 4
DEADLOCK, NOT_SERIALISED, TWICE = "40P01", "40001", "23505"
CONNECTION_LOST = ("08", "57P")  # how these codes begin; none at all when the connection broke
PAUSE_SECONDS = 0.05  # random up to this, so that the same two transactions do not collide again


def retried(function: Callable[P, R]) -> Callable[P, R]:
    """Run the function in one transaction, at most ATTEMPTS times if PostgreSQL ends the
    transaction.

    Before a retry, model instances among the arguments get their former values back. Other effects
    of the function must be safe to happen twice, or wait for the commit. Inside another transaction
    the function runs in a savepoint and is not retried, because the outer transaction has failed as
    a whole.
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        attempts = 1 if connection.in_atomic_block else ATTEMPTS
        given = _copy_rows([*args, *kwargs.values()]) if attempts > 1 else []
        for attempt in itertools.count(1):
            try:
                with transaction.atomic():
                    return function(*args, **kwargs)
            except OperationalError as error:
                if attempt == attempts or not is_retryable(error):
                    raise
                log.warning("%s was refused by PostgreSQL and begins again: %s", function.__qualname__, error)
            _restore_rows(given)
            time.sleep(random.uniform(0, PAUSE_SECONDS * attempt))
        raise AssertionError  # the loop has no end

    return run


def is_retryable(error: Exception) -> bool:
    """Whether PostgreSQL ended the transaction in favour of another one, so that a retry can
    succeed.
    """
    return getattr(error.__cause__, "sqlstate", None) in (DEADLOCK, NOT_SERIALISED)


def is_already_there(error: Exception) -> bool:
    """Whether a row of the same kind was written since this request looked for it: a second click, another browser."""
    return getattr(error.__cause__, "sqlstate", None) == TWICE


def is_connection_lost(error: Exception) -> bool:
    """Whether PostgreSQL went away meanwhile: a restart, a crash, the network."""
    if isinstance(error, InterfaceError):
        return True
    state = getattr(error.__cause__, "sqlstate", None)
    return isinstance(error, OperationalError) and (state is None or state.startswith(CONNECTION_LOST))


def _copy_rows(arguments: Iterable[Any]) -> list[tuple[models.Model, dict[str, Any]]]:
    rows = [row for row in arguments if isinstance(row, models.Model)]
    return [(row, vars(row) | {"_state": _copy_of(row._state)}) for row in rows]


def _copy_of(state: ModelState) -> ModelState:
    """With the related rows that are loaded: those too are as they were."""
    copied = copy.copy(state)
    copied.fields_cache = state.fields_cache.copy()
    return copied


def _restore_rows(kept: list[tuple[models.Model, dict[str, Any]]]) -> None:
    for row, values in kept:
        vars(row).clear()
        vars(row).update(values | {"_state": _copy_of(values["_state"])})
