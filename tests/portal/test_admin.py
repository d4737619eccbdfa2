"""What an operator may do in /admin/: nothing that skips a gate of the portals."""

import pytest
from django.contrib import admin
from django.urls import reverse

from portal.admin import CenterAdmin
from portal.changes import states
from portal.models import Event, Membership, Role, User
from schools.models import Area, Enrolment, School, Season
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator_client(db):
    return client_of(factories.operator("operator"))


def test_only_rows_of_the_set_up_can_be_written_and_no_state(rf, db):
    reverse("admin:index")  # loads the addresses, which take the packages' own tables away
    request = rf.get("/admin/")
    request.user = factories.operator("operator")
    written = set()
    for model, shown in admin.site._registry.items():
        assert isinstance(shown, CenterAdmin), f"{model} is no admin of ours"
        assert not shown.has_delete_permission(request)
        if shown.has_add_permission(request) or shown.has_change_permission(request):
            written.add(model)
            state = getattr(model, "TRANSITIONS", None) and states.field_of(model)
            assert not state or state in shown.get_readonly_fields(request, model())
    assert written == {User, Season, Area, School, Enrolment}


def person_form(member, **changed):
    fields = {"full_name": member.user.full_name, "email": member.user.email, "is_active": "on"}
    inline = {
        "membership-TOTAL_FORMS": "1",
        "membership-INITIAL_FORMS": "1",
        "membership-0-id": member.pk,
        "membership-0-user": member.user_id,
        "membership-0-roles": member.roles,
    }
    return {name: value for name, value in (fields | inline | changed).items() if value is not None}


def test_what_an_operator_changes_of_a_person_is_recorded_and_told(operator_client):
    factories.person("other", Role.CENTER_ADMIN)
    member = factories.person("chief", Role.CENTER_ADMIN).membership
    url = reverse("admin:portal_user_change", args=[member.user_id])
    assert operator_client.get(url).status_code == 200
    changed = person_form(member, email="new@example.org", **{"membership-0-roles": ["center_officer"]})
    assert operator_client.post(url, changed).status_code == 302
    member.refresh_from_db()
    assert (member.roles, member.user.email) == (["center_officer"], "new@example.org")
    facts = {event.kind: event.facts for event in Event.objects.filter(actor_name="operator")}
    assert facts["person.role_changed"] == {"roles": [["center_admin"], ["center_officer"]]}
    assert facts["person.changed"]["email"] == ["chief@example.org", "new@example.org"]
    operator_client.post(url, person_form(member, is_active=None))
    assert Event.objects.filter(kind="person.switched_off").count() == 1
    assert not User.objects.get(pk=member.user_id).is_active


def test_an_operator_does_not_switch_off_the_last_administrator_or_set_a_password(operator_client):
    member = factories.person("chief", Role.CENTER_ADMIN).membership
    url = reverse("admin:portal_user_change", args=[member.user_id])
    assert operator_client.post(url, person_form(member, is_active=None)).status_code == 400
    assert User.objects.get(pk=member.user_id).is_active
    secret = {"password1": "a-fine-long-secret", "password2": "a-fine-long-secret", "usable_password": "true"}
    assert (
        operator_client.post(reverse("admin:auth_user_password_change", args=[member.user_id]), secret).status_code
        == 403
    )


def test_a_person_is_made_with_a_role(operator_client, school):
    url = reverse("admin:portal_user_add")
    data = {
        "username": "new",
        "password1": "a-fine-long-secret",
        "password2": "a-fine-long-secret",
        "usable_password": "true",
        "membership-TOTAL_FORMS": "1",
        "membership-INITIAL_FORMS": "0",
        "membership-0-roles": ["school_admin"],
        "membership-0-school": school.pk,
    }
    operator_client.post(url, data)
    assert Membership.objects.get(user__username="new").school == School.objects.get()
    assert Event.objects.get(kind="person.invited").facts == {"username": "new", "roles": [[], ["school_admin"]]}
