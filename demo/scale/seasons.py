"""The two seasons of the scale demo: areas, days, schools, their people, and how far each school has come."""

import datetime as dt
import hashlib
import random
from dataclasses import dataclass

from django.utils import timezone

from billing.accounts.references import reference_of
from billing.models import FeeAccount
from capture.models import ConsentText, LimitSet
from demo import schools as small
from demo.scale import names, notices
from demo.scale.student_rows import Campus, Dates
from portal.models import Membership, Role, User
from schools.days import workdays
from schools.models import Area, Enrolment, School, Season, Window

Status = Enrolment.Status
IN_CAPTURE = "nanjing2"  # the area of the largest school, in the middle of its days
LAST_YEAR = dt.timedelta(days=364)
# Days after the last day of a school, at which it has come so far.
SENT, ACCEPTED, ORDERED, PRINTED, SHIPPED, RECEIVED = 24, 30, 36, 42, 50, 55


@dataclass(frozen=True)
class Province:
    """The seasons, this year's first, and each school in each of them."""

    seasons: list[Season]
    campuses: list[Campus]
    officer: User


def make(*, students: int, last_year: int, seed: int) -> Province:
    """Create all rows of which there are few. `students` of this year's season, `last_year` of the one before."""
    today = timezone.localdate()
    count = min(170, max(len(names.AREAS), students // 20))
    areas = Area.objects.bulk_create(
        Area(code=code, name=name, position=n) for n, (code, name, *_rest) in enumerate(names.AREAS)
    )
    schools = _schools(areas, count, seed)
    people = _people(schools)
    small.make_center()
    officer = User.objects.get(username=small.OFFICER)
    this = _season(today.year, Season.Status.OPEN, dt.timedelta(0), areas)
    before = _season(today.year - 1, Season.Status.CLOSED, LAST_YEAR, areas)
    monitored = names.placed(0, this.graduating_class).class_name
    small.make_person("school-monitor", "班长小陈", Role.SCHOOL_MONITOR, schools[0], class_names=[monitored])
    campuses = _campuses(
        before, schools, people, officer, sizes=names.sizes(last_year, count), first=1, today=today, back=LAST_YEAR
    )
    campuses += _campuses(
        this,
        schools,
        people,
        officer,
        sizes=names.sizes(students, count),
        first=last_year + 1,
        today=today,
        back=dt.timedelta(0),
    )
    return Province([this, before], campuses, officer)


def _schools(areas: list[Area], count: int, seed: int) -> list[School]:
    """The largest first. Each area has its share of them."""
    slots = [area for area, (*_rest, number) in zip(areas, names.AREAS, strict=True) for _n in range(number)]
    picked = [slots[n * len(slots) // count] for n in range(count)]
    random.Random(seed).shuffle(picked)
    middle = next(n for n, area in enumerate(picked) if area.code == IN_CAPTURE)
    picked[0], picked[middle] = picked[middle], picked[0]
    rows = []
    for n, area in enumerate(picked):
        kind, name = names.school_name(n)
        contact = names.person_name(10_000_000 + n)
        rows.append(
            School(
                code=f"{91001 + n}",
                name=name,
                short_name=name[:10],
                kind=kind,
                area=area,
                contact_name=contact,
                contact_phone="025-00000001",
                address=f"演示市学府路{n + 1}号 {name}教务处",
            )
        )
    return School.objects.bulk_create(rows)


def _people(schools: list[School]) -> dict[int, User]:
    """An administrator for each school: {id of the school: its administrator}. The first is called "school"."""
    password, now = small.hashed_password(), timezone.now()
    users = User.objects.bulk_create(
        User(
            username="school" if n == 0 else f"school{n + 1}", full_name=school.contact_name, password=password,
            email=f"s{school.code}@example.org", is_demo=True, date_joined=now,
        )
        for n, school in enumerate(schools)
    )  # fmt: skip
    Membership.objects.bulk_create(
        Membership(user=user, roles=[Role.SCHOOL_ADMIN], school=school, is_contact=True)
        for user, school in zip(users, schools, strict=True)
    )
    first = schools[0]
    small.make_person("school-officer", "吴老师", Role.SCHOOL_OFFICER, first)
    small.make_person("school-reviewer", "程老师", Role.SCHOOL_REVIEWER, first, colleges=[small.LIMITED_TO])
    small.make_person("school-finance", "金老师", Role.SCHOOL_FINANCE, first)
    small.make_person("school-helper", "小林同学", Role.SCHOOL_HELPER, first)
    return {school.pk: user for school, user in zip(schools, users, strict=True)}


def _season(year: int, status: str, back: dt.timedelta, areas: list[Area]) -> Season:
    season = small.season_of(year, status=status, payment_due=dt.date(year, 12, 31))
    if status == Season.Status.CLOSED:
        season.closed_on = _day(-240, dt.timedelta(0))  # longer ago than originals are kept
    season.save()
    Window.objects.bulk_create(
        Window(season=season, area=area, starts_on=_day(first, back), ends_on=_day(first + days - 1, back))
        for area, (_code, _name, first, days, _schools) in zip(areas, names.AREAS, strict=True)
    )
    return season


def _day(offset: int, back: dt.timedelta) -> dt.date:
    return timezone.localdate() + dt.timedelta(days=offset) - back


def _campuses(
    season: Season, schools: list[School], people: dict[int, User], officer: User, *, sizes: list[int], first: int,
    today: dt.date, back: dt.timedelta,
) -> list[Campus]:  # fmt: skip
    text, limits = _consent_text(season), _limits(season, officer)
    notice = notices.publish(season, schools, officer)
    facts = {"version": season.consent_version, "text": text.sha256[:12], "printing": True, "by_guardian": False}
    windows = {window.area_id: window for window in season.windows.all()}
    enrolments, dates = [], []
    for n, school in enumerate(schools):
        window = windows[school.area_id]
        past = (today - window.ends_on).days + n % 7 - 3
        if back:
            past -= n % 20  # a few of last year's parcels have no receipt yet
        status, moments = _progress(window, past, today)
        ended = window.ends_on + dt.timedelta(days=1) if window.ends_on < today else None
        dates.append(moments)
        enrolments.append(
            Enrolment(
                school=school, season=season, status=status,
                payment_mode=Enrolment.PaymentMode.STUDENT if n % 4 == 1 else Enrolment.PaymentMode.SCHOOL,
                student_notice="请携带学生证，按班级安排到采集点，穿深色有领上衣。",
                capture_ended_on=ended, proof_due_on=ended and workdays.add_workdays(ended, season.proof_workdays),
            )
        )  # fmt: skip
    Enrolment.objects.bulk_create(enrolments)
    accounts = FeeAccount.objects.bulk_create(
        FeeAccount(
            enrolment=row, school_id=row.school_id, season=season, reference=reference_of(season.year, row.school.code)
        )
        for row in enrolments
    )
    made, student = [], first
    for n, (row, account, moments) in enumerate(zip(enrolments, accounts, dates, strict=True)):
        admin, window = people[row.school_id], windows[row.school.area_id]
        pays = row.payment_mode == Enrolment.PaymentMode.SCHOOL
        number = row.pk  # of the one settlement, run and parcel that the enrolment has
        made.append(
            Campus(
                enrolment_id=row.pk, status=row.status, school_id=row.school_id, season_id=season.pk, year=season.year,
                graduating_class=season.graduating_class, phase=_phase(row.status), size=sizes[n], first_student=student,
                first_person=student, starts_on=window.starts_on, ends_on=window.ends_on, students_pay=not pays,
                is_settled=pays and moments.accepted is not None and n % 9 != 0,
                is_purged=bool(back), level="专科" if row.school.kind == School.Kind.COLLEGE else "本科",
                reviewer=(admin.actor_key, admin.actor_name), officer=(officer.actor_key, officer.actor_name),
                reviewer_id=admin.pk, imported_at=_at(window.starts_on - dt.timedelta(days=20), 10), import_no=row.pk,
                consent_text=text.pk, consent_facts=facts, limit_set=limits.pk, account_id=account.pk,
                settlement_id=number if pays and moments.feedback else None, run_id=number if moments.ordered else None,
                shipment_id=number if moments.shipped else None, dates=moments, notice_id=notice.pk, price_fen=season.price_fen,
            )
        )  # fmt: skip
        student += sizes[n]
    return made


def _consent_text(season: Season) -> ConsentText:
    words = season.consent_text
    return ConsentText.objects.create(sha256=hashlib.sha256(words.encode()).hexdigest(), words=words)


def _limits(season: Season, officer: User) -> LimitSet:
    return LimitSet.objects.create(season=season, number=1, reason="本采集季开始时的判定标准。", made_by=officer)


def _at(day: dt.date, hour: int) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time(hour)))


def _progress(window: Window, past: int, today: dt.date) -> tuple[str, Dates]:
    """`past`: days since the last day of the school."""
    if window.starts_on > today:
        return Status.PREPARING, Dates()
    if window.ends_on >= today:
        return Status.CAPTURING, Dates()
    came = [
        _at(window.ends_on + dt.timedelta(days=days - 3), 9 + step) if past >= days else None
        for step, days in enumerate((SENT, ACCEPTED, ORDERED, PRINTED, SHIPPED, RECEIVED))
    ]
    reached = sum(moment is not None for moment in came)
    phases = list(Status)
    # Ordered and printed are one phase.
    return phases[phases.index(Status.PROOFREADING) + reached - (reached > 3)], Dates(*came)


def _phase(status: str) -> str:
    phases = list(Status)
    return status if phases.index(Status(status)) <= phases.index(Status.PROOFREADING) else "feedback"
