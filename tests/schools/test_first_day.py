"""A new center is led from its first sign-in to the published notice, by a list that ticks itself off."""

import pytest
from allauth.mfa.models import Authenticator
from django.urls import reverse

from portal.models import Role
from portal.tenancy import center_scope
from schools.models import Season
from schools.notices import publishing
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
Status = Season.Status


def ticks(client) -> str:
    """x for each line that is done, - for the others."""
    found = client.get(reverse("schools:dashboard")).context["first_day"]
    return "".join("x" if step.is_done else "-" for step in found)


def test_an_empty_center_begins_with_people_and_a_season(center_client):
    page = center_client.get(reverse("schools:dashboard"))
    assert [step.is_done for step in page.context["first_day"]] == [False] * 5
    assert page.context["next_step"].url == reverse("mfa_index")
    assert reverse("schools:season_new") in page.content.decode()


def test_each_step_ticks_itself_off_and_the_list_goes_away(center_client, center_admin, season):
    Season.objects.update(status=Status.DRAFT, bank_account_no="", contact_name="")
    assert ticks(center_client) == "--x------"
    factories.person("second", Role.CENTER_ADMIN)
    school = factories.school(season=season)
    assert ticks(center_client) == "-xx-xx---"
    factories.person("owner", Role.SCHOOL_ADMIN, school)
    Season.objects.update(status=Status.OPEN)
    assert ticks(center_client)[-3:] == "xx-"
    with center_scope():
        notice = publishing.create(season, by=center_admin, title="通知", body="x", for_schools=True)
        publishing.publish(notice, by=center_admin)
    assert ticks(center_client) == "-xxxxxxxx"
    Authenticator.objects.create(user=center_admin, type=Authenticator.Type.TOTP, data={})
    assert ticks(center_client) == ""


def test_a_center_that_has_closed_a_season_needs_no_list(center_client, season):
    assert ticks(center_client)
    Season.objects.update(status=Status.CLOSED)
    assert ticks(center_client) == ""


def test_who_may_not_do_a_step_reads_it_without_a_link(season):
    auditor = factories.person("auditor", Role.CENTER_AUDITOR)
    found = client_of(auditor).get(reverse("schools:dashboard")).context["first_day"]
    assert [bool(step.url) for step in found[3:5]] == [True, False]
