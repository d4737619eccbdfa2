"""The wall in the database: raw SQL as the plain role, in each scope and outside of all of them."""

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction

from portal.database import rights, same_school
from portal.database.owner import as_owner
from portal.models import Event, Job, Membership
from portal.tenancy import TenantModel, across_schools, center_scope, outside_scopes, school_scope, system_scope
from schools.models import Season
from students.models import Student
from tests import factories
from tests.portal.database.rows import Rows
from tests.support.database import let_delete

pytestmark = pytest.mark.django_db
REFUSALS = (
    "is written by the triggers of what it counts",
    "row-level security",
    "permission denied",
    "append-only",
    "of another school",
    "stays at its school",
    "is the sum of its entries",
)
TENANTS = [model for model in apps.get_models() if rights.is_tenants(model)]
WITH_A_SCHOOL = (
    "SELECT table_name FROM information_schema.columns WHERE column_name = 'school_id' AND table_schema = 'public'"
)
FORCED = "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"


def ask(sql: str, *params: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params or None)
        return cursor.fetchall()


def change(sql: str, *params: object) -> int:
    """How many rows a statement has changed; its effect is taken back."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params or None)
        transaction.set_rollback(True)
        return cursor.rowcount


def refused(sql: str, *params: object) -> bool:
    try:
        change(sql, *params)
    except DatabaseError as error:
        return any(words in str(error) for words in REFUSALS)
    return False


@pytest.fixture
def both(school, other_school, season) -> dict[type[models.Model], list[models.Model]]:
    """{tenant model: a row of each of two schools}."""
    with system_scope():
        made = [Rows(school, season), Rows(other_school, season)]
        return {model: [rows.of(model) for rows in made] for model in TENANTS}


def _columns(model: type[models.Model]) -> list[str]:
    return [f'"{field.column}"' for field in model._meta.concrete_fields if not field.primary_key]


def test_every_table_with_a_school_is_behind_the_wall():
    tables = {name for (name,) in ask(WITH_A_SCHOOL)}
    assert {model._meta.db_table for model in apps.get_models() if issubclass(model, TenantModel)} <= tables
    assert tables <= {name for (name,) in ask(FORCED)}
    assert {Event, Job, Membership} < set(TENANTS)


def test_a_school_sees_its_rows_and_no_others_in_every_table(both, school):
    for model, (mine, _other) in both.items():
        with school_scope(school):
            seen = ask(f"SELECT school_id FROM {model._meta.db_table}")
        assert set(seen) <= {(school.pk,)} | ({(None,)} if model is Membership else set()), model
        assert (mine.school_id,) in seen, model


def test_a_school_changes_no_row_of_another_school(both, school, other_school):
    for model, (_mine, other) in both.items():
        table = model._meta.db_table
        with school_scope(school):
            assert refused(f"DELETE FROM {table} WHERE id = %s", other.pk) or not change(
                f"DELETE FROM {table} WHERE id = %s", other.pk
            ), model
            assert refused(f"UPDATE {table} SET school_id = %s WHERE id = %s", school.pk, other.pk) or not change(
                f"UPDATE {table} SET school_id = %s WHERE id = %s", school.pk, other.pk
            ), model


def test_a_school_gives_no_row_to_another_school_and_takes_none_for_it(both, school, other_school):
    for model, (mine, _other) in both.items():
        table, columns = model._meta.db_table, _columns(model)
        copied = ", ".join("%s" if name == '"school_id"' else f"mine.{name}" for name in columns)
        insert = f"INSERT INTO {table} ({', '.join(columns)}) SELECT {copied} FROM {table} mine WHERE id = %s"
        with school_scope(school):
            assert refused(insert, other_school.pk, mine.pk), model
            assert refused(f"UPDATE {table} SET school_id = %s WHERE id = %s", other_school.pk, mine.pk), model


# Counters are folded by the system.
COUNTERS = ("billing.OrdersByState", "capture.FindingsByRule", "capture.PhotosByCollege", "capture.PhotosByDay", "capture.PhotosByState",
            "portal.DeliveriesByState", "students.StudentsByClass", "students.StudentsByStage")  # fmt: skip
DELETED_BY = dict.fromkeys(COUNTERS, "system") | {
    "portal.Contact": "center system",
    "portal.Delivery": "center system",
    "portal.Look": "system",
    "portal.Notification": "center system",
    "portal.NotificationText": "center",
    "portal.SignIn": "system",
    "schools.Area": "center",
    "schools.CalendarLink": "school center across system outside",  # one's own: the policy asks for the account
    "schools.Enrolment": "center",
    "schools.GroupDays": "school",
    "schools.NoticeReceipt": "center system",
    "schools.Window": "center",
    "schools.WindowException": "center",
    "students.Appearance": "school center system",
    "students.CatalogueClass": "school",
    "students.Correction": "school",
    "students.RosterHeading": "school",
    "students.Student": "school",
    "students.StudentSession": "school center system",
    "capture.AdmissionPart": "school center system",
    "capture.AdmissionPhoto": "school center system",
    "capture.FaceComparison": "school center system",
    "capture.FaceNumbers": "school center system",
    "capture.Consent": "school",
    "capture.Exemption": "school center system",
    "capture.Film": "school center system",
    "capture.Finding": "school center across system",
    "capture.Imprint": "school center system",
    "capture.Likeness": "school center system",
    "capture.RegistryCode": "school center system",
    "capture.Slot": "school",
    "capture.WeChatBinding": "school center system",
    "capture.Station": "school",
    "capture.StationSession": "school system",
    "billing.Callback": "system",
    "billing.PayerName": "center",
    "proofing.Proof": "school",
    "billing.BillLine": "system",
    "billing.Difference": "system",
    "printing.PrintItem": "school center",
    "printing.Volume": "school system",
    "year_end.Award": "center system",
}
SCOPES = {"center": center_scope, "across": across_schools, "system": system_scope, "outside": outside_scopes}


def test_nobody_deletes_rows_but_who_has_to(school):
    """A table that is not named is deleted from by nobody: photos, orders, the ledger, enrolments' work, accounts."""
    ours = [model for model in apps.get_models() if model._meta.db_table not in rights.PACKAGES]
    deleting: dict[str, list[str]] = {}
    for name, scope in {"school": lambda: school_scope(school), **SCOPES}.items():
        for model in ours:
            with scope():
                if not refused(f"DELETE FROM {model._meta.db_table} WHERE false"):
                    deleting.setdefault(model._meta.label, []).append(name)
    assert {label: " ".join(names) for label, names in deleting.items()} == DELETED_BY


