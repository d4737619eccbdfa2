"""Rows for tests: made-up schools and people, dated so that today lies inside the window."""

import datetime as dt
import functools
import io
import itertools

from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image

from capture.models import Consent, ConsentText, Finding, LimitSet, Photo
from portal import student_limits
from portal.models import Membership, Role, User
from portal.student_limits import Limit
from portal.tenancy import school_scope, system_scope
from schools.models import Area, Enrolment, School, Season, Window
from students.models import Student
from tests.support.database import by_owner

_numbers = itertools.count(1)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@system_scope()
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


@system_scope()
def school(*, season: Season, code: str = "10001", name: str = "Lakeside University", **fields) -> School:
    """A school, enrolled and capturing, in an area whose window is open today."""
    area = Area.objects.filter(code="north").first() or Area.objects.create(code="north", name="North")
    if not Window.objects.filter(season=season, area=area).exists():
        today = timezone.localdate()
        days = {"starts_on": today - dt.timedelta(days=3), "ends_on": today + dt.timedelta(days=10)}
        Window.objects.create(season=season, area=area, **days)
    row = School.objects.create(code=code, name=name, area=area, **fields)
    with school_scope(row):
        Enrolment.objects.create(school=row, season=season, status=Enrolment.Status.CAPTURING)
    return row


def enrol(school: School, season: Season, status: str = Enrolment.Status.CAPTURING) -> Enrolment:
    with school_scope(school):
        return Enrolment.objects.create(school=school, season=season, status=status)


def enrolment_of(school: School, season: Season) -> Enrolment:
    with school_scope(school):
        return Enrolment.objects.select_related("season", "school").get(school=school, season=season)


@system_scope()
def person(
    username: str,
    roles: str | list[Role],
    school: School | None = None,
    *,
    limit: Limit = student_limits.NONE,
    **fields,
) -> User:
    user = User.objects.create_user(
        username, f"{username}@example.org", "a-long-password", full_name=username.title(), **fields
    )
    roles = [roles] if isinstance(roles, str) else roles
    Membership.objects.create(
        user=user, roles=roles, school=school, colleges=limit.colleges, class_names=limit.class_names
    )
    return user


def operator(username: str = "operator") -> User:
    """An account for the admin alone."""
    return make_operator(User.objects.create_user(username, f"{username}@example.org", "a-long-password"))


def make_operator(user: User) -> User:
    """A superuser, whom only the owner of the tables can make."""
    by_owner(f"UPDATE portal_user SET is_superuser = true, is_staff = true WHERE id = {user.pk}")
    user.refresh_from_db()
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


@functools.cache
def jpeg(width: int = 60, height: int = 80, colour: str = "#64c5ff") -> bytes:
    """A small plain picture for rows whose looks do not matter."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "JPEG")
    return file.getvalue()


PHOTO_STAGE = {
    Photo.Status.CHECKING: Student.Stage.CHECKING,
    Photo.Status.READY: Student.Stage.READY,
    Photo.Status.SUBMITTED: Student.Stage.REVIEW,
    Photo.Status.APPROVED: Student.Stage.APPROVED,
}


def photo(
    student: Student, status: str = Photo.Status.SUBMITTED, *, findings: dict[str, str] | None = None, **fields
) -> Photo:
    """A current photo in a state, the student at the stage that goes with it; findings {rule: outcome}."""
    with school_scope(student.school):
        consent(student)
        row = Photo(school=student.school, student=student, season=student.season, status=status)
        row.width, row.height, row.sha256 = 60, 80, "0" * 64
        if status not in (Photo.Status.CHECKING, Photo.Status.FAILED):
            row.checked_at, row.outcome, row.engine = timezone.now(), "amber" if findings else "green", "1.0"
            row.compared_at = row.face_compared_at = row.checked_at
        if status in (Photo.Status.SUBMITTED, *Photo.DECIDED):
            row.submitted_at = timezone.now()
        for name, value in fields.items():
            setattr(row, name, value)
        _fill(row)
        row.save()
        for rule, outcome in (findings or {}).items():
            Finding.objects.create(
                school=student.school,
                photo=row,
                season=row.season,
                rule=rule,
                outcome=outcome,
                value=1.0,
                limit=0.5,
                marks=[["box", 0.2, 0.2, 0.4, 0.5]],
            )
        if row.is_current:
            student.stage = PHOTO_STAGE.get(status, Student.Stage.RETAKE)
            student.save(update_fields=["stage"])
    return row


def _fill(row: Photo) -> None:
    row.original.save("o.jpg", ContentFile(jpeg()), save=False)
    if row.status == Photo.Status.CHECKING:
        return
    row.preview.save("v.jpg", ContentFile(jpeg()), save=False)
    if row.status != Photo.Status.REJECTED:
        row.portrait.save("p.jpg", ContentFile(jpeg(480, 640)), save=False)
        row.thumbnail.save("t.jpg", ContentFile(jpeg()), save=False)


def consent(student: Student) -> Consent:
    with school_scope(student.school):
        text, _ = ConsentText.objects.get_or_create(sha256="0" * 64, defaults={"words": student.season.consent_text})
        return Consent.objects.get_or_create(
            student=student,
            ended_at=None,
            defaults={
                "school": student.school,
                "version": student.season.consent_version,
                "text": text,
                "face_comparison": True,
                "printing": True,
            },
        )[0]


def content(file) -> bytes:
    """The bytes of a stored file, which is closed again."""
    with file.open("rb") as opened:
        return opened.read()


@system_scope()
def limit_set(season: Season, changes: dict | None = None, **fields) -> LimitSet:
    """The next set of limits of a season, not checked for sense."""
    number = LimitSet.objects.filter(season=season).count() + 1
    return LimitSet.objects.create(season=season, number=number, changes=changes or {}, reason="A test.", **fields)
