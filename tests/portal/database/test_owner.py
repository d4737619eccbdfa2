"""Tests, web and workers connect as a plain role; only the commands that change tables are the owner."""

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.transaction import TransactionManagementError

from portal import history
from portal.database.owner import as_owner
from portal.models import Event
from portal.tenancy import outside_scopes

OWNED = """
SELECT 'table', relname::text FROM pg_class WHERE relowner = current_user::regrole AND relpersistence <> 't'
UNION ALL SELECT 'function', proname::text FROM pg_proc WHERE proowner = current_user::regrole
UNION ALL SELECT 'schema', nspname::text FROM pg_namespace WHERE nspowner = current_user::regrole AND nspname !~ '^pg_'
UNION ALL SELECT 'database', datname::text FROM pg_database WHERE datdba = current_user::regrole
"""
POWERS = """
SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = current_user
"""
MEMBER_OF = """
SELECT roleid::regrole::text, inherit_option, set_option, admin_option FROM pg_auth_members
WHERE member = session_user::regrole ORDER BY 1
"""
GRANTS = "SELECT count(*) FROM information_schema.table_privileges WHERE grantee = session_user"
BYPASSING = """
SELECT rolname::text FROM pg_roles
WHERE pg_has_role(session_user, oid, 'MEMBER') AND (rolsuper OR rolbypassrls OR rolcreaterole)
"""


def ask(sql: str) -> list:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


@pytest.mark.django_db
@pytest.mark.usefixtures("outside")
def test_tests_run_as_the_plain_role_that_owns_nothing():
    assert ask("SELECT current_user::text, session_user::text") == [("tucai_app", "tucai_app")]
    assert ask(OWNED) == []
    assert ask(POWERS) == [(False, False, False, False, False)]
    assert ask(GRANTS) == [(0,)]  # what it may do, it has from the roles
    assert ask(BYPASSING) == []
    roles = [(f"tucai_{name}", False, True, False) for name in ("across", "center", "school", "system")]
    assert ask(MEMBER_OF) == sorted([*roles, ("tucai_plain", True, False, False)])


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE portal_event",
        "ALTER TABLE portal_event DISABLE TRIGGER history_is_append_only",
        "DROP TABLE portal_event CASCADE",
        "CREATE TABLE mine (id int)",
        "SET ROLE tucai_owner",
    ],
)
def test_the_plain_role_may_not_change_the_tables(statement):
    with pytest.raises(DatabaseError, match=r"permission denied|must be owner"), transaction.atomic():
        connection.cursor().execute(statement)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("outside")
def test_the_owner_speaks_only_inside_its_block():
    with as_owner():
        assert ask("SELECT current_user::text") == [("tucai_owner",)]
    assert ask("SELECT current_user::text") == [("tucai_app",)]
    with pytest.raises(ZeroDivisionError), as_owner():
        _ = 1 // 0
    assert ask("SELECT current_user::text") == [("tucai_app",)]


@pytest.mark.django_db
def test_nobody_becomes_the_owner_in_the_middle_of_a_transaction():
    with pytest.raises(TransactionManagementError), as_owner():
        pass


@pytest.mark.django_db(transaction=True)
def test_commands_that_change_tables_are_the_owner(season, settings):
    call_command("migrate", verbosity=0)
    history.record("student.sign_in_failed", season, by=history.SYSTEM)
    assert Event.objects.exists()
    call_command("flush", interactive=False, verbosity=0)
    assert not Event.objects.exists()
    with outside_scopes():
        assert ask("SELECT current_user::text") == [("tucai_app",)]
    settings.DATABASE_OWNER = lambda: settings.DATABASES["default"]
    with pytest.raises(CommandError, match="be flushed"):
        call_command("flush", interactive=False, verbosity=0)


def test_the_settings_do_not_hold_the_owners_address():
    values = [repr(getattr(settings, name)) for name in dir(settings) if name.isupper()]
    assert [value for value in values if "tucai_owner" in value] == []
