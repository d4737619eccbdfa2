"""The year's end as the center and a school see it."""

import io
import re
from dataclasses import asdict

import docx
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from portal.background import jobs
from portal.models import Event, Job, Role
from portal.tenancy import system_scope
from schools.models import Enrolment, Season
from tests import factories
from tests.conftest import client_of
from tests.support.school_papers import with_portrait
from tests.support.words import said
from year_end import bulletin, ranking
from year_end.documents import DOCUMENTS
from year_end.figures import Counted, sha256_of
from year_end.models import Award, Ranking, ScoringRules

pytestmark = pytest.mark.django_db


def url(name, *args):
    return reverse(f"year_end:{name}", args=args)


def text(response) -> str:
    return response.content.decode()


def body(response) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def rank(client) -> None:
    assert client.post(url("year_rank")).status_code == 302
    with system_scope():
        (job,) = Job.objects.filter(kind=ranking.KIND, status=Job.Status.QUEUED)
    jobs.run(job.pk)


def test_the_bulletin_before_a_ranking_leads_to_the_ranking(center_client, season):
    page = center_client.get(url("center_bulletin"), follow=True)
    assert page.redirect_chain[-1][0].endswith(url("year_end"))
    assert said("Rank the schools first: the bulletin reports their figures.") in page.content.decode()


def test_year_end_from_ranking_to_published_bulletin(center_client, owner_client, school, season):
    with_portrait(school, season)
    with system_scope():
        Enrolment.objects.update(capture_ended_on="2022-04-01")
    rank(center_client)
    with system_scope():
        award = Award.objects.get()
    decided = {"is_commended": "on", "persons": "Zhou，教务处\n\nWu", "allowance_fen": "120.50"}
    center_client.post(url("award", award.pk), decided)
    assert "Zhou，教务处\nWu" in text(center_client.get(url("award", award.pk)))
    with system_scope():
        award.refresh_from_db()
        sha256 = Ranking.objects.get().sha256
    assert (award.allowance_fen, award.persons[0]) == (12050, {"name": "Zhou", "post": "教务处"})
    bulletin = {"title": "Bulletin 2022", "text": "Well done", "sha256": sha256}
    center_client.post(url("center_bulletin"), bulletin | {"do": "save"})
    assert "Well done" not in text(owner_client.get(url("bulletin")))
    center_client.post(url("center_bulletin"), bulletin | {"do": "publish"})
    page = text(owner_client.get(url("bulletin")))
    assert "Well done" in page
    assert "120.50" in page
    assert text(center_client.get(url("center_bulletin"))).count("data-download") == len(DOCUMENTS)
    assert body(owner_client.get(url("bulletin_file", "bulletin.pdf"))).startswith(b"%PDF-")
    assert owner_client.get(url("bulletin_file", "ranking.xlsx")).status_code == 404


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
    """The only award of the season, in a ranking of that one school."""
    counted = Counted(school.pk, school.code, school.name, "A", is_over=True, is_finished=True, roster=40, captured=38)
    snapshot = {
        "season": {"year": season.year, "graduating_class": season.year + 1, "center_name": "Center"},
        "as_of": "2022-12-01",
        "rules": ScoringRules().terms,
        "schools": [asdict(counted)],
    }
    with system_scope():
        Ranking.objects.create(season=season, snapshot=snapshot, sha256=sha256_of(snapshot))
        return Award.objects.create(
            school=school,
            season=season,
            rank=1,
            score="87.65",
            figures=FIGURES,
            is_commended=True,
            persons=[{"name": "Zhou", "post": ""}],
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


def test_ranking_leaves_as_a_workbook_with_the_points_of_each_part(center_client, ranked, school, season):
    auditor = client_of(factories.person("auditor", Role.CENTER_AUDITOR))
    assert auditor.post(url("year_document", "ranking.xlsx")).status_code == 403
    answer = center_client.post(url("year_document", "ranking.xlsx"))
    with system_scope():
        assert Event.objects.get(kind="season.ranking_exported").facts == {"document": "ranking.xlsx"}
    book = load_workbook(io.BytesIO(answer.content))
    head, row = book["排名"].iter_rows(values_only=True)
    assert (row[2], row[-4], row[-1]) == (school.name, 87.65, 19)
    # Feedback is not measured: the other 85 points are scaled to 100.
    assert head[7:9] == ("采集率", "得分（满分40）")
    assert row[7:13] == (0.95, 44.71, 0.81, 19.06, None, None)
    assert [row[0] for row in book["表扬个人"].iter_rows(min_row=2, values_only=True)] == ["Zhou"]
    assert center_client.post(url("year_document", "other.xlsx")).status_code == 404


def test_the_bulletin_that_nobody_saved_yet_leaves_with_its_draft(center_client, ranked, season):
    answer = center_client.post(url("year_document", "bulletin.docx"))
    text = [paragraph.text for paragraph in docx.Document(io.BytesIO(answer.content)).paragraphs]
    assert bulletin.draft_title(season) in text
    assert any("截至" in line for line in text)


@pytest.mark.urls("config.urls")
def test_pages_of_a_center_without_a_season_open(center_client):
    assert center_client.get(url("year_end")).status_code == 200
    assert center_client.get(url("rules")).status_code == 400
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


def test_weights_are_set_before_the_season_and_read_by_the_schools_afterwards(center_client, owner_client, season):
    Season.objects.filter(pk=season.pk).update(status=Season.Status.DRAFT)
    terms = ScoringRules().terms | {"coverage": 30, "kept": 20, "allowance_fen": "0.80"}
    assert said("The points of the parts are %(total)d together; they must be 100.", total=110) in text(
        center_client.post(url("rules"), terms | {"coverage": 40})
    )
    center_client.post(url("rules"), terms)
    Season.objects.filter(pk=season.pk).update(status=Season.Status.OPEN)
    assert center_client.post(url("rules"), terms | {"coverage": 40, "kept": 10}).status_code == 409
    with system_scope():
        assert ScoringRules.objects.get().terms["coverage"] == 30
    page = text(owner_client.get(url("ranking_rules")))
    assert "0.80" in page
    assert said("%(n)s points", n=30) in page
