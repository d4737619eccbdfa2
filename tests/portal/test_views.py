"""The pages of the kernel: people, jobs, messages and history; who may open them, how many queries a list costs."""

import pytest
from django.core import mail
from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone

from portal import history, notification_kinds, notifications
from portal.background import jobs
from portal.models import Event, Job, Membership, Notification, Role, User
from portal.tenancy import school_scope
from tests import factories
from tests.conftest import client_of
from tests.support.database import statements_of
from tests.support.letters import PLAIN, plain
from tests.support.words import said

pytestmark = pytest.mark.django_db


def text(response) -> str:
    return response.content.decode()


# people


def test_an_administrator_of_a_school_invites_a_colleague(owner_client, school):
    data = {"full_name": "Lin Colleague", "username": "new", "roles": "school_officer", "email": "new@example.org"}
    answer = owner_client.post(reverse("portal:person_new"), data)
    assert said("The link has been mailed to %(email)s.", email="new@example.org") in text(answer)
    assert "/accounts/password/reset/key/" not in text(answer)
    assert "/accounts/password/reset/key/" in mail.outbox[0].body
    assert "no-store" in answer["Cache-Control"]
    member = Membership.objects.get(user__username="new")
    assert (member.school, member.roles) == (school, ["school_officer"])
    assert "Lin Colleague" in text(owner_client.get(reverse("portal:school_people")))


def test_a_school_cannot_choose_another_school_or_a_role_of_the_center(owner_client, school, other_school):
    url = reverse("portal:person_new") + f"?school={other_school.pk}"
    new = {"full_name": "New", "username": "new", "roles": "school_officer", "email": "new@example.org"}
    owner_client.post(url, new)
    assert Membership.objects.get(user__username="new").school == school
    answer = owner_client.post(url, {"full_name": "N", "username": "n2", "roles": "center_admin"})
    assert answer.status_code == 200
    assert not User.objects.filter(username="n2").exists()


def test_people_are_changed_switched_off_and_made_responsible(owner_client, owner, colleague, school):
    member = Membership.objects.get(user=colleague)
    answer = owner_client.post(reverse("portal:person_link", args=[member.pk]))
    assert said("The link has been mailed to %(email)s.", email=colleague.email) in text(answer)
    owner_client.post(reverse("portal:person", args=[member.pk]), {"full_name": "C", "roles": "school_admin"})
    owner_client.post(reverse("portal:person_contact", args=[member.pk]))
    member.refresh_from_db()
    assert (member.roles, member.is_contact) == (["school_admin"], True)
    assert owner_client.post(reverse("portal:person_link", args=[member.pk])).status_code == 403  # an equal now
    owner_client.post(reverse("portal:person_switch", args=[member.pk]))
    assert not User.objects.get(pk=colleague.pk).is_active
    owner_client.post(reverse("portal:person_switch", args=[member.pk]))
    assert User.objects.get(pk=colleague.pk).is_active
    own = Membership.objects.get(user=owner)
    answer = owner_client.post(reverse("portal:person_switch", args=[own.pk]))
    assert answer.status_code == 400
    assert said("You cannot change your own rights. Another administrator can.") in text(answer)


def test_an_officer_of_a_school_sees_the_people_only(school, colleague, owner):
    client = client_of(colleague)
    page = text(client.get(reverse("portal:school_people")))
    assert "Owner" in page
    assert reverse("portal:person_new") not in page
    assert client.get(reverse("portal:person_new")).status_code == 403


def test_people_of_another_school_do_not_exist(outsider_client, colleague):
    member = Membership.objects.get(user=colleague)
    for name in ("person", "person_link", "person_switch", "person_contact"):
        assert outsider_client.post(reverse(f"portal:{name}", args=[member.pk])).status_code == 404


def test_the_people_of_many_schools_are_paged(center_client, owner, colleague, monkeypatch):
    monkeypatch.setattr("portal.views.people.People.page_size", 1)
    pages = [center_client.get("/center/people/", {"who": "schools", "page": n}).content.decode() for n in (1, 2)]
    assert [("owner@" in page, "colleague@" in page) for page in pages] == [(True, False), (False, True)]


def test_the_center_lists_its_own_people_and_those_of_the_schools(
    center_client, center_officer, owner, colleague, outsider
):
    url = reverse("portal:center_people")
    assert [row.user.username for row in center_client.get(url).context["people"]] == ["center", "officer"]
    rows = center_client.get(url, {"who": "schools"}).context["people"]
    assert [row.user.username for row in rows] == ["owner", "colleague", "outsider"]
    assert len(center_client.get(url, {"who": "schools", "q": "OUT"}).context["people"]) == 1
    assert statements_of(center_client, url + "?who=schools") == 6


# jobs


@pytest.fixture
def job(school, owner):
    return Job.objects.create(kind="demo", school=school, total=10, done=4, created_by=owner, status="running")


