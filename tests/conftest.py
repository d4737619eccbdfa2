"""Two schools and their people: an owner, a colleague of the same school, an outsider of another, and the center."""

import datetime as dt
import gc
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib import auth
from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand
from django.db import connection
from django.test import Client, TransactionTestCase
from django.utils import timezone
from django.utils.crypto import get_random_string
from playwright.sync_api import Browser, Playwright, sync_playwright

from portal import files
from portal.accounts.open_sessions import SIGN_IN
from portal.accounts.sessions import SessionStore, own_session
from portal.database.owner import as_owner
from portal.database.scope import DatabaseRole, Scope, about_account, opened
from portal.models import Role, SignIn, User
from portal.notifications import deliveries
from portal.security import attempts
from portal.security.sessions import SEEN, SIGNED_IN
from portal.tenancy import outside_scopes, school_scope, system_scope
from schools.models import Season
from tests import factories
from tests.support.browser import launch
from tests.support.database import BY_OWNER, empty_tables, migrating_quickly

# The tests' settings are loaded; processes that a test starts run the product's own.
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The journey first: at the end the other processes would have nothing to do but to wait for it."""
    items.sort(key=lambda item: not item.nodeid.startswith("tests/journey/"))


def pytest_collection_finish() -> None:
    """What the whole run needs is no garbage: looking through it again and again took one second in twenty-five. And
    looking after each 700 new objects took one in twelve.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """One for the whole session: two of its event loops do not fit into one thread."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def film(tmp_path_factory) -> Path:
    """What the browser's camera shows, once a test has written it."""
    return tmp_path_factory.mktemp("film") / "camera.y4m"


@pytest.fixture(scope="session")
def browser(playwright, film) -> Browser:
    return launch(playwright, f"--use-file-for-fake-video-capture={film}")


@pytest.fixture(scope="session")
def _as_owner(django_db_modify_db_settings) -> Iterator[ExitStack]:
    """The owner makes the test's database, and takes it away again."""
    with ExitStack() as role:
        role.enter_context(as_owner())
        role.enter_context(migrating_quickly())
        yield role


@pytest.fixture(scope="session")
def django_db_setup(_as_owner, django_db_setup, django_db_blocker):
    """Between the two, tests run as the plain role, like web and workers. What they commit need not outlive a power cut."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(BY_OWNER)
        cursor.execute(f"ALTER DATABASE {connection.settings_dict['NAME']} SET synchronous_commit = off")
        cursor.execute("SET SESSION synchronous_commit = off")
    _as_owner.close()
    yield
    _as_owner.enter_context(as_owner())


@pytest.fixture(scope="session", autouse=True)
def _tables_are_emptied() -> Iterator[None]:
    """After each test that commits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda test: empty_tables())
        yield


