"""The demo's photos come where their case says."""

import pytest

from capture.models import Exemption, Photo
from demo import photos
from students.models import Student
from tests import factories

pytestmark = pytest.mark.usefixtures("scoped")


def _photographed(case: photos.PhotoCase, school, season, enrolment, reviewer) -> Photo:
    student = factories.student(school, season)
    photos.photograph(student=student, enrolment=enrolment, case=case, n=0, reviewer=reviewer)
    return Photo.objects.select_related("student").get(student=student)


def _cases(wanted) -> list[photos.PhotoCase]:
    return [case for case in photos.photo_cases("capturing", 40) if wanted(case)]


def test_a_student_who_appeals_waits_for_a_person(school, season, enrolment, owner):
    (case,) = _cases(lambda case: case.is_appealed)
    photo = _photographed(case, school, season, enrolment, owner)
    assert photo.appealed_at
    assert photo.submitted_at.date() == photo.taken_at.date()
    assert (photo.status, photo.outcome, photo.student.stage) == (Photo.Status.SUBMITTED, "red", Student.Stage.REVIEW)


def test_students_with_something_to_declare_wait_with_their_photos(school, season, enrolment, owner):
    cases = _cases(lambda case: case.exemption)
    found = [_photographed(case, school, season, enrolment, owner) for case in cases]
    assert len(found) == 2
    assert {photo.status for photo in found} == {Photo.Status.SUBMITTED}
    assert all(photo.excuses and photo.outcome == "amber" for photo in found)
    assert Exemption.objects.filter(status=Exemption.Status.DECLARED).count() == 2
