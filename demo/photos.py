"""The demo's photos: people drawn by code, sent in and judged like any student's."""

import datetime as dt
import io
import time
import uuid
from dataclasses import dataclass

from django.utils import timezone
from PIL import Image

from capture.judging import judge, limits
from capture.models import Photo
from capture.review import decisions
from capture.sign_in import consent
from capture.upload import intake, submission
from demo import drawn_people
from portal.models import User
from portal.tenancy import system_scope
from schools.models import Enrolment, Season, Window
from students.models import Student

SIZE = (1200, 1600)
PATIENCE_SECONDS = 60
# People drawn by code are more alike than people are: at the usual limit strangers would be shown as one picture.
ALIKE = {"duplicate": {"warn": 24.0}}


@dataclass(frozen=True)
class Scene:
    """What happens to one student: the rule the picture breaks, and where the story stops."""

    stop: str  # waiting, judged, submitted, returned, locked, approved
    violation: str | None = None
    is_copy: bool = False  # sends in the picture of a student of another school


def scenes(plot: str, count: int) -> list[Scene]:
    """A scene for each student of a school whose season has come as far as `plot` says."""
    if plot == "preparing":
        return [Scene("waiting")] * count
    if plot not in ("capturing", "paying"):
        return [Scene("approved")] * count
    wrong = ("eyes", "mouth", "roll", "side_light", "fringe", "sharpness", "blue_top", "mask", "red_eye", "overexposed")
    some = [
        *(Scene("judged", rule) for rule in wrong[: 6 if plot == "capturing" else 4]),
        *[Scene("judged")] * 3,
        Scene("submitted", "screen"),
        Scene("submitted", "beautified"),
        Scene("submitted", "lens_glare"),
        *([Scene("submitted", is_copy=True)] if plot == "paying" else []),
        *[Scene("submitted")] * 7,
        Scene("returned"),
        Scene("locked", "print_edge"),
        *[Scene("approved")] * 10,
    ]
    return (some + [Scene("waiting")] * count)[:count]


def moment(enrolment: Enrolment, n: int) -> dt.datetime:
    """When the n-th photo was taken: spread over the area's days up to now, within the day's hours."""
    window = Window.objects.get(season=enrolment.season_id, area=enrolment.school.area_id)
    last = min(window.ends_on, timezone.localdate())
    day = window.starts_on + dt.timedelta(days=n % ((last - window.starts_on).days + 1))
    at = timezone.make_aware(dt.datetime.combine(day, dt.time(8 + n * 7 % 10, n * 13 % 60)))
    return min(at, timezone.now())


def play(*, student: Student, enrolment: Enrolment, scene: Scene, n: int, reviewer: User, pay: object = None) -> None:
    """Carry one student to the end of the scene; one who has begun before is left alone."""
    if scene.stop == "waiting" or student.stage != Student.Stage.WAITING:
        return
    photo = _take(student, enrolment, scene, moment(enrolment, n))
    if scene.stop == "judged" or photo.status != Photo.Status.READY:
        return
    if callable(pay) and student.must_pay(enrolment):
        pay(student, enrolment)
        student.refresh_from_db()
    photo = submission.submit(student=student, enrolment=enrolment, by=student)
    if photo.status != Photo.Status.SUBMITTED:  # somebody has let green photos through in the meantime
        return
    if scene.stop == "approved":
        decisions.approve(photo=photo, by=reviewer)
    elif scene.stop == "returned":
        decisions.return_(photo=photo, by=reviewer, reason="衣领不平整，请整理后重拍。")
    elif scene.stop == "locked":
        decisions.lock(student=student, reason="疑似翻拍照片，请到教务处说明情况。", by=reviewer)


def _take(student: Student, enrolment: Enrolment, scene: Scene, at: dt.datetime) -> Photo:
    consent.agree(student=student, season=enrolment.season, version=enrolment.season.consent_version, by=student)
    photo = intake.accept_upload(
        student=student,
        enrolment=enrolment,
        data=_copy(student) if scene.is_copy else _drawn(student, scene.violation),
        token=uuid.uuid4(),
        origin=Photo.Origin.CAMERA,
        by=student,
        at=at,
    )
    judge.judge(photo_id=photo.pk)
    return _settled(photo)


def _drawn(student: Student, violation: str | None = None) -> bytes:
    person = drawn_people.Person.random(student.pk * 7 + 1, gender=student.gender)
    return drawn_people.draw_jpeg(person, violation, size=SIZE)


def _copy(student: Student) -> bytes:
    """Somebody else's approved photo, a little smaller and saved again; one of the student's own while there is none."""
    with system_scope():
        others = Photo.objects.filter(season=student.season_id, status=Photo.Status.APPROVED).exclude(
            school=student.school
        )
        other = others.filter(student__gender=student.gender).order_by("pk").first()
    if other is None:
        return _drawn(student)
    with other.original.open("rb") as file, io.BytesIO() as copy:
        Image.open(file).resize((1080, 1440)).save(copy, "JPEG", quality=88)
        return copy.getvalue()


def set_limits(season: Season, *, by: User) -> None:
    """The limits that fit people who are drawn; left alone once somebody has set others."""
    if limits.in_force(season).number == 0:
        reason = "演示人像由程序绘制，彼此比真人相像，因此收紧重复照片的限值。"
        limits.change(season=season, by=by, reason=reason, seen=0, changes=ALIKE)


def _settled(photo: Photo) -> Photo:
    """The photo once it is judged: by us just now, or by the worker that was faster."""
    until = time.monotonic() + PATIENCE_SECONDS
    photo.refresh_from_db()
    while photo.status == Photo.Status.CHECKING and time.monotonic() < until:
        time.sleep(0.1)
        photo.refresh_from_db()
    return photo