@pytest.fixture(scope="session", autouse=True)
def _files_need_not_outlive_a_power_cut() -> Iterator[None]:
    """Waiting for the disk after each file took more time than writing it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def _files_are_written_before_a_transaction() -> Iterator[None]:
    """A bucket may take seconds, and the rows that a transaction has locked would wait so long."""
    stores = {name: getattr(files.Writer, name) for name in ("store", "store_each")}

    def checked(name: str) -> Callable[..., Any]:
        def store(*args: Any, **kwargs: Any) -> Any:
            own = [block for block in connection.atomic_blocks if not block._from_testcase]
            assert not own, "A file is written inside a transaction: write it before, see portal/files.py."
            return stores[name](*args, **kwargs)

        return store

    with pytest.MonkeyPatch.context() as patch:
        for name in stores:
            patch.setattr(files.Writer, name, checked(name))
        yield


@pytest.fixture(scope="session", autouse=True)
def _last_connections(django_db_setup, django_db_blocker):
    """A thread of the live server may still answer a page that is closed; its connection must not keep the database.

    A run whose tests need no database has none of its own: then it is the product's, which may be running.
    """
    yield
    with django_db_blocker.unblock(), outside_scopes(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            r" WHERE datname = current_database() AND datname LIKE 'test\_%'"
            " AND usename = current_user AND pid <> pg_backend_pid()"
        )


@pytest.fixture(scope="session", autouse=True)
def _eyes_of_the_system() -> Iterator[None]:
    """What a test itself asks or writes outside of a scope, it may see everywhere, as the system.

    Pages and API calls begin outside of any scope (portal.access.ScopeMiddleware), and so do commands here: they
    have only the rights that they open themselves. So do tasks (portal.background.queue.Task).
    """
    execute = BaseCommand.execute

    def execute_outside(command: BaseCommand, *args: Any, **options: Any) -> Any:
        with outside_scopes():
            return execute(command, *args, **options)

    BaseCommand.execute = execute_outside
    with opened(Scope(DatabaseRole.SYSTEM)):
        yield
    BaseCommand.execute = execute


@pytest.fixture
def outside() -> Iterator[None]:
    """The test begins outside of any scope, as the product does."""
    with outside_scopes():
        yield


@pytest.fixture(autouse=True)
def _private_files(settings, tmp_path):
    """Files of a test live and die with it."""
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture(autouse=True)
def _own_attempts(monkeypatch):
    """Redis outlives a test; the failures that it remembers must not."""
    monkeypatch.setattr(attempts, "PREFIX", f"attempts-{uuid.uuid4().hex}")
    monkeypatch.setattr(deliveries, "RESTS", f"rests-{uuid.uuid4().hex}")


@pytest.fixture(autouse=True)
def _own_rate_limits(settings):
    settings.RATELIMIT_CACHE_PREFIX = f"rl:{uuid.uuid4().hex}:"


@pytest.fixture
def season(db) -> Season:
    return factories.season()


@pytest.fixture
def school(season):
    return factories.school(season=season)


@pytest.fixture
def other_school(season):
    return factories.school(season=season, code="10002", name="Riverside University")


@pytest.fixture
def enrolment(school, season):
    return factories.enrolment_of(school, season)


@pytest.fixture
def scoped(school):
    """Run the test inside the school's scope."""
    with school_scope(school):
        yield school


@pytest.fixture
def owner(school):
    return factories.person("owner", Role.SCHOOL_ADMIN, school)


@pytest.fixture
def colleague(school):
    return factories.person("colleague", Role.SCHOOL_OFFICER, school)


@pytest.fixture
def outsider(other_school):
    return factories.person("outsider", Role.SCHOOL_ADMIN, other_school)


@pytest.fixture
def center_admin(db):
    return factories.person("center", Role.CENTER_ADMIN)


@pytest.fixture
def center_officer(db):
    return factories.person("officer", Role.CENTER_OFFICER)


def client_of(user, *, gave_password: bool = True) -> Client:
    """A browser in which somebody of the staff has signed in: the rows that `auth.login` and its signals leave, written
    directly, because most tests begin so. Signing in itself is tested by its form.

    `gave_password`: a moment ago, for the actions that ask for it again.
    """
    now, client, key = timezone.now(), Client(), get_random_string(32)
    moment = now.timestamp()
    with system_scope(), about_account(user.pk), own_session(key) as stored:
        User.objects.filter(pk=user.pk, first_signed_in_at=None).update(first_signed_in_at=now)
        row = SignIn.objects.create(user=user, session_key=stored, address="127.0.0.1", seen_at=now)
        kept = {
            auth.SESSION_KEY: str(user.pk),
            auth.BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
            auth.HASH_SESSION_KEY: user.get_session_auth_hash(),
            SIGNED_IN: int(moment),
            SEEN: int(moment),
            SIGN_IN: row.pk,
        }
        if gave_password:
            kept |= {
                "account_authentication_methods": [{"method": "password", "at": moment, "reauthenticated": True}],
                "account_authentication_methods_user": str(user.pk),
            }
        Session.objects.create(
            session_key=stored,
            session_data=SessionStore().encode(kept),
            expire_date=now + dt.timedelta(seconds=settings.SESSION_COOKIE_AGE),
        )
    client.cookies[settings.SESSION_COOKIE_NAME] = key
    return client


@pytest.fixture
def owner_client(owner):
    return client_of(owner)


@pytest.fixture
def outsider_client(outsider):
    return client_of(outsider)


@pytest.fixture
def center_client(center_admin):
    return client_of(center_admin)


@pytest.fixture
def student(school, season):
    return factories.student(school, season)
