"""The printed plan and the door signs."""

import datetime as dt

import pytest
from django.utils import timezone

from capture.models import Slot, Station
from tests.support.school_papers import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def words_of(tmp_path):
    """The text of a PDF that was answered."""

    def read(answer) -> str:
        assert answer["Content-Type"] == "application/pdf"
        path = tmp_path / "a.pdf"
        path.write_bytes(answer.content)
        return text_of(path)

    return read


@pytest.fixture
def station(scoped, school, season):
    return Station.objects.create(
        school=school, season=season, name="图书馆采集点", place="图书馆103室", helper="林老师"
    )


def test_the_plan_is_printed_by_day_and_station(owner_client, school, season, station, words_of):
    today = timezone.localdate()
    for n in range(40):
        Slot.objects.create(
            school=school, season=season, station=station, college="文学院", class_name=f"汉语{n:02}", students=31,
            first_no="2023001" if n == 39 else "", last_no="2023031" if n == 39 else "",
            day=today + dt.timedelta(days=n // 39), starts_at=dt.time(8 + n // 6 % 10), ends_at=dt.time(19),
        )  # fmt: skip
    words = words_of(owner_client.get("/school/stations/plan/print/"))
    assert all(f"汉语{n:02}" in words for n in range(40))
    assert words.count("图书馆采集点") >= 3  # on each page, and on each day
    assert "2023001–2023031" in words
    assert f"{today.month}月{today.day}日" in words


def test_a_sign_names_the_station_and_the_students_page(owner_client, station, settings, words_of):
    words = words_of(owner_client.get("/school/stations/signs/"))
    for word in ("图书馆采集点", "图书馆103室", "林老师", f"{settings.SITE_URL}/me/"):
        assert word in words


def test_nothing_to_print_is_said(owner_client, school, season):
    for address in ("/school/stations/plan/print/", "/school/stations/signs/"):
        assert owner_client.get(address).status_code == 400
