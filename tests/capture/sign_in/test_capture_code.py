"""Signing in with the registry's capture code: whose it is, and every reason to refuse it."""

import datetime as dt

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from capture.models import RegistryCode
from capture.sign_in import decoder, matching, simulated_decoder
from capture.sign_in.providers.base import Refused
from capture.sign_in.providers.capture_code import OutOfReach
from portal.errors import NotAllowed
from portal.formatting import mask
from portal.models import Event
from portal.security.attempts import Delayed
from portal.tenancy import school_scope, system_scope
from students.privacy import erasure
from tests import factories
from tests.support import code_pictures
from tests.support.decoder_peer import DecoderPeer
from tests.support.signing_in import recognise
from tests.support.words import said

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def running():
    peer = DecoderPeer()
    yield peer
    peer.stop()


@pytest.fixture
def peer(running, settings, season):
    running.codes, running.faults, running.nonces, running.calls = {}, [], [], 0
    settings.CAPTURE_CODE_DECODER = running.account
    season.sign_in_offered = ["capture_code", "roster_facts"]
    season.save()
    return running


def code_of(peer, student, *, number="R1", days=30, **other) -> str:
    shown = {"name": mask(student.name), "document": mask(student.id_number)} | other
    return peer.add(f"code of {number} {student.pk}", number=number, days=days, **shown)


def enter(student, code, **typed):
    return recognise(student, way="capture_code", capture_code=code, **typed)


def refused(student, code, **typed) -> str:
    """Why it was refused, as the history has it."""
    with pytest.raises(Refused):
        enter(student, code, **typed)
    return Event.objects.filter(kind="student.sign_in_failed").latest("pk").facts.get("why", "")


def test_a_student_signs_in_with_the_saved_picture_of_the_own_code(student, peer):
    client, text = Client(), code_of(peer, student)
    page = client.get("/me/sign-in/")
    assert page.context["way"].name == "capture_code"
    assert "camera=(self)" in page["Permissions-Policy"]
    picture = SimpleUploadedFile("code.png", code_pictures.saved(text), "image/png")
    assert (
        client.post("/me/sign-in/", {"student_no": student.student_no.lower(), "picture": picture}).status_code == 302
    )
    event = Event.objects.get(kind="student.signed_in")
    assert event.object_id == student.pk
    assert (event.facts["recognised_by"], event.facts["strength"]) == ("capture_code", "holds")
    with school_scope(student.school):
        kept = RegistryCode.objects.get(student=student)
    assert "R1" not in kept.number_hash
    assert enter(student, text) == student  # again, on another day


def test_the_camera_reads_frames_and_keeps_nothing(student, peer):
    text = code_of(peer, student)
    client = Client()
    frame = SimpleUploadedFile("frame.jpg", code_pictures.photo_of_a_screen(text), "image/jpeg")
    assert client.post("/me/sign-in/code/", {"picture": frame}).json() == {"code": text}
    nothing = SimpleUploadedFile("frame.jpg", code_pictures.blank(200), "image/jpeg")
    answer = client.post("/me/sign-in/code/", {"picture": nothing})
    assert (answer.status_code, list(answer.json())) == (400, ["error"])
    assert peer.calls == 0
    assert client.post("/me/sign-in/", {"student_no": student.student_no, "capture_code": text}).status_code == 302


def test_a_mini_program_sends_the_text_that_it_has_scanned(student, peer):
    sent = {"student_no": student.student_no, "capture_code": code_of(peer, student)}
    token = Client().post("/api/v1/me/sign-in/", sent, content_type="application/json").json()["token"]
    me = Client().get("/api/v1/me/", headers={"Authorization": f"Student {token}"})
    assert me.json()["student_no"] == student.student_no
    student.season.sign_in_offered = ["roster_facts"]
    student.season.save()
    assert Client().post("/api/v1/me/sign-in/", sent, content_type="application/json").status_code == 403


def test_what_is_missing_is_asked_for(student, peer):
    answer = Client().post("/me/sign-in/", {"student_no": student.student_no})
    assert answer.status_code == 400
    assert said("Choose the picture of your capture code.") in answer.content.decode()


def test_the_code_of_somebody_else_is_refused_recorded_and_told(student, school, season, peer):
    other = factories.student(school, season, name="王二")
    assert refused(student, code_of(peer, other)) == "someone_else"
    event = Event.objects.get(kind="student.sign_in_failed")
    assert event.object_id == student.pk  # whom the visitor wanted to be
    assert event.facts["recognised_by"] == "capture_code"
    answer = Client().post("/me/sign-in/", {"student_no": student.student_no, "capture_code": code_of(peer, other)})
    assert answer.status_code == 403
    assert said(
        "This capture code does not belong to this student number: name and document number in it are others."
        " Use your own code, and look at the number."
    ) in (answer.content.decode())


@pytest.mark.parametrize("shown", [{"name": "**"}, {"document": "*" * 18}, {"name": "李**"}])
def test_stars_alone_and_another_length_fit_nobody(student, peer, shown):
    assert refused(student, code_of(peer, student, **shown)) == "someone_else"


def test_an_expired_code_is_refused(student, peer):
    assert refused(student, code_of(peer, student, days=-1)) == "expired"


