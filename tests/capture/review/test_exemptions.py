"""Exemptions: what a student declares and the school confirms is not asked of the student's photos."""

import datetime as dt
import functools
import uuid

import pytest

import vision
from capture import retention
from capture.judging import excuses, explanations, judge, limits, rejudge
from capture.models import Exemption, Photo
from capture.review import automatic_approval, decisions, exemptions, worklist
from capture.upload import submission
from capture.upload.intake import accept_upload
from demo.drawn_people import APPEARANCES, Person, draw_jpeg
from portal import history
from portal.background import jobs
from portal.errors import Conflict, NotAllowed, PortalError
from portal.models import Event, Notification
from portal.tenancy import system_scope
from schools.models import Season
from students.models import Student
from tests import factories
from tests.capture.conftest import sign_in
from tests.support.addresses import dated
from tests.support.words import said
from vision.rules import FAMILIES

pytestmark = pytest.mark.usefixtures("scoped")
Kind, Status = Exemption.Kind, Exemption.Status
WORDS = "My left eye is of glass."


@functools.cache
def _drawn(appearance: str) -> bytes:
    return draw_jpeg(Person.random(3), appearance=appearance, size=(900, 1200))


@pytest.fixture
def small_eyes() -> bytes:
    """A photo that the rule about eyes rejects, and no other rule."""
    return _small_eyes()


@functools.cache
def _small_eyes() -> bytes:
    return draw_jpeg(Person.random(7), "eyes", size=(900, 1200))


@pytest.fixture
def rejected(agreed, enrolment, small_eyes) -> Photo:
    return _judged(agreed, enrolment, small_eyes)


def _judged(student, enrolment, data: bytes) -> Photo:
    sent = accept_upload(
        student=student, enrolment=enrolment, data=data, token=uuid.uuid4(), origin="camera", by=student
    )
    judge.judge_photo(photo_id=sent.pk)
    student.refresh_from_db()
    return Photo.objects.get(pk=sent.pk)


def _declare(student, kind: str = Kind.EYES, words: str = WORDS) -> Exemption:
    row = exemptions.declare(student=student, kind=kind, words=words, by=student)
    _work(student)
    return row


def _confirm(row: Exemption, by) -> None:
    exemptions.confirm(exemption=row, kind=row.kind, by=by)


def _work(student) -> None:
    """What the worker does with a photo that was put back into its queue."""
    for photo in Photo.objects.filter(student=student, status=Photo.Status.CHECKING):
        judge.judge_photo(photo_id=photo.pk)
    student.refresh_from_db()


def _outcomes(photo: Photo) -> dict[str, str]:
    return dict(Photo.objects.get(pk=photo.pk).findings.values_list("rule", "outcome"))


# --- what is excused ---------------------------------------------------------------------------------------


def test_every_kind_excuses_known_rules_and_none_of_light_file_or_forgery():
    kept = {rule.name for family in FAMILIES for rule in family.rules if str(family.title) in _KEPT}
    assert len(kept) > 10
    assert set(Exemption.EXCUSED) == set(Kind)
    for rules in Exemption.EXCUSED.values():
        assert set(rules) <= set(vision.RULE_NAMES)
        assert not set(rules) & kept


_KEPT = {
    str(next(family for family in FAMILIES if any(rule.name == name for rule in family.rules)).title)
    for name in ("side_light", "screen", "unreadable")
}


KIND_OF = {
    Kind.HEAD_COVER: ("hijab", "headscarf", "turban", "kippa"),
    Kind.FACE: ("bandage", "plaster", "scar", "vitiligo", "palsy"),
    Kind.EYES: ("eye_patch", "albinism", "one_eye", "squint"),
    Kind.POSTURE: ("headrest",),
}


@pytest.mark.parametrize(
    ("kind", "appearance"), [(kind, name) for kind, names in KIND_OF.items() for name in names], ids=str
)
def test_nobody_is_rejected_for_how_they_are(kind, appearance):
    findings = vision.check(_drawn(appearance)).verdict.findings
    left = excuses.excuse(findings, dict.fromkeys(Exemption.EXCUSED[kind], excuses.OFF))
    assert [finding.rule for finding in left if finding.outcome == "reject"] == []


def test_every_appearance_that_can_be_drawn_has_its_kind():
    assert sorted(name for names in KIND_OF.values() for name in names) == sorted(APPEARANCES)


