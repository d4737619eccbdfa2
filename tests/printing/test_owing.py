import pytest
from django.urls import reverse
from django.utils import timezone

from billing.accounts import fee_accounts
from portal.errors import PortalError
from portal.models import Event
from portal.tenancy import school_scope, system_scope
from printing import delivery, print_runs
from schools.models import Enrolment, Season
from students.models import Student
from tests.support.school_papers import with_portrait
from tests.support.words import said

pytestmark = pytest.mark.django_db
Rule = Season.OwingRule


@pytest.fixture
def ready(school, season, enrolment):
    """A school with one proofread student and an accepted form, which owes 15 yuan."""
    with_portrait(school, season, stage=Student.Stage.PROOFED)
    with school_scope(school):
        Enrolment.objects.update(status=Enrolment.Status.FEEDBACK_ACCEPTED)
    enrolment.refresh_from_db()
    return enrolment


def set_rule(enrolment, rule):
    with system_scope():
        Season.objects.filter(pk=enrolment.season_id).update(owing_rule=rule)


@pytest.mark.parametrize("rule", [Rule.WARN, Rule.REASON, Rule.BLOCK])
def test_rule_of_the_season_at_printing(ready, scoped, center_admin, rule):
    set_rule(ready, rule)
    if rule != Rule.WARN:
        with pytest.raises(PortalError, match=r"15\.00"):
            print_runs.create(ready, by=center_admin)
    if rule == Rule.BLOCK:
        with pytest.raises(PortalError, match=r"15\.00"):
            print_runs.create(ready, by=center_admin, reason="the rector asked")
        return
    run = print_runs.create(ready, by=center_admin, reason="the rector asked")
    facts = Event.objects.get(kind="printrun.created").facts
    assert (facts["owed_fen"], facts["reason"], run.students) == (1500, "the rector asked", 1)


def test_school_that_has_paid_is_printed_whatever_the_rule(ready, scoped, center_admin):
    set_rule(ready, Rule.BLOCK)
    fee_accounts.record_transfer(
        ready, by=center_admin, amount_fen=1500, booked_on=timezone.localdate(), reference="B-1"
    )
    print_runs.create(ready, by=center_admin)
    assert "owed_fen" not in Event.objects.get(kind="printrun.created").facts


def test_parcel_waits_for_the_money_too(ready, scoped, center_admin):
    run = print_runs.create(ready, by=center_admin)
    set_rule(ready, Rule.BLOCK)
    with pytest.raises(PortalError, match=r"15\.00"):
        delivery.ship(run, carrier="SF", tracking_no="1", shipped_on=timezone.localdate(), by=center_admin)


def test_pages_of_printing_and_shipping_say_who_owes(ready, school, center_client, center_admin):
    owes = said("owes ¥ %(amount)s", amount="15.00")
    assert owes in center_client.get(reverse("printing:center_runs")).content.decode()
    with school_scope(school):
        run = print_runs.create(ready, by=center_admin)
    assert owes in center_client.get(reverse("printing:ship", args=[run.pk])).content.decode()
