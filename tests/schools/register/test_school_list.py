"""The center's list of schools with what the rooms know about each."""

import csv
import io

import pytest
from django.urls import reverse

from portal.models import Job, Role
from portal.tenancy import school_scope, system_scope
from proofing.models import Feedback
from schools.models import Enrolment
from students.models import Student
from tests import factories
from tests.conftest import client_of
from tests.support.database import let_delete

URL = "schools:schools"


@pytest.fixture
def three_schools(season):
    """One with two students, of whom one is captured and owes; one with a form; one that takes no part."""
    schools = [factories.school(season=season, code=f"2000{n}", name=f"School {n}") for n in range(3)]
    factories.student(schools[0], season)
    factories.student(schools[0], season, stage=Student.Stage.APPROVED)
    with school_scope(schools[1]):
        enrolment = Enrolment.objects.get()
        Feedback.objects.create(school=schools[1], season=season, enrolment=enrolment, status="sent")
    with system_scope():
        let_delete(Enrolment)
        Enrolment.objects.filter(school=schools[2]).delete()
    return schools


def found(client, **query):
    return [row.code for row in client.get(reverse(URL), query).context["page"]]


def figures(client, code):
    row = next(row for row in client.get(reverse(URL)).context["page"] if row.code == code)
    return {cell.column.name: cell for cell in row.cells}


def test_each_room_shows_its_figures_and_each_figure_leads_to_its_list(center_client, season, three_schools):
    cells = figures(center_client, "20000")
    assert (cells["captured"].value, cells["captured"].whole) == (1, 2)
    assert (cells["due"].value, cells["received"].value) == (season.price_fen, 0)
    assert (cells["form"].value, cells["form"].url, cells["delivery"].value) == ("", "", "")
    listed = center_client.get(cells["captured"].url).context["students"]
    assert listed.count == cells["captured"].value == 1
    assert center_client.get(cells["due"].url).status_code == 200
    form = figures(center_client, "20001")["form"]
    assert len(center_client.get(form.url).context["page"]) == 1
    assert {cell.value for cell in figures(center_client, "20002").values()} == {None}


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ({"money": "due"}, ["20000"]),
        ({"plan": "empty"}, ["20001"]),
        ({"form": "sent"}, ["20001"]),
        ({"form": "none", "state": "capturing"}, ["20000"]),
        ({"delivery": "received"}, []),
        ({"q": "SCHOOL 2"}, ["20002"]),
        ({"sort": "-due"}, ["20000", "20001", "20002"]),
        ({"sort": "due"}, ["20001", "20000", "20002"]),
        ({"sort": "-form"}, ["20001", "20000", "20002"]),
        ({"sort": "captured"}, ["20001", "20000", "20002"]),
    ],
    ids=str,
)
def test_schools_are_filtered_and_sorted_by_the_figures(center_client, three_schools, query, codes):
    assert found(center_client, **query) == codes


def test_who_may_not_see_fees_neither_sees_nor_filters_them(three_schools):
    client = client_of(factories.person("printer", Role.CENTER_PRINTING))
    page = client.get(reverse(URL), {"money": "due"})
    assert [cell.column.name for cell in page.context["page"][0].cells] == ["form", "delivery"]
    assert len(page.context["page"]) == 3


def test_the_list_is_exported_as_it_is_filtered(center_client, three_schools):
    answer = center_client.post(reverse("schools:schools_export"), {"money": "due", "format": "csv"})
    headings, row = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    cells = dict(zip(headings, row, strict=True))
    assert (cells["学校代码"], cells["已采集"], cells["已采集（总人数）"]) == ("20000", "1", "2")
    assert (cells["状态"], cells["应缴未缴（元）"]) == ("采集中", "15")


def test_a_message_goes_to_the_ticked_schools_of_the_filtered(center_client, three_schools):
    factories.person("one", Role.SCHOOL_ADMIN, three_schools[0])
    url = reverse("schools:schools_message")
    picks = {"pick": [three_schools[0].pk, three_schools[1].pk]}
    page = center_client.post(f"{url}?money=due", picks)
    assert (page.status_code, page.context["number"], Job.objects.count()) == (200, 1, 0)
    center_client.post(url, picks | {"subject": "Tomorrow", "body": "We come."})
    assert Job.objects.get().params["schools"] == sorted(picks["pick"])
