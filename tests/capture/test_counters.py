"""The counters of students, photos and findings follow their rows, whoever changes these and however."""

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction
from django.urls import reverse

from capture.models import Finding, FindingsByRule, Photo, PhotosByCollege, PhotosByDay, PhotosByState
from portal import student_limits
from portal.counters import folding, proof
from portal.database.counters import groups_of, models_of_counts
from portal.models import Notification
from portal.tenancy import across_schools, center_scope, school_scope, system_scope
from students.models import Student, StudentsByClass, StudentsByStage
from tests import factories
from tests.support.database import by_owner
from tests.support.words import said

pytestmark = pytest.mark.django_db
Status, Stage = Photo.Status, Student.Stage


@pytest.fixture
def rows(school, other_school, season):
    with system_scope():
        for stage in ("waiting", "waiting", "retake", "review"):
            factories.student(school, season, stage=stage)
        factories.student(other_school, season, stage="approved", fee_state="paid")
        for status in (Status.APPROVED, Status.REJECTED, Status.REJECTED):
            factories.photo(factories.student(school, season), status, findings={"eyes": "reject"})
    return season


def faults() -> dict:
    with system_scope():
        return {label: number for label, (number, _found) in proof.prove().faults.items()}


def test_every_kind_of_change_is_counted(rows, school, season):
    with school_scope(school):
        assert StudentsByStage.numbers("stage") == {"waiting": 2, "retake": 3, "review": 1, "approved": 1}
        assert PhotosByState.numbers("status") == {"approved": 1, "rejected": 2}
        assert FindingsByRule.numbers("rule", "is_current") == {("eyes", True): 3}
        Student.objects.filter(stage="waiting").update(stage="checking", college="数学学院")
        Photo.objects.filter(status="rejected").update(
            is_current=False, taken_at=dt.datetime(2026, 3, 1, 16, tzinfo=dt.UTC)
        )
        assert StudentsByStage.numbers("stage") == {"checking": 2, "retake": 3, "review": 1, "approved": 1}
        assert StudentsByClass.numbers("college")["数学学院"] == 2
        assert PhotosByState.numbers("status") == {"approved": 1}
        assert PhotosByDay.numbers("status", "is_current", day=dt.date(2026, 3, 2)) == {("rejected", False): 2}
        assert FindingsByRule.numbers("rule", "is_current") == {("eyes", True): 1, ("eyes", False): 2}
        Finding.objects.filter(photo__is_current=False).delete()
        Student.objects.filter(stage="retake", photos=None).delete()
        assert FindingsByRule.numbers("is_current") == {True: 1}
        assert StudentsByStage.number_of() == 6
    assert faults() == {}


def test_photos_go_with_their_student_to_another_college(rows, school):
    with school_scope(school):
        student = Photo.objects.filter(status="approved").get().student
        Student.objects.filter(pk=student.pk).update(college="数学学院")
        assert PhotosByCollege.numbers("college", "status") == {
            ("数学学院", "approved"): 1,
            (student.college, "rejected"): 2,
        }
        lines = PhotosByCollege.objects.count()
        Student.objects.filter(pk=student.pk).update(phone="13900000000")
        assert PhotosByCollege.objects.count() == lines
    assert faults() == {}


def test_folding_leaves_one_line_a_group_and_no_empty_ones(rows, school, season):
    before = {model: _all(model) for model in models_of_counts()}
    with system_scope():
        Student.objects.filter(stage="review").update(stage="approved")
        Student.objects.filter(stage="approved", fee_state="unpaid").update(stage="review")
        folding.fold()
        folding.fold()
        for model in models_of_counts():
            assert model.objects.count() == len(_all(model))
    assert _all(PhotosByState) == before[PhotosByState]
    assert faults() == {}


def _all(model) -> dict:
    with system_scope():
        return model.numbers(*groups_of(model))


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (
            "UPDATE students_studentsbystage SET number = number + 1 WHERE stage = 'review'",
            {"students.StudentsByStage": 1},
        ),
        ("DELETE FROM capture_photosbystate WHERE status = 'rejected'", {"capture.PhotosByState": 1}),
        ("UPDATE capture_findingsbyrule SET rule = 'smile'", {"capture.FindingsByRule": 4}),
        (
            "UPDATE students_student SET stage = 'ready' WHERE stage = 'review'",
            {"students.StudentsByStage": 2, "students.StudentsByClass": 2},
        ),
    ],
)
def test_what_was_changed_past_the_triggers_is_found_told_and_put_right(rows, statement, found, center_client):
    connection.check_constraints()
    for table in ("students_student", "students_studentsbystage", "capture_photosbystate", "capture_findingsbyrule"):
        by_owner(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        by_owner(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    by_owner(statement)
    assert faults() == found
    with system_scope():
        assert Notification.objects.filter(kind="counters_differ").exists()
    panel = reverse("portal:panel_counters")
    assert said("The counters differ from their rows") in center_client.get(panel).content.decode()
    with pytest.raises(CommandError):
        call_command("check_counters")
    call_command("check_counters", "--repair")
    assert "callout" not in center_client.get(panel).content.decode()
    assert faults() == {}


def test_a_school_reads_its_own_numbers_and_changes_none(rows, school, other_school):
    with school_scope(other_school):
        assert StudentsByStage.numbers("stage", "fee_state") == {("approved", "paid"): 1}
    for change in ("UPDATE students_studentsbystage SET number = 9", "DELETE FROM students_studentsbystage"):
        with pytest.raises(ProgrammingError), transaction.atomic(), school_scope(school), connection.cursor() as cursor:
            cursor.execute(change)


@pytest.mark.parametrize("scope", ["school", "center", "across"])
def test_no_page_writes_a_line_for_rows_that_are_not_there(rows, school, scope):
    """Of `DeliveriesByState`, which knows no school, it would be the number of all schools."""
    scopes = {"school": lambda: school_scope(school), "center": center_scope, "across": across_schools}
    for model in models_of_counts():
        forged = f"INSERT INTO {model._meta.db_table} (number) SELECT 1000 WHERE false"
        with (
            pytest.raises(ProgrammingError, match=r"written by the triggers of what it counts|permission denied"),
            transaction.atomic(),
            scopes[scope](),
            connection.cursor() as cursor,
        ):
            cursor.execute(forged)
    assert faults() == {}


def test_a_limited_person_is_told_of_the_own_classes(rows, school, season):
    with school_scope(school):
        factories.student(school, season, class_name="中文2301")
        with student_limits.limited_to(student_limits.Limit(class_names=["中文2301"])):
            assert StudentsByClass.numbers("stage") == {"waiting": 1}


@pytest.mark.django_db(transaction=True)
def test_students_of_one_group_are_changed_at_the_same_time(transactional_db, school, season):
    """Nobody waits for the other: both have changed the same group and none has committed."""
    with system_scope():
        one, other = (factories.student(school, season) for _ in range(2))
    both_have_changed = threading.Barrier(2, timeout=20)

    def change(pk: int) -> None:
        try:
            with school_scope(school), transaction.atomic():
                Student.objects.filter(pk=pk).update(stage="checking")
                both_have_changed.wait()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(change, [one.pk, other.pk]))
    assert _all(StudentsByStage) == {(season.pk, school.pk, "checking", "unpaid"): 2}