def test_a_running_job_polls_and_a_finished_one_rests(owner_client, job):
    url = reverse("portal:job", args=[job.pk])
    page = text(owner_client.get(url))
    assert 'hx-trigger="every 1s"' in page
    assert "<html" in page
    fragment = text(owner_client.get(url, headers={"HX-Request": "true"}))
    assert "<html" not in fragment
    assert "4 / 10" in fragment
    Job.objects.update(status="done")
    assert "every 1s" not in text(owner_client.get(url, headers={"HX-Request": "true"}))


def test_jobs_belong_to_a_school_and_the_center_sees_all(owner_client, outsider_client, center_client, job):
    url = reverse("portal:job", args=[job.pk])
    assert [client.get(url).status_code for client in (owner_client, outsider_client, center_client)] == [200, 404, 200]
    listed = [
        len(client.get(reverse("portal:jobs")).context["page"])
        for client in (owner_client, outsider_client, center_client)
    ]
    assert listed == [1, 0, 1]
    assert "4 / 10" in text(owner_client.get(reverse("portal:panel_jobs")))
    assert "4 / 10" not in text(outsider_client.get(reverse("portal:panel_jobs")))


def test_what_a_job_made_is_downloaded_and_the_download_recorded(owner_client, outsider_client, job):
    url = reverse("portal:job_file", args=[job.pk])
    assert owner_client.get(url).status_code == 404
    job.artefact.save("sheets.pdf", ContentFile(b"%PDF-"))
    answer = owner_client.get(url)
    assert b"".join(answer.streaming_content) == b"%PDF-"
    assert answer["Content-Type"] == "application/pdf"
    assert Event.objects.get(kind="job.downloaded").facts == {"file": "sheets.pdf"}
    assert outsider_client.get(url).status_code == 404


def test_an_administrator_tries_a_failed_job_again(owner_client, colleague, job):
    url = reverse("portal:job_retry", args=[job.pk])
    assert client_of(colleague).post(url).status_code == 403
    assert owner_client.post(url).status_code == 409
    Job.objects.update(status="failed")
    owner_client.post(url)
    assert Job.objects.get().status == "queued"


def test_the_list_of_jobs_costs_the_same_for_one_and_for_three(owner_client, school, job):
    one = statements_of(owner_client, reverse("portal:jobs"))
    for _ in range(2):
        Job.objects.create(kind="demo", school=school, created_by=job.created_by)
    assert statements_of(owner_client, reverse("portal:jobs")) == one == 6


# messages


@pytest.fixture
def message(school, owner, monkeypatch):
    monkeypatch.setitem(notification_kinds.KINDS, PLAIN.name, PLAIN)
    with school_scope(school):
        return notifications.notify(owner, school=school, link="/school/people/", **plain("Look", "There is work."))


def badge(page) -> int:
    """The number beside "Messages" in the menu."""
    return next(item.count for item in page.context["nav"]() if "messages" in item.url)


def test_a_message_is_counted_read_and_leads_on(owner_client, owner, message):
    url = reverse("portal:messages")
    page = owner_client.get(url)
    assert badge(page) == 1
    answer = owner_client.post(reverse("portal:message", args=[message.pk]))
    assert answer["Location"] == "/school/people/"
    page = owner_client.get(url)
    assert badge(page) == 0
    assert len(page.context["page"]) == 1
    assert len(owner_client.get(url, {"unread": "1"}).context["page"]) == 0


def test_messages_are_read_by_their_recipient_alone(colleague, outsider_client, message, school):
    client = client_of(colleague)
    assert len(client.get(reverse("portal:messages")).context["page"]) == 0
    for one in (client, outsider_client):
        assert one.post(reverse("portal:message", args=[message.pk])).status_code == 404
    client.post(reverse("portal:messages_read"))
    with school_scope(school):
        assert Notification.objects.get().read_at is None


def test_all_messages_are_marked_at_once(owner_client, message, school):
    owner_client.post(reverse("portal:messages_read"))
    with school_scope(school):
        assert Notification.objects.get().read_at is not None


# history


def test_the_history_shows_sentences_and_is_filtered(center_client, center_admin, owner, school, other_school):
    history.record("person.invited", Membership.objects.get(user=owner), by=center_admin, facts={"name": "Owner"})
    history.record("school.changed", school, by=owner, facts={"kind": ["university", "college"], "address": ["", "x"]})
    history.record("school.added", other_school, by=center_admin, facts={"code": "10002"})
    url = reverse("portal:history")

    def kinds(**query):
        return [line.event.kind for line in center_client.get(url, query).context["events"]]

    assert kinds() == ["school.added", "school.changed", "person.invited"]
    assert kinds(subject="person") == ["person.invited"]
    assert kinds(school=other_school.pk) == ["school.added"]
    assert kinds(person=Membership.objects.get(user=owner).pk) == ["school.changed"]
    today = Event.objects.first().at.astimezone().date()
    assert len(kinds(since=today.isoformat(), until=today.isoformat())) == 3
    assert kinds(until="2000-01-01") == []
    assert len(kinds(since="0001-01-01", until="9999-12-31")) == 3
    line = center_client.get(url, {"subject": "school"}).context["events"][1]
    assert str(line.sentence) == said("Entry of the school changed")
    assert line.about == "Lakeside University"
    assert {str(label): value for label, value in line.details} == {
        said("address"): "– → x",
        said("kind"): f"{said('University')} → {said('Vocational college')}",
    }


