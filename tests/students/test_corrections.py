import pytest

from portal import history
from portal.errors import Conflict, PortalError
from portal.models import Event, Notification
from students import corrections
from students.models import Correction, Student
from students.records import WrongData
from tests import factories
from tests.support.letters import letter
from tests.support.words import said

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]


@pytest.fixture
def ask(student):
    return lambda field, wanted="", explanation="": corrections.request_correction(
        student=student, field=field, wanted=wanted, explanation=explanation, by=student
    )


def test_asking_leaves_a_question_and_tells_the_school(ask, student, owner):
    correction = ask("name", "李壹")
    assert (correction.status, correction.wanted) == ("open", "李壹")
    assert Notification.objects.filter(recipient_key=owner.actor_key, kind="correction.asked").count() == 1
    assert history.of(correction).get().actor_key == student.actor_key


def test_accepting_changes_the_data(ask, student, owner):
    correction = corrections.accept_correction(correction=ask("name", "李壹"), by=owner, answer="Thank you")
    assert Student.objects.get(pk=student.pk).name == "李壹"
    assert (correction.status, correction.decided_by_name) == ("accepted", owner.actor_name)
    event = history.of(student).filter(kind="student.changed").get()
    assert event.facts == {"name": ["•••", "•••"], "correction": correction.pk}
    assert Notification.objects.filter(recipient_key=student.actor_key, kind="correction.accepted").exists()


def test_a_document_number_is_kept_sealed_and_checked_again(ask, student, owner):
    number = factories.id_number(501 if student.gender == "male" else 502)
    correction = ask("id_number", number)
    assert correction.wanted == ""
    assert corrections.wanted_value(correction) == number
    assert corrections.masked_wanted_value(correction) == f"{number[0]}{'*' * 16}{number[-1]}"
    corrections.accept_correction(correction=correction, by=owner)
    assert Student.objects.get(pk=student.pk).id_number == number


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("id_number", "320102200102031111"),
        ("id_number", "nonsense"),
        ("gender", "tall"),
        ("name", "=1+1"),
        ("major", "x" * 61),
    ],
)
def test_a_value_that_cannot_be_right_is_refused_when_it_is_asked_for(ask, field, wanted):
    with pytest.raises(WrongData):
        ask(field, wanted)
    assert Correction.objects.count() == 0


def test_the_recorded_number_in_another_writing_is_what_is_recorded_already(ask, student):
    student.id_number = next(number for n in range(999) if (number := factories.id_number(n)).endswith("X"))
    student.gender = ""
    student.save()
    spaced = f"{student.id_number[:6]} {student.id_number[6:14]} {student.id_number[14:]}"
    for wanted in (spaced, student.id_number.lower()):
        with pytest.raises(PortalError, match=said("This is what is recorded already.")):
            ask("id_number", wanted)


def test_a_number_of_the_other_gender_may_be_asked_for_and_is_not_accepted(ask, student, owner):
    correction = ask("id_number", factories.id_number(502 if student.gender == "male" else 501))
    with pytest.raises(WrongData):
        corrections.accept_correction(correction=correction, by=owner)
    correction.refresh_from_db()
    assert correction.status == "open"
    assert Student.objects.get(pk=student.pk).id_hash == student.id_hash


def test_a_number_that_another_student_has_leaves_a_trace_though_nothing_is_accepted(ask, student, owner):
    """A student could try numbers out by asking for them."""
    number = factories.id_number(501 if student.gender == "male" else 502)
    other = factories.student(student.school, student.season, gender=student.gender, id_number=number)
    correction = ask("id_number", other.id_number)
    with pytest.raises(WrongData):
        corrections.accept_correction(correction=correction, by=owner)
    assert not Event.objects.filter(kind="student.correction_accepted").exists()
    assert Event.objects.get(kind="student.number_tried").object_id == other.pk


def test_declining_needs_an_answer_and_keeps_the_data(ask, student, owner):
    correction = ask("major", "网络工程")
    with pytest.raises(PortalError, match=said("Tell the student why.")):
        corrections.decline_correction(correction=correction, by=owner, answer=" ")
    corrections.decline_correction(correction=correction, by=owner, answer="Your major is right.")
    assert Student.objects.get(pk=student.pk).major == "软件工程"
    message = Notification.objects.get(recipient_key=student.actor_key)
    assert "Your major is right." in letter(message).body


def test_a_question_is_decided_once(ask, owner):
    correction = ask("name", "李壹")
    corrections.accept_correction(correction=correction, by=owner)
    with pytest.raises(Conflict):
        corrections.decline_correction(correction=Correction.objects.get(), by=owner, answer="no")


def test_questions_that_make_no_sense_are_refused(ask):
    ask("name", "李壹")
    with pytest.raises(Conflict):
        ask("name", "李二")
    for field, wanted in (("weight", "70"), ("major", ""), ("major", "软件工程"), ("portrait", "")):
        with pytest.raises(PortalError):
            ask(field, wanted)


def test_a_portrait_is_asked_about_in_words(ask, student, owner):
    correction = ask("portrait", explanation="My eyes are closed.")
    corrections.accept_correction(correction=correction, by=owner)
    assert Student.objects.get(pk=student.pk).stage == student.stage
