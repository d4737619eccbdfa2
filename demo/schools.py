"""The demo season: areas, invented schools, and accounts. Its days are counted from today."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from demo import graduates
from portal import history
from portal.models import Membership, Role, User
from portal.tenancy import system_scope
from schools.days import deadlines
from schools.models import Area, Enrolment, School, Season, Window, WindowException
from schools.seasons.season_texts import consent_text, notice_text

PASSWORD = "tucai-demo"
CENTER, OFFICER = "center", "officer"
LIMITED_TO = "信息工程学院"  # the college of the demo's limited reviewer

# (code, name, first day, last day); days from today. Two areas are over, one is running, one is to
# come.
AREAS = (
    ("taizhou", "泰州地区", -45, -39),
    ("zhenjiang", "镇江地区", -38, -30),
    ("nanjing2", "南京片区（二）", -6, 18),
    ("suzhou", "苏州地区", 19, 47),
)


@dataclass(frozen=True)
class DemoSchool:
    """A school of the demo. `phase` is how far its season has come, a key of `loading.ADVANCE`."""

    code: str
    name: str
    short_name: str
    area: str
    kind: str
    account: str
    person: str
    phase: str
    payment_mode: str = Enrolment.PaymentMode.SCHOOL


SCHOOLS = (
    DemoSchool(
        "90001", "石城理工大学", "石城理工", "nanjing2", School.Kind.UNIVERSITY, "school", "周文静", "capturing"
    ),
    DemoSchool(
        "90002",
        "莫愁湖传媒学院",
        "莫愁传媒",
        "nanjing2",
        School.Kind.COLLEGE,
        "school2",
        "许立新",
        "paying",
        Enrolment.PaymentMode.STUDENT,
    ),
    DemoSchool(
        "90003", "金山师范学院", "金山师院", "zhenjiang", School.Kind.UNIVERSITY, "school3", "钱雨桐", "proofreading"
    ),
    DemoSchool(
        "90004", "北固工业大学", "北固工大", "zhenjiang", School.Kind.UNIVERSITY, "school4", "沈一鸣", "feedback"
    ),
    DemoSchool(
        "90005", "滨江医药职业技术学院", "滨江医药", "taizhou", School.Kind.COLLEGE, "school5", "顾晓岚", "delivered"
    ),
    DemoSchool(
        "90006",
        "太湖流域农林生物与生态环境联合研究院",
        "太湖研究院",
        "suzhou",
        School.Kind.INSTITUTE,
        "school6",
        "陆远航",
        "preparing",
    ),
)


def has_season() -> bool:
    return Season.objects.exists()


def has_real_season() -> bool:
    """Whether there is a season that the demo did not make.

    The demo must not write into it then.
    """
    return has_season() and not School.objects.filter(code=SCHOOLS[0].code, name=SCHOOLS[0].name).exists()


def find_entry(code: str) -> DemoSchool:
    return next(entry for entry in SCHOOLS if entry.code == code)


def make_season() -> Season:
    """Create the season with its areas, days, schools and accounts, as far as they do not exist."""
    with transaction.atomic(), system_scope():
        season = _season()
        for position, (code, name, first, last) in enumerate(AREAS):
            area, _created = Area.objects.get_or_create(code=code, defaults={"name": name, "position": position})
            Window.objects.get_or_create(
                season=season, area=area, defaults={"starts_on": _day(first), "ends_on": _day(last)}
            )
        make_center()
        for entry in SCHOOLS:
            _school(season, entry)
    return season


def make_center() -> None:
    """The people of the center."""
    make_person(CENTER, "郑海平", Role.CENTER_ADMIN, None)
    make_person(OFFICER, "苏小曼", Role.CENTER_OFFICER, None)
    make_person("reviewer", "方晓晴", Role.CENTER_REVIEWER, None)
    make_person("finance", "贺敏", Role.CENTER_FINANCE, None)
    make_person("printing", "丁一帆", Role.CENTER_PRINTING, None)
    make_person("auditor", "严正", Role.CENTER_AUDITOR, None)


def _day(offset: int) -> dt.date:
    return timezone.localdate() + dt.timedelta(days=offset)


def payment_due(today: dt.date) -> dt.date:
    """20 November as in the notice; 31 December of the same year when that day has passed."""
    due = deadlines.payment_day(today.year)
    return due if today <= due else dt.date(today.year, 12, 31)


def season_of(year: int, *, status: str, payment_due: dt.date) -> Season:
    """A season of the demo with its texts; not saved."""
    season = Season(
        year=year,
        graduating_class=year + 1,
        status=status,
        sign_in_offered=["roster_facts", "capture_code", "live_face", "in_person"],
        without_list=Season.WithoutList.BEFORE,
        center_name="江苏省高校招生就业指导服务中心",
        payment_due=payment_due,
        bank_account_name="江苏省高校招生就业指导服务中心",
        bank_name="中国工商银行南京分行宁海路支行",
        bank_account_no="4301 0114 0910 0401 930",
        bank_code="102301000307",
        contact_name="演示联系人",
        contact_phone="025-00000000",
        contact_email="center@example.org",
    )
    season.notice, season.consent_text = notice_text(season), consent_text(season)
    return season


def _season() -> Season:
    today = timezone.localdate()
    known = Season.objects.filter(year=today.year).first()
    if known:
        return known
    season = season_of(today.year, status=Season.Status.OPEN, payment_due=payment_due(today))
    season.save()
    history.record("season.created", season, by=history.SYSTEM, after=season.status, facts={"demo": True})
    return season


def _school(season: Season, entry: DemoSchool) -> None:
    school, _created = School.objects.get_or_create(
        code=entry.code,
        defaults={
            "name": entry.name,
            "short_name": entry.short_name,
            "kind": entry.kind,
            "area": Area.objects.get(code=entry.area),
            "address": f"演示市学府路{int(entry.code) % 100}号 {entry.name}教务处",
            "contact_name": entry.person,
            "contact_phone": "025-00000001",
        },
    )
    Enrolment.objects.get_or_create(
        season=season,
        school=school,
        defaults={
            "payment_mode": entry.payment_mode,
            "student_notice": "请携带学生证，按班级安排到采集点，穿深色有领上衣。",
        },
    )
    make_person(entry.account, entry.person, Role.SCHOOL_ADMIN, school)
    if entry.phase in ("capturing", "paying"):
        make_person(f"{entry.account}-officer", "吴老师", Role.SCHOOL_OFFICER, school)
        _open_all_day(season, school)
    if entry is SCHOOLS[0]:
        make_person(f"{entry.account}-reviewer", "程老师", Role.SCHOOL_REVIEWER, school, colleges=[LIMITED_TO])
        make_person(f"{entry.account}-finance", "金老师", Role.SCHOOL_FINANCE, school)
        make_person(f"{entry.account}-helper", "小林同学", Role.SCHOOL_HELPER, school)
        monitor = graduates.first_class(season)
        make_person(f"{entry.account}-monitor", "班长小陈", Role.SCHOOL_MONITOR, school, class_names=[monitor])


def _open_all_day(season: Season, school: School) -> None:
    """Let the school photograph at any hour, so that the demo can be tried at night."""
    WindowException.objects.get_or_create(
        season=season,
        school=school,
        defaults={
            "starts_on": _day(-6),
            "ends_on": _day(60),
            "opens_at": dt.time(0),
            "closes_at": dt.time(23, 59, 59),
            "reason": "演示：全天开放",
        },
    )


@cache
def hashed_password() -> str:
    """Everybody's password; hashing it takes half a second."""
    return make_password(PASSWORD)


def make_person(
    username: str,
    name: str,
    role: Role,
    school: School | None,
    *,
    colleges: Sequence[str] = (),
    class_names: Sequence[str] = (),
) -> None:
    """An account with the demo's password, unless there is one of this name."""
    if User.objects.filter(username=username).exists():
        return
    user = User(
        username=username, email=f"{username}@example.org", password=hashed_password(), full_name=name, is_demo=True
    )
    User.objects.bulk_create([user])
    Membership.objects.create(
        user=user,
        roles=[role],
        school=school,
        colleges=list(colleges),
        class_names=list(class_names),
        is_contact=role == Role.SCHOOL_ADMIN,
    )


def school_of(entry: DemoSchool) -> School:
    return School.objects.get(code=entry.code)
