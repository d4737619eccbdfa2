"""The year's end as the center and a school see it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.tenancy import system_scope
from schools.models import Enrolment
from tests import factories
from tests.conftest import client_of
from tests.support.school_papers import with_portrait
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
    assert "1 school ranked" in text(center_client.post(url("year_rank"), follow=True))
    with system_scope():
        award = Award.objects.get()
    decided = {"is_commended": "on", "commended_person": "Zhou", "allowance_fen": "120.50"}
    center_client.post(url("award", award.pk), decided)
    with system_scope():
        assert Award.objects.get().allowance_fen == 12050
    assert "120.50" in center_client.get(url("year_export")).content.decode("utf-8-sig")
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
