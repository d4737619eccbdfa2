"""The numbers on the panels of students."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from schools.models import Window
from students.models import Student
from tests import factories
from tests.support.pages import words_of
from tests.support.words import said

pytestmark = pytest.mark.django_db
Stage = Student.Stage
NUMBERS = {
    Stage.WAITING: 7,
    Stage.RETAKE: 2,
    Stage.CHECKING: 1,
    Stage.READY: 1,
    Stage.REVIEW: 3,
    Stage.APPROVED: 4,
    Stage.PROOFED: 1,
    Stage.PRINTED: 1,
}


@pytest.fixture
def students(school, other_school, season):
    """Twenty students of one school and one of another, on the last of ten days of both."""
    for stage, number in NUMBERS.items():
        for n in range(number):
            factories.student(school, season, stage=stage, class_name="软件2301" if n else "软件2302")
    factories.student(other_school, season, stage=Stage.DELIVERED)
    today = timezone.localdate()
    Window.objects.update(starts_on=today - dt.timedelta(days=9), ends_on=today)


def panel(client, name: str, **query) -> str:
    return words_of(client.get(reverse(f"students:{name}"), query))


def test_figures_of_a_school(owner_client, students):
    assert panel(owner_client, "panel_figures") == (
        f"{said('On the roster')} 20 {said('students of this season')}"
        f" {said('Captured')} 9 45% {said('%(n)s still to photograph', n=9)}"
        f" {said('In review')} 3 {said('%(n)s to be retaken', n=2)}"
        f" {said('Portraits approved')} 6 30% {said('proofread and printed ones included')}"
    )


def test_figures_of_the_center(center_client, students):
    assert panel(center_client, "panel_figures") == (
        f"{said('On the roster')} 21 {said('%(n)s schools', n=2)}"
        f" {said('Captured')} 10 47% {said('%(n)s still to photograph', n=9)}"
        f" {said('In review')} 3 {said('%(n)s to be retaken', n=2)}"
        f" {said('Schools behind')} 1 {said('fewer students taken than planned by today')}"
    )


def test_matrix_of_the_center(center_client, students):
    page = panel(center_client, "panel_matrix")
    row = page[page.index("North") : page.index(said("All areas"))]
    total = page[page.index(said("All areas")) :]
    numbers = "7 33% 2 9% 5 23% 4 19% 1 4% 2 9% 21"
    assert row.endswith(f"{numbers} {said('%(n)s schools', n=2)} ")
    assert total == f"{said('All areas')} {numbers}"


def test_schools_of_the_center(center_client, students, school, other_school):
    page = panel(center_client, "panel_schools")
    assert f"{school.name} 9 / 20 11 {said('%(pace)s (%(n)s days)', pace=9, n=1)} 3 {said('Capturing')}" in page
    assert f"{other_school.name} 1 / 1 – –" in page


def test_schools_beyond_the_twelfth_are_counted(center_client, students, season):
    for n in range(12):
        factories.school(season=season, code=f"2{n:04d}", name=f"School {n}")
    assert said("%(n)s more schools are on plan, ahead of it, or less far behind.", n="2") in panel(
        center_client, "panel_schools"
    )


def test_classes_of_a_school(owner_client, students):
    page = panel(owner_client, "panel_classes")
    assert page.count(f"{said('College, major, class')} {said('Captured')}") == 1  # one header
    assert f"{said('Proofread')} {said('Printed')} 信息学院" in page  # and no heading without numbers
    assert "信息学院 9 / 20" in page
    assert "软件工程 9 / 20 7 2 5 4 1 1 软件2301 5 / 12 6 1 2 3 – –" in page


def test_a_large_school_opens_the_chosen_college_alone(owner_client, students, monkeypatch):
    monkeypatch.setattr("students.progress.OPEN_AT_MOST", 1)
    assert "软件2301" not in panel(owner_client, "panel_classes")
    assert "软件2301" in panel(owner_client, "panel_classes", college="信息学院")


def test_one_school_for_the_center(center_client, students, school):
    assert panel(center_client, "panel_school", school=school.pk).endswith(
        f"9 / 20 {said('Not photographed')} 7 {said('To be retaken')} 2"
        f" {said('In review')} 3 {said('Portraits approved')} 6"
    )
