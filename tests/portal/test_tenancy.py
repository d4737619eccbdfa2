import pytest
from django_scopes.exceptions import ScopeError

from portal.tenancy import across_schools, center_scope, school_scope, system_scope
from schools.models import Enrolment, WindowException
from students.models import Student
from tests import factories

pytestmark = pytest.mark.django_db


def unsaved(school, season) -> Student:
    row = Student(school=school, season=season, student_no="1", name="李一", major="m", class_name="c")
    row.id_number = factories.id_number(1)
    return row


@pytest.mark.parametrize("call", ["count", "exists", "first", "delete"])
def test_query_without_a_scope_is_refused(student, call):
    with pytest.raises(ScopeError):
        getattr(Student.objects, call)() if call != "delete" else Student.objects.all().delete()


def test_save_without_a_scope_is_refused(school, season):
    with pytest.raises(ScopeError):
        unsaved(school, season).save()


def test_bulk_create_without_a_scope_is_refused(school, season):
    with pytest.raises(ScopeError):
        Student.objects.bulk_create([unsaved(school, season)])


def test_another_schools_rows_are_not_seen(student, other_school):
    with school_scope(other_school):
        assert not Student.objects.exists()
        assert Student.objects.filter(pk=student.pk).update(name="x") == 0


WRITES = {
    "save": lambda student: unsaved(student.school, student.season).save(),
    "bulk_create": lambda student: Student.objects.bulk_create([unsaved(student.school, student.season)]),
    "create": lambda student: WindowException.objects.create(
        school=student.school, season=student.season, starts_on="2026-01-01", ends_on="2026-01-02", reason="x"
    ),
    "delete": lambda student: student.delete(),
}


@pytest.mark.parametrize("how", WRITES)
def test_writing_a_row_of_another_school_is_refused(student, other_school, how):
    with school_scope(other_school), pytest.raises(ScopeError):
        WRITES[how](student)


@pytest.mark.parametrize("scope", [center_scope, across_schools, system_scope])
def test_three_scopes_see_every_school(scope, school, other_school):
    with scope():
        assert Enrolment.objects.count() == 2


def test_scope_ends_with_its_block(school):
    with school_scope(school):
        assert Enrolment.objects.count() == 1
    with pytest.raises(ScopeError):
        Enrolment.objects.count()
