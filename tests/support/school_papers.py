"""Real fonts, real JPEG files, real PDFs; `rendered` looks at a page as poppler draws it."""

import datetime as dt
import functools
import subprocess
from io import BytesIO

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image

from capture.models import Photo
from portal.background import jobs
from portal.pdf.fonts import installed_fonts
from portal.tenancy import school_scope
from printing import print_runs
from printing.sheets import SheetHeader, SheetStudent
from proofing import feedback, proofs
from schools.models import Enrolment
from students.models import Student
from tests import factories

HEADER = SheetHeader(school="湖滨大学", season="2022年毕业生图像采集", center="示范省中心", run="P-1")


@pytest.fixture(scope="session")
def fonts():
    return installed_fonts()


def picture(colour=(220, 30, 30), size=(480, 640), quality=90) -> bytes:
    """A JPEG of one colour with a grain that weighs as much as a face."""
    grain = np.random.default_rng(1).integers(-12, 12, (size[1], size[0], 3))
    pixels = np.clip(np.array(colour) + grain, 0, 255).astype("uint8")
    data = BytesIO()
    Image.fromarray(pixels).save(data, "JPEG", quality=quality, dpi=(300, 300))
    return data.getvalue()


@pytest.fixture(scope="session")
def jpeg() -> bytes:
    return picture()


def sheet_student(number: int, **fields) -> SheetStudent:
    fields = {
        "portrait": f"{number}.jpg",
        "school": "湖滨大学",
        "college": "信息学院",
        "major": "软件工程",
        "class_name": "软件2301",
        "student_no": f"S{number:06d}",
        "id_number": f"32010220010203{number:04d}",
        "name": "李一",
    } | fields
    return SheetStudent(**fields)


def text_of(path, *options) -> str:
    return subprocess.run(["pdftotext", *options, str(path), "-"], capture_output=True, check=True).stdout.decode()


def rendered(path, page=1, dpi=300) -> np.ndarray:
    """The page's pixels, height x width x 3."""
    command = ["pdftoppm", "-r", str(dpi), "-f", str(page), "-l", str(page), "-png", str(path)]
    png = subprocess.run(command, capture_output=True, check=True).stdout
    return np.asarray(Image.open(BytesIO(png)).convert("RGB")).astype(int)


def with_portrait(school, season, *, jpeg=None, stage=Student.Stage.APPROVED, **fields):
    """A student whose approved portrait is a real file."""
    student = factories.student(school, season, stage=stage, **fields)
    factories.consent(student)
    with school_scope(school):
        photo = Photo(
            school=school,
            season=season,
            student=student,
            status=Photo.Status.APPROVED,
            sha256=f"{student.pk:064d}",
            submitted_at=timezone.now(),
        )
        photo.portrait.save("portrait.jpg", ContentFile(jpeg or small_jpeg()), save=False)
        photo.save()
    return student


@functools.cache
def small_jpeg() -> bytes:
    return picture(quality=30)


@pytest.fixture
def proofreading(enrolment, scoped):
    """The school's capture is over; its proofreading is due in two weeks."""
    today = timezone.localdate()
    Enrolment.objects.filter(pk=enrolment.pk).update(
        status=Enrolment.Status.PROOFREADING, capture_ended_on=today, proof_due_on=today + dt.timedelta(days=14)
    )
    enrolment.refresh_from_db()
    return enrolment


@pytest.fixture
def proofreading_school(school, enrolment):
    with school_scope(school):
        Enrolment.objects.update(
            status=Enrolment.Status.PROOFREADING, capture_ended_on="2022-04-01", proof_due_on="2022-05-18"
        )
    return school


@pytest.fixture
def pair(scoped, season):
    """Two students with approved portraits."""
    return [with_portrait(scoped, season), with_portrait(scoped, season)]


def read(file) -> bytes:
    with file.open("rb") as opened:
        return opened.read()


def confirm(student):
    return proofs.confirm(student, photo_id=proofs.current_portrait(student).pk, by=student)


@pytest.fixture
def accepted(proofreading, pair, owner, center_admin):
    """The school's form has been accepted: its sheets may be printed."""
    for student in pair:
        confirm(student)
    form = feedback.make(proofreading, by=owner)
    feedback.send(form, data=STAMPED, by=owner)
    feedback.accept(form, by=center_admin)
    proofreading.refresh_from_db()
    return proofreading


STAMPED = factories.jpeg(900, 1200, "#f8f8f0")  # a photo of the sheet; no process needs to draw it


@pytest.fixture
def at_the_center(proofreading_school, season, owner):
    """Two settled students and a form that the school has sent."""
    for _ in range(2):
        student = with_portrait(proofreading_school, season)
        with school_scope(proofreading_school):
            confirm(student)
    with school_scope(proofreading_school):
        made = feedback.make(Enrolment.objects.select_related("season", "school").get(), by=owner)
        return feedback.send(made, data=STAMPED, by=owner)


@pytest.fixture
def printed(accepted, center_admin, django_capture_on_commit_callbacks):
    """A print run whose sheets are built."""
    with django_capture_on_commit_callbacks():
        run = print_runs.create(accepted, by=center_admin)
    jobs.run(run.job_id)
    run.refresh_from_db()
    return run
