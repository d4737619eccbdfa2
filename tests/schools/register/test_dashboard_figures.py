"""The figures of the center's dashboard, and the lists that they lead to: each shows as many rows as the figure says."""

import datetime as dt
import html
import io
import re

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone

from capture.models import Photo
from portal.tenancy import center_scope, school_scope, system_scope
from schools.days import turns
from schools.models import Area, Window, WindowException
from students.models import Student
from tests import factories
from tests.support.pages import words_of
from tests.support.words import said

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


@pytest.fixture
def photos(school, other_school, season):
    """Of today and of yesterday, with attempts that were not accepted."""
    for at, status in (
        (school, "approved"),
        (school, "submitted"),
        (other_school, "submitted"),
        (other_school, "rejected"),
    ):
        row = factories.photo(factories.student(at, season, college="文学院"), status, attempt=2)
        first = factories.photo(row.student, "rejected", is_current=False, findings={"eyes": "reject", "smile": "warn"})
        with system_scope():
            Photo.objects.filter(pk=first.pk).update(taken_at=timezone.now() - dt.timedelta(days=1))
    factories.photo(factories.student(school, season), "ready", findings={"eyes": "warn"})
    factories.photo(factories.student(school, season), "failed")


def test_every_figure_of_a_schools_photos_is_the_number_of_rows_of_its_list(owner_client, school, season, photos):
    """Attempts that a newer photo has replaced are counted and listed, too."""
    again = factories.photo(factories.student(school, season), "withdrawn", attempt=2)
    factories.photo(again.student, "rejected", is_current=False, findings={"eyes": "reject"})
    links = links_of(owner_client, "capture:panel_today")
    assert [number for _address, number in links] == [6, 1, 1, 1]
    links += bars_of(owner_client, "capture:panel_failures")
    assert [(address, shown(owner_client, address)) for address, _number in links] == links
    assert len(owner_client.get(links[0][0]).context["listed"].narrowings) == 2


def bars_of(client, name: str) -> list[tuple[str, int]]:
    page = client.get(reverse(name)).content.decode()
    bars = re.findall(r'<dt class="clip"><a href="([^"]+)">.*?<dd class="num">([\d,]+)</dd>', page, re.S)
    assert bars
    return [(html.unescape(address), int(number)) for address, number in bars]


def test_every_figure_of_the_photos_is_the_number_of_rows_of_its_list(center_client, photos):
    links = links_of(center_client, "capture:panel_today")
    assert len(links) == 5
    links += bars_of(center_client, "capture:panel_failures")
    assert [(address, shown(center_client, address)) for address, _number in links] == links
    answer = center_client.get(reverse("capture:panel_today"))
    share = said("%(share)s%% of %(n)s first photos", share=20, n=5)
    assert f"{said('Accepted at the first attempt')} 1 {share}" in words_of(answer)


@pytest.mark.parametrize(
    ("name", "asked", "lines"),
    [
        ("figures", {}, 2), ("figures", {"by": "school"}, 2), ("figures", {"by": "area"}, 1),
        ("figures", {"by": "school", "day": "today"}, 2), ("figures", {"by": "day", "school": "10001"}, 2),
        ("college_figures", {}, 4), ("college_figures", {"school": "10001", "sort": "-captured"}, 2),
    ],
)  # fmt: skip
def test_every_figure_of_a_table_is_the_number_of_rows_of_its_list(center_client, students, photos, name, asked, lines):
    if "day" in asked:
        asked = asked | {"day": str(timezone.localdate())}
    links = links_of(center_client, f"capture:{name}", **asked)
    assert len(links) >= 5
    assert [(address, shown(center_client, address)) for address, _number in links] == links
    assert len(center_client.get(reverse(f"capture:{name}"), asked).context["lines"]) == lines


def test_a_table_is_sorted_and_taken_out(center_client, students, photos, school, other_school):
    page = center_client.get(reverse("capture:figures"), {"by": "school", "sort": "-rejected"})
    rejected = [row.numbers["rejected"] for row, _cells in page.context["lines"]]
    assert rejected == [3, 2]
    made = center_client.post(reverse("capture:figures_export"), {"by": "school", "sort": "-rejected", "format": "csv"})
    _head, first, second = made.content.decode("utf-8-sig").splitlines()
    assert (first.split(",")[0], second.split(",")[0]) == (other_school.name, school.name)
    made = center_client.post(reverse("capture:college_figures_export"), {"format": "xlsx"})
    sheet = openpyxl.load_workbook(io.BytesIO(made.content)).active
    assert sheet.max_row == 5


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
