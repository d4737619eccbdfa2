import datetime as dt

import pytest

from portal.errors import Conflict, PortalError
from portal.formatting import parse_notice
from portal.models import Event
from schools import seasons
from schools.models import Area, Season, Window
from tests import factories
from tests.support.database import let_delete
from tests.support.words import said

TERMS = {
    "year": 2022,
    "graduating_class": 2023,
    "center_name": "Demo Province Center",
    "payment_due": dt.date(2022, 11, 20),
    "notice": "Please photograph.",
    "consent_text": "I agree.",
    "bank_account_name": "Demo Center",
    "bank_account_no": "6200",
    "contact_name": "A. Person",
    "contact_phone": "000",
}


@pytest.fixture
def draft(center_admin):
    season = seasons.create_season(by=center_admin, **TERMS)
    area = Area.objects.create(code="north", name="North")
    Window.objects.create(season=season, area=area, starts_on=dt.date(2022, 3, 21), ends_on=dt.date(2022, 3, 27))
    return season


def kinds() -> list[str]:
    return list(Event.objects.order_by("id").values_list("kind", flat=True))


def test_the_first_season_has_the_terms_of_the_notice():
    season = seasons.draft(after=None, today=dt.date(2022, 1, 5))
    assert (season.year, season.graduating_class, season.price_fen, season.copies) == (2022, 2023, 1500, 5)
    assert (season.opens_at, season.closes_at, season.proof_workdays) == (dt.time(8), dt.time(18), 30)
    assert season.payment_due == dt.date(2022, 11, 20)
    assert season.bank_account_no == "4301 0114 0910 0401 930"
    assert "15元/人" in season.notice
    assert "30个工作日" in season.notice
    assert "2023届" in season.consent_text


@pytest.mark.parametrize(
    "fact",
    [
        *("明确责任部门", "落实责任人", "示范引领", "2022年工作补贴", "年底组织评选", "表扬", "通报"),
        *("固定的采集点", "柔光灯", "自然光", "红眼", "双耳对称", "有色隐形眼镜", "防晒霜", "蓝色上衣", "翻拍"),
    ],
)
def test_the_first_notice_says_what_schools_must_know(fact):
    assert fact in seasons.draft(after=None, today=dt.date(2022, 1, 5)).notice


def test_the_annex_of_the_first_notice_has_its_headings():
    kinds = {line: kind for kind, line in parse_notice(seasons.draft(after=None, today=dt.date(2022, 1, 5)).notice)}
    assert (kinds["附件2"], kinds["五、相关要求"]) == ("heading", "heading")
    assert not any("联系人：" in line or "联系电话" in line for line in kinds)


@pytest.mark.parametrize(
    "clause",
    [
        "经报上级主管部门备案，中心为学生提供电子图像采集、实名验证、后期制作、排版冲印、统一寄送等服务",
        "各校可根据本校实际情况选择不同的交费方式",
        "每张照片由成像区、学校名称、专业名称、班级名称和学号、身份证号码、姓名组成",
        "汇总需要勘误处理的图像信息，及时与中心联系人沟通",
        "如有特殊要求，务必提前与中心联系人沟通",
    ],
    ids=["basis and services", "choice", "what a photo bears", "contact for corrections", "note 3 of annex 1"],
)
def test_the_first_notice_has_the_clauses_of_the_provincial_one(clause):
    assert clause in seasons.draft(after=None, today=dt.date(2022, 1, 5)).notice


def test_the_next_season_keeps_the_terms_and_moves_the_years_of_the_notice(draft, center_admin):
    draft = seasons.change_season(draft, by=center_admin, copies=8, notice="2022年采集2023届毕业生，2022年11月")
    after = seasons.draft(after=draft, today=dt.date(2030, 1, 1))
    assert (after.year, after.graduating_class, after.copies) == (2023, 2024, 8)
    assert after.notice == "2023年采集2024届毕业生，2023年11月"
    assert after.payment_due == dt.date(2023, 11, 20)


def test_days_are_copied_as_many_years_later_and_the_leap_day_moves(draft, center_admin):
    Window.objects.update(starts_on=dt.date(2024, 2, 29), ends_on=dt.date(2024, 3, 5))
    new = seasons.create_season(by=center_admin, copy_days_of=draft, **TERMS | {"year": 2023, "graduating_class": 2024})
    window = new.windows.get()
    assert (window.starts_on, window.ends_on) == (dt.date(2025, 2, 28), dt.date(2025, 3, 5))


def test_opening_goes_through_the_gate_and_is_recorded(draft, center_admin):
    seasons.open_season(draft, by=center_admin)
    assert Season.objects.get().status == "open"
    assert kinds() == ["season.created", "season.open"]


def test_a_season_without_days_bank_or_contact_is_not_opened_and_says_what_is_missing(draft, center_admin):
    let_delete(Window)
    Window.objects.all().delete()
    draft = seasons.change_season(draft, by=center_admin, bank_account_no="", contact_name="")
    with pytest.raises(PortalError) as refusal:
        seasons.open_season(draft, by=center_admin)
    assert str(refusal.value) == said(
        "Before opening, please complete: %(list)s.",
        list="、".join(map(said, ("days of at least one area", "bank account", "contact"))),
    )


def test_only_one_season_is_open(draft, center_admin):
    seasons.open_season(draft, by=center_admin)
    second = seasons.create_season(by=center_admin, copy_days_of=draft, **TERMS | {"year": 2023})
    with pytest.raises(PortalError, match=said("Season %(year)s is still open. Close it first.", year=2022)):
        seasons.open_season(second, by=center_admin)


def test_closing_starts_the_days_of_retention_and_reopening_ends_them(draft, center_admin):
    seasons.open_season(draft, by=center_admin)
    seasons.close_season(draft, by=center_admin)
    assert Season.objects.get().closed_on is not None
    seasons.open_season(draft, by=center_admin)
    assert Season.objects.get().closed_on is None


def test_a_draft_cannot_be_closed(draft, center_admin):
    with pytest.raises(Conflict):
        seasons.close_season(draft, by=center_admin)


def test_price_year_and_class_are_fixed_once_open(draft, center_admin):
    seasons.change_season(draft, by=center_admin, price_fen=1600)
    seasons.open_season(draft, by=center_admin)
    with pytest.raises(
        PortalError, match=said("Year, class and price stay as they are once a season has been opened.")
    ):
        seasons.change_season(draft, by=center_admin, price_fen=1500)
    seasons.change_season(draft, by=center_admin, price_fen=1600, copies=6)
    assert Season.objects.get().copies == 6


def test_a_change_says_what_it_changed_and_no_change_says_nothing(draft, center_admin):
    seasons.change_season(draft, by=center_admin, copies=8, notice="Please photograph.")
    seasons.change_season(draft, by=center_admin, copies=8)
    event = Event.objects.get(kind="season.changed")
    assert event.facts == {"copies": [5, 8]}


def test_the_current_season_is_the_newest_open_one(draft, center_admin):
    assert Season.objects.current() == draft
    opened = factories.season(year=2021, graduating_class=2022)
    assert Season.objects.current() == opened
