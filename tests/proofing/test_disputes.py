import pytest

from capture.models import Photo
from portal import history
from portal.errors import Conflict, PortalError
from portal.models import Event, Notification
from proofing import disputes, proofs
from proofing.models import Proof
from schools.models import Enrolment
from students.models import Correction, Student
from tests import factories
from tests.support.addresses import dated
from tests.support.corrections import accept
from tests.support.letters import letter
from tests.support.school_papers import confirm
from tests.support.words import said

pytestmark = pytest.mark.django_db
CLOSED = "Proofreading at your school has closed. Ask the person in charge there."


@pytest.fixture
def asker(pair, proofreading):
    return pair[0]


def ask(student, field="major", wanted="会计学", explanation=""):
    return disputes.ask(student, field=field, wanted=wanted, explanation=explanation, by=student)


def test_request_takes_a_confirmation_back_and_tells_the_school(asker, owner):
    confirm(asker)
    correction = ask(asker)
    assert Student.objects.get(pk=asker.pk).stage == Student.Stage.APPROVED
    assert Proof.objects.get(student=asker).status == Proof.Status.DISPUTED
    assert correction.status == Correction.Status.OPEN
    message = Notification.objects.get(kind="correction.asked")
    assert (message.recipient_key, message.link) == (owner.actor_key, dated("/school/corrections/"))


def test_student_waits_for_the_answer_before_confirming(asker):
    ask(asker)
    with pytest.raises(
        PortalError, match=said("The school is still looking at your request. Please wait for its answer.")
    ):
        confirm(asker)


@pytest.mark.parametrize(
    ("field", "wanted", "sentence"),
    [
        ("major", "  ", said("Give the right value.")),
        ("major", "软件工程", said("This is what is recorded already.")),
        ("portrait", "", said("Say what is wrong with the portrait.")),
    ],
)
def test_senseless_requests_are_refused_and_take_nothing_back(asker, field, wanted, sentence):
    confirm(asker)
    with pytest.raises(PortalError, match=sentence):
        ask(asker, field, wanted)
    assert Correction.objects.count() == 0
    assert Student.objects.get(pk=asker.pk).stage == Student.Stage.PROOFED


def test_accepted_data_stand_in_the_roster_and_the_student_confirms_then(asker, owner):
    correction = ask(asker)
    disputes.accept(correction, by=owner)
    student = Student.objects.get(pk=asker.pk)
    assert student.major == "会计学"
    assert Notification.objects.get(kind="correction.accepted").recipient_key == asker.actor_key
    assert confirm(student).status == Proof.Status.CONFIRMED


def test_accepted_id_number_is_sealed_and_appears_nowhere_in_clear(asker, owner, colleague):
    number = factories.id_number(777 if asker.gender == "male" else 778, born="20020304")
    correction = ask(asker, "id_number", number)
    assert correction.wanted == ""
    accept(correction, first=colleague, second=owner)
    assert Student.objects.get(pk=asker.pk).id_number == number
    events, letters = list(Event.objects.all()), [letter(row) for row in Notification.objects.all()]
    assert "correction.accepted" in {event.kind for event in events}
    assert letters
    assert not any(number in str(event.facts) for event in events)
    assert not any(number in sent.body for sent in letters)


def test_id_number_of_another_student_is_refused_and_nothing_changes(asker, pair, owner, colleague):
    correction = ask(asker, "id_number", pair[1].id_number)
    with pytest.raises(PortalError):
        accept(correction, first=colleague, second=owner)
    assert Correction.objects.get(pk=correction.pk).status == Correction.Status.CHECKED
    assert Student.objects.get(pk=asker.pk).id_number == asker.id_number


def test_accepted_portrait_complaint_sends_the_student_back_to_the_camera(asker, owner):
    correction = ask(asker, "portrait", "", "Eyes shut")
    disputes.accept(correction, by=owner)
    assert Student.objects.get(pk=asker.pk).stage == Student.Stage.RETAKE
    assert Photo.objects.get(student=asker).status == Photo.Status.RETURNED


def test_declined_request_needs_an_answer_and_lets_the_student_confirm(asker, owner):
    correction = ask(asker)
    with pytest.raises(PortalError, match=said("Tell the student why.")):
        disputes.decline(correction, by=owner, answer=" ")
    disputes.decline(correction, by=owner, answer="The register says so")
    assert "The register says so" in letter(Notification.objects.get(kind="correction.declined")).body
    assert confirm(asker).status == Proof.Status.CONFIRMED


def test_a_decision_is_taken_once(asker, owner, colleague):
    correction = ask(asker)
    disputes.accept(correction, by=owner)
    with pytest.raises(Conflict):
        disputes.decline(Correction.objects.get(pk=correction.pk), by=colleague, answer="No")


def test_present_values_are_shown_masked_and_in_words(asker):
    identity = ask(asker, "id_number", factories.id_number(779, born="20020304"))
    assert disputes.present_shown(identity) == asker.masked_id
    gender = ask(asker, "gender", "female" if asker.gender == "male" else "male")
    assert disputes.present_shown(gender) == asker.get_gender_display()
    assert disputes.present_shown(ask(asker)) == "软件工程"


def test_once_the_form_is_accepted_the_portrait_stays_and_data_are_still_corrected(pair, accepted, owner):
    student = Student.objects.get(pk=pair[0].pk)
    with pytest.raises(PortalError, match=said(CLOSED)):
        ask(student, "portrait", "", "Eyes shut")
    assert disputes.fields_open(accepted) == [f for f in Correction.Field.values if f != "portrait"]
    disputes.accept(ask(student), by=owner)
    row = Student.objects.get(pk=student.pk)
    assert (row.major, row.stage) == ("会计学", Student.Stage.APPROVED)  # proofreads again, and is printed then
    assert not Correction.objects.get().to_print_again


def test_nothing_is_corrected_while_the_form_is_with_the_center(asker, proofreading):
    Enrolment.objects.filter(pk=proofreading.pk).update(status=Enrolment.Status.FEEDBACK_SENT)
    proofreading.refresh_from_db()
    assert disputes.fields_open(proofreading) == []
    with pytest.raises(PortalError):
        ask(asker)


def test_portrait_framed_since_the_complaint_needs_no_other_photo(asker, owner):
    correction = ask(asker, "portrait", "", "My head is cut off")
    with pytest.raises(
        PortalError,
        match=said("The portrait has not been reframed since the student asked. Adjust the frame first."),
    ):
        disputes.accept_reframed(correction, by=owner)
    photo = proofs.current_portrait(asker)
    history.record("photo.framed", photo, by=owner)
    assert disputes.accept_reframed(correction, by=owner).status == Correction.Status.ACCEPTED
    photo.refresh_from_db()
    assert photo.status == Photo.Status.APPROVED
    assert (
        said("Your portrait has been reframed. Please look at it.")
        in letter(Notification.objects.get(kind="correction.accepted")).body
    )
    assert confirm(Student.objects.get(pk=asker.pk)).status == Proof.Status.CONFIRMED


def test_portrait_framed_before_the_complaint_is_no_answer_to_it(asker, owner):
    history.record("photo.framed", proofs.current_portrait(asker), by=owner)
    assert not disputes.is_reframed(ask(asker, "portrait", "", "My head is cut off"))
