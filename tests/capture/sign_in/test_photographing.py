"""A season may ask for more behind the sign-in of who photographs than of who reads and pays."""

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from capture.models import Photo, Station, StationSession
from capture.sign_in.photographing import StrongerWayNeeded
from capture.stations import documents
from capture.upload import intake
from portal.models import Role
from portal.tenancy import school_scope
from tests import factories
from tests.capture.conftest import sign_in
from tests.conftest import client_of
from tests.support.words import said

CHOSEN = {"roster_facts": "1", "in_person": "2", "photograph_strength": "holds"}


@pytest.fixture
def strict(season, center_admin):
    assert client_of(center_admin).post("/center/season/sign-in/", CHOSEN).status_code == 302
    season.refresh_from_db()
    return season


def photo() -> SimpleUploadedFile:
    return SimpleUploadedFile("a.jpg", factories.jpeg(480, 640), "image/jpeg")


def upload(client) -> int:
    values = {"photo": photo(), "token": uuid.uuid4()}
    return client.post("/me/upload/", values, headers={"Accept": "application/json"}).status_code


def digits_for(student, school, season) -> str:
    with school_scope(school):
        station = Station.objects.create(school=school, season=season, name="甲站", place="一楼")
        helper = factories.person("helper", Role.SCHOOL_HELPER, school)
        session = StationSession.objects.create(school=school, station=station, helper=helper)
        return documents.confirm(session=session, student=student)


def test_who_is_signed_in_by_less_reads_and_pays_and_is_asked_for_more_before_the_camera(strict, agreed, school):
    client = sign_in(agreed)
    home = client.get("/me/").content.decode()
    assert said("Sign in for the photo") in home
    assert client.get("/me/pay/").status_code in (200, 302)
    asked = client.get("/me/camera/")
    assert (asked.status_code, asked.url) == (302, "/me/sign-in/?next=camera")
    assert upload(client) == 403
    page = client.get(asked.url)
    assert [way.name for way in page.context["ways"]] == ["in_person"]
    typed = {"name": agreed.name, "id_number": agreed.id_number, "student_no": agreed.student_no}
    assert client.post(f"{asked.url}&by=roster_facts", typed).status_code == 400  # the digits are asked for
    digits = digits_for(agreed, school, strict)
    answer = client.post(asked.url, {"student_no": agreed.student_no, "digits": digits})
    assert (answer.status_code, answer.url) == (302, "/me/camera/")
    assert client.get("/me/camera/").status_code == 200
    assert said("Sign in for the photo") not in client.get("/me/").content.decode()
    assert upload(client) == 200


def test_the_mini_program_is_told_which_ways_are_enough(strict, agreed):
    typed = {"name": agreed.name, "id_number": agreed.id_number, "student_no": agreed.student_no}
    token = Client().post("/api/v1/me/sign-in/", typed, content_type="application/json").json()["token"]
    client = Client(headers={"Authorization": f"Student {token}"})
    me = client.get("/api/v1/me/").json()
    assert (me["photographs"], me["photograph_ways"]) == (False, ["in_person"])
    answer = client.post("/api/v1/me/photos/", {"photo": photo(), "token": str(uuid.uuid4())})
    assert (answer.status_code, answer.json()["ways"]) == (403, ["in_person"])
    with school_scope(agreed.school):
        assert not Photo.objects.exists()


def test_a_station_asks_nobody_and_every_other_path_does(strict, agreed, enrolment, scoped):
    values = {"student": agreed, "enrolment": enrolment, "data": factories.jpeg(480, 640), "by": agreed}
    for origin, strength in ((Photo.Origin.CAMERA, ""), (Photo.Origin.FILE, "knows")):
        with pytest.raises(StrongerWayNeeded):
            intake.accept_upload(token=uuid.uuid4(), origin=origin, strength=strength, **values)
    assert intake.accept_upload(token=uuid.uuid4(), origin=Photo.Origin.STATION, **values)
    assert intake.accept_upload(token=uuid.uuid4(), origin=Photo.Origin.CAMERA, strength="seen", **values)


def test_what_no_offered_way_reaches_is_refused(season, center_admin):
    answer = client_of(center_admin).post("/center/season/sign-in/", CHOSEN | {"in_person": ""})
    assert answer.status_code == 400
    assert (
        said("None of the offered ways is enough to photograph. Offer one that is, or ask for less behind it.")
        in answer.content.decode()
    )
    season.refresh_from_db()
    assert (season.sign_in_offered, season.photograph_strength) == (["roster_facts"], "")
