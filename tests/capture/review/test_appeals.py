"""An appeal: a rejected photo goes, once, before a person, and no machine decides it."""

import io
import uuid

import pytest
from django.test import Client
from PIL import Image

import vision
from capture import dashboard_counts, retention
from capture.judging import judge, limits, rejudge
from capture.models import Photo
from capture.portraits import framing
from capture.review import appeals, automatic_approval, decisions, worklist
from capture.review.worklist import Worklist
from capture.upload import submission
from capture.upload.intake import accept_upload
from portal.background import jobs
from portal.errors import Conflict, NotAllowed, PortalError
from portal.models import Event, Notification
from portal.tenancy import system_scope
from schools.models import Enrolment
from students.models import Student
from tests import factories
from tests.capture.conftest import sign_in
from tests.support.addresses import dated
from tests.support.database import let_delete
from tests.support.words import said

pytestmark = pytest.mark.usefixtures("scoped")
PLACE = Photo.Appeal.PLACE


@pytest.fixture
def rejected(agreed, enrolment, shut_eyes) -> Photo:
    """A real photo that the engine has rejected for shut eyes."""
    return _judged(agreed, enrolment, shut_eyes)


def _judged(student, enrolment, data: bytes) -> Photo:
    sent = accept_upload(
        student=student, enrolment=enrolment, data=data, token=uuid.uuid4(), origin="camera", by=student
    )
    judge.judge_photo(photo_id=sent.pk)
    return Photo.objects.get(pk=sent.pk)


def _appeal(student, enrolment, reason: str = PLACE, words: str = "") -> Photo:
    return appeals.appeal(student=student, enrolment=enrolment, reason=reason, words=words, by=student)


def _seen(student, enrolment, **values) -> Photo:
    """The photo after the appeal and the work of the worker."""
    photo = _appeal(student, enrolment, **values)
    judge.judge_photo(photo_id=photo.pk)
    student.refresh_from_db()
    return Photo.objects.get(pk=photo.pk)


def test_rejected_photo_gets_a_portrait_and_waits_for_a_person(agreed, enrolment, rejected):
    photo = _seen(agreed, enrolment, words="  My eyes   are narrow. ")
    assert (photo.status, agreed.stage) == (Photo.Status.SUBMITTED, Student.Stage.REVIEW)
    assert photo.portrait
    assert photo.submitted_at
    assert photo.outcome == "red"
    assert photo.appeal_words == "My eyes are narrow."
    assert photo.findings.filter(rule="eyes", outcome="reject").exists()
    assert photo.imprint.words  # it is compared with all others, like every photo that a person sees
    kinds = set(Event.objects.filter(object_id=photo.pk).values_list("kind", flat=True))
    assert {"photo.appealed", "photo.appeal_prepared"} <= kinds
    assert "narrow" not in str(Event.objects.filter(object_id=photo.pk).values_list("facts", flat=True))


def test_a_person_is_asked_once_a_photo(agreed, enrolment, rejected, owner):
    photo = _appeal(agreed, enrolment)
    with pytest.raises(Conflict):
        _appeal(agreed, enrolment)
    judge.judge_photo(photo_id=photo.pk)
    with pytest.raises(Conflict):
        _appeal(agreed, enrolment)
    decisions.return_(photo=Photo.objects.get(pk=photo.pk), by=owner, reason="Open your eyes.")
    with pytest.raises(Conflict):
        _appeal(agreed, enrolment)


def test_the_next_photo_may_be_appealed_again(agreed, enrolment, rejected, owner, shut_eyes):
    decisions.return_(photo=_seen(agreed, enrolment), by=owner, reason="Open your eyes.")
    agreed.refresh_from_db()
    second = _judged(agreed, enrolment, shut_eyes)
    assert _seen(agreed, enrolment).pk == second.pk


@pytest.mark.parametrize("status", [Photo.Status.READY, Photo.Status.SUBMITTED, Photo.Status.RETURNED])
def test_only_a_rejection_is_appealed(student, enrolment, status):
    factories.photo(student, status)
    with pytest.raises(Conflict):
        _appeal(student, enrolment)


def test_picture_that_cannot_be_opened_is_taken_again(student, enrolment):
    photo = factories.photo(student, Photo.Status.REJECTED, findings={"unreadable": "reject"})
    assert not appeals.is_allowed(photo)
    sentence = "This picture cannot be opened, so nobody can look at it. Please take a new photo."
    with pytest.raises(PortalError, match=said(sentence)):
        _appeal(student, enrolment)


def test_what_a_submission_needs_an_appeal_needs_too(student, enrolment):
    factories.photo(student, Photo.Status.REJECTED, findings={"eyes": "reject"})
    enrolment.payment_mode = Enrolment.PaymentMode.STUDENT
    with pytest.raises(submission.FeeDue):
        _appeal(student, enrolment)
    enrolment.payment_mode, enrolment.status = Enrolment.PaymentMode.SCHOOL, Enrolment.Status.FEEDBACK_SENT
    with pytest.raises(PortalError):
        _appeal(student, enrolment)
    enrolment.status = Enrolment.Status.CAPTURING
    Student.objects.filter(pk=student.pk).update(locked_at=student.created_at)
    student.refresh_from_db()
    with pytest.raises(NotAllowed):
        _appeal(student, enrolment)


