import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from portal import history
from portal.errors import Conflict, NotAllowed, PortalError
from portal.models import Event, Notification
from portal.tenancy import center_scope, system_scope
from schools.models import Season
from students import records
from students.correcting import correction_evidence, corrections
from students.models import Correction, Student
from students.records import WrongData
from tests import factories
from tests.support.corrections import DOCUMENT, accept, checked
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


def test_two_persons_change_the_data(ask, student, owner, colleague):
    correction = accept(ask("name", "李壹"), first=colleague, second=owner, answer="Thank you")
    assert Student.objects.get(pk=student.pk).name == "李壹"
    assert (correction.status, correction.checked_by, correction.decided_by) == ("accepted", colleague, owner)
    event = history.of(student).filter(kind="student.changed").get()
    assert event.facts == {"name": ["•••", "•••"], "correction": correction.pk}
    told = Notification.objects.filter(recipient_key=student.actor_key).order_by("pk").values_list("kind", flat=True)
    assert list(told) == ["correction.checked", "correction.accepted"]
    assert Notification.objects.filter(recipient_key=owner.actor_key, kind="correction.to_accept").count() == 1
    with system_scope():
        assert not Notification.objects.filter(kind="correction.to_accept_center").exists()


@pytest.mark.parametrize("field", ["name", "id_number", "gender"])
def test_who_a_student_is_nobody_accepts_unchecked_or_alone(ask, student, owner, colleague, field):
    Student.objects.filter(pk=student.pk).update(id_type="passport", gender="male")
    student.refresh_from_db()
    correction = ask(field, {"name": "李壹", "id_number": "E12345678", "gender": "female"}[field])
    with pytest.raises(PortalError, match=said("There is no evidence yet. Add a picture of the document first.")):
        corrections.check_correction(correction=correction, by=owner)
    with pytest.raises(PortalError):
        corrections.accept_correction(correction=correction, by=owner)
    row = checked(correction, by=owner)
    for seen in (row, correction):  # also in a second session, which read the row before
        with pytest.raises(NotAllowed):
            corrections.accept_correction(correction=seen, by=owner)
    with pytest.raises(Conflict):
        corrections.check_correction(correction=correction, by=colleague)
    assert corrections.accept_correction(correction=row, by=colleague).status == "accepted"


def test_the_database_itself_refuses_one_person_for_both(ask, owner):
    row = checked(ask("name", "李壹"), by=owner)
    with pytest.raises(IntegrityError), transaction.atomic():
        Correction.objects.filter(pk=row.pk).update(status="accepted", decided_by=owner)


def test_where_a_school_has_one_person_the_center_is_asked_and_accepts(ask, student, owner, center_admin):
    row = checked(ask("name", "李壹"), by=owner)
    with system_scope():
        assert Notification.objects.get(kind="correction.to_accept_center").recipient_key == center_admin.actor_key
    with center_scope():
        corrections.accept_correction(correction=row, by=center_admin)
    assert Student.objects.get(pk=student.pk).name == "李壹"


def test_other_fields_one_person_decides(ask, student, owner):
    correction = corrections.accept_correction(correction=ask("student_no", "N777"), by=owner)
    assert (correction.status, Student.objects.get(pk=student.pk).student_no) == ("accepted", "N777")
    with pytest.raises(PortalError):
        corrections.check_correction(correction=ask("major", "网络工程"), by=owner)


def test_a_document_number_is_kept_sealed_and_checked_again(ask, student, owner, colleague):
    number = factories.id_number(501 if student.gender == "male" else 502)
    correction = ask("id_number", number)
    assert correction.wanted == ""
    assert corrections.wanted_value(correction) == number
    assert corrections.masked_wanted_value(correction) == f"{number[0]}{'*' * 16}{number[-1]}"
    accept(correction, first=colleague, second=owner)
    assert Student.objects.get(pk=student.pk).id_number == number


def test_number_and_type_of_a_document_are_corrected_together(student, owner, colleague):
    correction = corrections.request_correction(
        student=student, field="id_number", wanted="E12345678", wanted_type="passport", by=student
    )
    assert corrections.masked_wanted_value(correction) == f"{Student.IdType.PASSPORT.label} E*******8"
    accept(correction, first=colleague, second=owner)
    row = Student.objects.get(pk=student.pk)
    assert (row.id_type, row.id_number) == ("passport", "E12345678")


