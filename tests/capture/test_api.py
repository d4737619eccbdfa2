"""The student's API: what a mini program does from sign-in to handing in."""

import uuid

import pytest
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from capture.judging import judge
from capture.models import Consent, Photo
from portal.tenancy import system_scope
from schools.models import Enrolment
from students.models import Student, StudentSession
from tests import factories
from tests.capture.conftest import sign_in
from tests.support.words import said

ME = "/api/v1/me/"


@pytest.fixture(autouse=True)
def _unscoped_rows():
    with system_scope():
        yield


def token_of(student) -> str:
    answer = Client().post(
        f"{ME}sign-in/",
        {"name": student.name, "id_number": student.id_number, "student_no": student.student_no},
        content_type="application/json",
    )
    assert answer.status_code == 200, answer.json()
    return answer.json()["token"]


@pytest.fixture
def api(student) -> Client:
    return Client(headers={"Authorization": f"Student {token_of(student)}"})


def send(client, data: bytes | None = None, token=None):
    file = SimpleUploadedFile("photo.jpg", data or factories.jpeg(480, 640), "image/jpeg")
    return client.post(f"{ME}photos/", {"photo": file, "token": token or uuid.uuid4()})


def test_whole_way_from_sign_in_to_handing_in(api, student, season, good_photo):
    assert api.get(ME).json()["agreed"] is False
    shown = api.get(f"{ME}consent/").json()
    assert shown == {"version": season.consent_version, "text": season.consent_text, "asks_age": False}
    agreed = api.post(f"{ME}consent/", {"version": shown["version"]}, content_type="application/json")
    assert agreed.status_code == 201
    sent = send(api, good_photo)
    assert (sent.status_code, sent.json()["status"]) == (201, "checking")
    judge.judge_photo(photo_id=sent.json()["id"])
    verdict = api.get(f"{ME}photos/current/").json()
    assert verdict["status"] == "ready"
    assert api.get(verdict["portrait_url"]).getvalue()[:3] == b"\xff\xd8\xff"
    assert api.post(f"{ME}submission/").json()["status"] == "submitted"
    assert api.get(ME).json()["stage"] == "review"


def test_status_masks_the_document_number(api, student):
    answer = api.get(ME)
    assert answer.json()["id_number"] == student.masked_id
    assert student.id_number not in answer.content.decode()


def test_rejection_comes_with_sentences_and_places(api, student, shut_eyes):
    factories.consent(student)
    judge.judge_photo(photo_id=send(api, shut_eyes).json()["id"])
    reason = api.get(f"{ME}photos/current/").json()["reasons"][0]
    assert reason["rule"] == "eyes"
    assert reason["sentence"] == said("The eyes are not fully open.")
    assert reason["advice"]
    assert len(reason["boxes"][0]) == 4


def test_same_token_is_one_photo(api, student):
    factories.consent(student)
    token = uuid.uuid4()
    first, again = send(api, token=token), send(api, token=token)
    assert first.json()["id"] == again.json()["id"]
    with system_scope():
        assert Photo.objects.count() == 1


def test_wrong_details_get_the_sentence_of_the_page(student):
    answer = Client().post(
        f"{ME}sign-in/", {"name": "王二", "id_number": "1", "student_no": "1"}, content_type="application/json"
    )
    assert answer.status_code == 403
    assert (
        said("We do not find you in the roster with these details. Look for typing errors; else ask your school.")
        in answer.json()["error"]
    )


def test_without_redis_who_is_signed_in_goes_on_and_nobody_signs_in_uncounted(api, student, settings):
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    assert api.get(ME).status_code == 200
    details = {"name": student.name, "id_number": student.id_number, "student_no": student.student_no}
    answer = Client().post(f"{ME}sign-in/", details, content_type="application/json")
    assert (answer.status_code, bool(answer.json()["error"])) == (503, True)


def test_who_sends_a_form_signs_in_too(student):
    details = {"name": student.name, "id_number": student.id_number, "student_no": student.student_no}
    assert Client().post(f"{ME}sign-in/", details).status_code == 200


def test_missing_details_are_named(season):
    answer = Client().post(f"{ME}sign-in/", {"name": "王二"}, content_type="application/json")
    assert answer.status_code == 400
    assert set(answer.json()) == {"id_number", "student_no"}


