"""What students agree to, with the words; taking it back; guardians."""

import hashlib
import io
import json
import uuid
import zipfile

import pytest
from django.utils import timezone

from capture.judging import judge
from capture.models import Consent, Imprint, Photo
from capture.review import automatic_approval
from capture.sign_in import consent, consent_withdrawal
from capture.upload import intake
from portal.errors import Conflict, PortalError
from portal.models import Event, Notification, Role
from portal.student_limits import Limit
from portal.tenancy import system_scope
from printing import print_runs
from schools.models import Season
from students.models import Student
from tests import factories
from tests.capture.conftest import sign_in
from tests.support.words import said

pytestmark = pytest.mark.django_db
YES = {"is_me": "on", "agrees": "on", "version": "1"}


@pytest.fixture(autouse=True)
def _unscoped_rows():
    with system_scope():
        yield


def agree(student, **ticks) -> Consent:
    return consent.agree(student=student, season=student.season, version="1", by=student, **ticks)


def test_the_words_and_each_tick_are_kept(student_client, student, season):
    student_client.post("/me/confirm/", YES | {"printing": "on"})
    given = Consent.objects.get(student=student)
    assert (given.text.words, given.face_comparison, given.printing) == (season.consent_text, False, True)
    assert given.text.sha256 == hashlib.sha256(season.consent_text.encode()).hexdigest()
    Season.objects.update(consent_text="Other words.", consent_version="2")
    assert season.consent_text in student_client.get("/me/data/").content.decode()  # read again, as it was
    event = Event.objects.get(kind="student.agreed")
    assert (event.facts["printing"], event.facts["face_comparison"]) == (True, False)


def test_other_ticks_end_the_agreement_before_and_the_same_again_changes_nothing(student):
    first = agree(student, face_comparison=True)
    assert agree(student, face_comparison=True) == first
    second = agree(student, printing=True)
    first.refresh_from_db()
    assert first.ended_at is not None
    assert consent.in_force(student) == second


def test_without_the_tick_no_face_is_compared_and_a_person_is_told_to_look(
    student, owner_client, good_photo, enrolment, season
):
    agree(student)
    photo = factories.photo(student, "checking")
    with photo.original.open("wb") as file:
        file.write(good_photo)
    judge.judge_photo(photo_id=photo.pk)
    photo.refresh_from_db()
    assert photo.status == Photo.Status.READY
    assert not Imprint.objects.filter(photo=photo).exists()
    factories.limit_set(season, approves_green=True)
    Photo.objects.filter(pk=photo.pk).update(status="submitted", compared_at=photo.checked_at)
    assert not automatic_approval.is_green(Photo.objects.get(pk=photo.pk))
    assert said("Not compared with other photos") in owner_client.get("/school/review/").content.decode()


def test_taking_the_tick_back_deletes_the_imprint(student):
    photo = factories.photo(student, "submitted")
    Imprint.objects.create(photo=photo, school=student.school)
    agree(student, printing=True)
    assert not Imprint.objects.filter(photo=photo).exists()


def test_who_has_not_agreed_to_the_printing_house_is_not_printed(school, season, enrolment):
    asked, other = (factories.student(school, season) for _ in range(2))
    for row in (asked, other):
        factories.photo(row, "approved")
        Student.objects.filter(pk=row.pk).update(stage="proofed")
    agree(other, face_comparison=True)
    assert [photo.student_id for photo in print_runs.printable_portraits(enrolment)] == [asked.pk]


@pytest.mark.parametrize("locked_at", [None, timezone.now()])
def test_withdrawal_deletes_what_is_not_handed_in(student_client, student, locked_at):
    """Also for a student whom the school has locked: it is their right."""
    Student.objects.filter(pk=student.pk).update(locked_at=locked_at)
    photo = factories.photo(student, "ready")
    names = [photo.original.name, photo.portrait.name]
    answer = student_client.post("/me/data/consent/withdraw/", follow=True)
    assert said("Your consent is taken back.") in answer.content.decode()
    photo.refresh_from_db()
    assert (photo.status, photo.original.name, photo.portrait.name) == ("withdrawn", "", "")
    assert not any(photo.original.storage.exists(name) for name in names)
    assert consent.in_force(student) is None
    with pytest.raises(Conflict):
        consent_withdrawal.withdraw(student=student, by=student)


def test_withdrawal_ends_the_check_of_a_photo(student, good_photo):
    """The worker that has it already stores nothing, and nothing can be handed in."""
    agree(student)
    photo = factories.photo(student, "checking")
    with photo.original.open("wb") as file:
        file.write(good_photo)
    claimed = judge.claim(photo.pk)
    judgement = judge.examine_photo(claimed)
    consent_withdrawal.withdraw(student=student, by=student)
    assert judge.record_judgement(claimed, judgement) is None
    photo.refresh_from_db()
    student.refresh_from_db()
    assert (photo.status, student.stage) == (Photo.Status.WITHDRAWN, Student.Stage.RETAKE)
    assert not any((photo.original, photo.preview, photo.portrait))