def test_outside_of_every_scope_there_is_nothing(both, outside):
    for model, (mine, _other) in both.items():
        table, columns = model._meta.db_table, _columns(model)
        if model is not Membership:  # who signs in is read before a scope is open
            assert ask(f"SELECT count(*) FROM {table}") == [(0,)], model
        assert refused(f"DELETE FROM {table}"), model
        assert refused(f"UPDATE {table} SET school_id = school_id"), model
        values = ", ".join(["%s"] * len(columns))
        params = [
            field.get_db_prep_save(getattr(mine, field.attname), connection)
            for field in model._meta.concrete_fields
            if not field.primary_key
        ]
        assert refused(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})", *params), model


def test_a_row_points_to_rows_of_its_own_school_in_every_scope(school, season):
    guarded = [(model, field) for model in TENANTS for field in same_school.guarded(model)]
    assert len(guarded) > 20
    with system_scope():
        mine, theirs = Rows(school, season), {}
        for model, _field in guarded:
            let_delete(model)  # whether it may is another question
        # A row that is only appended is not stored: its values stay free.
        rows = {
            model: mine.of(model)
            if rights.rights_of(model)[rights.DatabaseRole.SYSTEM] >= rights.WRITE
            else mine.unsaved(model)
            for model, _field in guarded
        }
        for parent in {
            field.related_model for _model, field in guarded
        }:  # a school each: none of its rows is named yet
            other = factories.school(season=season, code=f"2{len(theirs):04}", name=f"University {len(theirs)}")
            theirs[parent] = Rows(other, season).of(parent).pk
    for model, field in guarded:
        table, columns, foreign = model._meta.db_table, _columns(model), theirs[field.related_model]
        given = [
            foreign if one is field else one.get_db_prep_save(getattr(rows[model], one.attname), connection)
            for one in model._meta.concrete_fields
            if not one.primary_key
        ]
        # The row itself goes first: its values are unique.
        gone = f"DELETE FROM {table} WHERE id = {rows[model].pk}; " if rows[model].pk else ""
        insert = f"{gone}INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})"
        update = f"UPDATE {table} SET {field.column} = %s WHERE id = %s"
        for scope in (lambda: school_scope(school), center_scope, system_scope):
            with scope():
                assert refused(insert, *given), field
                assert refused(update, foreign, rows[model].pk), field


