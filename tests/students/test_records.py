import pytest

from portal import history
from portal.errors import Conflict, PortalError
from portal.models import Event
from portal.tenancy import system_scope
from students import records
from students.models import Student
from tests import factories
from tests.support.words import said

pytestmark = pytest.mark.django_db
Stage = Student.Stage
PRINTED = said("This student has been printed and can no longer be changed. Ask the center.")
VALUES = {"student_no": "2023001", "name": "王小明", "major": "软件工程", "class_name": "软件2301"}


@pytest.fixture
def add(scoped, season, owner):
    return lambda number=None, **values: records.add_student(
        school=scoped, season=season, by=owner, id_number=number or factories.id_number(123), **(VALUES | values)
    )


def test_adding_one_student(add, owner):
    student = add(phone="138 0000 0000")
    assert (student.phone, student.stage, student.id_type) == ("13800000000", "waiting", "resident")
    assert history.of(student).get().kind == "student.added"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "=1"}, "name"),
        ({"number": "320102200102031111"}, "id_number"),
        ({"gender": "female"}, "id_number"),
        ({"class_name": "长" * 61}, "class_name"),
        ({"phone": "1"}, "phone"),
    ],
)
def test_wrong_data_are_named(add, values, field):
    with pytest.raises(records.WrongData) as caught:
        add(**values)
    assert list(caught.value.problems) == [field]


def test_numbers_in_use_cannot_be_used_again(add, other_school, season):
    add()
    with pytest.raises(records.WrongData) as caught:
        add(number=factories.id_number(125))
    assert list(caught.value.problems) == ["student_no"]
    with pytest.raises(records.WrongData) as caught:
        add(student_no="2")
    assert "2023001" in caught.value.problems["id_number"]
    tried = Event.objects.get(kind="student.number_tried")
    assert (tried.object_id, tried.facts) == (Student.objects.get().pk, {"student_no": "2"})
    factories.student(other_school, season, id_number=factories.id_number(127))
    with pytest.raises(records.WrongData) as caught:
        add(number=factories.id_number(127), student_no="3")
    sentence = said("This document number is already on the roster of another school. Ask the center.")
    assert caught.value.problems["id_number"] == sentence
    assert Event.objects.get(kind="roster.number_elsewhere").facts == {"student_no": "3"}


def test_changing_tells_what_changed(add, owner):
    student = add()
    records.change_student(student=student, by=owner, name="王小红", phone="13900000000")
    event = history.of(student).filter(kind="student.changed").get()
    assert event.facts == {"name": ["•••", "•••"], "phone": ["•••", "•••"]}
    assert Student.objects.get().name == "王小红"


def test_of_two_people_who_change_a_student_at_once_the_second_is_told(scoped, student, owner):
    first, second = (Student.objects.get(pk=student.pk) for _ in range(2))
    records.change_student(student=first, by=owner, phone="13900000000")
    with pytest.raises(Conflict):
        records.change_student(student=second, by=owner, class_name="软件2309")
    assert Student.objects.get(pk=student.pk).phone == "13900000000"


def test_changing_nothing_leaves_no_trace(add, owner):
    student = add()
    records.change_student(student=student, by=owner, **VALUES)
    assert history.of(student).count() == 1


def test_changing_what_is_printed_opens_the_proofreading_again(add, owner):
    student = add()
    Student.objects.update(stage=Stage.PROOFED)
    student.refresh_from_db()
    records.change_student(student=student, by=owner, phone="13900000000")
    assert student.stage == "proofed"
    records.change_student(student=student, by=owner, class_name="软件2302")
    assert Student.objects.get().stage == "approved"


def test_what_the_student_confirmed_while_the_form_was_open_is_proofread_again(add, owner):
    student = add()
    Student.objects.update(stage=Stage.PROOFED)  # `student` still holds the old stage
    records.change_student(student=student, by=owner, class_name="软件2302")
    assert Student.objects.get().stage == "approved"
    Student.objects.update(stage=Stage.PRINTED)
    with pytest.raises(PortalError, match=PRINTED):
        records.change_student(student=student, by=owner, class_name="软件2303")
    assert Student.objects.get().class_name == "软件2302"


def test_printed_students_cannot_be_changed(add, owner):
    student = add()
    Student.objects.update(stage=Stage.PRINTED)
    student.refresh_from_db()
    with pytest.raises(PortalError, match=PRINTED):
        records.change_student(student=student, by=owner, name="王小红")


def test_only_students_without_a_photo_are_removed(add, scoped, season, owner):
    first, second = add(), add(number=factories.id_number(125), student_no="2")
    Student.objects.filter(pk=second.pk).update(stage=Stage.CHECKING)
    with pytest.raises(Conflict):
        records.remove_students(students=[first.pk, second.pk], school=scoped, season=season, by=owner)
    assert records.remove_students(students=[first.pk], school=scoped, season=season, by=owner) == 1
    assert list(Student.objects.all()) == [second]
    assert history.of(first).filter(kind="student.removed", facts={"student_no": "2023001"}).exists()


def test_students_of_other_schools_are_not_removed(scoped, season, owner, other_school):
    theirs = factories.student(other_school, season)
    with pytest.raises(Conflict):
        records.remove_students(students=[theirs.pk], school=scoped, season=season, by=owner)
    with system_scope():
        assert Student.objects.count() == 1


def test_revealing_a_number_is_recorded(add, owner):
    student = add()
    assert records.reveal_id_number(student=student, by=owner) == factories.id_number(123)
    event = history.of(student).filter(kind="student.revealed").get()
    assert (event.actor_name, event.facts) == (owner.actor_name, {})
