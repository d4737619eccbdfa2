import pytest
from django.urls import reverse

from portal.models import Event, Look
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(db):
    return client_of(factories.operator("operator"))


@pytest.fixture
def students(school, other_school, season):
    return factories.student(school, season, name="王小明"), factories.student(other_school, season, name="赵远")


@pytest.mark.parametrize("model", ["student", "rosterimport", "correction"])
def test_lists_across_schools(operator, students, model):
    assert operator.get(reverse(f"admin:students_{model}_changelist")).status_code == 200


def test_students_are_shown_without_their_numbers(operator, students):
    page = operator.get(reverse("admin:students_student_changelist")).content.decode()
    assert "王小明" in page
    assert "赵远" in page
    detail = operator.get(reverse("admin:students_student_change", args=[students[0].pk])).content.decode()
    assert "王小明" in detail
    assert students[0].id_number not in detail
    assert students[0].id_hash not in detail
    seen = [(look.kind, set(look.students)) for look in Look.objects.order_by("pk")]
    assert seen == [("list", {student.pk for student in students}), ("record", {students[0].pk})]


def test_search_by_the_beginning(operator, students):
    page = operator.get(reverse("admin:students_student_changelist"), {"q": "赵"}).content.decode()
    assert "赵远" in page
    assert "王小明" not in page


def test_export_is_masked_and_recorded(operator, students):
    answer = operator.post(
        reverse("admin:students_student_export"),
        {"format": "0", "resource": "", "studentresource_student_no": "on", "studentresource_id_number": "on"},
    )
    content = answer.content.decode()
    assert students[1].masked_id in content
    assert students[1].id_number not in content
    assert Event.objects.get(kind="roster.exported").facts["count"] == 2
