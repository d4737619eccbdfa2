"""The operator's desk opens every list and every row, and changes no state."""

import pytest
from django.contrib import admin
from django.urls import reverse

from schools import history
from schools.models import Enrolment, Event, Job, Membership, School, User
from schools.tenancy import center_scope, school_scope
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator_client(db):
    return client_of(User.objects.create_superuser("operator", "op@example.org", "a-long-password"))


@pytest.fixture
def rows(school, season, owner):
    """Something in every table of this room."""
    with school_scope(school):
        factories.student(school, season)
    Job.objects.create(kind="demo", school=school)
    history.record("school.changed", school, by=owner)


REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_every_list_and_every_row_opens(operator_client, rows, model):
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    assert operator_client.get(reverse(f"{name}_changelist"), {"q": "x"}).status_code == 200
    with center_scope():
        row = model._default_manager.first()
    if row is not None:
        assert operator_client.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200


def test_a_status_cannot_be_set_past_the_gate(operator_client, rows, school, enrolment):
    url = reverse("admin:schools_enrolment_change", args=[enrolment.pk])
    operator_client.post(url, {"payment_mode": "student", "status": "received", "student_notice": ""})
    with school_scope(school):
        assert Enrolment.objects.get().status == "capturing"
        assert Enrolment.objects.get().payment_mode == "student"


@pytest.mark.parametrize("model", [Event, Job])
def test_history_and_jobs_are_to_look_at_only(operator_client, rows, model):
    name = f"admin:schools_{model._meta.model_name}"
    row = model.objects.first()
    assert operator_client.get(reverse(f"{name}_add")).status_code == 403
    assert operator_client.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


def test_a_person_is_made_with_a_role(operator_client, school):
    url = reverse("admin:schools_user_add")
    data = {
        "username": "new",
        "password1": "a-fine-long-secret",
        "password2": "a-fine-long-secret",
        "usable_password": "true",
        "membership-TOTAL_FORMS": "1",
        "membership-INITIAL_FORMS": "0",
        "membership-0-role": "school_admin",
        "membership-0-school": school.pk,
    }
    operator_client.post(url, data)
    assert Membership.objects.get(user__username="new").school == School.objects.get()