def test_declared_rules_warn_and_the_photo_gets_its_portrait(agreed, rejected):
    assert (rejected.status, _outcomes(rejected)["eyes"]) == (Photo.Status.REJECTED, "reject")
    _declare(agreed)
    photo = Photo.objects.get(pk=rejected.pk)
    assert (photo.status, agreed.stage) == (Photo.Status.READY, Student.Stage.READY)
    assert photo.portrait
    assert (photo.outcome, _outcomes(photo)["eyes"]) == ("amber", "warn")
    assert photo.excuses["eyes"] == "warn"
    assert history.of(photo).filter(kind="photo.excused").exists()
    assert Notification.objects.filter(kind="photo_excused", recipient_key=agreed.actor_key).exists()


def test_confirmed_rules_say_nothing_but_the_reviewer_sees_them(agreed, rejected, owner, owner_client, enrolment):
    _confirm(_declare(agreed), owner)
    photo = Photo.objects.get(pk=rejected.pk)
    assert (photo.outcome, _outcomes(photo)) == ("green", {})
    assert [item.rule for item in explanations.explain_excused(photo)] == ["eyes"]
    submission.submit(student=agreed, enrolment=enrolment, by=agreed)
    page = owner_client.get("/school/review/").content.decode()
    assert said("Not asked of this student:") in page
    assert said("One eye, or eyes of another kind") in page
    assert WORDS in page


def test_next_photo_of_the_student_is_judged_with_the_exemption(agreed, enrolment, owner, small_eyes):
    _confirm(_declare(agreed), owner)
    photo = _judged(agreed, enrolment, small_eyes)
    assert (photo.status, photo.outcome, photo.excuses["eyes"]) == (Photo.Status.READY, "green", "off")


def test_other_rules_are_still_asked(agreed, enrolment, owner):
    _confirm(_declare(agreed), owner)
    photo = _judged(agreed, enrolment, draw_jpeg(Person.random(7), "mouth", size=(900, 1200)))
    assert (photo.status, _outcomes(photo)["mouth"]) == (Photo.Status.REJECTED, "reject")


def test_refused_exemption_excuses_nothing(agreed, rejected, owner, enrolment, small_eyes):
    exemptions.refuse(exemption=_declare(agreed), by=owner, answer="Please come to the station.")
    assert _outcomes(rejected)["eyes"] == "reject"
    assert Photo.objects.get(pk=rejected.pk).outcome == "red"
    told = Notification.objects.get(kind="exemption.refused", recipient_key=agreed.actor_key)
    assert told.parameters == {"answer": "Please come to the station."}
    assert _judged(agreed, enrolment, small_eyes).status == Photo.Status.REJECTED


def test_a_replay_under_the_same_limits_changes_nothing(agreed, rejected, owner, season):
    _confirm(_declare(agreed), owner)
    photos = rejudge.judged_photos(season)
    assert rejudge.predict(photos, limits.in_force(season), season=season).changed == 0
    stricter = factories.limit_set(season, {"eyes": {"warn": 0.9, "reject": 0.8}})
    assert rejudge.predict(photos, stricter, season=season).changed == 0


def test_exemption_that_changes_while_the_photo_is_examined_counts(agreed, enrolment, small_eyes):
    sent = accept_upload(
        student=agreed, enrolment=enrolment, data=small_eyes, token=uuid.uuid4(), origin="camera", by=agreed
    )
    claimed = judge.claim(sent.pk)
    judgement = judge.examine_photo(claimed)
    exemptions.declare(student=agreed, kind=Kind.EYES, by=agreed)
    with pytest.raises(judge.ExemptionChanged):
        judge.record_judgement(claimed, judgement)
    judge.record_judgement(claimed, judge.examine_photo(claimed))
    assert Photo.objects.get(pk=sent.pk).status == Photo.Status.READY


def test_no_machine_approves_an_exempted_photo(agreed, rejected, owner, season, enrolment):
    factories.limit_set(season, approves_green=True)
    _confirm(_declare(agreed), owner)
    photo = submission.submit(student=agreed, enrolment=enrolment, by=agreed)
    assert (photo.outcome, photo.status) == ("green", Photo.Status.SUBMITTED)
    assert not automatic_approval.is_green(photo)
    assert not worklist.approvable_together(Photo.objects.all()).exists()


# --- who decides -------------------------------------------------------------------------------------------


