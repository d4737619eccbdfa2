"""The commended schools of the latest bulletin, shown to every school."""

import pytest
from django.utils import timezone

from portal.tenancy import system_scope
from schools.models import School, Season
from tests import factories
from tests.support.addresses import dated
from tests.support.words import said
from year_end import commended_schools
from year_end.models import Award, Bulletin

pytestmark = pytest.mark.django_db


@pytest.fixture
def last_year(season, school, other_school):
    """The season before. The other school was commended; the bulletin is not published."""
    year = season.year - 1
    row = factories.season(year=year, graduating_class=year + 1, status=Season.Status.CLOSED)
    School.objects.filter(pk=other_school.pk).update(contact_name="周敏", contact_phone="025-00000009")
    with system_scope():
        Award.objects.create(season=row, school=other_school, rank=1, score=95, is_commended=True, allowance_fen=7700)
        Award.objects.create(season=row, school=school, rank=2, score=80)
    Bulletin.objects.create(season=row, title="Last year", text="Well done")
    return row


@pytest.fixture
def published(last_year):
    Bulletin.objects.update(published_at=timezone.now())
    return last_year


def shown(client, path: str) -> str:
    return client.get(path).content.decode()


def test_commended_schools_of_the_newest_bulletin_are_the_examples(published, other_school):
    assert commended_schools.latest() == (published, [commended_schools.CommendedSchool(other_school.name, "周敏")])


def test_nobody_is_an_example_before_the_bulletin_is_out(last_year):
    assert commended_schools.latest() == (None, [])
    assert commended_schools.of_season(last_year) == []


def test_overview_shows_the_examples_of_last_year_under_the_notice(owner_client, published, other_school):
    assert f'hx-get="{dated("/panels/year-end/commended/")}"' in shown(owner_client, "/school/")
    panel = shown(owner_client, "/panels/year-end/commended/")
    assert said("Excellent organisations of %(year)s", year=published.year) in panel
    assert other_school.name in panel
    assert "周敏" in panel
    assert "025-00000009" not in panel
    assert "77.00" not in panel


def test_school_without_a_responsible_person_is_named_alone(owner_client, published, other_school):
    School.objects.update(contact_name="")
    panel = shown(owner_client, "/panels/year-end/commended/")
    assert f"<li>{other_school.name}</li>" in panel


def test_panel_is_empty_while_no_bulletin_is_out(owner_client, last_year):
    assert shown(owner_client, "/panels/year-end/commended/").strip() == ""
    assert "尚未发布通报" in shown(owner_client, "/school/bulletin/")


def test_bulletin_page_shows_last_years_until_the_new_one_is_out(owner_client, published, season, other_school):
    page = shown(owner_client, "/school/bulletin/")
    assert "Last year" in page
    assert other_school.name in page
    assert dated("/school/bulletin/") in shown(owner_client, "/school/prints/")
    Bulletin.objects.create(season=season, title="This year", text="Again", published_at=timezone.now())
    page = shown(owner_client, "/school/bulletin/")
    assert "This year" in page
    assert other_school.name not in page
