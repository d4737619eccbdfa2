"""The database role and the school under which the queries of a context run.

The functions of `portal.tenancy` open these scopes; `portal.database.base` reads them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

# The web and the workers have a login role each; both inherit this one, in which nobody signs in. A policy for what
# is sent outside of any scope names it.
LOGIN = "tucai_app"
WORKER = "tucai_worker"  # the login of the workers


class DatabaseRole(StrEnum):
    """The database roles, made by deploy/scope_roles.sql.

    PLAIN has what everybody may do outside of any scope; the login roles and the other four inherit it.
    The login role of the web may take SCHOOL, CENTER and ACROSS, that of the workers SYSTEM too.
    """

    PLAIN = "tucai_plain"
    SCHOOL = "tucai_school"
    CENTER = "tucai_center"
    ACROSS = "tucai_across"
    SYSTEM = "tucai_system"


def deleted_by(*roles: str) -> dict[str, set[str]]:
    """For `DATABASE_RIGHTS` of a model: who may delete its rows (portal.database.rights)."""
    return {role: {"DELETE"} for role in roles}


# Scalar sub-selects: evaluated once for a statement. Without a scope the setting is unset or empty.
SCHOOL = "(SELECT nullif(current_setting('app.school', true), '')::bigint)"
USER = "(SELECT nullif(current_setting('app.user', true), '')::bigint)"
EVERY_SCHOOL = f"TO {DatabaseRole.CENTER}, {DatabaseRole.ACROSS}, {DatabaseRole.SYSTEM} USING (true)"  # of a policy


# Temporary tables last: otherwise one that is named as a table of ours stands before it.
SEARCH_PATH = "public, pg_temp"


@dataclass(frozen=True)
class Scope:
    """`role`: None outside of any scope. `school`: the id of the school whose rows are seen.

    `session`: the stored key of the session that is read or written; `account`: the id of the
    account whose password is being set. `user`: the id of the account whose own rows are read and
    written: of who is signed in, or whom a rule names (`about_account`). `student`: the id of the
    student who asks who has looked (`about_student`).
    """

    role: DatabaseRole | None = None
    school: int | None = None
    session: str = ""
    account: int | None = None
    user: int | None = None
    student: int | None = None

    @cached_property
    def statement(self) -> str:
        """The SQL that puts this scope into force until the end of the transaction."""
        values = {
            "role": self.role or "none",
            "search_path": SEARCH_PATH,
            "app.school": "" if self.school is None else int(self.school),
            "app.session": self.session,
            "app.account": "" if self.account is None else int(self.account),
            "app.user": "" if self.user is None else int(self.user),
            "app.student": "" if self.student is None else int(self.student),
        }
        values |= _limits
        return "SELECT " + ", ".join(f"set_config('{name}', '{value}', true)" for name, value in values.items())


_limits: dict[str, int] = {}
OUTSIDE = Scope()


def limit_statements(*, seconds: int, lock_seconds: int) -> None:
    """For the rest of this process: how long a statement may take, and wait for a lock. For the web at its start."""
    _limits.update(statement_timeout=seconds * 1000, lock_timeout=lock_seconds * 1000)
    vars(OUTSIDE).pop("statement", None)


_current: ContextVar[Scope] = ContextVar("database_scope", default=OUTSIDE)


def current() -> Scope:
    return _current.get()


@contextmanager
def opened(scope: Scope) -> Iterator[None]:
    """Queries inside the block run in this scope; afterwards in the one before."""
    before = _current.get()
    _current.set(scope)
    try:
        yield
    finally:
        # Not by a token: a generator that holds a scope may be closed in another context.
        _current.set(before)


@contextmanager
def about_account(pk: int | None) -> Iterator[None]:
    """The statements inside are about this account: its data, e-mail address and second factor."""
    with opened(replace(current(), user=pk)):
        yield


@contextmanager
def about_student(pk: int) -> Iterator[None]:
    """The statements inside read who has looked at this student, at the center too."""
    with opened(replace(current(), student=pk)):
        yield


def is_signing_in(pk: int) -> None:
    """The rest of the request is about this account, whose password was right; its second factor is still missing."""
    _current.set(replace(current(), user=pk))
