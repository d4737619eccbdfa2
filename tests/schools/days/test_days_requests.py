"""A school asks for other days; the center grants, changes or refuses them; both are told."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.errors import Conflict, PortalError
from portal.models import Event, Notification, Role
from portal.tenancy import center_scope, school_scope, system_scope
from schools.days import days_requests
from schools.models import DaysRequest, Enrolment, WindowException
from tests import factories
from tests.conftest import client_of
from tests.support.words import said

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
REASON = "Internship"


@pytest.fixture
def first():
    return timezone.localdate() + 30 * DAY


@pytest.fixture
def asked(school, season, owner, center_admin, first) -> DaysRequest:
    with school_scope(school):
        enrolment = factories.enrolment_of(school, season)
        return days_requests.ask(
            enrolment, by=owner, kind="regular", starts_on=first, ends_on=first + DAY, reason=REASON
        )


def told(kind: str) -> set[str]:
    with system_scope():
        return set(Notification.objects.filter(kind=kind).values_list("recipient_key", flat=True))


def state() -> tuple[str, str]:
    with system_scope():
        row = DaysRequest.objects.get()
        return row.status, row.answer


def test_who_may_grant_days_is_told_of_a_request(asked, center_admin):
    finance = factories.person("money", Role.CENTER_FINANCE)
    assert center_admin.actor_key in told("days_request.asked")
    assert finance.actor_key not in told("days_request.asked")
    assert Event.objects.filter(kind="days_request.asked").exists()


@pytest.mark.parametrize(("later", "kind"), [(0, "days_request.granted"), (3, "days_request.changed")])
def test_days_are_granted_as_asked_or_others(asked, owner, center_admin, first, later, kind):
    days = {"starts_on": first + later * DAY, "ends_on": first + (later + 1) * DAY}
    page = client_of(center_admin).post(
        asked.get_absolute_url(), {**days, "kind": "regular", "answer": "Good", "do": "grant"}
    )
    assert page.status_code == 302
    assert state() == ("granted", "Good")
    with system_scope():
        granted = WindowException.objects.get()
    assert (granted.starts_on, granted.ends_on, granted.reason) == (days["starts_on"], days["ends_on"], REASON)
    assert told(kind) == {owner.actor_key}
    assert told("exception.granted") == set()  # told once, not twice


def test_a_refusal_says_why(asked, owner, center_admin, first):
    client, days = (
        client_of(center_admin),
        {"kind": "regular", "starts_on": first, "ends_on": first + DAY, "do": "refuse"},
    )
    client.post(asked.get_absolute_url(), {**days, "answer": ""})
    assert state() == ("asked", "")
    client.post(asked.get_absolute_url(), {**days, "answer": "No room"})
    assert state() == ("refused", "No room")
    assert told("days_request.refused") == {owner.actor_key}
    with system_scope():
        assert not WindowException.objects.exists()


def test_what_is_decided_is_not_decided_again(asked, center_admin):
    with center_scope():
        second = DaysRequest.objects.select_related("school", "season").get(pk=asked.pk)
        days_requests.grant(DaysRequest.objects.select_related("school", "season").get(pk=asked.pk), by=center_admin)
        with pytest.raises(Conflict):
            days_requests.grant(second, by=center_admin)
        assert WindowException.objects.count() == 1


def test_the_school_asks_and_takes_back_on_its_page(school, season, owner, first):
    client = client_of(owner)
    past = {"kind": "regular", "starts_on": timezone.localdate() - DAY, "ends_on": first, "reason": REASON}
    assert client.post("/school/schedule/ask/", past).status_code == 200
    assert client.post("/school/schedule/ask/", past | {"starts_on": first}).status_code == 302
    with system_scope():
        row = DaysRequest.objects.get()
    assert client.get("/school/schedule/", follow=True).context["requests"] == [row]
    client.post(f"/school/schedule/requests/{row.pk}/take-back/")
    assert state()[0] == "withdrawn"


def test_a_school_whose_form_is_with_the_center_asks_by_letter(school, season, owner, first):
    with school_scope(school):
        Enrolment.objects.update(status=Enrolment.Status.FEEDBACK_SENT)
        with pytest.raises(PortalError):
            days_requests.ask(
                factories.enrolment_of(school, season), by=owner, starts_on=first, ends_on=first, reason=REASON
            )


@pytest.mark.parametrize(
    ("years", "sentence"),
    [
        (7000, "This day is more than five years away. Look at the year."),
        (3, "These are more than a year of days. Look at the year."),
    ],
)
def test_a_mistyped_year_is_refused_before_every_page_counts_the_days(school, season, owner, first, years, sentence):
    last = first.replace(year=first.year + years, day=1)
    days = {"starts_on": first, "ends_on": last, "kind": "regular", "reason": "Power cut"}
    page = client_of(owner).post(reverse("schools:days_request_new"), days)
    assert said(sentence) in page.content.decode()
    with system_scope():
        assert not DaysRequest.objects.exists()
    for month in ("0000-01", "0001-01", "9999-12"):
        assert client_of(owner).get(reverse("schools:school_schedule"), {"month": month}).status_code == 200
