"""The year's end as the center and a school see it."""

import csv
import io
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.models import Event, Role
from portal.tenancy import system_scope
from schools.models import Enrolment
from tests import factories
from tests.conftest import client_of
from tests.support.school_papers import with_portrait
from tests.support.words import said
from year_end.models import Award

pytestmark = pytest.mark.django_db


def url(name, *args):
    return reverse(f"year_end:{name}", args=args)


def text(response) -> str:
    return response.content.decode()


def test_year_end_from_ranking_to_published_bulletin(center_client, owner_client, school, season):
    with_portrait(school, season)
    with system_scope():
        Enrolment.objects.update(capture_ended_on="2022-04-01")
    assert said("%(n)d school ranked.", n=1) in text(center_client.post(url("year_rank"), follow=True))
    with system_scope():
        award = Award.objects.get()
    decided = {"is_commended": "on", "commended_person": "Zhou", "allowance_fen": "120.50"}
    center_client.post(url("award", award.pk), decided)
    with system_scope():
        assert Award.objects.get().allowance_fen == 12050
    assert "120.50" in center_client.post(url("year_export")).content.decode("utf-8-sig")
    center_client.post(url("center_bulletin"), {"title": "Bulletin 2022", "text": "Well done", "do": "save"})
    assert owner_client.get(url("bulletin")).status_code == 404
    center_client.post(url("center_bulletin"), {"title": "Bulletin 2022", "text": "Well done", "do": "publish"})
    page = text(owner_client.get(url("bulletin")))
    assert "Well done" in page
    assert "120.50" in page
    assert center_client.get(url("center_bulletin")).status_code == 200


def test_officer_does_not_rank_or_publish(center_officer, season):
    client = client_of(center_officer)
    assert client.get(url("year_end")).status_code == 200
    assert client.post(url("year_rank")).status_code == 403
    assert client.get(url("center_bulletin")).status_code == 403


FIGURES = {
    "roster": 40,
    "captured": 38,
    "coverage": 0.95,
    "first_pass": 0.81,
    "feedback": None,
    "fee": 0.72,
    "kept": 0.63,
    "is_finished": True,
}


@pytest.fixture
def ranked(school, season):
    """The only award of the season."""
    with system_scope():
        return Award.objects.create(
            school=school,
            season=season,
            rank=1,
            score="87.65",
            figures=FIGURES,
            is_commended=True,
            commended_person="Zhou",
            allowance_fen=1900,
        )


def test_ranking_shows_each_figure_under_its_heading(center_client, ranked, school):
    headings, cells = [], []
    for attributes, inner in re.findall(
        r"<t[dh]((?: [^>]*)?)>(.*?)</t[dh]>", text(center_client.get(url("year_end"))), re.S
    ):
        words = " ".join(re.sub(r"<[^>]+>", " ", inner).split())
        (headings if 'scope="col"' in attributes else cells).append(words)
    row = dict(zip([name for name in headings if name], [cell for cell in cells if cell], strict=False))
    shares = {name: row[said(name)] for name in ("Coverage", "First pass", "Feedback", "Fee", "Kept")}
    assert shares == {"Coverage": "95%", "First pass": "81%", "Feedback": "–", "Fee": "72%", "Kept": "63%"}
    assert [row[said(name)] for name in ("Rank", "Score", "Allowance")] == ["1", "87.65", "¥ 19.00"]
    assert row[said("School")].startswith(f"{school.name} 38 / 40")
    assert "Zhou" in row[said("Decision")]


def test_ranking_leaves_as_a_sheet_with_every_figure(center_client, ranked, school, season):
    auditor = client_of(factories.person("auditor", Role.CENTER_AUDITOR))
    assert auditor.post(url("year_export")).status_code == 403
    answer = center_client.post(url("year_export"))
    with system_scope():
        assert Event.objects.filter(kind="season.ranking_exported").count() == 1
    head, row = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert row == ["1", school.code, school.name, "87.65", "40", "38", "是", "Zhou", "", "19.00"]
    assert (len(head), head[3], head[9]) == (10, "得分", "补贴（元）")
    assert f"ranking-{season.year}.csv" in answer["Content-Disposition"]


@pytest.mark.urls("config.urls")
def test_pages_of_a_center_without_a_season_open(center_client):
    assert center_client.get(url("year_end")).status_code == 200
    assert center_client.get(url("center_bulletin")).status_code == 400
    assert center_client.post(url("year_rank")).status_code == 400


def test_the_ranking_asks_the_same_queries_for_any_number(center_client, season):
    asked = []
    for n in range(2):
        for m in range(1 + n):
            school = factories.school(season=season, code=f"3{n}{m}", name=f"School {n}{m}")
            with system_scope():
                Award.objects.create(school=school, season=season, rank=n, score=50)
        with CaptureQueriesContext(connection) as queries:
            assert center_client.get(url("year_end")).status_code == 200
        asked.append(len(queries))
    assert asked[0] == asked[1]
