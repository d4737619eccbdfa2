import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from portal import history
from portal.changes import states
from portal.errors import Conflict
from portal.models import Event
from portal.tenancy import school_scope
from schools.models import Enrolment
from students.models import Student
from tests import factories

pytestmark = pytest.mark.django_db


def test_change_moves_the_row_and_appends_one_event(enrolment, scoped, owner):
    states.change(enrolment, Enrolment.Status.PROOFREADING, by=owner, facts={"count": 3})
    enrolment.refresh_from_db()
    assert enrolment.status == Enrolment.Status.PROOFREADING
    event = history.of(enrolment).get()
    assert (event.kind, event.before, event.after) == ("enrolment.proofreading", "capturing", "proofreading")
    assert (event.actor_key, event.facts) == (f"user:{owner.pk}", {"count": 3})


def test_change_refuses_a_state_that_may_not_follow(enrolment, scoped, owner):
    with pytest.raises(Conflict):
        states.change(enrolment, Enrolment.Status.SHIPPED, by=owner)
    enrolment.refresh_from_db()
    assert enrolment.status == Enrolment.Status.CAPTURING
    assert not history.of(enrolment).exists()


def test_second_of_two_people_gets_a_conflict(enrolment, scoped, owner):
    stale = Enrolment.objects.get(pk=enrolment.pk)
    states.change(enrolment, Enrolment.Status.PROOFREADING, by=owner)
    with pytest.raises(Conflict):
        states.change(stale, Enrolment.Status.PROOFREADING, by=owner)


def test_change_sets_fields_with_the_state(student, scoped, owner):
    states.change(student, Student.Stage.CHECKING, by=owner, phone="1")
    student.refresh_from_db()
    assert (student.stage, student.phone) == ("checking", "1")


def test_change_many_moves_only_rows_that_may_go(school, season, scoped, owner):
    review = [factories.student(school, season, stage=Student.Stage.REVIEW) for _ in range(2)]
    factories.student(school, season, stage=Student.Stage.WAITING)
    ids = states.change_many(Student.objects.all(), Student.Stage.APPROVED, by=owner)
    assert ids == [row.pk for row in review]
    assert Event.objects.filter(kind="student.approved").count() == 2
    assert Student.objects.filter(stage=Student.Stage.WAITING).count() == 1


def test_change_many_costs_the_same_for_one_row_and_for_three(school, season, scoped, owner, django_assert_num_queries):
    factories.student(school, season, stage=Student.Stage.REVIEW)
    with django_assert_num_queries(5):  # savepoint, rows, update, events, release
        states.change_many(Student.objects.all(), Student.Stage.APPROVED, by=owner)
    for _ in range(3):
        factories.student(school, season, stage=Student.Stage.REVIEW)
    with django_assert_num_queries(5):
        states.change_many(Student.objects.all(), Student.Stage.APPROVED, by=owner)


def test_change_many_reads_of_a_row_only_what_its_event_says(school, season, scoped, owner):
    factories.student(school, season, stage=Student.Stage.REVIEW)
    with CaptureQueriesContext(connection) as asked:
        states.change_many(Student.objects.all(), Student.Stage.APPROVED, by=owner)
    (read,) = [query["sql"] for query in asked if "FOR NO KEY UPDATE" in query["sql"]]
    assert "season_id" in read
    assert "id_sealed" not in read


@pytest.mark.parametrize("statement", ["UPDATE portal_event SET kind = 'x'", "DELETE FROM portal_event"])
def test_database_refuses_to_change_history(enrolment, scoped, owner, statement):
    history.record("enrolment.notice", enrolment, by=owner)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_change_in_another_schools_scope_finds_no_row(enrolment, other_school, owner):
    with school_scope(other_school), pytest.raises(Conflict):
        states.change(enrolment, Enrolment.Status.PROOFREADING, by=owner)