def test_a_likeness_names_the_photo_of_another_school():
    assert {field.name for field in same_school.guarded(apps.get_model("capture.Likeness"))} == {"photo"}


def test_a_row_stays_at_its_school(student, other_school):
    with school_scope(student.school):
        photo = factories.photo(student)
    for scope in (center_scope, system_scope):
        with scope():
            assert refused("UPDATE capture_photo SET school_id = %s WHERE id = %s", other_school.pk, photo.pk)


@pytest.mark.parametrize("scope", [center_scope, across_schools, system_scope])
def test_the_other_three_see_every_school(both, scope):
    for model, rows in both.items():
        with scope():
            seen = {pk for (pk,) in ask(f"SELECT id FROM {model._meta.db_table}")}
        assert {row.pk for row in rows} <= seen, model


def test_a_fact_across_schools_is_read_and_hardly_ever_written(both):
    written = {model for model in TENANTS if rights.rights_of(model)[rights.DatabaseRole.ACROSS] != rights.READ}
    assert {model._meta.model_name for model in written} == {
        "event", "notification", "delivery", "photo", "finding", "likeness", "photosbystate", "photosbycollege", "photosbyday", "findingsbyrule"
    }  # fmt: skip
    for model, (mine, _other) in both.items():
        with across_schools():
            assert refused(f"DELETE FROM {model._meta.db_table} WHERE id = %s", mine.pk) or (
                model._meta.model_name == "finding"
            )


@pytest.mark.parametrize("table", ["portal_event", "billing_ledgerentry", "capture_limitset"])
@pytest.mark.parametrize("scope", [center_scope, across_schools, system_scope])
def test_what_is_appended_is_not_changed_by_any_role(table, scope):
    with scope():
        for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}", f"TRUNCATE {table}"):
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                connection.cursor().execute(statement)


def test_a_school_writes_no_row_that_belongs_to_none(school, both):
    event = both[Event][0]
    columns = [name for name in _columns(Event) if name != '"school_id"']
    insert = (
        f"INSERT INTO portal_event ({', '.join(columns)}) SELECT {', '.join(columns)} FROM portal_event WHERE id = %s"
    )
    with school_scope(school):
        assert refused(insert, event.pk)


def test_a_school_changes_its_own_entry_in_the_register_only(school, other_school):
    with school_scope(school):
        assert change("UPDATE schools_school SET contact_name = 'x' WHERE id = %s", school.pk) == 1
        assert change("UPDATE schools_school SET contact_name = 'x' WHERE id = %s", other_school.pk) == 0
        assert refused("INSERT INTO schools_area (code, name, position) VALUES ('x', 'x', 1)")
        assert refused("UPDATE schools_season SET price_fen = 0")


@pytest.mark.django_db(transaction=True)
def test_the_owner_of_the_tables_reads_no_student(student):
    with as_owner():
        assert ask("SELECT count(*) FROM students_student") == [(0,)]
    with system_scope():
        assert ask("SELECT count(*) FROM students_student") == [(1,)]


def test_a_table_that_is_no_model_of_ours_is_shut_to_everybody():
    """What `migrate` does not name, nobody may touch: a new table is shut until its model says otherwise."""
    tables = {name for (name,) in ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    named = {model._meta.db_table for model in apps.get_models(include_auto_created=True)} | set(rights.PACKAGES)
    assert tables == named
    packages = {model._meta.db_table for model in apps.get_models() if "site-packages" in model.__module__}
    assert packages <= named


def test_rights_are_put_into_force_again_without_harm():
    first = list(rights.statements(connection.introspection.table_names()))
    assert first == list(rights.statements(connection.introspection.table_names()))
    assert any("ON students_student TO tucai_school" in line for line in first)
    assert Season._meta.db_table not in " ".join(line for line in first if "POLICY" in line)


def test_a_student_of_another_school_is_not_found_by_a_forgotten_filter(student, other_school, season):
    factories.student(other_school, season)
    with school_scope(other_school), outside_scopes():
        assert not Student._base_manager.exists()
    with school_scope(other_school):
        assert not Student._base_manager.filter(pk=student.pk).exists()
