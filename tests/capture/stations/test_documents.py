"""A helper at a station has seen a document: the student signs in with six digits, and the helper is on the event."""

import pytest
from django.test import Client

from capture.models import Station
from capture.sign_in.providers.base import Refused
from capture.stations import documents
from portal.models import Event, Role
from portal.security.attempts import Delayed
from portal.untrusted import brake
from tests import factories
from tests.conftest import client_of
from tests.support.signing_in import recognise

pytestmark = pytest.mark.django_db


@pytest.fixture
def helper(school):
    return factories.person("helper", Role.SCHOOL_HELPER, school)


@pytest.fixture
def season(season):
    season.sign_in_offered = ["in_person"]
    season.save()
    return season


@pytest.fixture
def device(season, scoped, school, helper) -> Client:
    station = Station.objects.create(school=school, season=season, name="甲站", place="一楼")
    client = client_of(helper)
    client.post("/school/today/station/", {"station": station.pk})
    return client


def digits_for(device, student) -> str:
    return device.post("/station/document/", {"student": student.pk}).json()["digits"]


def enter(student, digits, **typed):
    return recognise(student, way="in_person", digits=digits, **typed)


def test_the_digits_of_a_helper_sign_the_student_in_once(device, student, helper):
    digits = digits_for(device, student)
    seen = Event.objects.get(kind="student.document_seen")
    assert (seen.object_id, seen.actor_key, seen.facts) == (student.pk, helper.actor_key, {"station": "甲站"})
    answer = Client().post("/me/sign-in/", {"student_no": student.student_no.lower(), "digits": f" {digits} "})
    assert answer.status_code == 302
    event = Event.objects.get(kind="student.signed_in")
    assert (event.facts["recognised_by"], event.facts["strength"]) == ("in_person", "seen")
    assert (event.facts["helper"], event.facts["station"]) == (helper.actor_name, "甲站")
    with pytest.raises(Refused):
        enter(student, digits)


def test_the_digits_are_good_for_nobody_else_and_not_for_ever(device, student, school, season, monkeypatch):
    other = factories.student(school, season)
    digits = digits_for(device, student)
    with pytest.raises(Refused):
        enter(other, digits)
    failed = Event.objects.get(kind="student.sign_in_failed")
    assert (failed.object_id, failed.facts["why"]) == (other.pk, "digits")
    monkeypatch.setattr(documents, "SECONDS", 0)
    with pytest.raises(Refused):
        enter(student, digits_for(device, student))


def test_guessing_digits_is_slowed_down(device, student):
    digits_for(device, student)
    for n in range(6):
        with pytest.raises(Refused):
            enter(student, f"00000{n}")
    with pytest.raises(Delayed):
        enter(student, "000009")


def test_what_is_not_the_visitors_fault_is_no_attempt(device, student, monkeypatch):
    def busy(*_given):
        raise brake.Busy(brake.READING)

    with monkeypatch.context() as patched:
        patched.setattr(documents, "take", busy)
        for _again in range(7):
            with pytest.raises(brake.Busy):
                enter(student, "000000")
    assert enter(student, digits_for(device, student)) == student


def test_guessing_from_many_addresses_ends_the_digits_until_the_helper_gives_new_ones(device, student, monkeypatch):
    monkeypatch.setattr(documents, "MOST_WRONG", 3)
    digits = digits_for(device, student)
    for n in range(3):
        assert documents.take(student.student_no, f"00000{n}") is None
    assert documents.take(student.student_no, digits) is None
    assert documents.take(student.student_no, digits_for(device, student)).student == student.pk


def test_a_device_that_was_lost_opens_few_accounts(device, student, monkeypatch):
    monkeypatch.setattr(documents, "GIVEN", "2/h")
    asked = [device.post("/station/document/", {"student": student.pk}).status_code for _ in range(3)]
    assert asked == [200, 200, 429]


def test_a_locked_student_gets_no_digits(device, student):
    student.locked_at = student.created_at
    student.save()
    assert device.post("/station/document/", {"student": student.pk}).status_code == 403
    assert not Event.objects.filter(kind="student.document_seen").exists()


def test_a_helper_vouches_for_the_own_school_alone(device, other_school, season):
    stranger = factories.student(other_school, season)
    assert device.post("/station/document/", {"student": stranger.pk}).status_code == 404


@pytest.mark.parametrize("digits", ["12345", "1234567", "abcdef", ""])
def test_six_digits_are_six_digits(device, student, digits):
    answer = Client().post("/me/sign-in/", {"student_no": student.student_no, "digits": digits})
    assert answer.status_code == 400
    assert not Event.objects.filter(kind__startswith="student.sign").exists()