class SlowUpload(io.BytesIO):
    """Its student takes the consent back while it is read."""

    student: Student
    size = 0

    def read(self, *args) -> bytes:
        consent_withdrawal.withdraw(student=self.student, by=self.student)
        return super().read(*args)


def test_a_photo_that_arrives_while_the_consent_is_taken_back_is_refused(student, enrolment, good_photo):
    agree(student)
    data, token = SlowUpload(good_photo), uuid.uuid4()
    data.student = student
    with pytest.raises(Conflict):
        intake.accept_upload(student=student, enrolment=enrolment, data=data, token=token, origin="camera", by=student)
    assert not Photo.objects.filter(student=student).exists()


def test_withdrawal_tells_the_school_of_a_photo_in_its_hands(student, owner):
    photo = factories.photo(student, "submitted")
    consent_withdrawal.withdraw(student=student, by=student)
    photo.refresh_from_db()
    assert photo.original.name
    assert Notification.objects.get(recipient_key=owner.actor_key).kind == "consent_withdrawn"


def test_withdrawal_is_not_told_to_who_may_not_see_the_student(student, owner, school):
    """A name is personal data too: not for finance, nor for a reviewer of another college."""
    factories.person("finance", Role.SCHOOL_FINANCE, school)
    factories.person("elsewhere", Role.SCHOOL_REVIEWER, school, limit=Limit(colleges=["another college"]))
    factories.photo(student, "submitted")
    consent_withdrawal.withdraw(student=student, by=student)
    assert [row.recipient_key for row in Notification.objects.filter(kind="consent_withdrawn")] == [owner.actor_key]


def test_under_14_a_guardian_agrees(school, season):
    born = f"{season.year - 12}0101"
    child = factories.student(school, season, id_number=factories.id_number(7, born=born))
    with pytest.raises(
        PortalError, match=said("You are under 14: your parent or guardian has to agree and give their name.")
    ):
        agree(child)
    client = sign_in(child)
    assert "guardian_name" in client.get("/me/confirm/").content.decode()
    assert client.post("/me/confirm/", YES).status_code == 400
    client.post("/me/confirm/", YES | {"guardian_name": "王 大"})
    assert Consent.objects.get(student=child).guardian_name == "王 大"


def test_a_grown_student_is_not_asked_for_a_guardian(student_client, student):
    assert consent.is_under_age(student) is False
    page = student_client.get("/me/confirm/").content.decode()
    assert "guardian_name" not in page
    assert "says_under_age" not in page


def test_whose_number_says_no_birthday_is_asked_for_the_age(school, season):
    guest = factories.student(school, season, id_type=Student.IdType.PASSPORT, id_number="E12345678")
    assert consent.is_under_age(guest) is None
    with pytest.raises(PortalError, match=said("Please say whether you are under 14.")):
        agree(guest)
    client = sign_in(guest)
    assert said("Are you under 14?") in client.get("/me/confirm/").content.decode()
    assert client.post("/me/confirm/", YES).status_code == 400
    assert client.post("/me/confirm/", YES | {"says_under_age": "yes"}).status_code == 400
    api = client.get("/api/v1/me/consent/").json()
    assert api["asks_age"] is True
    assert client.post("/me/confirm/", YES | {"says_under_age": "no"}).status_code == 302
    facts = Event.objects.filter(kind="student.agreed").latest("pk").facts
    assert (facts["says_under_age"], facts["by_guardian"]) == (False, False)
    client.post("/me/data/consent/", {"printing": "on"})  # other ticks: not asked again
    Consent.objects.filter(student=guest).update(ended_at=timezone.now())
    assert client.post("/me/confirm/", YES | {"says_under_age": "yes", "guardian_name": "王大"}).status_code == 302
    assert Consent.objects.get(student=guest, ended_at=None).guardian_name == "王大"


def test_a_student_sees_who_looked_and_takes_a_copy(student_client, student, owner_client):
    factories.photo(student, "submitted")
    owner_client.get(f"/school/roster/{student.pk}/")
    owner_client.post(f"/school/roster/{student.pk}/reveal/")
    page = student_client.get("/me/data/").content.decode()
    assert page.count("Owner") >= 2
    assert said("Document number looked at") in page
    copy = student_client.post("/me/data/copy/", {"id_number": student.id_number.lower()})
    with zipfile.ZipFile(io.BytesIO(copy.content)) as made:
        data = json.loads(made.read("data.json"))
        assert sum(name.endswith(".jpg") for name in made.namelist()) == 2
    assert data["student"]["id_number"] == student.id_number
    assert {"consents", "photos", "payments", "proof", "messages", "looks", "history"} <= set(data)
    assert Event.objects.filter(kind="student.data_taken").exists()


def test_who_is_signed_in_by_digits_of_a_helper_learns_no_document_number(student_client, student):
    """The copy has it in clear, and a helper may sign in as any student of the station."""
    wrong = [student_client.post("/me/data/copy/", {"id_number": typed}).status_code for typed in ("", "1", "2", "3")]
    assert wrong == [422, 403, 403, 403]
    for _more in range(4):
        answer = student_client.post("/me/data/copy/", {"id_number": student.masked_id})
    assert answer.status_code == 429
    assert not Event.objects.filter(kind="student.data_taken").exists()
