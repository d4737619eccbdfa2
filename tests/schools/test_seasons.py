import datetime as dt

import pytest

from portal.errors import Conflict, PortalError
from portal.formatting import parse_notice
from portal.models import Event
from portal.tenancy import center_scope
from schools import seasons
from schools.models import Action, Area, Enrolment, Season, Window
from schools.seasons import moved_years, season_choice
from schools.seasons.season_checklist import checklist
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
    with center_scope():
        season = seasons.create_season(by=center_admin, **TERMS)
        area = Area.objects.create(code="north", name="North")
        Window.objects.create(season=season, area=area, starts_on=dt.date(2022, 3, 21), ends_on=dt.date(2022, 3, 27))
        yield season


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
    new = seasons.create_season(by=center_admin, after=draft, **TERMS | {"year": 2023, "graduating_class": 2024})
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


def test_any_number_of_seasons_is_open(draft, center_admin):
    seasons.open_season(draft, by=center_admin)
    seasons.open_season(
        seasons.create_season(by=center_admin, after=draft, **TERMS | {"year": 2023, "graduating_class": 2024}),
        by=center_admin,
    )
    assert list(Season.objects.in_capture().values_list("year", flat=True)) == [2023, 2022]


def test_what_was_closed_is_opened_again_although_a_term_is_missing_since(draft, center_admin):
    seasons.open_season(draft, by=center_admin)
    seasons.close_season(draft, by=center_admin)
    Season.objects.update(contact_name="")
    seasons.open_season(Season.objects.get(), by=center_admin)
    assert Season.objects.get().status == "open"


def test_the_archive_is_reached_from_a_closed_capture_and_left_to_it(draft, center_admin):
    seasons.open_season(draft, by=center_admin)
    with pytest.raises(Conflict):
        seasons.archive_season(draft, by=center_admin)
    seasons.close_season(draft, by=center_admin)
    seasons.archive_season(draft, by=center_admin)
    with pytest.raises(Conflict):
        seasons.open_season(draft, by=center_admin)
    closed_on = Season.objects.get().closed_on
    seasons.take_out_of_archive(draft, by=center_admin)
    assert (Season.objects.get().status, Season.objects.get().closed_on) == ("closed", closed_on)
    assert kinds()[-2:] == ["season.archived", "season.unarchived"]


def test_every_action_is_in_the_table_of_the_states_and_the_archive_allows_none():
    assert set(Season.ALLOWED) == set(Action)
    assert not any(Season(status="archived").allows(action) for action in Action)
    later = {Action.RESET, Action.CONFIRM, Action.FEEDBACK, Action.DECIDE_FEEDBACK, Action.PRINT, Action.CHANGE}
    closed = Season(status="closed")
    assert {action for action in later if closed.allows(action)} == later
    assert not closed.allows(Action.PHOTOGRAPH)
    assert Enrolment(status="proofreading", season=closed).allows(Action.FEEDBACK)
    assert not Enrolment(status="proofreading", season=Season(status="archived")).allows(Action.FEEDBACK)


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


def test_a_draft_is_current_only_where_there_is_nothing_else():
    """The open one, then the newest that is over."""
    draft, opened = Season(year=2023), Season(year=2022, status="open")
    closed = Season(year=2020, status="closed")
    assert season_choice.current_of([draft, opened, closed]) == opened
    assert season_choice.current_of([draft, closed]) == closed
    assert season_choice.current_of([draft]) == draft
    assert season_choice.current_of([]) is None


def test_years_are_moved_in_one_pass_and_the_year_of_a_law_stays():
    old, new = Season(year=2022, graduating_class=2023), Season(year=2023, graduating_class=2024)
    text = "2022年采集2023届毕业生，2023年6月发放；依据2021年第5号、1999届除外，编号120225。"
    moved, places = moved_years.move(text, old=old, new=new)
    assert moved == "2023年采集2024届毕业生，2024年6月发放；依据2021年第5号、1999届除外，编号120225。"
    assert [(place.before, place.after) for place in places] == [
        ("2022年", "2023年"),
        ("2023届", "2024届"),
        ("2023年", "2024年"),
    ]


def test_the_consent_of_the_next_season_names_the_next_class(draft):
    draft.consent_text = "用于2023届毕业生图像采集"
    assert seasons.draft(after=draft, today=dt.date(2022, 1, 5)).consent_text == "用于2024届毕业生图像采集"


def test_the_checklist_says_days_of_another_year_and_working_days_that_are_not_published(draft):
    found = {check.name: check for check in checklist(draft)}
    assert found[said("holidays known")].is_done
    Window.objects.update(starts_on=dt.date(2032, 3, 1), ends_on=dt.date(2032, 3, 5))
    found = {check.name: check for check in checklist(draft)}
    assert (found[said("holidays known")].is_done, found[said("holidays known")].is_needed) == (False, False)
    assert "2032" in found[said("holidays known")].note
    days = found[said("days of at least one area")]
    assert (days.is_done, days.is_needed, "North" in days.note) == (False, True, True)
