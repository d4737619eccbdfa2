"""Web and workers sign in as roles that own nothing; only the commands that change tables are the owner."""

import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently
from django.core.management import CommandError, call_command
from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.migrations.state import ProjectState
from django.db.models import F, Index
from django.db.transaction import TransactionManagementError

from config import database_login
from launch.environment import Misconfigured
from portal import history, outages
from portal.database import owner, scope
from portal.database.filling import fill
from portal.database.owner import as_owner
from portal.models import Event
from portal.tenancy import outside_scopes, system_scope
from students.models import Student
from tests import factories
from tests.support.stack import database_url
from tests.support.words import said

IN_USE = "A table was in use for too long. What was not finished was taken back; run migrate once more."

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
# A grant of PostgreSQL 15 has no options: the rights of each role tell what is inherited.
INHERITS = """
SELECT rolname::text FROM pg_roles
WHERE rolname ~ '^(tucai_|pg_)' AND rolname <> session_user AND pg_has_role(session_user, oid, 'USAGE') ORDER BY 1
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
def test_tests_run_as_the_login_of_the_workers_which_owns_nothing():
    assert ask("SELECT current_user::text, session_user::text") == [("tucai_worker", "tucai_worker")]
    assert ask(OWNED) == []
    assert ask(POWERS) == [(False, False, False, False, False)]
    assert ask(GRANTS) == [(0,)]  # what it may do, it has from the roles
    assert ask(BYPASSING) == []
    if is_15():
        names = ("app", "plain", "web", "web_takes", "worker_takes")
        assert ask(INHERITS) == [(f"tucai_{name}",) for name in names]
        return
    roles = [(f"tucai_{name}", False, True, False) for name in ("across", "center", "school", "system")]
    inherited = [("tucai_app", True, False, False), ("tucai_web", True, False, False)]
    assert ask(MEMBER_OF) == sorted([*roles, *inherited])


def ask_nothing(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


BECOMING = ("SET ROLE {}", "SELECT set_config('role', '{}', false)", "SET SESSION AUTHORIZATION {}")
BECOMES = {
    "web": {"tucai_school", "tucai_center", "tucai_across"},
    "worker": {"tucai_school", "tucai_center", "tucai_across", "tucai_system"},
}
# PostgreSQL 15 lets a member take each role that it is in. These have less than the login itself (decision 71).
BECOMES_ON_15 = {
    "web": {"tucai_app", "tucai_plain", "tucai_web_takes"},
    "worker": {"tucai_app", "tucai_plain", "tucai_web", "tucai_web_takes", "tucai_worker_takes"},
}


def is_15() -> bool:
    return connection.pg_version < 160000


@pytest.mark.django_db
@pytest.mark.parametrize("login", BECOMES)
def test_raw_sql_of_a_login_becomes_no_other_role_than_those_of_its_scopes(login):
    with psycopg.connect(database_url(login), autocommit=True) as database:
        everybody = {name for (name,) in database.execute("SELECT rolname FROM pg_roles").fetchall()}
        assert {"tucai_owner", "tucai_backup", "tucai_worker", "tucai_web", "tucai_system", "postgres"} < everybody
        became = set()
        for name in everybody - {f"tucai_{login}"}:
            for statement in BECOMING:
                try:
                    database.execute(statement.format(name))
                except (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedObject):
                    continue
                became.add(name)
                database.execute("RESET ROLE")
        assert became == BECOMES[login] | (BECOMES_ON_15[login] if is_15() else set())


@pytest.mark.django_db
def test_the_web_sees_what_the_system_sees_in_no_scope_that_it_can_open(student):
    with psycopg.connect(database_url("web"), autocommit=True) as database:
        assert database.execute("SELECT count(*) FROM students_student").fetchone() == (0,)
        assert database.execute("SELECT count(*) FROM portal_checkpoint").fetchone() == (0,)
        assert database.execute(GRANTS).fetchone() == (0,)
        assert database.execute(BYPASSING).fetchall() == []


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
    assert ask("SELECT current_user::text") == [("tucai_worker",)]
    with pytest.raises(ZeroDivisionError), as_owner():
        _ = 1 // 0
    assert ask("SELECT current_user::text") == [("tucai_worker",)]


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
        assert ask("SELECT current_user::text") == [("tucai_worker",)]
    settings.DATABASE_OWNER = lambda: settings.DATABASES["default"]
    with pytest.raises(CommandError, match="be flushed"):
        call_command("flush", interactive=False, verbosity=0)


def test_the_settings_do_not_hold_the_owners_address():
    values = [repr(getattr(settings, name)) for name in dir(settings) if name.isupper()]
    assert [value for value in values if "tucai_owner" in value] == []


@pytest.mark.django_db(transaction=True)
def test_the_web_does_not_start_with_a_login_that_becomes_the_system_or_the_owner():
    with outside_scopes(), pytest.raises(Misconfigured, match="too many rights"):
        database_login.check_rights()
    with as_owner(), pytest.raises(Misconfigured, match="too many rights"):
        database_login.check_rights()


@pytest.mark.django_db(transaction=True)
def test_nothing_starts_with_a_login_that_was_given_settings():
    """Every role may do this to itself. The settings fall upon the next session."""
    with outside_scopes():
        database_login.check_settings()
        altered = "ALTER ROLE tucai_worker IN DATABASE {} {}".format(connection.settings_dict["NAME"], "{}")
        try:
            ask_nothing(altered.format("SET search_path = pg_temp, public"))
            ask_nothing(altered.format("SET role = tucai_school"))
            with pytest.raises(Misconfigured, match="role, search_path"):
                database_login.check_settings()
            connection.close()
            # The sessions in between are not led astray.
            assert ask("SELECT current_user::text, current_setting('search_path')") == [
                ("tucai_worker", "public, pg_temp")
            ]
        finally:
            ask_nothing(altered.format("RESET ALL"))
            connection.close()


@pytest.mark.django_db(transaction=True)
def test_nothing_starts_while_the_database_logs_what_people_wrote():
    name, host, port = (connection.settings_dict[each] for each in ("NAME", "HOST", "PORT"))
    with (
        outside_scopes(),
        psycopg.connect(dbname=name, host=host, port=port or None, user="postgres", autocommit=True) as superuser,
    ):
        database_login.check_log()
        try:
            superuser.execute(f"ALTER DATABASE {name} SET log_min_error_statement = 'error'")
            connection.close()
            with pytest.raises(Misconfigured, match="into its log"):
                database_login.check_log()
        finally:
            superuser.execute(f"ALTER DATABASE {name} RESET log_min_error_statement")
            connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_temporary_table_stands_in_no_tables_place(season):
    with outside_scopes(), transaction.atomic():
        ask_nothing("CREATE TEMPORARY TABLE schools_season AS SELECT 1 AS id")
        assert ask("SELECT id, year FROM schools_season") == [(season.pk, season.year)]
        transaction.set_rollback(True)


@pytest.mark.django_db
@pytest.mark.parametrize(("login", "role"), [("web", "none"), ("web", "tucai_center"), ("worker", "tucai_school")])
def test_none_but_the_login_of_the_workers_makes_temporary_tables(login, role):
    with psycopg.connect(database_url(login), autocommit=True) as database:
        database.execute(f"SET ROLE {role}")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            database.execute("CREATE TEMPORARY TABLE kept AS SELECT 1")
    if login == "worker":
        with psycopg.connect(database_url(login), autocommit=True) as database:
            database.execute("CREATE TEMPORARY TABLE kept AS SELECT 1")


@pytest.mark.django_db
@pytest.mark.usefixtures("outside")
def test_a_statement_of_the_web_ends_and_so_does_its_wait_for_a_lock(monkeypatch):
    monkeypatch.setattr(scope, "_limits", {})
    scope.limit_statements(seconds=1, lock_seconds=1)
    scope._limits["lock_timeout"] = 20
    try:
        with pytest.raises(DatabaseError) as slow, transaction.atomic():
            ask("SELECT pg_sleep(30)")
        with psycopg.connect(database_url("worker")) as other:
            other.execute("SELECT pg_advisory_lock(7117)")
            with pytest.raises(DatabaseError) as locked, transaction.atomic():
                ask("SELECT pg_advisory_xact_lock(7117)")
    finally:
        vars(scope.OUTSIDE).pop("statement", None)
    assert [error.value.__cause__.sqlstate for error in (slow, locked)] == list(outages.TOO_LONG)


@pytest.mark.django_db(transaction=True)
def test_migrate_waits_for_no_table_as_long_as_others_would_wait_behind_it(monkeypatch):
    monkeypatch.setattr(owner, "LOCK_SECONDS", 0.1)
    with psycopg.connect(database_url()) as reading:
        reading.execute("LOCK TABLE portal_job IN ACCESS SHARE MODE")  # as who reads it in a long transaction
        with pytest.raises(CommandError, match=said(IN_USE)):
            call_command("migrate", verbosity=0)
    call_command("migrate", verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_an_index_that_could_not_be_built_is_built_when_migrate_runs_again(monkeypatch):
    monkeypatch.setattr(owner, "LOCK_SECONDS", 0.1)
    index = AddIndexConcurrently("photo", Index(fields=("checked_at",), name="photo_half"))
    state = ProjectState.from_apps(apps)
    after = state.clone()
    index.state_forwards("capture", after)

    def build() -> None:
        with as_owner(), connection.schema_editor(atomic=False) as editor:
            owner.limit_waiting(connection)
            index.database_forwards("capture", editor, state, after)

    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('photo_half')"
    with psycopg.connect(database_url()) as reading:
        reading.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ  # as a backup, which sees no rows of later
        reading.execute("SELECT 1")
        with pytest.raises(OperationalError):
            build()
    with as_owner():
        assert ask(valid) == [(False,)]
    call_command("migrate", verbosity=0)
    build()
    with as_owner():
        assert ask(valid) == [(True,)]
        ask_nothing("DROP INDEX photo_half")


@pytest.mark.django_db(transaction=True)
def test_a_migration_fills_the_rows_of_all_schools_which_the_owner_does_not_see(school, other_school, season):
    students = [factories.student(one, season) for one in (school, school, other_school)]
    with system_scope():
        Student.objects.filter(pk=students[1].pk).update(import_no=7)
    step = fill("students.Student", "import_no", F("pk") + 100, batch=1)
    with as_owner(), connection.schema_editor(atomic=False) as editor:
        assert ask("SELECT count(*) FROM students_student") == [(0,)]
        step(apps, editor)
        assert ask("SELECT current_user::text, current_setting('lock_timeout')") == [("tucai_owner", "5s")]
    with system_scope():
        filled = dict(Student.objects.values_list("pk", "import_no"))
    first, second, third = (one.pk for one in students)
    assert filled == {first: first + 100, second: 7, third: third + 100}


@pytest.mark.django_db(transaction=True)
def test_a_new_installation_has_nothing_to_fill_and_no_rights_yet():
    with as_owner(), connection.schema_editor(atomic=False) as editor:
        ask_nothing("TRUNCATE students_student CASCADE")
        ask_nothing("REVOKE ALL ON students_student FROM tucai_system, tucai_plain")
        fill("students.Student", "import_no", F("pk"))(apps, editor)
    call_command("migrate", verbosity=0)


@pytest.mark.django_db
def test_nobody_changes_the_login_in_the_middle_of_a_migration(student):
    with pytest.raises(TransactionManagementError):
        fill("students.Student", "import_no", F("pk"))(apps, connection.schema_editor())
