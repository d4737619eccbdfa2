"""The operator's admin opens every list and every row, and changes no status."""

import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from portal import history
from portal.admin import CenterAdmin
from portal.models import Event, Job
from portal.tenancy import school_scope, system_scope
from schools.models import Enrolment
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator_client(db):
    return client_of(factories.operator("operator"))


@pytest.fixture
def rows(school, season, owner):
    """One row or more in every table of this room."""
    with school_scope(school):
        factories.student(school, season)
    Job.objects.create(kind="demo", school=school)
    history.record("school.changed", school, by=owner)


OURS = [model for model, shown in admin.site._registry.items() if isinstance(shown, CenterAdmin)]
REGISTERED = sorted(OURS, key=lambda model: model._meta.label)


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_every_list_and_every_row_opens(operator_client, rows, model):
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    assert operator_client.get(reverse(f"{name}_changelist"), {"q": "x"}).status_code == 200
    with system_scope():
        row = model._default_manager.first()
    if row is not None:
        assert operator_client.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200


def test_a_status_cannot_be_set_past_the_gate(operator_client, rows, school, enrolment):
    url = reverse("admin:schools_enrolment_change", args=[enrolment.pk])
    operator_client.post(url, {"payment_mode": "student", "status": "received", "student_notice": "Bring a comb."})
    with school_scope(school):
        row = Enrolment.objects.get()
    assert (row.status, row.payment_mode, row.student_notice) == ("capturing", "school", "Bring a comb.")
    event = Event.objects.get(kind="enrolment.changed")
    assert (event.actor_name, event.school) == ("operator", school)
    assert event.facts["student_notice"] == ["", "Bring a comb."]


def _form(page) -> dict[str, str]:
    """The values that a browser sends for an admin form."""
    form = page.context["adminform"].form
    data = {name: form[name].value() for name in form.fields}
    for inline in page.context["inline_admin_formsets"]:
        for part in (inline.formset.management_form, *inline.formset.forms):
            data |= {part.add_prefix(name): part[name].value() for name in part.fields}
    return {name: value for name, value in data.items() if value not in (None, False)}


def test_the_operators_work_stands_in_the_history(operator_client, season, school):
    url = reverse("admin:schools_school_change", args=[school.pk])
    operator_client.post(url, _form(operator_client.get(url)) | {"short_name": "LU"})
    event = Event.objects.get(kind="school.changed")
    assert (event.school, event.facts) == (school, {"short_name": ["", "LU"]})

    url = reverse("admin:schools_season_change", args=[season.pk])
    form = _form(operator_client.get(url)) | {"copies": "6", "price_fen": "1", "windows-0-ends_on": "2099-01-01"}
    operator_client.post(url, form)
    assert Event.objects.get(kind="season.changed").facts == {"copies": [5, 6]}
    assert Event.objects.get(kind="season.timetable").facts["North"][1].endswith("2099-01-01")
    season.refresh_from_db()
    assert season.price_fen == 1500

    operator_client.post(reverse("admin:schools_area_add"), {"code": "south", "name": "South", "position": "2"})
    assert Event.objects.filter(kind="area.created").count() == 1
    for name, row in (("season", season), ("school", school)):
        assert operator_client.post(reverse(f"admin:schools_{name}_delete", args=[row.pk])).status_code == 403


def test_an_import_of_schools_by_the_operator_stands_in_the_history(operator_client, school):
    sheet = SimpleUploadedFile("s.csv", "学校代码,学校名称,片区\r\n10009,Dale College,North\r\n".encode())
    page = operator_client.post(reverse("admin:schools_school_import"), {"format": "0", "import_file": sheet})
    confirmed = page.context["confirm_form"].initial
    operator_client.post(reverse("admin:schools_school_process_import"), confirmed | {"format": "0"})
    assert Event.objects.get(kind="school.added").facts == {"code": "10009"}


@pytest.mark.parametrize("model", [Event, Job])
def test_history_and_jobs_are_to_look_at_only(operator_client, rows, model):
    name = f"admin:portal_{model._meta.model_name}"
    row = model.objects.first()
    assert operator_client.get(reverse(f"{name}_add")).status_code == 403
    assert operator_client.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()
