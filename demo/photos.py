"""The demo's photos: drawn people, uploaded, judged and decided like real photos."""

import datetime as dt
import io
import math
import time
import uuid
from dataclasses import dataclass

import cv2
import numpy as np
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from capture.judging import judge, limits
from capture.live import watching
from capture.models import Exemption, Photo
from capture.review import appeals, decisions, exemptions
from capture.sign_in import consent
from capture.upload import intake, submission
from demo import drawn_people
from portal.models import User
from portal.tenancy import system_scope
from schools.models import Enrolment, Season, Window
from students.models import Student
from vision.live.film import Frame, pack

SIZE = (1200, 1600)
JUDGING_TIMEOUT_SECONDS = 60
# Drawn people look more alike than real ones: with the usual limit different people would count as
# duplicates.
DRAWN_LIMITS = {"duplicate": {"warn": 24.0}, "same_person": {"warn": 0.42}, "same_face": {"warn": 0.2}}


@dataclass(frozen=True)
class PhotoCase:
    """What happens to one student's photo.

    `last_step` is "waiting", "judged", "submitted", "returned", "locked" or "approved". `violation`
    is the rule that the photo breaks. With `is_copy` the photo is a copy of one of another school's
    student. `appearance` is how the student is, `exemption` what the student has declared of it.
    With `is_appealed` the student asks for a person's look at the rejected photo. With `has_film` the film of the second
    before the shutter shows a flat picture that is held before the camera.
    """

    last_step: str
    violation: str | None = None
    is_copy: bool = False
    appearance: str = ""
    exemption: str = ""
    is_appealed: bool = False
    has_film: bool = False


def photo_cases(phase: str, count: int) -> list[PhotoCase]:
    """A case for each of `count` students of a school in this phase of its season."""
    if phase == "preparing":
        return [PhotoCase("waiting")] * count
    if phase not in ("capturing", "paying"):
        return [PhotoCase("approved")] * count
    wrong = ("eyes", "mouth", "roll", "side_light", "fringe", "sharpness", "blue_top", "mask", "red_eye", "overexposed")
    some = [
        *(PhotoCase("judged", rule) for rule in wrong[: 6 if phase == "capturing" else 4]),
        *[PhotoCase("judged")] * 3,
        PhotoCase("submitted", "screen", has_film=True),
        PhotoCase("submitted", "beautified"),
        PhotoCase("submitted", "lens_glare"),
        *([PhotoCase("submitted", is_copy=True)] if phase == "paying" else []),
        PhotoCase("submitted", "eyes", is_appealed=True),
        PhotoCase("submitted", appearance="turban", exemption=Exemption.Kind.HEAD_COVER),
        PhotoCase("submitted", appearance="one_eye", exemption=Exemption.Kind.EYES),
        *[PhotoCase("submitted")] * 4,
        PhotoCase("returned"),
        PhotoCase("locked", "print_edge"),
        *[PhotoCase("approved")] * 10,
    ]
    return (some + [PhotoCase("waiting")] * count)[:count]


def taken_at(enrolment: Enrolment, n: int) -> dt.datetime:
    """The time of the n-th photo: spread over the area's days until now, from 8:00 to 18:00."""
    window = Window.objects.regular().get(season=enrolment.season_id, area=enrolment.school.area_id)
    last = min(window.ends_on, timezone.localdate())
    day = window.starts_on + dt.timedelta(days=n % ((last - window.starts_on).days + 1))
    at = timezone.make_aware(dt.datetime.combine(day, dt.time(8 + n * 7 % 10, n * 13 % 60)))
    return min(at, timezone.now())


def photograph(
    *, student: Student, enrolment: Enrolment, case: PhotoCase, n: int, reviewer: User, pay: object = None
) -> None:
    """Bring one student to the last step of the case. A student who has a photo already is skipped.

    `pay` is called with student and enrolment when the student must pay before submitting.
    """
    if case.last_step == "waiting" or student.stage != Student.Stage.WAITING:
        return
    at = taken_at(enrolment, n)
    _go_through(student, enrolment, case, at, reviewer, pay)
    # Handed in on the day on which it was taken: plan and charts tell of the same days.
    handed_in_at = min(at + dt.timedelta(minutes=3), timezone.now())
    Photo.objects.filter(student=student, submitted_at__isnull=False).update(submitted_at=handed_in_at)