def test_approving_the_photo_confirms_what_was_declared(agreed, rejected, enrolment, owner, owner_client):
    row = _declare(agreed)
    submission.submit(student=agreed, enrolment=enrolment, by=agreed)
    assert said("Approve and confirm") in owner_client.get("/school/review/").content.decode()
    owner_client.post(f"/school/photos/{rejected.pk}/approve/", {"exemption": Kind.EYES})
    row.refresh_from_db()
    agreed.refresh_from_db()
    assert (row.status, row.decided_by_name) == (Status.CONFIRMED, owner.actor_name)
    assert agreed.stage == Student.Stage.APPROVED
    with pytest.raises(Conflict):  # what was approved is not declared away
        exemptions.declare(student=agreed, kind=Kind.FACE, by=agreed)


def test_nothing_is_confirmed_that_the_reviewer_has_not_seen(agreed, rejected, enrolment, owner_client):
    row = _declare(agreed)
    submission.submit(student=agreed, enrolment=enrolment, by=agreed)
    assert "/approve/" not in owner_client.get("/school/review/?view=grid").content.decode()
    _declare(agreed, Kind.HEAD_COVER, "A cap.")  # after the reviewer has opened the page
    shown = {"exemption": Kind.EYES, "kind": Kind.EYES}
    answers = [
        owner_client.post(f"/school/photos/{rejected.pk}/approve/", shown),
        owner_client.post(f"/school/photos/{rejected.pk}/approve/"),
        owner_client.post(f"/school/exemptions/{row.pk}/confirm/", shown),
    ]
    row.refresh_from_db()
    assert [answer.status_code for answer in answers] == [409, 409, 409]
    assert row.status == Status.DECLARED
    assert Photo.objects.get(pk=rejected.pk).status == Photo.Status.SUBMITTED


def test_after_an_undo_the_confirmation_is_taken_back_beside_the_photo(
    agreed, rejected, enrolment, owner, owner_client
):
    row = _declare(agreed)
    submission.submit(student=agreed, enrolment=enrolment, by=agreed)
    owner_client.post(f"/school/photos/{rejected.pk}/approve/", {"exemption": Kind.EYES})
    decisions.undo_last_decision(by=owner)
    page = owner_client.get("/school/review/").content.decode()
    assert dated(f"/school/exemptions/{row.pk}/refuse/") in page
    assert dated(f"/school/exemptions/{row.pk}/confirm/") not in page


def test_returning_the_photo_decides_nothing_about_the_student(agreed, rejected, enrolment, owner):
    row = _declare(agreed)
    photo = submission.submit(student=agreed, enrolment=enrolment, by=agreed)
    decisions.return_(photo=photo, by=owner, reason="Please come into the light.")
    row.refresh_from_db()
    assert row.status == Status.DECLARED


def test_one_a_student_and_a_new_one_is_decided_anew(agreed, owner):
    _confirm(_declare(agreed), owner)
    assert _declare(agreed).status == Status.CONFIRMED  # the same again changes nothing
    row = _declare(agreed, Kind.FACE, "A scar on the cheek.")
    assert (row.status, row.decided_at, row.decided_by_name) == (Status.DECLARED, None, "")
    assert Exemption.objects.count() == 1


def test_what_is_taken_back_is_deleted_and_counts_no_more(agreed, rejected):
    _declare(agreed)
    exemptions.take_back(student=agreed, by=agreed)
    assert not Exemption.objects.exists()
    assert _outcomes(rejected)["eyes"] == "reject"
    with pytest.raises(Conflict):
        exemptions.take_back(student=agreed, by=agreed)


@pytest.mark.parametrize(
    ("kind", "words"), [("nonsense", "x"), (Kind.EYES, "x" * 201), (Kind.OTHER, "  ")], ids=["kind", "long", "empty"]
)
def test_incomplete_declaration_is_refused(student, kind, words):
    with pytest.raises(PortalError):
        exemptions.declare(student=student, kind=kind, words=words, by=student)
    assert not Exemption.objects.exists()


def test_locked_account_declares_nothing(student):
    Student.objects.filter(pk=student.pk).update(locked_at=student.created_at)
    student.refresh_from_db()
    with pytest.raises(NotAllowed):
        exemptions.declare(student=student, kind=Kind.EYES, by=student)