def test_evidence_is_encrypted_on_the_disk_and_each_look_is_recorded(ask, student, owner):
    row = correction_evidence.attach(ask("name", "李壹"), jpeg=DOCUMENT, by=student)
    with row.evidence.open("rb") as file:
        assert DOCUMENT[:200] not in file.read()
    assert correction_evidence.picture(row, by=owner) == DOCUMENT
    assert history.of(row).filter(kind="correction.evidence_seen").get().actor_key == owner.actor_key
    corrections.check_correction(correction=row, by=owner)
    with pytest.raises(Conflict):
        correction_evidence.attach(row, jpeg=DOCUMENT, by=student)


def test_evidence_goes_so_many_days_after_the_decision(ask, owner):
    row = checked(ask("name", "李壹"), by=owner)
    with system_scope():
        assert correction_evidence.delete(timezone.now()) == 0
        corrections.decline_correction(correction=row, by=owner, answer="The card says otherwise.")
        assert correction_evidence.delete(timezone.now()) == 1
    row = Correction.objects.get()
    assert (row.evidence.name, row.evidence_size, row.evidence_at is None) == ("", 0, False)


def test_who_asked_withdraws(ask, student, owner):
    with pytest.raises(NotAllowed):
        corrections.withdraw_correction(correction=ask("name", "李壹"), by=owner)
    corrections.withdraw_correction(correction=Correction.objects.get(), by=student)
    of_school = corrections.request_correction(student=student, field="name", wanted="李壹", by=owner)
    assert (of_school.source, of_school.opened_by_name) == ("school", owner.actor_name)
    with pytest.raises(NotAllowed):
        corrections.withdraw_correction(correction=of_school, by=student)
    corrections.withdraw_correction(correction=of_school, by=owner)
    told = Notification.objects.filter(recipient_key=student.actor_key).order_by("pk").values_list("kind", flat=True)
    assert list(told) == ["correction.opened", "correction.withdrawn"]


def test_nothing_is_corrected_in_the_archive(ask, student, owner):
    row = correction_evidence.attach(ask("name", "李壹"), jpeg=DOCUMENT, by=student)
    with system_scope():
        Season.objects.filter(pk=student.season_id).update(status=Season.Status.ARCHIVED)
    for act in (
        lambda: corrections.check_correction(correction=row, by=owner),
        lambda: corrections.decline_correction(correction=row, by=owner, answer="No"),
        lambda: corrections.withdraw_correction(correction=row, by=student),
    ):
        with pytest.raises(
            PortalError,
            match=said(
                "Season %(year)s is in the archive: it can be read, and nothing in it changes any more.",
                year=student.season.year,
            ),
        ):
            act()


def test_a_photographed_student_is_changed_by_hand_in_other_fields_only(student, owner):
    Student.objects.filter(pk=student.pk).update(stage=Student.Stage.REVIEW)
    student.refresh_from_db()
    records.change_student(student=student, by=owner, major="网络工程")
    with pytest.raises(WrongData) as wrong:
        records.change_student(student=student, by=owner, name="李壹")
    assert set(wrong.value.problems) == {"name"}
    assert Student.objects.get(pk=student.pk).name != "李壹"


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


def test_with_the_number_of_the_other_gender_the_gender_is_corrected_too(ask, student, owner, colleague):
    """The recorded number said the recorded gender: neither could be corrected alone."""
    correction = ask("id_number", factories.id_number(502 if student.gender == "male" else 501))
    accept(correction, first=colleague, second=owner)
    row = Student.objects.get(pk=student.pk)
    assert row.id_number == corrections.wanted_value(correction)
    assert row.gender == ("female" if student.gender == "male" else "male")


def test_a_number_that_another_student_has_leaves_a_trace_though_nothing_is_accepted(ask, student, owner, colleague):
    """A student could try numbers out by asking for them."""
    number = factories.id_number(501 if student.gender == "male" else 502)
    other = factories.student(student.school, student.season, gender=student.gender, id_number=number)
    correction = checked(ask("id_number", other.id_number), by=colleague)
    with pytest.raises(WrongData):
        corrections.accept_correction(correction=correction, by=owner)
    assert not Event.objects.filter(kind="correction.accepted").exists()
    assert Correction.objects.get().status == "checked"
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
    correction = ask("major", "网络工程")
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
