"""The figures of the center's dashboard, and the lists that they lead to: each shows as many rows as the figure says."""

import datetime as dt
import html
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.tenancy import center_scope, school_scope
from schools.days import turns
from schools.models import Area, Window, WindowException
from students.models import Student
from tests import factories

STAGES = ("waiting", "waiting", "retake", "review", "approved", "printed")


@pytest.fixture
def students(school, other_school, season):
    """One school on the last of ten days, far behind its plan; the other has captured all."""
    for stage in STAGES:
        factories.student(school, season, stage=Student.Stage(stage))
    factories.student(school, season, stage=Student.Stage.REVIEW, locked_at=timezone.now(), college="文学院")
    factories.student(other_school, season, stage=Student.Stage.DELIVERED)
    today = timezone.localdate()
    Window.objects.update(starts_on=today - dt.timedelta(days=9), ends_on=today)


def links_of(client, name: str, **query) -> list[tuple[str, int]]:
    """(address, number) of every link of a panel whose text begins with a number."""
    page = client.get(reverse(name), query).content.decode()
    found = []
    for address, inside in re.findall(r'<a [^>]*?href="([^"]+)"[^>]*>(.*?)</a>', page, re.S):
        value = re.search(r'(?:tile-value|bar-value)">\s*(?:<b>)?\s*([\d,]+)', inside)
        words = re.sub(r"<[^>]*>", " ", inside).split()
        number = value[1] if value else words[0] if words else ""
        if re.fullmatch(r"[\d,]+", number):
            found.append((html.unescape(address), int(number.replace(",", ""))))
    return found


def shown(client, address: str) -> int:
    context = client.get(address).context
    return (context.get("students") or context["listed"]).count


@pytest.mark.parametrize("name", ["students:panel_figures", "students:panel_matrix"])
def test_every_figure_is_the_number_of_rows_of_its_list(center_client, students, name):
    links = links_of(center_client, name)
    assert len(links) >= 5
    assert [(address, shown(center_client, address)) for address, _number in links] == links


def test_the_figures_of_one_school_are_those_of_its_lists(center_client, students, school):
    for name in ("students:panel_school", "students:panel_colleges"):
        links = links_of(center_client, name, school=school.pk)
        assert len(links) >= 2
        assert [(address, shown(center_client, address)) for address, _number in links] == links


def test_schools_behind_are_listed_with_the_pace_that_they_need(center_client, students, school):
    (row,) = center_client.get(reverse("schools:schools"), {"plan": "late"}).context["page"]
    pace = {cell.column.name: cell for cell in row.cells}["pace"]
    assert (row.pk, pace.value, shown(center_client, pace.url)) == (school.pk, 3, 3)


def test_days_that_begin_and_end_within_a_week_stand_in_their_order(center_client, school, other_school, season):
    today = timezone.localdate()
    south = Area.objects.create(code="south", name="South")
    Window.objects.update(starts_on=today - dt.timedelta(days=9), ends_on=today + dt.timedelta(days=6))
    far = today + dt.timedelta(days=7)
    Window.objects.create(season=season, area=south, starts_on=today, ends_on=far)
    with school_scope(school):
        WindowException.objects.create(
            school=school, season=season, starts_on=far, ends_on=far + dt.timedelta(days=1), reason="x"
        )
    with center_scope():
        found = turns.of_week(season, today)
    assert [(turn.day, turn.opens, turn.name, turn.schools) for turn in found] == [
        (today, True, "South", 0),
        (today + dt.timedelta(days=6), False, "North", 2),
    ]
    assert shown(center_client, found[1].url) == 2
    assert found[1].url in center_client.get(reverse("schools:panel_windows")).content.decode()


def test_the_panel_of_the_day_says_how_long_the_oldest_photo_waits(center_client, owner_client, school, season):
    since = timezone.now() - dt.timedelta(days=3)
    factories.photo(factories.student(school, season), "submitted", submitted_at=since)
    factories.photo(factories.student(school, season), "submitted", submitted_at=timezone.now())
    for client in (center_client, owner_client):
        assert since.isoformat()[:16] in client.get(reverse("capture:panel_today")).content.decode()