def _go_through(
    student: Student, enrolment: Enrolment, case: PhotoCase, at: dt.datetime, reviewer: User, pay: object
) -> None:
    if case.exemption:
        exemptions.declare(student=student, kind=case.exemption, by=student)
    photo = _upload(student, enrolment, case, at)
    if case.is_appealed and photo.status == Photo.Status.REJECTED:
        _appeal(student, enrolment, pay)
        return
    if case.last_step == "judged" or photo.status != Photo.Status.READY:
        return
    _pay_if_due(student, enrolment, pay)
    photo.refresh_from_db()
    if photo.status == Photo.Status.READY:  # who has paid has handed in
        photo = submission.submit(student=student, enrolment=enrolment, by=student)
    # The season's limits may approve a photo without findings at once.
    if photo.status != Photo.Status.SUBMITTED:
        return
    if case.last_step == "approved":
        decisions.approve(photo=photo, by=reviewer)
    elif case.last_step == "returned":
        decisions.return_(photo=photo, by=reviewer, reason="衣领不平整，请整理后重拍。")
    elif case.last_step == "locked":
        decisions.lock(student=student, reason="疑似翻拍照片，请到教务处说明情况。", by=reviewer)


def _pay_if_due(student: Student, enrolment: Enrolment, pay: object) -> None:
    if callable(pay) and student.must_pay(enrolment):
        pay(student, enrolment)
        student.refresh_from_db()


def _appeal(student: Student, enrolment: Enrolment, pay: object) -> None:
    student.refresh_from_db()
    _pay_if_due(student, enrolment, pay)
    reason = Photo.Appeal.APPEARANCE
    photo = appeals.appeal(student=student, enrolment=enrolment, reason=reason, words="我的眼睛比较小。", by=student)
    judge.judge_photo(photo_id=photo.pk)
    _wait_until_judged(photo)


def _upload(student: Student, enrolment: Enrolment, case: PhotoCase, at: dt.datetime) -> Photo:
    consent.agree(
        student=student,
        season=enrolment.season,
        version=enrolment.season.consent_version,
        by=student,
        face_comparison=True,
        admission_comparison=True,
        film=case.has_film,
        printing=True,
        says_under_age=False,
    )
    photo = intake.accept_upload(
        student=student,
        enrolment=enrolment,
        data=_copy(student) if case.is_copy else _drawn(student, case.violation, case.appearance),
        film=SimpleUploadedFile("film", _flat_film(student)) if case.has_film else None,
        token=uuid.uuid4(),
        origin=Photo.Origin.CAMERA,
        by=student,
        at=at,
    )
    judge.judge_photo(photo_id=photo.pk)
    watching.watch(photo_id=photo.pk)
    return _wait_until_judged(photo)


def _drawn(student: Student, violation: str | None = None, appearance: str = "") -> bytes:
    person = drawn_people.Person.random(student.pk * 7 + 1, gender=student.gender)
    return drawn_people.draw_jpeg(person, violation, appearance=appearance, size=SIZE)


def _flat_film(student: Student) -> bytes:
    """Ten frames of a picture that a hand moves before the camera."""
    picture = np.asarray(Image.open(io.BytesIO(_drawn(student))).resize((480, 640)))[..., ::-1]
    frames = []
    for number in range(10):
        swing = number / 3
        matrix = cv2.getRotationMatrix2D((240, 300), 0.8 * math.sin(swing), 1.04 + 0.02 * math.cos(swing))
        matrix[:, 2] += 9 * math.sin(swing * 1.3), 6 * math.cos(swing * 0.8)
        moved = cv2.warpAffine(picture, matrix, (480, 640), borderMode=cv2.BORDER_REPLICATE)
        small = cv2.resize(moved, (192, 256), interpolation=cv2.INTER_AREA)
        frames.append(Frame(100 * (10 - number), cv2.imencode(".jpg", small)[1].tobytes()))
    return pack(frames)


def _copy(student: Student) -> bytes:
    """Another school's approved photo as a smaller JPEG; the student's own if there is none."""
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
    """Set the limits for drawn people, unless somebody has changed the limits before."""
    if limits.in_force(season).number == 0:
        reason = "演示人像由程序绘制，彼此比真人相像，因此收紧重复照片的限值。"
        limits.change_limits(season=season, by=by, reason=reason, version=0, changes=DRAWN_LIMITS)


def _wait_until_judged(photo: Photo) -> Photo:
    """The photo after it was judged, by this process or by a worker.

    Waits at most JUDGING_TIMEOUT_SECONDS.
    """
    until = time.monotonic() + JUDGING_TIMEOUT_SECONDS
    photo.refresh_from_db()
    while photo.status == Photo.Status.CHECKING and time.monotonic() < until:
        time.sleep(0.1)
        photo.refresh_from_db()
    return photo
