"""A device at a station: what it opens, whom it finds, and what is recorded of a student there."""

import datetime as dt
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from capture.models import Consent, Photo, Station, StationSession
from portal.models import Event, Look, Role
from portal.pages import qr_codes
from portal.student_limits import Limit
from portal.tenancy import school_scope, system_scope
from students.models import Student
from tests import factories
from tests.conftest import client_of
from tests.support.words import said

pytestmark = pytest.mark.django_db


@pytest.fixture
def station(scoped, school, season):
    return Station.objects.create(school=school, season=season, name="甲站", place="一楼", on_days_off=True)


@pytest.fixture
def helper(school):
    return factories.person("helper", Role.SCHOOL_HELPER, school)


def begin(person, station) -> Client:
    client = client_of(person)
    assert client.post("/school/today/station/", {"station": station.pk})["Location"] == "/station/"
    return client


@pytest.fixture
def device(helper, station) -> Client:
    return begin(helper, station)


def send(client: Client, student: Student, jpeg: bytes, **fields):
    now = int(timezone.now().timestamp() * 1000)
    data = {"student": student.pk, "token": uuid.uuid4(), "taken_at": now, "photo": SimpleUploadedFile("a.jpg", jpeg)}
    return client.post("/station/photo/", data | fields, HTTP_ACCEPT="application/json")


def found(client: Client, **asked) -> list[str]:
    return [each["number"] for each in client.get("/station/students/", asked).json()["students"]]


JSON = {"Accept": "application/json"}
TICKS = {"is_me": "on", "agrees": "on"}


def test_the_helper_is_signed_out_and_the_device_opens_the_station_alone(device, helper, station, student):
    assert device.get("/station/").status_code == 200
    assert "camera=(self)" in device.get("/station/")["Permissions-Policy"]
    for address in ("/school/today/", "/school/", f"/school/students/{student.pk}/", "/me/"):
        assert device.get(address).status_code in (302, 404), address
    assert Event.objects.filter(kind="station.device_begun", actor_key=helper.actor_key).count() == 1


@pytest.mark.parametrize("end", ["sign out", "hours", "role", "account", "somebody signs in"])
def test_the_device_is_signed_out(device, helper, station, end):
    if end == "sign out":
        device.post("/station/end/")
    elif end == "somebody signs in":
        device.force_login(helper)
    elif end == "hours":
        StationSession.objects.update(begun_at=timezone.now() - dt.timedelta(hours=13))
    elif end == "role":
        type(helper.membership).objects.filter(user=helper).update(roles=[Role.SCHOOL_FINANCE])
    else:
        with system_scope():
            type(helper).objects.filter(pk=helper.pk).update(is_active=False)
    assert device.get("/station/").status_code == 302
    assert device.get("/station/students/", HTTP_ACCEPT="application/json").status_code == 401


def test_another_schools_station_is_not_there(helper, other_school, season):
    with school_scope(other_school):
        far = Station.objects.create(school=other_school, season=season, name="乙站", place="远")
    assert client_of(helper).post("/school/today/station/", {"station": far.pk}).status_code == 404


def test_students_are_found_by_class_number_document_and_its_last_digits(device, school, season, helper):
    ids = [factories.id_number(n) for n in (101, 102)]
    rows = [
        factories.student(school, season, student_no=f"2023{n}", id_number=ids[n], college="文学院", class_name="一班")
        for n in range(2)
    ]
    factories.photo(
        factories.student(school, season, student_no="20239", college="文学院", class_name="一班"), "approved"
    )
    within = {"class": '["文学院", "一班"]'}
    assert found(device, **within) == ["20230", "20231"]
    assert found(device, q="20231") == ["20231"]
    assert found(device, q=ids[1].lower()) == ["20231"]
    assert found(device, q=ids[1][-4:], **within) == ["20231"]
    assert found(device, q=ids[1][-4:]) == []  # only within a class
    assert found(device, q=ids[1][-3:], **within) == []
    answer = device.get("/station/students/", within).content.decode()
    assert ids[0] not in answer
    assert Look.objects.filter(actor_key=helper.actor_key, students__contains=[rows[0].pk]).exists()


def test_nobody_at_the_device_tries_out_document_numbers(device, school, season):
    number = factories.id_number(101)
    factories.student(school, season, student_no="20230", id_number=number, college="文学院", class_name="一班")
    within = {"class": '["文学院", "一班"]'}
    wrong = [f"{n:04}" for n in range(1000, 1025) if f"{n:04}" != number[-4:]]
    answers = [device.get("/station/students/", within | {"q": digits}, headers=JSON).status_code for digits in wrong]
    assert (answers[0], answers[-1]) == (200, 429)
    assert device.get("/station/students/", within | {"q": number[-4:]}, headers=JSON).status_code == 429
    assert found(device, q="20230") == ["20230"]  # the work at the station goes on


