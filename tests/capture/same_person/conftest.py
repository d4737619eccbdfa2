"""Students whose photos and admission photos are drawn."""

from typing import Any

import pytest
from django.core.files.base import ContentFile

from capture.models import AdmissionUpload, Consent, Photo
from capture.same_person import admission_upload, comparison
from portal.background import jobs
from portal.security.sealed_parts import PART_BYTES
from portal.tenancy import school_scope
from tests import factories
from tests.support.drawn_students import LIMITS, archive, picture


@pytest.fixture
def strict(season):
    return factories.limit_set(season, LIMITS)


@pytest.fixture
def upload(school, season, owner):
    """Upload an archive, confirm it and let the jobs run."""

    def run(files: dict[str, bytes], *, is_confirmed: bool = True) -> AdmissionUpload:
        content = archive(files)
        with school_scope(school):
            parts = -(-len(content) // PART_BYTES)
            row = admission_upload.begin(school=school, season=season, filename="2026.zip", parts=parts, by=owner)
            for number in range(parts):
                piece = content[number * PART_BYTES : (number + 1) * PART_BYTES]
                row = admission_upload.add_part(row=row, number=number, content=piece, by=owner)
        jobs.run(row.job_id)
        row.refresh_from_db()
        if is_confirmed:
            with school_scope(school):
                admission_upload.confirm(row=row, by=owner)
            jobs.run(row.job_id)
            row.refresh_from_db()
        return row

    return run


@pytest.fixture
def photographed():
    """The student's photo shows `who`; it was judged and waits for its face to be compared."""

    def take(student: Any, who: tuple[int, str], *, agrees: bool = True, **look: int) -> Photo:
        factories.consent(student)
        with school_scope(student.school):
            Consent.objects.filter(student=student).update(admission_comparison=agrees)
            Photo.objects.filter(student=student).update(is_current=False)
        photo = factories.photo(student, face_compared_at=None, measures={"faces": 1})
        with school_scope(student.school):
            for field in ("portrait", "preview"):
                getattr(photo, field).save("x.jpg", ContentFile(picture(who, **look)), save=True)
        return photo

    return take


@pytest.fixture
def compared(photographed):
    def run(student: Any, who: tuple[int, str], **options: Any) -> Photo:
        photo = photographed(student, who, **options)
        with school_scope(student.school):
            comparison.compare(photo_id=photo.pk)
        photo.refresh_from_db()
        return photo

    return run
