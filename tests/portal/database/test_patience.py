"""A PostgreSQL that hangs behind a line which carries nothing any more."""

import socket
import threading
from pathlib import Path

import psycopg
import pytest
from django.db import OperationalError, connection

from portal import outages
from portal.database import patience as module
from portal.database.patience import lives, patience
from tests.support.mail_server import free_port


class Line:
    """Carries to the real server what comes at `port`, until it is held."""

    def __init__(self, address):
        self.address, self.port, self.open, self.is_over = address, free_port(), threading.Event(), False
        self.open.set()
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.sockets = [self.listener]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX if isinstance(self.address, str) else socket.AF_INET)
            far.connect(self.address)
            self.sockets += [near, far]
            for source, goal in ((near, far), (far, near)):
                threading.Thread(target=self.carry, args=(source, goal), daemon=True).start()

    def carry(self, source, goal):
        try:
            while part := source.recv(65536):
                self.open.wait()
                if self.is_over:
                    return
                goal.sendall(part)
            goal.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def end(self):
        self.is_over = True
        self.open.set()
        for each in self.sockets:
            each.close()


@pytest.fixture
def line(transactional_db):
    """The connection of the test goes over it, and waits as the web's does, only shorter."""
    info = connection.settings_dict
    host, port = info["HOST"], info["PORT"] or "5432"
    line = Line(str(Path(host) / f".s.PGSQL.{port}") if host.startswith("/") else (host, int(port)))
    with pytest.MonkeyPatch.context() as patch, patience.limited():  # over before the tables are emptied
        patch.setitem(info, "HOST", "127.0.0.1")
        patch.setitem(info, "PORT", str(line.port))
        patch.setattr(module, "ASKS_AFTER", 0.2)
        patch.setattr(module, "LIVES_WITHIN", 1)  # libpq makes two of it
        connection.close()
        yield line
        line.end()
        connection.close()


def ask(seconds=0):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [seconds])
        return "answered"


def test_a_slow_statement_is_waited_for_and_a_server_that_hangs_is_not(line):
    assert ask(0.7) == "answered"
    line.open.clear()
    with pytest.raises(OperationalError) as refused:
        ask()
    assert outages.is_server_away(refused.value)
    connection.close_if_unusable_or_obsolete()
    with pytest.raises(OperationalError, match="does not answer"):  # at once: nobody connects now
        ask()
    line.open.set()
    patience._away_until = 0.0
    connection.close()
    assert ask() == "answered"


def test_a_server_that_greets_and_says_no_more_does_not_live(line):
    params = connection.get_connection_params()
    greeted = psycopg.connect

    def connect(**options):
        found = greeted(**options)
        line.open.clear()
        return found

    assert lives(params)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg, "connect", connect)
        assert not lives(params)
    line.open.set()
    assert lives(params | {"password": "wrong"})  # it refuses, so it lives