def test_a_photo_of_the_students_own_is_not_handed_in_at_a_station(device, school, season):
    student = factories.student(school, season)
    photo = factories.photo(student, "ready")
    answer = device.post("/station/submit/", {"student": student.pk}, headers=JSON)
    photo.refresh_from_db()
    assert (answer.status_code, photo.status) == (403, "ready")


def test_ending_all_sessions_of_a_helper_ends_the_device_too(device, helper, school):
    admin = client_of(factories.person("chief", Role.SCHOOL_ADMIN, school))
    admin.post(f"/people/{helper.membership.pk}/sessions/end/")
    assert device.get("/station/").status_code == 302


def test_a_limited_helper_finds_and_photographs_only_the_own_students(school, season, station, good_photo):
    other = factories.student(school, season, student_no="1", college="理学院", class_name="二班")
    limited = factories.person("limited", Role.SCHOOL_HELPER, school, limit=Limit(class_names=["一班"]))
    device = begin(limited, station)
    assert found(device, q="1") == []
    assert found(device, **{"class": '["理学院", "二班"]'}) == []
    assert send(device, other, good_photo).status_code == 404


def test_ticks_on_the_screen_are_the_students_and_say_where(device, student, good_photo, season):
    version = {"version": season.consent_version}
    for ticks in ({}, version, version | {"is_me": "on"}):
        refused = send(device, student, good_photo, **ticks)
        assert refused.status_code == 400
        assert refused.json()["error"] == said(
            "The student has not agreed yet: the ticks are set on the station's screen, by the student."
        )
    assert not Photo.objects.exists()
    answer = send(device, student, good_photo, **version, **TICKS, printing="on")
    row = Consent.objects.get()
    assert (row.station, row.printing, row.face_comparison) == ("甲站", True, False)
    event = Event.objects.get(kind="student.agreed")
    assert (event.actor_key, event.facts["station"]) == (student.actor_key, "甲站")
    assert Photo.objects.get(pk=answer.json()["photo"]).origin == "station"


def test_a_photo_counts_from_when_it_was_taken_and_a_day_later_no_more(device, student, good_photo):
    factories.consent(student)
    hours = [int((timezone.now() - dt.timedelta(hours=n)).timestamp() * 1000) for n in (2, 25)]
    token = uuid.uuid4()
    first = send(device, student, good_photo, taken_at=hours[0], token=token)
    assert send(device, student, good_photo, taken_at=hours[0], token=token).json() == first.json()  # sent twice
    assert (timezone.now() - Photo.objects.get().taken_at) > dt.timedelta(hours=1)
    assert send(device, student, good_photo, taken_at=hours[1]).status_code == 403
    assert send(device, student, good_photo, taken_at="soon").status_code == 400


def test_slots_bind_at_home_and_not_at_the_station(device, student, good_photo, enrolment, station, season, school):
    factories.consent(student)
    enrolment.only_in_slots = True
    enrolment.save()
    past = timezone.localdate() - dt.timedelta(days=1)
    station.slots.create(
        school=school, season=season, college=student.college, class_name=student.class_name, students=1,
        day=past, starts_at=dt.time(8), ends_at=dt.time(9),
    )  # fmt: skip
    assert send(device, student, good_photo).status_code == 200


def test_verdict_and_handing_in(device, student, helper):
    photo = factories.photo(student, "ready")
    Photo.objects.update(origin="station")
    assert device.get("/station/verdict/", {"photo": photo.pk}).json() == {"state": "ready", "reasons": []}
    answer = device.post("/station/submit/", {"student": student.pk}, HTTP_ACCEPT="application/json")
    assert answer.json() == {"said": said("Your photo has been submitted.")}
    student.refresh_from_db()
    assert student.stage in Student.CAPTURED
    event = Event.objects.get(kind="photo.handed_in_at_station")
    assert (event.actor_key, event.facts["station"]) == (helper.actor_key, "甲站")


def test_a_students_own_photo_is_no_business_of_a_station(device, student):
    photo = factories.photo(student, "ready")
    assert device.get("/station/verdict/", {"photo": photo.pk}).status_code == 404


def test_a_students_code_is_one_that_every_scanner_reads():
    """21 modules and the quiet zone: a micro code would be smaller, and phones read none."""
    assert 'width="174"' in qr_codes.svg("2023001")