def test_the_history_pages_by_key(center_client, center_admin, school):
    for _ in range(51):
        history.record("school.changed", school, by=center_admin)
        history.record("school.added", school, by=center_admin)
    page = center_client.get(reverse("portal:history"))
    assert len(page.context["events"]) == 100
    older = center_client.get(reverse("portal:history"), {"before": page.context["history"].older})
    assert len(older.context["events"]) == 2
    assert older.context["history"].older is None


def test_a_school_reads_its_own_history_alone(owner_client, owner, outsider, school, other_school):
    history.record("school.changed", school, by=owner)
    history.record("school.changed", other_school, by=outsider)
    page = owner_client.get(reverse("portal:school_history"), {"school": other_school.pk})
    assert page.context["events"] == []
    page = owner_client.get(reverse("portal:school_history"))
    assert [line.event.school_id for line in page.context["events"]] == [school.pk]


def test_the_history_costs_the_same_for_one_event_and_for_three(center_client, center_admin, school):
    history.record("school.changed", school, by=center_admin)
    one = statements_of(center_client, reverse("portal:history"))
    for _ in range(2):
        history.record("school.changed", school, by=center_admin)
    assert statements_of(center_client, reverse("portal:history")) == one == 8


# what lists cost


def test_people_and_messages_cost_the_same_for_one_and_for_three(owner_client, owner, school, message):
    people, inbox = reverse("portal:school_people"), reverse("portal:messages")
    one = statements_of(owner_client, people), statements_of(owner_client, inbox)
    for n in range(2):
        factories.person(f"more{n}", Role.SCHOOL_OFFICER, school)
        with school_scope(school):
            notifications.notify(owner, school=school, **plain("Look", "More."))
    assert (statements_of(owner_client, people), statements_of(owner_client, inbox)) == one == (5, 8)


SENTENCE = "The disk of the center is full."


@pytest.fixture
def failed(job):
    job.status, job.message, job.finished_at = "failed", SENTENCE, timezone.now()
    job.save()
    return job


def overviews(*clients) -> list[bool]:
    """Whether the failure stands on each one's overview."""
    return [SENTENCE in text(client.get(reverse("schools:own_portal"), follow=True)) for client in clients]


def test_a_failed_job_stands_on_the_overview_of_the_school_whose_people_started_it(
    owner_client, outsider_client, center_client, colleague, failed
):
    assert overviews(owner_client, client_of(colleague), outsider_client, center_client) == [True, True, False, False]
    panel = text(owner_client.get(reverse("portal:panel_jobs")))
    assert reverse("portal:job_retry", args=[failed.pk]) in panel
    assert reverse("portal:job_dismiss", args=[failed.pk]) in panel


def test_what_the_system_did_for_a_school_stands_on_both_overviews(
    owner_client, outsider_client, center_client, failed
):
    Job.objects.update(created_by=None)
    assert overviews(owner_client, outsider_client, center_client) == [True, False, True]


def test_what_the_center_did_stands_on_its_own_overview(owner_client, center_client, center_admin, failed):
    Job.objects.update(created_by=center_admin)
    assert overviews(owner_client, center_client) == [False, True]
    Job.objects.update(created_by=None, school=None)
    assert overviews(owner_client, center_client) == [False, True]


def test_anybody_of_the_portal_dismisses_a_failed_job_once(owner_client, outsider_client, colleague, failed):
    url = reverse("portal:job_dismiss", args=[failed.pk])
    assert outsider_client.post(url).status_code == 404
    assert client_of(colleague).post(url).status_code == 302
    assert overviews(owner_client) == [False]
    assert Event.objects.get(kind="job.dismissed").actor_key == f"user:{colleague.pk}"
    assert owner_client.post(url).status_code == 409
    assert SENTENCE in text(owner_client.get(reverse("portal:job", args=[failed.pk])))


def test_a_job_that_runs_is_not_dismissed(owner_client, job):
    assert owner_client.post(reverse("portal:job_dismiss", args=[job.pk])).status_code == 409


def test_a_dismissed_job_that_fails_again_stands_on_the_overview_again(owner_client, owner, failed):
    jobs.dismiss(failed, by=owner)
    jobs.retry(failed, by=owner)
    assert overviews(owner_client) == [False]
    failed.kind = "daily_check"  # one that has a handler
    jobs.fail(failed, message=SENTENCE)
    assert overviews(owner_client) == [True]
