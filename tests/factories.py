"""Rows for tests: made-up schools and people, dated so that today lies inside the window."""

import datetime as dt
import itertools

from django.utils import timezone

from schools.models import Area, Enrolment, Membership, Role, School, Season, User, Window
from schools.tenancy import school_scope
from students.models import Student

_numbers = itertools.count(1)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def season(**fields) -> Season:
    today = timezone.localdate()
    fields = {
        "year": today.year,
        "graduating_class": today.year + 1,
        "status": Season.Status.OPEN,
        "center_name": "Demo Province Center",
        "payment_due": today + dt.timedelta(days=60),
        "opens_at": dt.time(0),
        "closes_at": dt.time(23, 59, 59),
        "bank_account_name": "Demo Center",
        "bank_name": "Demo Bank",
        "bank_account_no": "6200 0000 0000 0000 000",
        "consent_text": "I agree.",
    } | fields
    return Season.objects.create(**fields)


def school(*, season: Season, code: str = "10001", name: str = "Lakeside University", **fields) -> School:
    """A school, enrolled and capturing, in an area whose window is open today."""
    area, _ = Area.objects.get_or_create(code="north", defaults={"name": "North"})
    today = timezone.localdate()
    Window.objects.get_or_create(
        season=season, area=area, defaults={"starts_on": today - dt.timedelta(days=3), "ends_on": today + dt.timedelta(days=10)}
    )
    row = School.objects.create(code=code, name=name, area=area, **fields)
    with school_scope(row):
        Enrolment.objects.create(school=row, season=season, status=Enrolment.Status.CAPTURING)
    return row


def enrolment_of(school: School, season: Season) -> Enrolment:
    with school_scope(school):
        return Enrolment.objects.select_related("season", "school").get(school=school, season=season)


def person(username: str, role: Role, school: School | None = None, **fields) -> User:
    user = User.objects.create_user(username, f"{username}@example.org", "a-long-password", full_name=username.title(), **fields)
    Membership.objects.create(user=user, role=role, school=school)
    return user


def id_number(serial: int, *, born: str = "20010203", region: str = "320102") -> str:
    """A number that satisfies GB 11643; odd serials are men."""
    body = f"{region}{born}{serial:03d}"
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, WEIGHTS, strict=True)) % 11]


def student(school: School, season: Season, **fields) -> Student:
    n = next(_numbers)
    number = fields.pop("id_number", None) or id_number(n % 1000, born=f"2001{n // 1000 % 12 + 1:02d}03")
    fields = {
        "student_no": f"S{n:06d}",
        "name": "李一",
        "gender": Student.Gender.MALE if n % 2 else Student.Gender.FEMALE,
        "level": "本科",
        "college": "信息学院",
        "major": "软件工程",
        "class_name": "软件2301",
    } | fields
    row = Student(school=school, season=season, **fields)
    row.id_number = number
    with school_scope(school):
        row.save()
    return row
