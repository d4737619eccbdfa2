"""A person of the center sees the portal of a school as its administrator does, and can change nothing."""

import re
import time

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from portal.accounts import visits
from portal.history.event_text import describe_events
from portal.models import Event, Look, Membership, Notification, Role
from portal.tenancy import school_scope, system_scope
from schools.models import School
from tests import factories
from tests.conftest import client_of
from tests.support.words import said
from tests.test_outsider import PAGES, snapshot, url_of
from tests.test_permission_matrix import SLOW_FILES, readable

END = "portal:visit_end"
ONLY_LOOKING = said(
    "You see this school as its administrator does: you can look at everything and change nothing. End it first."
)


def begin(client, school, **extra):
    return client.post(reverse("portal:visit", args=[school.pk]), {"reason": "They ask"}, **extra)


@pytest.fixture
def student(school, season):
    return factories.student(school, season, name="赵同学")


@pytest.fixture
def visiting(center_client, school, season, student):
    assert begin(center_client, school).status_code == 302
    return center_client


def events(kind):
    with system_scope():
        return list(Event.objects.filter(kind=kind))


def test_the_pages_are_the_schools_with_a_bar_that_says_so(visiting, school, owner_client):
    page = visiting.get(reverse("schools:school_home"))
    assert page.status_code == 200
    assert (
        said("You see the portal of %(school)s as its administrator sees it.", school=school) in page.content.decode()
    )
    own = owner_client.get(reverse("schools:school_home"))
    assert [item.url for item in page.context["nav"]()] == [item.url for item in own.context["nav"]()]
    assert [panel.url for panel in page.context["panels"]] == [panel.url for panel in own.context["panels"]]
    assert visiting.get(reverse("schools:dashboard")).status_code == 404


def test_begin_pages_and_end_are_events_of_the_school_and_students_seen_are_looks(
    visiting, school, student, center_admin
):
    visiting.get(reverse("students:roster"))
    visiting.post(reverse("portal:visit_end"))
    assert [(event.school_id, event.facts["reason"]) for event in events("visit.begun")] == [(school.pk, "They ask")]
    assert [event.facts for event in events("visit.page")] == [{"page": reverse("students:roster")}]
    with system_scope():
        (described,) = describe_events(events("visit.page"))
    assert described.details == [(said("Page"), said("Roster"))]
    assert [event.actor_key for event in events("visit.ended")] == [center_admin.actor_key]
    with system_scope():
        look = Look.objects.get()
    assert (look.actor_key, look.school_id, look.students) == (center_admin.actor_key, None, [student.pk])


def test_the_visitors_own_messages_are_not_the_schools(visiting, center_admin):
    with system_scope():
        Notification.objects.create(
            recipient_key=center_admin.actor_key, kind="account.link_renewed", parameters={"by": "Mine"}
        )
    page = visiting.get(reverse("portal:messages"))
    [entry] = [entry for entry in page.context["nav"]() if entry.url == reverse("portal:messages")]
    assert (list(page.context["page"]), entry.count) == ([], 0)
    visiting.post(reverse(END))
    assert len(visiting.get(reverse("portal:center_messages")).context["page"]) == 1


def test_after_its_end_the_center_sees_its_own_pages_again(visiting, school):
    answer = visiting.post(reverse("portal:visit_end"))
    assert answer["Location"] == school.get_absolute_url()
    assert visiting.get(reverse("schools:dashboard")).status_code == 200
    assert visiting.get(reverse("schools:school_home")).status_code == 404
    assert visiting.post(reverse("portal:visit_end"))["Location"] == reverse("schools:dashboard")


def test_every_page_opens_and_nothing_of_the_school_changes_whatever_is_sent(visiting, school, season, owner):
    """But for what carries data away: that an administrator alone may do."""
    world = readable(school, season)
    before, done, shut = snapshot(school), [], set()
    staffs = [page for page in PAGES if page.portal in ("school", "center", "staff", "api") and page.name != END]
    for number, page in enumerate(staffs):
        url = url_of(page, world)
        if number % 8 == 0:  # what is sent is refused before its page is found
            sent = visiting.post(url, {"pick": 1, "reason": "x"}, headers={"Accept": "application/json"})
            done += [page.name] if sent.status_code != 403 else []
        if page.portal not in ("school", "staff") or page.name in SLOW_FILES:
            continue
        answer = visiting.get(url)
        for close in answer._resource_closers:  # of its file, and not of the database's connection
            close()
        if answer.status_code == 403:
            shut.add(page.view.may)
    assert len(staffs) > 250
    assert done == []
    assert shut == {"corrections.see_evidence", "portraits.download", "portraits.download_by_number"}
    assert snapshot(school) | {"history": before["history"]} == before
    with system_scope():
        kinds = set(Event.objects.filter(school=school, source="web").values_list("kind", flat=True))
    assert {kind for kind in kinds if not kind.startswith("visit.")} == {
        "photo.looked",
        "photo.downloaded",
        "feedback.viewed",
    }


@pytest.mark.parametrize(
    "headers",
    [{"HX-Request": "true"}, {"Accept": "application/json"}, {"X-HTTP-Method-Override": "GET"}, {}],
    ids=["htmx", "program", "override", "form"],
)
def test_a_refusal_says_what_to_do(visiting, headers):
    answer = visiting.post(reverse("portal:messages_read"), headers=headers)
    assert answer.status_code == 403
    text = answer.json()["error"] if "Accept" in headers else answer.content.decode()
    assert ONLY_LOOKING in text