def test_refusal_needs_its_reason(student, owner):
    row = exemptions.declare(student=student, kind=Kind.EYES, by=student)
    with pytest.raises(PortalError):
        exemptions.refuse(exemption=row, by=owner, answer="  ")


# --- who reads it ------------------------------------------------------------------------------------------


def test_history_and_messages_never_say_what_it_is(agreed, rejected, owner):
    _confirm(_declare(agreed), owner)
    exemptions.take_back(student=agreed, by=agreed)
    events = str(list(Event.objects.values_list("kind", "facts")))
    messages = str(list(Notification.objects.values_list("kind", "parameters")))
    assert "exemption.confirmed" in events
    assert "exemption.declared" in messages
    for text in (events, messages):
        assert WORDS not in text
        assert "'eyes'" not in text.replace("'rules': ['eyes']", "")


def test_center_and_other_schools_do_not_read_it(
    agreed, rejected, enrolment, owner, center_client, outsider_client, owner_client
):
    row = _declare(agreed)
    submission.submit(student=agreed, enrolment=enrolment, by=agreed)
    page = center_client.get(f"/center/photos/{rejected.pk}/").content.decode()
    assert said("With an exemption that the school knows of") in page
    assert WORDS not in page
    assert said("One eye, or eyes of another kind") not in page
    assert WORDS not in outsider_client.get("/school/exemptions/").content.decode()
    assert outsider_client.post(f"/school/exemptions/{row.pk}/confirm/").status_code == 404
    assert WORDS in owner_client.get("/school/exemptions/").content.decode()


def test_it_is_deleted_with_the_pictures_of_the_season(agreed, season, rejected, owner):
    _declare(agreed)
    assert Photo.objects.get(pk=rejected.pk).excuses
    with system_scope():
        Season.objects.filter(pk=season.pk).update(
            status=Season.Status.CLOSED, closed_on=dt.date.today() - dt.timedelta(days=season.retention_days + 1)
        )
        season.refresh_from_db()
        assert retention.start_purges() == 1
        retention.run_purge(jobs.Job.objects.get(kind=retention.KIND))
    assert not Exemption.objects.exists()
    assert Photo.objects.get(pk=rejected.pk).excuses == {}


# --- the pages ---------------------------------------------------------------------------------------------


def test_student_declares_on_the_phone_and_the_school_confirms(agreed, rejected, owner_client, school):
    client = sign_in(agreed)
    assert "/me/exemption/" in client.get("/me/check/").content.decode()
    assert client.post("/me/exemption/", {"kind": "eyes", "words": WORDS})["Location"] == "/me/exemption/"
    assert WORDS in client.get("/me/exemption/").content.decode()
    listed = owner_client.get("/school/exemptions/").content.decode()
    assert WORDS in listed
    assert exemptions.declared(agreed.season, school).count() == 1
    row = Exemption.objects.get()
    confirmed = owner_client.post(f"/school/exemptions/{row.pk}/confirm/", {"kind": "eyes"})
    assert confirmed["Location"] == dated("/school/exemptions/")
    assert said("Nothing declared here") in owner_client.get("/school/exemptions/").content.decode()
    assert said("The photo rules concerned no longer apply to you.") in client.get("/me/exemption/").content.decode()


def test_form_without_a_kind_says_so_at_the_field(agreed):
    answer = sign_in(agreed).post("/me/exemption/", {"words": WORDS})
    assert answer.status_code == 400
    assert said("Please choose what it is.") in answer.content.decode()


def test_refusal_is_read_by_the_student(agreed, owner_client):
    row = _declare(agreed)
    owner_client.post(f"/school/exemptions/{row.pk}/refuse/", {"answer": "Please come to the station."})
    assert "Please come to the station." in sign_in(agreed).get("/me/exemption/").content.decode()
    assert sign_in(agreed).post("/me/exemption/take-back/").status_code == 302
    assert not Exemption.objects.exists()


def test_api_declares_reads_and_deletes(agreed):
    client, url = sign_in(agreed), "/api/v1/me/exemption/"
    assert client.get(url).status_code == 404
    sent = client.post(url, {"kind": "eyes", "words": WORDS, "status": "confirmed"}, content_type="application/json")
    assert (sent.status_code, sent.json()["status"]) == (200, "declared")  # the student does not confirm it
    assert client.get(url).json() == {"kind": "eyes", "words": WORDS, "status": "declared", "answer": ""}
    assert client.delete(url).status_code == 204
    assert client.get(url).status_code == 404
