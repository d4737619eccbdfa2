"""A message to the students, or schools, of a filtered list: who gets it, once, and who may write."""

import pytest
from django.urls import reverse

from portal.background import jobs
from portal.models import Delivery, Event, Job, Look, Notification
from portal.tenancy import system_scope
from students.models import Student
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
TEXT = {"subject": "Bring your card", "body": "On Monday, please."}


@pytest.fixture(autouse=True)
def _unscoped_rows():
    with system_scope():
        yield


@pytest.fixture
def students(school, other_school, season):
    """Two of Law and one of Art at the school, one of Law elsewhere."""
    where = [(school, "Law"), (school, "Law"), (school, "Art"), (other_school, "Law")]
    return [factories.student(of, season, college=college, email=f"{n}@x.org") for n, (of, college) in enumerate(where)]


def told():
    return {row.recipient_key for row in Notification.objects.filter(kind="message")}


def keys(students):
    return {student.actor_key for student in students}


def test_school_writes_to_the_students_of_its_filter_after_seeing_how_many_they_are(students, owner, owner_client):
    page = f"{reverse('students:roster_message')}?college=Law"
    shown = owner_client.get(page).content.decode()
    assert (">2</strong>" in shown, students[0].name in shown) == (True, True)
    assert set(Look.objects.get().students) == {student.pk for student in students[:2]}
    assert told() == set()
    owner_client.post(page, TEXT)
    job = Job.objects.get(kind="students_message")
    jobs.run(job.pk)
    assert told() == keys(students[:2])
    assert Delivery.objects.filter(channel="email").count() == 2
    assert Notification.objects.filter(kind="message").first().parameters == TEXT | {"sender": owner.actor_name}
    event = Event.objects.get(kind="student.messaged_many")
    assert event.facts == {"count": 2, "job": job.pk}
    assert "college" not in job.params.get("asked", {})  # a small set is kept by its ids


@pytest.mark.parametrize("by_id", [True, False])
def test_center_writes_to_several_schools_and_a_second_run_tells_nobody_again(
    students, school, other_school, center_admin, monkeypatch, by_id
):
    if not by_id:
        monkeypatch.setattr("students.lists.selection.MOST_BY_ID", 0)
    client_of(center_admin).post(f"{reverse('students:center_message')}?college=Law", TEXT)
    job = Job.objects.get(kind="students_message")
    monkeypatch.setattr(jobs, "TURN_SECONDS", 0)
    monkeypatch.setattr("portal.notifications.CHUNK_SIZE", 2)
    for done in (2, 3):  # after some students other work has its turn
        jobs.run(job.pk)
        job.refresh_from_db()
        assert (job.status, job.result["done"]) == (Job.Status.QUEUED, done)
        assert not Event.objects.filter(kind="student.messaged_many").exists()
    jobs.run(job.pk)
    assert told() == keys([students[0], students[1], students[3]])
    Job.objects.filter(pk=job.pk).update(status=Job.Status.QUEUED, attempts=0, claimed_at=None)
    jobs.run(job.pk)
    assert Notification.objects.filter(kind="message").count() == 3
    recorded = Event.objects.filter(kind="student.messaged_many")
    assert dict(recorded.values_list("school_id", "facts__count")) == {school.pk: 2, other_school.pk: 1}


def test_nobody_is_written_to_with_an_unknown_filter_or_without_a_text(students, owner_client):
    page = reverse("students:roster_message")
    assert owner_client.post(f"{page}?stage=nonsense", TEXT).status_code == 400
    owner_client.post(page, {"subject": "", "body": ""})
    owner_client.post(f"{page}?college=Nowhere", TEXT)
    assert not Job.objects.filter(kind="students_message").exists()
    assert Student.objects.count() == 4


def test_center_writes_to_the_schools_of_its_filter(school, other_school, owner, outsider, center_admin):
    client = client_of(center_admin)
    page = f"{reverse('schools:schools_message')}?q={school.code}"
    assert school.name in client.get(page).content.decode()
    client.post(page, TEXT)
    job = Job.objects.get(kind="schools_message")
    for _again in range(2):
        Job.objects.filter(pk=job.pk).update(status=Job.Status.QUEUED, attempts=0, claimed_at=None)
        jobs.run(job.pk)
    assert told() == {owner.actor_key}
    assert Event.objects.get(kind="school.messaged").object_id == school.pk


def test_the_selection_of_a_list_leads_to_the_message_and_is_counted(students, owner_client):
    picked = [student.pk for student in students[:2]]
    answer = owner_client.post(reverse("students:roster_choose"), {"do": "message", "pick": picked})
    assert ">2</strong>" in owner_client.get(answer["Location"]).content.decode()
    back = {"do": "message", "every": "yes", "back": "college=Art", "pick": picked}
    answer = owner_client.post(reverse("students:roster_choose"), back)
    assert ">1</strong>" in owner_client.get(answer["Location"]).content.decode()