def test_the_database_is_a_wall_of_its_own(visiting, school, monkeypatch):
    """A page that writes at a GET is stopped by PostgreSQL, and its answer is the sentence."""
    from schools.views import dashboard

    def careless(enrolment):
        School.objects.filter(pk=school.pk).update(address="elsewhere")
        return []

    monkeypatch.setattr(dashboard, "timeline_of", careless)
    answer = visiting.get(reverse("schools:school_home"))
    assert (answer.status_code, ONLY_LOOKING in answer.content.decode()) == (403, True)
    assert School.objects.get(pk=school.pk).address == ""
    assert not events("visit.page")


def test_document_numbers_stay_masked(visiting, student):
    page = visiting.get(reverse("students:student", args=[student.pk]))
    text = page.content.decode()
    assert student.id_number not in text
    assert reverse("students:student_reveal", args=[student.pk]) not in text
    assert visiting.get(reverse("students:student_reveal", args=[student.pk])).status_code in (403, 405)


def test_a_visit_cannot_be_turned_to_another_school_or_its_rows(visiting, other_school, season):
    stranger = factories.student(other_school, season)
    assert begin(visiting, other_school).status_code == 403
    assert visiting.get(reverse("students:student", args=[stranger.pk])).status_code == 404
    page = visiting.get(reverse("students:roster"), {"school_id": other_school.pk})
    assert stranger.name not in page.content.decode() or page.context["page"].paginator.count == 0


def test_a_draft_season_is_hidden_from_a_visit_as_from_the_school(visiting, season):
    draft = factories.season(year=season.year + 1, status="draft")
    assert visiting.get(f"/school/{draft.year}/").status_code == 404
    assert visiting.get(f"/school/{season.year}/").status_code == 200


def test_its_time_ends_and_what_was_sent_then_is_not_done(visiting, school, monkeypatch):
    url = reverse("portal:messages_read")
    later = time.time() + visits.MINUTES * 60 + 1
    monkeypatch.setattr(visits.time, "time", lambda: later)
    answer = visiting.post(url)
    assert answer["Location"] == school.get_absolute_url()
    assert len(events("visit.ended")) == 1
    assert visiting.get(reverse("schools:dashboard")).status_code == 200


@pytest.mark.parametrize("change", ["role", "school"])
def test_it_ends_when_the_right_or_the_school_is_gone(visiting, school, center_admin, change):
    with system_scope():
        if change == "role":
            Membership.objects.filter(user=center_admin).update(roles=[Role.CENTER_AUDITOR])
        else:
            School.objects.filter(pk=school.pk).update(is_active=False)
    assert visiting.get(reverse("schools:school_home"))["Location"] == school.get_absolute_url()
    assert visiting.get(reverse("schools:school_home")).status_code == 404


def test_forms_of_before_and_after_are_not_taken_for_one_another(center_admin, school, season):
    """A form that was open at the center is stale in the visit, and one of the visit is stale after it."""
    client = client_of(center_admin)
    client.handler.enforce_csrf_checks = True
    token = csrf_of(client, reverse("portal:visit", args=[school.pk]))
    assert begin(client, school, headers={"X-CSRFToken": token}).status_code == 302
    shown = csrf_of(client, reverse("schools:school_home"))
    assert client.post(reverse("portal:visit_end"), headers={"X-CSRFToken": token}).status_code == 403
    assert client.post(reverse("portal:visit_end"), headers={"X-CSRFToken": shown}).status_code == 302
    stale = client.post(reverse("schools:schools_enrol"), {"pick": school.pk}, headers={"X-CSRFToken": shown})
    assert stale.status_code == 403


def csrf_of(client: Client, url: str) -> str:
    return re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get(url).content.decode())[1]


@pytest.mark.parametrize("role", [Role.CENTER_AUDITOR, Role.CENTER_FINANCE, Role.SCHOOL_ADMIN])
def test_who_may_not_does_not(school, season, role):
    client = client_of(factories.person("somebody", role, school if role == Role.SCHOOL_ADMIN else None))
    assert begin(client, school).status_code in (403, 404)
    assert "visit" not in client.session


def test_the_password_is_asked_again(center_admin, school, season):
    client = client_of(center_admin, gave_password=False)
    begin(client, school)
    assert "visit" not in client.session


def test_a_visit_of_another_account_is_dropped(visiting, school, season):
    session = visiting.session
    session["visit"] = session["visit"] | {"by": 0}
    session.save()
    assert visiting.get(reverse("schools:dashboard")).status_code == 200
    assert "visit" not in visiting.session


def test_signing_out_ends_it(visiting):
    visiting.post(reverse("account_logout"))
    assert "visit" not in visiting.session


def test_its_transaction_is_over_afterwards(visiting, school):
    visiting.get(reverse("schools:school_home"))
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        assert cursor.fetchone() == ("off",)
    with school_scope(school):
        School.objects.filter(pk=school.pk).update(address="here")


def test_a_look_of_the_center_at_the_daily_check_is_not_one_of_the_school(visiting):
    assert visiting.get(reverse("capture:daily_check", args=["2026-04-15"])).status_code == 200
    assert events("enrolment.daily_check_opened") == []