@pytest.mark.parametrize("path", ["", "consent/", "photos/current/", "photos/1/portrait/"])
def test_nothing_without_signing_in(client, season, path):
    assert client.get(ME + path).status_code == 401


@pytest.mark.parametrize(
    "forged", ["rubbish", signing.dumps(1, salt="capture.api"), ""], ids=["rubbish", "signed", "empty"]
)
def test_forged_tokens_are_refused(student, forged):
    answer = Client(headers={"Authorization": f"Student {forged}"}).get(ME)
    assert answer.status_code == 401
    assert answer.json()["error"]


def test_a_token_is_stored_as_its_hash_and_ends_when_the_student_signs_out(api, student):
    token = token_of(student)
    assert not StudentSession.objects.filter(token_hash=token).exists()
    assert StudentSession.objects.filter(student=student).count() == 2
    other = Client(headers={"Authorization": f"Student {token}"})
    assert other.post(f"{ME}sign-out/").status_code == 204
    assert (other.get(ME).status_code, api.get(ME).status_code) == (401, 200)


def test_session_of_the_pages_works_and_is_held_to_the_csrf_check(student):
    client = sign_in(student)
    assert client.get(ME).status_code == 200
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    assert strict.post(f"{ME}consent/", {"version": "1"}, content_type="application/json").status_code == 403
    assert Consent.objects.count() == 0


def test_staff_session_is_no_student(owner_client):
    assert owner_client.get(ME).status_code == 401


def test_portraits_of_others_are_not_found(api, school, other_school, season):
    for where in (school, other_school):
        photo = factories.photo(factories.student(where, season))
        assert api.get(f"{ME}photos/{photo.pk}/portrait/").status_code == 404


def test_fee_comes_first_with_the_way_to_it(api, student):
    Enrolment.objects.update(payment_mode=Enrolment.PaymentMode.STUDENT)
    factories.photo(student, Photo.Status.READY)
    assert api.get(ME).json()["fee_due_fen"] == 1500
    answer = api.post(f"{ME}submission/")
    assert (answer.status_code, answer.json()["next"]) == (402, "/me/pay/")


def test_ready_photo_is_withdrawn(api, student):
    factories.photo(student, Photo.Status.READY)
    assert api.delete(f"{ME}submission/").json()["status"] == "withdrawn"
    assert Student.objects.get(pk=student.pk).stage == Student.Stage.RETAKE


@pytest.mark.parametrize("data", [b"<svg/>", b"\xff\xd8\xff\xe0 nonsense"])
def test_hostile_upload_gets_a_sentence(api, student, data):
    factories.consent(student)
    answer = send(api, data)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_no_photo_yet_is_said(api):
    answer = api.get(f"{ME}photos/current/")
    assert (answer.status_code, answer.json()["error"]) == (404, said("You have not taken a photo yet."))


def test_schema_describes_every_call(owner_client, api, season):
    assert [client.get("/api/v1/schema/").status_code for client in (Client(), api)] == [403, 403]
    schema = owner_client.get("/api/v1/schema/", headers={"Accept": "application/json"}).json()
    paths = {path.removeprefix(ME) for path in schema["paths"] if path.startswith(ME)}
    assert paths == {
        "",
        "sign-in/",
        "appearing/",
        "sign-out/",
        "consent/",
        "photos/",
        "photos/current/",
        "photos/current/appeal/",
        "exemption/",
        "photos/{id}/portrait/",
        "submission/",
        "payment/",
        "payment/receipt/",
    }


@pytest.mark.parametrize(
    "body",
    ['{"version": "\\ud800"}', "[" * 100_000, '{"a":' * 5_000, '{"version": NaN}', "{", f'{{"a": {"9" * 5000}}}'],
)
def test_json_that_cannot_be_stored_is_a_400(api, body):
    """Never a fault of ours, whatever a client sends."""
    for path in ("sign-in/", "consent/", "photos/current/appeal/", "exemption/", "photos/"):
        for method in (api.post, api.put):
            answer = method(f"{ME}{path}", body, content_type="application/json")
            assert answer.status_code in (400, 405, 429), (path, answer.status_code)
    assert api.post(f"{ME}consent/", body, content_type="application/json").status_code == 400
