import pytest
from django.urls import reverse

from capture.models import Consent, Exemption, Finding, Photo, Station
from portal.models import Look
from portal.tenancy import school_scope
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("model", [Photo, Finding, Consent, Station])
def test_operator_looks_at_lists_and_rows_but_changes_nothing(student, school, season, model):
    factories.photo(student, findings={"sharpness": "warn"})
    with school_scope(school):
        Station.objects.create(school=school, season=season, name="Hall", place="Library")
    operator = client_of(factories.operator("root"))
    name = f"admin:capture_{model._meta.model_name}"
    row = model._base_manager.get()
    page = operator.get(reverse(f"{name}_changelist"))
    assert reverse(f"{name}_change", args=[row.pk]) in page.content.decode()
    assert operator.get(reverse(f"{name}_changelist"), {"q": "7"}).status_code == 200
    assert operator.get(reverse(f"{name}_add")).status_code == 403
    assert operator.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    page = operator.get(reverse(f"{name}_change", args=[row.pk]))
    assert page.status_code == 200
    looked = {look.kind for look in Look.objects.filter(students=[student.pk])}
    assert looked == ({"list", "record"} if hasattr(row, "student_id") else set())
    assert b'name="_save"' not in page.content
    assert b".jpg" not in page.content


def test_operator_does_not_read_what_students_say_of_themselves(student, school):
    photo = factories.photo(
        student, appeal="appearance", appeal_words="My left eye is of glass.", excuses={"eyes": "off"}
    )
    with school_scope(school):
        Exemption.objects.create(
            student=student,
            school=school,
            season=student.season,
            kind=Exemption.Kind.EYES,
            words="My left eye is of glass.",
        )
    operator = client_of(factories.operator("root"))
    for row in (photo, Exemption._base_manager.get()):
        page = operator.get(reverse(f"admin:capture_{row._meta.model_name}_change", args=[row.pk])).content.decode()
        assert "of glass" not in page
        assert "eyes" not in page