@pytest.mark.parametrize("values", [{"reason": "nonsense"}, {"reason": "place", "words": "x" * 201}])
def test_impossible_reason_or_long_words_are_refused(student, enrolment, values):
    factories.photo(student, Photo.Status.REJECTED, findings={"eyes": "reject"})
    with pytest.raises(PortalError):
        _appeal(student, enrolment, **values)


def test_photo_without_a_face_comes_to_the_person_without_a_portrait(agreed, enrolment, owner):
    _judged(agreed, enrolment, factories.jpeg(600, 800))
    photo = _seen(agreed, enrolment)
    assert (photo.status, bool(photo.portrait)) == (Photo.Status.SUBMITTED, False)
    with pytest.raises(Conflict):  # without a portrait there is nothing to print
        decisions.approve(photo=photo, by=owner)
    assert decisions.return_(photo=photo, by=owner, reason="Nobody is in it.").status == Photo.Status.RETURNED


def test_approval_of_an_appealed_photo_is_an_approval(agreed, enrolment, rejected, owner):
    decisions.approve(photo=_seen(agreed, enrolment), by=owner)
    agreed.refresh_from_db()
    assert agreed.stage == Student.Stage.APPROVED
    assert Notification.objects.filter(kind="photo_approved", recipient_key=agreed.actor_key).exists()


def test_student_who_takes_another_photo_meanwhile_does_not_wait(agreed, enrolment, rejected, good_photo):
    first = _appeal(agreed, enrolment)
    second = _judged(agreed, enrolment, good_photo)
    assert judge.judge_photo(photo_id=first.pk) is None
    agreed.refresh_from_db()
    first.refresh_from_db()
    assert (first.status, first.is_current) == (Photo.Status.WITHDRAWN, False)
    assert (second.status, agreed.stage) == (Photo.Status.READY, Student.Stage.READY)


def test_milder_limits_never_approve_an_appealed_photo(agreed, enrolment, rejected, season, owner):
    _seen(agreed, enrolment)
    off = {rule.name: dict.fromkeys(rule.defaults) for rule in _rules_with_numbers()}
    milder = factories.limit_set(season, off, approves_green=True)
    list(rejudge.apply(rejudge.outdated_photos(season, milder), milder, season=season, by=owner))
    photo = Photo.objects.select_related("student", "season").get(student=agreed)
    Photo.objects.filter(pk=photo.pk).update(outcome="green")
    photo.findings.all().delete()
    photo.refresh_from_db()
    assert limits.in_force(season).approves_green
    assert not automatic_approval.is_green(photo)
    assert not worklist.approvable_together(Photo.objects.all()).exists()


def _rules_with_numbers() -> list[vision.Rule]:
    return [rule for rule in vision.RULES if rule.criteria]


@pytest.fixture
def queue_of_four(school, season) -> list[Photo]:
    """Four photos in review; the second and the last of them are appealed."""
    rows = [factories.photo(factories.student(school, season)) for _ in range(4)]
    for row in (rows[1], rows[3]):
        Photo.objects.filter(pk=row.pk).update(appealed_at=row.submitted_at, appeal=PLACE)
    return [Photo.objects.get(pk=row.pk) for row in rows]


def test_appealed_photos_stand_first(queue_of_four, season, school):
    first, second, third, fourth = queue_of_four
    photos = worklist.photos_of(season, school)
    assert list(Worklist(photos, {}).found) == [second, fourth, first, third]
    for row, ahead, behind in (
        (second, [], [fourth, first, third]),
        (fourth, [second], [first, third]),
        (first, [fourth, second], [third]),
        (third, [first, fourth, second], []),
    ):
        assert list(worklist.before(photos, row)) == ahead
        assert list(worklist.after(photos, row)) == behind
    assert list(Worklist(photos, {"finding": "appealed"}).found) == [second, fourth]


def test_after_an_appealed_photo_comes_the_next_one(queue_of_four, owner_client):
    first, second, _third, fourth = queue_of_four
    answer = owner_client.get("/school/review/").content.decode()
    assert dated(f"/school/photos/{second.pk}/approve/") in answer
    assert said("The student asks for a person's look") in answer
    answer = owner_client.post(f"/school/photos/{second.pk}/approve/", headers={"HX-Request": "true"})
    assert dated(f"/school/photos/{fourth.pk}/approve/") in answer.content.decode()
    answer = owner_client.post(f"/school/photos/{fourth.pk}/approve/", headers={"HX-Request": "true"})
    assert dated(f"/school/photos/{first.pk}/approve/") in answer.content.decode()


