"""What is done to many students of a list at once: asked first, by the single rule, in a job."""

import pytest
from django.urls import reverse

from portal.background import jobs
from portal.models import Event, Job, Role
from portal.tenancy import system_scope
from students.models import Student
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def students(school, season):
    with system_scope():
        found = [factories.photo(factories.student(school, season), status="approved").student for _ in range(2)]
        Student.objects.filter(pk__in=[student.pk for student in found]).update(stage="approved")
        locked = factories.student(school, season)
        Student.objects.filter(pk=locked.pk).update(locked_at="2026-11-01T00:00Z")
        return [*found, locked]


def choose(client, what, students, **more):
    form = {"do": what, "pick": [student.pk for student in students], **more}
    return client.post(reverse("students:roster_choose"), form)["Location"]


def stages(students):
    with system_scope():
        return [Student.objects.get(pk=student.pk).stage for student in students]


def run():
    with system_scope():
        job = Job.objects.order_by("-pk").first()
        jobs.run(job.pk)
        return Job.objects.get(pk=job.pk)


def test_reset_of_a_selection_says_the_count_and_goes_by_the_single_rule(owner_client, students):
    page = choose(owner_client, "reset", students)
    assert ">2</strong>" in owner_client.get(page).content.decode()  # the third has no approved photo
    assert owner_client.post(page, {"reason": ""}).status_code == 422
    owner_client.post(page, {"reason": "The background is not blue."})
    job = run()
    assert job.result == {"done": 2, "refused": 0}
    assert stages(students) == ["retake", "retake", "waiting"]
    assert Event.objects.filter(kind="photo.reset").count() == 2


def test_unlock_of_all_that_match(owner_client, students, school):
    page = choose(owner_client, "unlock", [], every="yes", back="locked=yes")
    owner_client.post(page, {"reason": "Spoke with the student."})
    assert run().result["done"] == 1
    with system_scope():
        assert not Student.objects.filter(locked_at__isnull=False).exists()


def test_move_to_another_class(owner_client, students):
    page = choose(owner_client, "move", students[:1])
    owner_client.post(page, {"college": "信息学院", "major": "软件工程", "class_name": "软件2309"})
    assert run().result["done"] == 1
    with system_scope():
        assert Student.objects.get(pk=students[0].pk).class_name == "软件2309"


def test_who_may_not_is_not_offered_and_gets_no_job(school, students):
    client = client_of(factories.person("reviewer", Role.SCHOOL_REVIEWER, school))
    page = choose(client, "unlock", students)
    assert client.post(page, {"reason": "Because."}).status_code == 302
    with system_scope():
        assert not Job.objects.exists()
