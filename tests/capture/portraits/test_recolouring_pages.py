"""What school and center read about portraits on another background, and the button."""

import re

import pytest

from capture.models import Photo
from capture.portraits import recolouring
from portal.background import jobs
from portal.models import Job
from portal.tenancy import system_scope
from schools.models import Enrolment
from students.models import Student
from tests import factories
from tests.conftest import client_of
from tests.support.addresses import dated
from tests.support.words import said

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def queued(monkeypatch):
    told = []
    monkeypatch.setattr(jobs, "enqueue", lambda job: told.append(job.pk))
    return told


@pytest.fixture(autouse=True)
def _unscoped_rows():
    with system_scope():
        yield


@pytest.fixture
def white(season):
    season.background = "white"
    season.save()
    return season


def on_blue(school, season, *, stage: str = "review", **fields) -> Photo:
    photo = factories.photo(factories.student(school, season), background="blue", **fields)
    Student.objects.filter(pk=photo.student_id).update(stage=stage)
    return photo


def text(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_nothing_is_said_while_every_portrait_stands_on_the_seasons_background(owner_client, school, season):
    on_blue(school, season)
    assert owner_client.get("/school/portraits/", headers=HTMX).content.strip() == b""
    assert said("There is nothing to make again.") in text(owner_client.get("/school/portraits/"))


def test_overviews_have_the_callout_and_the_light_table_asks_for_it(owner_client, center_client, school, season, white):
    on_blue(school, season)
    for client, portal in ((owner_client, "school"), (center_client, "center")):
        callout = text(client.get(f"/{portal}/portraits/", headers=HTMX))
        assert callout
        assert callout in text(client.get(f"/{portal}/"))
    assert f'hx-get="{dated("/school/portraits/")}"' in owner_client.get("/school/review/").content.decode()


def test_school_is_told_how_many_and_what_stays(owner_client, school, season, white):
    on_blue(school, season)
    on_blue(school, season)
    on_blue(school, season, stage="proofed")
    purged = on_blue(school, season)
    Photo.objects.filter(pk=purged.pk).update(original="")
    page = text(owner_client.get("/school/portraits/", headers=HTMX))
    assert (
        said(
            "%(n)s portraits still have %(colours)s behind them; the season asks for %(colour)s.",
            n="2",
            colours="Light blue",
            colour="White",
        )
        in page
    )
    assert said("%(n)s on another colour stays as it is: confirmed by its student or printed.", n="1") in page
    assert said("%(n)s cannot be made again: the original has been deleted after the retention time.", n=1) in page
    assert said("Make %(n)s portraits again", n="2") in page


def test_button_makes_one_job_and_the_callout_shows_it(owner_client, school, season, white, queued):
    on_blue(school, season)
    assert owner_client.post("/school/portraits/again/").status_code == 302
    job = Job.objects.get(kind=recolouring.KIND)
    assert (job.school, job.season, job.total, job.queue) == (school, season, 1, "produce")
    page = owner_client.get("/school/portraits/", headers=HTMX).content.decode()
    assert said("The portraits are being made again on %(colour)s.", colour="White") in page
    assert 'hx-trigger="every 1s"' in page
    owner_client.post("/school/portraits/again/")
    assert Job.objects.filter(kind=recolouring.KIND).count() == 1


def test_closed_feedback_leaves_every_portrait_alone(owner_client, school, season, white):
    on_blue(school, season)
    Enrolment.objects.filter(school=school).update(status=Enrolment.Status.FEEDBACK_ACCEPTED)
    assert owner_client.get("/school/portraits/", headers=HTMX).content.strip() == b""
    message = "%(n)s on another colour stays as it is: confirmed by its student or printed."
    assert said(message, n=1) in text(owner_client.get("/school/portraits/"))
    owner_client.post("/school/portraits/again/")
    assert not Job.objects.filter(kind=recolouring.KIND).exists()


def test_each_school_sees_and_makes_its_own(owner_client, outsider, school, other_school, season, white):
    on_blue(school, season)
    client = client_of(outsider)
    assert client.get("/school/portraits/", headers=HTMX).content.strip() == b""
    client.post("/school/portraits/again/")
    assert not Job.objects.filter(kind=recolouring.KIND).exists()


def test_center_sees_the_schools(center_client, school, other_school, season, white):
    on_blue(school, season)
    on_blue(other_school, season)
    on_blue(other_school, season, stage="printed")
    assert said("%(n)s portraits stand on another background than %(colour)s.", n="2", colour="White") in text(
        center_client.get("/center/portraits/", headers=HTMX)
    )
    page = text(center_client.get("/center/portraits/"))
    assert "Lakeside University 1 0" in page
    assert "Riverside University 1 1" in page


def test_center_hears_nothing_while_all_is_well(center_client, school, season):
    on_blue(school, season)
    assert center_client.get("/center/portraits/", headers=HTMX).content.strip() == b""
    assert said("Every portrait stands on the season's background") in text(center_client.get("/center/portraits/"))


def test_callout_costs_the_same_for_one_and_for_three(
    owner_client, school, season, white, django_assert_num_queries, django_assert_max_num_queries
):
    on_blue(school, season)
    with django_assert_max_num_queries(12) as first:
        owner_client.get("/school/portraits/", headers=HTMX)
    on_blue(school, season)
    on_blue(school, season)
    with django_assert_num_queries(len(first)):
        owner_client.get("/school/portraits/", headers=HTMX)