def test_figures_count_what_waits_and_not_what_passed(queue_of_four, season, school, other_school, owner_client):
    counts = dashboard_counts.count_today(season, school)
    assert (counts["appeals"], counts["review"], counts["passed"], counts["taken"]) == (2, 4, 2, 4)
    assert dashboard_counts.count_today(season, other_school)["appeals"] == 0
    with system_scope():
        assert dashboard_counts.count_today(season, None)["appeals"] == 2
    words = owner_client.get("/panels/capture/today/").content.decode()
    assert said("%(n)s asked for a look, stands first", n=2) in words


def test_words_are_deleted_with_the_pictures(queue_of_four):
    photo = queue_of_four[1]
    Photo.objects.filter(pk=photo.pk).update(appeal_words="I wear a bandage.")
    retention.purge(photo)
    photo.refresh_from_db()
    assert photo.appeal_words == ""
    assert photo.appeal == ""


def test_student_asks_on_the_page_of_the_verdict(agreed, enrolment, rejected):
    client: Client = sign_in(agreed)
    page = client.get("/me/check/").content.decode()
    assert said("I cannot take a better one: ask a person to look") in page
    answer = client.post("/me/appeal/", {"reason": "appearance", "words": "My eyes are narrow."})
    assert answer["Location"] == "/me/check/"
    assert said("Your photo is being prepared for a person to look at") in client.get("/me/check/").content.decode()
    judge.judge_photo(photo_id=rejected.pk)
    home = client.get("/me/").content.decode()
    assert said("A person is looking at your photo") in home
    assert said("You asked for a person to look at it") in home


def test_page_offers_no_appeal_where_none_is_possible(student, enrolment, scoped):
    factories.photo(student, Photo.Status.REJECTED, findings={"unreadable": "reject"})
    assert "/me/appeal/" not in sign_in(student).get("/me/check/").content.decode()
    let_delete(Photo)
    Photo.objects.all().delete()
    factories.photo(student, Photo.Status.REJECTED, findings={"eyes": "reject"})
    Enrolment.objects.filter(pk=enrolment.pk).update(status=Enrolment.Status.PREPARING)
    assert "/me/appeal/" not in sign_in(student).get("/me/check/").content.decode()


def test_form_without_a_reason_is_refused_with_a_sentence(student, scoped):
    factories.photo(student, Photo.Status.REJECTED, findings={"eyes": "reject"})
    answer = sign_in(student).post("/me/appeal/", {"words": "Please."})
    assert answer.status_code == 400
    assert "/me/camera/" in answer.content.decode()  # the page of the verdict, with its way to another photo
    assert said("Please choose why a person should look at the photo.") in answer.content.decode()


@pytest.fixture
def too_tight(good_photo) -> bytes:
    """The shoulders are cut off: the portrait would go on beyond the photo."""
    whole, cut = Image.open(io.BytesIO(good_photo)), io.BytesIO()
    whole.crop((360, 330, 840, 980)).save(cut, "JPEG", quality=95)
    return cut.getvalue()


def test_portrait_that_could_not_be_made_is_framed_by_hand(
    agreed, enrolment, too_tight, owner, owner_client, monkeypatch
):
    monkeypatch.setattr(jobs, "enqueue", lambda job: None)  # the test is the worker
    assert _judged(agreed, enrolment, too_tight).findings.filter(rule="too_close", outcome="reject").exists()
    photo = _seen(agreed, enrolment)
    assert not photo.portrait
    page = owner_client.get("/school/review/").content.decode()
    assert said("No portrait could be made of this photo.") in page
    assert dated(f"/school/photos/{photo.pk}/frame/") in page
    assert said("none yet") in owner_client.get(f"/school/photos/{photo.pk}/frame/").content.decode()
    photo = Photo.objects.select_related("student", "school", "season").get(pk=photo.pk)
    job = framing.start(photo=photo, position=None, version="", by=owner)
    jobs.run(job.pk)
    photo.refresh_from_db()
    assert photo.portrait
    assert decisions.approve(photo=photo, by=owner).status == Photo.Status.APPROVED


def test_api_asks_for_a_person(student, enrolment):
    factories.photo(student, Photo.Status.REJECTED, findings={"eyes": "reject"})
    client = sign_in(student)
    assert client.get("/api/v1/me/photos/current/").json()["can_appeal"] is True
    url, values = "/api/v1/me/photos/current/appeal/", {"reason": "wrong", "words": "My eyes are open."}
    Enrolment.objects.filter(pk=enrolment.pk).update(payment_mode=Enrolment.PaymentMode.STUDENT)
    due = client.post(url, values, content_type="application/json")
    assert (due.status_code, due.json()["next"]) == (402, "/me/pay/")
    Enrolment.objects.filter(pk=enrolment.pk).update(payment_mode=Enrolment.PaymentMode.SCHOOL)
    answer = client.post(url, values, content_type="application/json")
    assert (answer.status_code, answer.json()["status"], answer.json()["can_appeal"]) == (200, "checking", False)
    assert answer.json()["appealed_at"]
    assert client.post(url, values, content_type="application/json").status_code == 409
