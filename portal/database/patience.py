"""A PostgreSQL that hangs: its machine stands still, and it ends no connection.

A statement without an answer asks after a while, by a connection of its own, whether the server lives. If so, it is only slow
and is waited for (statement_timeout ends it). If not, it fails as when the server is away, and so does at once what comes in the
next seconds: otherwise every thread of the web would stand there, and nobody would be told.
"""

import logging
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

log = logging.getLogger(__name__)
ASKS_AFTER = 3.0  # seconds without an answer
LIVES_WITHIN = 3  # seconds for the greeting, and for the answer after it; libpq waits no shorter than 2
AWAY_SECONDS = 5.0  # so long nobody tries it again


class Hangs(psycopg.OperationalError):
    """The server does not answer."""


class Patience:
    """How long this process waits for the database: for ever, or as above."""

    def __init__(self) -> None:
        self.is_limited = False
        self._away_until = 0.0

    @contextmanager
    def limited(self) -> Iterator[None]:
        """Connections made inside wait no longer than that. The web never leaves it."""
        before, self.is_limited = self.is_limited, True
        try:
            yield
        finally:
            self.is_limited, self._away_until = before, 0.0

    def connect(self, connect: Callable[[], psycopg.Connection[Any]], params: dict[str, Any]) -> Any:
        """`connect()`; `params` are what it connects by. Raises Hangs while the server was lately found so."""
        if not self.is_limited:
            return connect()
        if self._hangs():
            raise Hangs("the server does not answer")
        try:
            connection = connect()
        except psycopg.errors.ConnectionTimeout:
            self._is_away()
            raise
        _ask_while_waiting(connection, ASKS_AFTER, lambda: self._require_life(connection, params), at_once=self._hangs)
        return connection

    def _hangs(self) -> bool:
        return time.monotonic() < self._away_until

    def _require_life(self, connection: psycopg.Connection[Any], params: dict[str, Any]) -> None:
        if not self._hangs():
            if lives(params):
                return
            self._is_away()
        connection.pgconn.finish()
        raise Hangs("the server does not answer")

    def _is_away(self) -> None:
        self._away_until = time.monotonic() + AWAY_SECONDS
        log.warning("PostgreSQL hangs")


def lives(params: dict[str, Any]) -> bool:
    """Whether the server answers by a new connection. A refusal is an answer too."""

    def give_up() -> None:
        raise Hangs("the server does not answer")

    plain = {name: value for name, value in params.items() if name not in ("context", "cursor_factory")}
    try:
        asking = psycopg.connect(**plain | {"connect_timeout": LIVES_WITHIN, "autocommit": True})
        try:
            _ask_while_waiting(asking, LIVES_WITHIN, give_up)
            asking.execute("SELECT 1")  # a pooler greets although the server behind it hangs
        finally:
            asking.close()
    except (psycopg.errors.ConnectionTimeout, Hangs):
        return False
    except psycopg.OperationalError:
        pass
    return True


def _ask_while_waiting(
    connection: psycopg.Connection[Any],
    seconds: float,
    ask: Callable[[], object],
    *,
    at_once: Callable[[], bool] = lambda: False,
) -> None:
    """Call `ask` whenever the connection has waited so long for an answer, or `at_once` says so. What it raises ends the
    statement.
    """
    wait = connection.wait

    def wait_and_ask(gen: Any, *args: Any, **options: Any) -> Any:
        return wait(_asking(gen), *args, **options)

    def _asking(gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        # psycopg sends 0 to what it waits for every tenth of a second in which nothing came.
        next_question = time.monotonic() + seconds
        try:
            wanted = next(gen)
            while True:
                came = yield wanted
                if not came and (time.monotonic() >= next_question or at_once()):
                    ask()
                    next_question = time.monotonic() + seconds
                wanted = gen.send(came)
        except StopIteration as end:
            return end.value

    connection.wait = wait_and_ask  # type: ignore[method-assign]


patience = Patience()
