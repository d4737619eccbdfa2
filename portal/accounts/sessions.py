"""Sessions in the database: under the hash of their key, and each shown only to who names the key.

Whoever reads the table, or a copy of it, learns no key that a browser could send. The policies of
the table show and take one row: the one that the statement names (`own_session`).
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.contrib.sessions.backends import db
from django.utils import timezone

from portal.database.scope import current, opened
from portal.tenancy import system_scope


def stored_key(key: str) -> str:
    """The name of a session in the database: 160 bits of the hash of its key."""
    return hashlib.sha256(key.encode()).hexdigest()[:40]


@contextmanager
def own_session(key: str) -> Iterator[str]:
    """Name the session that the statements inside are about. Yields its stored key."""
    stored = stored_key(key)
    with opened(replace(current(), session=stored)):
        yield stored


class SessionStore(db.SessionStore):
    """Django's sessions in the database."""

    def _get_session_from_db(self) -> Any:
        with own_session(self._session_key or "") as stored:
            found = self.model.objects.filter(session_key=stored, expire_date__gt=timezone.now()).first()
        if found is None:
            self._session_key = None
        return found

    def exists(self, session_key: str) -> bool:
        with own_session(session_key) as stored:
            return super().exists(stored)

    def create_model_instance(self, data: Any) -> Any:
        row = super().create_model_instance(data)
        row.session_key = stored_key(row.session_key)
        return row

    def save(self, must_create: bool = False) -> None:
        if self.session_key is None:
            self.create()
            return
        with own_session(self.session_key):
            super().save(must_create)

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            with own_session(key) as stored:
                super().delete(stored)

    @classmethod
    def clear_expired(cls) -> None:
        with system_scope():  # its policy shows what has expired, and nothing else
            super().clear_expired()
