"""The student's pages."""

import datetime as dt
import io
import re
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from capture.judging import judge
from capture.models import Consent, Photo, Station
from capture.review import decisions
from portal.tenancy import school_scope, system_scope
from schools.models import Enrolment, Season, Window
from students.models import Student
from tests import factories
from tests.capture.conftest import sign_in
from tests.support.database import let_delete
from tests.support.words import said

PAGES = ["/me/", "/me/confirm/", "/me/rules/", "/me/camera/", "/me/check/", "/me/messages/"]


@pytest.fixture(autouse=True)
def _unscoped_rows():
    """Rows of a test are made and read freely; the pages open their own scope."""
    with system_scope():
        yield


def text(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def upload(client, data=None, token=None, **headers):
    file = SimpleUploadedFile("photo.jpg", factories.jpeg(480, 640) if data is None else data, "image/jpeg")
    return client.post("/me/upload/", {"photo": file, "token": token or uuid.uuid4()}, **headers)


@pytest.mark.parametrize("path", PAGES)
def test_pages_ask_visitors_to_sign_in(client, season, path):
    answer = client.get(path)
    assert (answer.status_code, answer["Location"]) == (302, "/me/sign-in/")


def test_newcomer_is_led_to_confirm_first(student_client):
    assert student_client.get("/me/")["Location"] == "/me/confirm/"


def test_document_number_is_masked_everywhere(student_client, student):
    factories.consent(student)
    for path in ["/me/confirm/", "/me/", "/me/rules/"]:
        assert student.id_number not in student_client.get(path).content.decode()
    assert student.masked_id in student_client.get("/me/confirm/").content.decode()


def test_consent_is_recorded_with_its_version(student_client, student, season):
    answer = student_client.post("/me/confirm/", {"is_me": "on", "agrees": "on", "version": season.consent_version})
    assert answer["Location"] == "/me/rules/"
    assert Consent.objects.get(student=student).version == season.consent_version


def test_consent_needs_both_ticks(student_client, season):
    answer = student_client.post("/me/confirm/", {"is_me": "on", "version": season.consent_version})
    assert answer.status_code == 400
    assert said("Without your consent no portrait can be made.") in text(answer)
    assert Consent.objects.count() == 0


def test_consent_to_a_text_that_has_changed_is_asked_for_again(student_client, season):
    Season.objects.update(consent_version="2")
    answer = student_client.post("/me/confirm/", {"is_me": "on", "agrees": "on", "version": season.consent_version})
    assert answer.status_code == 409
    assert Consent.objects.count() == 0


def test_school_notice_and_stations_are_shown_and_others_are_not(student_client, agreed, school, other_school, season):
    Enrolment.objects.filter(school=school).update(student_notice="Bring your card.")
    Station.objects.create(school=school, season=season, name="Library", place="Room 103")
    Station.objects.create(school=other_school, season=season, name="Elsewhere", place="Room 9")
    words = text(student_client.get("/me/rules/"))
    assert "Bring your card." in words
    assert "Room 103" in words
    assert "Elsewhere" not in words


def test_upload_answers_where_to_go_next(student_client, agreed):
    answer = upload(student_client)
    assert answer.json() == {"next": "/me/check/"}
    assert Photo.objects.get().status == Photo.Status.CHECKING


def test_upload_of_a_plain_form_is_sent_on(student_client, agreed):
    answer = upload(student_client, HTTP_ACCEPT="text/html,application/xhtml+xml")
    assert (answer.status_code, answer["Location"]) == (302, "/me/check/")


def test_replayed_form_is_one_photo(student_client, agreed):
    token = uuid.uuid4()
    assert [upload(student_client, token=token).json() for _ in range(2)] == [{"next": "/me/check/"}] * 2
    assert Photo.objects.count() == 1


@pytest.mark.parametrize(
    "data", [b"", b"<svg/>", b"\xff\xd8\xff\xe0 nonsense", b"\x89PNG\r\n\x1a\n", b"RIFF1234WEBPVP8 "]
)
def test_hostile_upload_gets_a_sentence_and_no_trace(student_client, agreed, data):
    answer = upload(student_client, data)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert Photo.objects.count() == 0


def test_upload_without_a_file_or_with_a_bad_token_gets_a_sentence(student_client, agreed):
    assert (
        said("No photo has arrived. Please choose it again.")
        in student_client.post("/me/upload/", {"token": uuid.uuid4()}).json()["error"]
    )
    refused = upload(student_client, token="x").json()["error"]
    assert refused == said("This form is not complete. Reload the page and take the photo again.")


def test_upload_over_the_limit_is_refused(student_client, agreed, settings):
    settings.UPLOAD_MAX_BYTES = {"photo": 1000}
    answer = upload(student_client)
    assert answer.status_code == 413


def test_upload_after_the_session_has_ended_says_so_in_json(season):
    answer = upload(Client(), HTTP_ACCEPT="application/json")
    assert answer.status_code == 401
    assert answer.json()["next"] == "/me/sign-in/"


def test_sign_in_leads_back_to_the_camera_and_nowhere_else(student):
    details = {"name": student.name, "id_number": student.id_number, "student_no": student.student_no}
    assert Client().post("/me/sign-in/?next=camera", details)["Location"] == "/me/camera/"
    assert Client().post("/me/sign-in/?next=https://example.org/", details)["Location"] == "/me/"


def test_camera_learns_who_is_signed_in_and_gets_a_new_csrf_token(student, school, season):
    headers = {"Accept": "application/json"}
    other = factories.student(school, season, name="王二")
    first, again, third = (
        sign_in(row).get("/me/camera/session/", headers=headers).json() for row in (student, student, other)
    )
    assert first["key"] == again["key"] != third["key"]
    assert len(first["csrf"]) == 64
    assert Client().get("/me/camera/session/", headers=headers).status_code == 401


def test_form_of_the_student_before_is_refused_after_the_next_sign_in(student, school, season):
    other = factories.student(school, season, name="王二")
    client = Client(enforce_csrf_checks=True)

    def token(page):
        return client.get(page).context["csrf_token"]

    def enter(row):
        details = {"name": row.name, "id_number": row.id_number, "student_no": row.student_no}
        client.post("/me/sign-in/", {**details, "csrfmiddlewaretoken": str(token("/me/sign-in/"))})

    enter(student)
    old = str(token("/me/confirm/"))
    client.post("/me/sign-out/", {"csrfmiddlewaretoken": old})
    enter(other)
    answer = upload(client, HTTP_ACCEPT="application/json", HTTP_X_CSRFTOKEN=old)
    assert (answer.status_code, answer.json()["stale"]) == (403, True)


@pytest.mark.parametrize("degrees", [0, 90])
def test_a_student_hears_that_the_photo_was_turned_and_only_then(student_client, agreed, shut_eyes, degrees):
    lying = io.BytesIO()
    Image.open(io.BytesIO(shut_eyes)).rotate(degrees, expand=True).save(lying, "JPEG", quality=95)
    upload(student_client, lying.getvalue())
    judge.judge_photo(photo_id=Photo.objects.get().pk)
    words = text(student_client.get("/me/check/"))

    assert said("The eyes are not fully open.") in words
    assert (said("Your photo was sideways or upside down. We turned it upright.") in words) == (degrees != 0)
    assert student_client.get("/api/v1/me/photos/current/").json()["is_turned"] == (degrees != 0)


def test_waiting_page_asks_again_and_shows_the_verdict(student_client, agreed, school, shut_eyes):
    upload(student_client, shut_eyes)
    assert 'hx-trigger="load delay:350ms, every 700ms"' in student_client.get("/me/check/").content.decode()
    assert student_client.get("/me/check/", headers={"HX-Request": "true"}).status_code == 204
    judge.judge_photo(photo_id=Photo.objects.get().pk)
    answer = student_client.get("/me/check/", headers={"HX-Request": "true"})
    assert said("The eyes are not fully open.") in text(answer)
    assert said("Open your eyes naturally and look at the lens.") in text(answer)
    assert 'hx-swap-oob="true"' in answer.content.decode()
    assert "<html" not in answer.content.decode()


def test_a_page_that_waits_long_says_for_how_long_and_asks_less_often(student_client, student, other_school, season):
    taken = timezone.now() - dt.timedelta(seconds=30)
    factories.photo(student, Photo.Status.CHECKING, taken_at=taken)
    with system_scope():
        for n in range(40):
            before = {"queued_at": taken, "claimed_at": timezone.now() if n < 2 else None}
            factories.photo(factories.student(other_school, season), Photo.Status.CHECKING, **before)

    for path in ("/me/check/", "/me/check/?long=1"):
        answer = student_client.get(path, headers={"HX-Request": "true"})
        assert said(
            "Many photos are coming in right now. You may close this page: the result will be here when you come back."
        ) in text(answer)
        assert said("Yours is checked in about %(n)d seconds.", n=20) in text(answer)
        assert 'hx-get="/me/check/?long=1"' in answer.content.decode()
        assert 'hx-trigger="load delay:4s"' in answer.content.decode()


def test_no_more_than_three_reasons(student_client, student):
    rules = ["eyes", "mouth", "fringe", "roll", "blue_top"]
    factories.photo(student, Photo.Status.REJECTED, findings=dict.fromkeys(rules, "reject"))
    assert student_client.get("/me/check/").content.decode().count('class="finding finding-reject"') == 3


def test_a_finding_of_a_rule_that_this_release_does_not_have_is_shown_as_unknown(
    student_client, student, owner_client, center_client
):
    photo = factories.photo(student, Photo.Status.REJECTED, findings={"of_a_newer_release": "reject"})
    sentence = said("Judged by a rule unknown here: %(rule)s.", rule="of_a_newer_release")
    assert sentence in text(student_client.get("/me/check/"))
    shown = student_client.get("/api/v1/me/photos/current/").json()["reasons"]
    assert [(reason["rule"], reason["sentence"]) for reason in shown] == [("of_a_newer_release", sentence)]
    assert sentence in text(center_client.get(f"/center/photos/{photo.pk}/"))
    for path in ("/school/", f"/school/roster/{student.pk}/"):
        assert owner_client.get(path).status_code == 200, path


def test_ready_portrait_is_handed_in(student_client, student):
    factories.photo(student, Photo.Status.READY)
    assert said("Submit") in text(student_client.get("/me/check/"))
    assert student_client.post("/me/submit/")["Location"] == "/me/"
    assert said("Submitted") in text(student_client.get("/me/"))


def test_student_who_pays_is_sent_to_the_fee_first(student_client, student):
    Enrolment.objects.update(payment_mode=Enrolment.PaymentMode.STUDENT)
    photo = factories.photo(student, Photo.Status.READY)
    assert said("Pay %(amount)s yuan, then submit", amount="15.00") in text(student_client.get("/me/check/"))
    assert student_client.post("/me/submit/")["Location"] == "/me/pay/"
    photo.refresh_from_db()
    assert photo.status == Photo.Status.READY


def test_withdrawn_photo_leads_back_to_the_camera(student_client, student):
    factories.photo(student, Photo.Status.READY)
    assert student_client.post("/me/withdraw/")["Location"] == "/me/camera/"


@pytest.mark.parametrize("status", [Photo.Status.SUBMITTED, Photo.Status.APPROVED])
def test_who_has_handed_in_can_always_look(student_client, student, status):
    photo = factories.photo(student, status)
    let_delete(Window)
    Window.objects.all().delete()
    Season.objects.update(status=Season.Status.CLOSED)
    assert student_client.get("/me/").status_code == 200
    picture = student_client.get(f"/me/photos/{photo.pk}/portrait/")
    assert picture["Content-Type"] == "image/jpeg"
    assert picture.getvalue()[:3] == b"\xff\xd8\xff"


def test_outside_of_the_days_the_page_says_when(student_client, agreed):
    today = timezone.localdate()
    Window.objects.update(starts_on=today + dt.timedelta(days=1), ends_on=today + dt.timedelta(days=3))
    answer = student_client.get("/me/")
    assert said("The camera is closed now") in text(answer)
    assert said("This device keeps it for 24 hours. It can be sent when the camera is open again.") in text(answer)
    assert said("tomorrow") in text(answer)
    assert student_client.get("/me/camera/")["Location"] == "/me/"
    assert text(student_client.get("/me/")).count(said("Photos can be taken from %(day)s at %(time)s.")) == 1


def test_locked_student_reads_who_when_why_and_what_to_do(student_client, agreed, owner, school):
    with school_scope(school):
        decisions.lock(student=agreed, reason="Photo of a screen.", by=owner)
    words = text(student_client.get("/me/"))
    assert "Photo of a screen." in words
    assert said("Locked by %(who)s, %(when)s.", who="Owner", when="|").split("|")[0] in words
    assert (
        said("Talk to an administrator at your school. Only they can unlock it; then you can take a new photo.")
        in words
    )
    assert upload(student_client).status_code == 403


@pytest.mark.parametrize("stage", [Student.Stage.WAITING, Student.Stage.RETAKE, Student.Stage.READY])
def test_locked_student_is_offered_nothing_to_do(student_client, agreed, stage):
    Student.objects.update(stage=stage, locked_at=timezone.now(), lock_reason="Screen.")
    body = student_client.get("/me/").content.decode()
    assert "btn-primary btn-big" not in body
    assert "receipt" not in body


def test_returned_photo_shows_the_reason(student_client, student, owner, school):
    with school_scope(school):
        decisions.return_(photo=factories.photo(student), by=owner, reason="Glasses reflect.")
    assert "Glasses reflect." in text(student_client.get("/me/"))
    assert "Glasses reflect." in text(student_client.get("/me/messages/"))


def test_pictures_of_others_are_not_found(student_client, student, school, other_school, season):
    for other in (factories.student(school, season), factories.student(other_school, season)):
        photo = factories.photo(other)
        for kind in ("preview", "portrait", "thumbnail", "original"):
            assert student_client.get(f"/me/photos/{photo.pk}/{kind}/").status_code == 404


def test_own_original_is_not_served_by_its_field_name(student_client, student):
    photo = factories.photo(student)
    assert student_client.get(f"/me/photos/{photo.pk}/original/").status_code == 404


def test_student_who_left_the_roster_is_signed_out(student_client, student):
    with school_scope(student.school):
        Student.objects.filter(pk=student.pk).delete()
    assert student_client.get("/me/")["Location"] == "/me/sign-in/"


def test_forms_are_held_to_the_csrf_check(student):
    client = Client(enforce_csrf_checks=True)
    assert client.post("/me/sign-in/", {"name": "x", "id_number": "x", "student_no": "x"}).status_code == 403


def test_two_students_on_one_phone_do_not_mix(student, school, season):
    first, other = sign_in(student), factories.student(school, season, name="王二")
    first.post("/me/sign-out/")
    first.post("/me/sign-in/", {"name": other.name, "id_number": other.id_number, "student_no": other.student_no})
    assert "王二" in text(first.get("/me/confirm/"))


def test_a_red_photo_that_a_person_decides_is_explained_and_may_be_handed_in(student, student_client):
    """The season does not send red photos back by itself: the student hears the faults, and chooses."""
    photo = factories.photo(student, Photo.Status.READY, findings={"eyes": "reject", "roll": "warn"}, outcome="red")
    page = student_client.get("/me/check/").content.decode()
    assert said("Your portrait needs a second look") in page
    assert said("The eyes are not fully open.") in page
    assert page.index("/me/withdraw/") < page.index("/me/submit/")
    assert said("Submit anyway") in page
    student_client.post("/me/submit/")
    with school_scope(student.school):
        photo.refresh_from_db()
    assert photo.status == Photo.Status.SUBMITTED


def test_only_the_camera_page_may_use_the_camera(student_client, agreed):
    policies = [student_client.get(page)["Permissions-Policy"] for page in ("/me/", "/me/camera/")]
    assert policies[0].startswith("camera=(), ")
    assert policies[1].startswith("camera=(self), ")
    assert all("microphone=()" in policy for policy in policies)
