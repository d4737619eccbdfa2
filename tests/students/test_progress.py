import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.tenancy import center_scope, school_scope
from schools.models import Window, WindowException
from students import progress
from students.models import Student
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def students(school, other_school, season):
    for stage in ("waiting", "waiting", "retake", "ready", "review", "approved"):
        factories.student(school, season, stage=stage)
    factories.student(other_school, season, stage="printed")


def test_tallies_count_each_student_once(students, season):
    with center_scope():
        rows = progress.school_progress(season)
    total = progress.total_counts(rows)
    assert (total.total, total.captured, total.done, total.waiting) == (7, 3, 2, 3)
    assert sum(number for _name, number in total.steps) == 7
    assert dict(total.steps)["review"] == 2


def test_areas_sum_their_schools(students, season):
    with center_scope():
        (area,) = progress.area_progress(progress.school_progress(season))
    assert (area.schools, area.counts.total, area.window is not None) == (2, 7, True)


def test_schools_behind_their_plan_come_first(students, school, other_school, season):
    today = timezone.localdate()
    Window.objects.update(starts_on=today - dt.timedelta(days=9), ends_on=today)
    with center_scope():
        first, second = progress.school_progress(season)
    assert (first.school, first.planned, first.behind, first.is_late) == (school, 6, 4, True)
    assert (second.school, second.behind, second.is_late) == (other_school, 0, False)


def test_the_pace_is_what_is_left_on_the_days_that_are_left(students, school, other_school, season):
    today = timezone.localdate()
    Window.objects.update(starts_on=today - dt.timedelta(days=9), ends_on=today)
    with center_scope():
        first, second = progress.school_progress(season)
    assert ((first.days_left, first.pace), (second.days_left, second.pace)) == ((1, 3), (1, 0))
    with school_scope(school):
        later = today + dt.timedelta(days=4)
        WindowException.objects.create(school=school, season=season, starts_on=later, ends_on=later, reason="x")
    with center_scope():
        first, _second = progress.school_progress(season)
    assert (first.days_left, first.pace) == (2, 2)
    Window.objects.update(ends_on=today - dt.timedelta(days=1))
    with school_scope(school):
        WindowException.objects.update(starts_on=today - dt.timedelta(days=1), ends_on=today - dt.timedelta(days=1))
    with center_scope():
        assert {row.pace for row in progress.school_progress(season)} == {0}


def test_nothing_is_planned_before_the_window(students, season):
    Window.objects.update(starts_on=dt.date(2999, 1, 1), ends_on=dt.date(2999, 1, 9))
    with center_scope():
        assert {row.planned for row in progress.school_progress(season)} == {0}


def test_schools_take_four_queries(students, season, django_assert_num_queries):
    with center_scope(), django_assert_num_queries(4):
        progress.school_progress(season)


def test_classes_in_the_order_of_the_roster(students, school, season):
    factories.student(school, season, college="艺术学院", class_name="绘画2301")
    with school_scope(school):
        rows = progress.class_progress(school, season)
    assert [(row.college, row.class_name, row.counts.total) for row in rows] == [
        ("信息学院", "软件2301", 6),
        ("艺术学院", "绘画2301", 1),
    ]
    assert [(row.level, row.name, row.counts.total) for row in progress.grid(rows) if row.level == "college"] == [
        ("college", "信息学院", 6),
        ("college", "艺术学院", 1),
    ]


@pytest.mark.parametrize("name", ["panel_figures", "panel_matrix", "panel_schools"])
def test_panels_of_the_center(center_client, students, name):
    answer = center_client.get(reverse(f"students:{name}"))
    assert answer.status_code == 200
    assert "<html" not in answer.content.decode()


@pytest.mark.parametrize("name", ["panel_figures", "panel_classes"])
def test_panels_of_a_school_show_its_own_figures(owner_client, students, school, name):
    page = owner_client.get(reverse(f"students:{name}")).content.decode()
    assert ">7<" not in page
    assert "6" in page


def test_panel_of_one_school_for_the_center(center_client, students, school):
    page = center_client.get(reverse("students:panel_school"), {"school": school.pk}).content.decode()
    assert "2</b> / 6" in page
    assert center_client.get(reverse("students:panel_school"), {"school": "x"}).status_code == 404


@pytest.mark.parametrize("name", ["panel_matrix", "panel_schools", "panel_school"])
def test_panels_of_the_center_are_not_for_schools(owner_client, students, name):
    assert owner_client.get(reverse(f"students:{name}")).status_code == 404


@pytest.mark.urls("config.urls")
def test_panels_work_without_a_season(center_client, db):
    for name in ("panel_figures", "panel_matrix", "panel_schools"):
        assert center_client.get(reverse(f"students:{name}")).status_code == 200


def test_stages_of_the_model_are_all_counted():
    counted = [stage for _name, stages in progress.STEPS for stage in stages]
    assert sorted([*counted, Student.Stage.LEFT]) == sorted(Student.Stage)