def test_another_qr_code_is_no_capture_code(student, peer):
    assert refused(student, "https://example.org/menu") == "unknown"


def test_a_code_that_another_student_used_is_refused_at_any_school(student, other_school, season, peer):
    twin = factories.student(other_school, season, name=student.name, id_number=factories.id_number(77))
    shown = {"name": mask(student.name), "document": student.id_number[0] + "*" * 17}
    assert enter(student, code_of(peer, student, **shown)) == student
    assert refused(twin, code_of(peer, twin, **(shown | {"document": "*" * 17 + twin.id_number[-1]}))) == "used"


def test_a_student_has_one_number_of_the_registry(student, peer):
    assert enter(student, code_of(peer, student)) == student
    assert refused(student, code_of(peer, student, number="R2")) == "other_code"


def test_a_number_that_is_forgotten_makes_room_for_another_code(student, peer, owner_client):
    enter(student, code_of(peer, student))
    assert (
        f"/students/{student.pk}/forget-code/"
        in owner_client.get(f"/panels/capture/students/{student.pk}/").content.decode()
    )
    page = f"/school/students/{student.pk}/forget-code/"
    assert owner_client.post(page, {"reason": ""}).status_code == 422
    assert owner_client.post(page, {"reason": "学信网更换了编号"}).status_code == 302
    assert Event.objects.get(kind="student.code_forgotten").facts == {"reason": "学信网更换了编号"}
    assert enter(student, code_of(peer, student, number="R2")) == student


def test_a_number_that_was_kept_under_a_key_that_is_gone_is_kept_anew(student, peer, settings):
    enter(student, code_of(peer, student))
    with school_scope(student.school):
        RegistryCode.objects.filter(student=student).update(number_hash="9:" + "0" * 64)
    assert enter(student, code_of(peer, student)) == student
    with school_scope(student.school):
        assert not RegistryCode.objects.get(student=student).number_hash.startswith("9:")


def test_erasing_a_student_forgets_the_number(student, peer, center_admin):
    enter(student, code_of(peer, student))
    with system_scope():
        erasure.erase(student=student, reason="asked for it", by=center_admin)
        assert not RegistryCode.objects.exists()


def test_guessing_with_codes_is_slowed_down(student, school, season, peer):
    text = code_of(peer, factories.student(school, season, name="王二"))
    for _time in range(6):
        refused(student, text)
    with pytest.raises(Delayed):
        enter(student, text)


def test_a_school_that_does_not_offer_it_says_so(student, peer):
    student.season.sign_in_offered = ["roster_facts"]
    student.season.save()
    with pytest.raises(NotAllowed):
        enter(student, code_of(peer, student))


@pytest.mark.parametrize("faults", [["500"], ["lost"]])
def test_one_fault_of_the_decoder_is_not_seen(student, peer, faults):
    peer.faults = faults
    assert enter(student, code_of(peer, student)) == student
    assert peer.calls == 2


@pytest.mark.parametrize("faults", [["500", "500"], ["lost", "500"], ["unsigned"], ["forged"], ["replayed"], ["shape"]])
def test_an_answer_that_is_not_to_be_believed_says_nothing_of_the_student(student, peer, faults):
    peer.faults = faults
    text = code_of(peer, student)
    with pytest.raises(OutOfReach):
        enter(student, text)
    assert not Event.objects.filter(kind__startswith="student.sign").exists()


def test_the_decoder_that_refuses_our_key_is_out_of_reach(student, peer, settings):
    settings.CAPTURE_CODE_DECODER = peer.account | {"secret": "another"}
    with pytest.raises(OutOfReach):
        enter(student, code_of(peer, student))


def test_the_simulator_prints_codes_that_it_reads_itself_and_says_what_it_is(student, peer, settings):
    assert Client().get("/simulator/capture-code/").status_code == 404
    settings.CAPTURE_CODE_DECODER = {"provider": "simulator"}
    page = Client().get(f"/simulator/capture-code/?student_no={student.student_no}").content.decode()
    assert said("Registry simulator") in page
    assert "data:image/png" in page
    assert said("A demo: codes come from a simulator, not from the registry.") in (
        Client().get("/me/sign-in/").content.decode()
    )
    assert enter(student, simulated_decoder.code_of(student)) == student
    over = simulated_decoder.code_of(student, expires=timezone.now() - dt.timedelta(days=1))
    assert refused(student, over) == "expired"
    with pytest.raises(decoder.CodeRefused):
        decoder.decode("TUCAI-DEMO:forged")


def test_without_a_decoder_nobody_is_offered_it(season, settings):
    season.sign_in_offered = ["capture_code", "roster_facts"]
    season.save()
    settings.CAPTURE_CODE_DECODER = {}
    assert Client().get("/me/sign-in/").context["way"].name == "roster_facts"


@pytest.mark.parametrize(
    ("masked", "known", "fits"),
    [
        ("刘*", "刘婷", True),
        ("*婷", "刘婷", True),
        ("刘＊", "刘婷", True),
        ("刘*", "刘婷婷", False),
        ("3********x", "3123456780X"[:9] + "X", True),
        ("**", "刘婷", False),
        ("", "刘婷", False),
        ("王*", "刘婷", False),
    ],
)
def test_a_mask_fits(masked, known, fits):
    assert matching.fits_mask(masked, known) is fits
