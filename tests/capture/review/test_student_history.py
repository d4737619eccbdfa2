"""One student's page: the whole history with the picture, the verdict and the person of each photo event."""

import pytest
from django.urls import reverse

from portal import history
from portal.models import Role
from portal.tenancy import system_scope
from tests import factories
from tests.conftest import client_of
from tests.support.words import said

pytestmark = pytest.mark.django_db


@pytest.fixture
def photo(school, season, owner):
    with system_scope():
        found = factories.photo(factories.student(school, season), status="approved")
        history.record("photo.submitted", found, by=owner, after="submitted")
        history.record("photo.approved", found, by=owner, after="approved")
        history.record("photo.looked", found, by=owner)
        history.record("student.changed", found.student, by=owner)
        other = factories.photo(factories.student(school, season), status="approved")
        history.record("photo.reset", other, by=owner)
    return found


def history_of(client, photo, name="students:student"):
    page = client.get(reverse(name, args=[photo.student_id])).content.decode()
    return page.split("timeline-pictures")[1].split("</ol>")[0]


def test_history_has_photo_events_with_picture_verdict_and_person(owner_client, photo, owner):
    text = history_of(owner_client, photo)
    assert f"photo={photo.pk}" in text
    assert said("Photo approved") in text
    assert said("In review") in text  # what it was then
    assert said("Approved") in text
    assert owner.actor_name in text
    assert said("Approved photo reset") not in text  # of another student


def test_center_sees_the_same_with_its_own_links(center_client, photo):
    assert reverse("capture:center_photo", args=[photo.pk]) in history_of(
        center_client, photo, "students:center_student"
    )


def test_looks_are_for_who_reads_the_history(owner_client, photo, school):
    reviewer = client_of(factories.person("reviewer", Role.SCHOOL_REVIEWER, school))
    assert said("Photo looked at") in history_of(owner_client, photo)
    assert said("Photo looked at") not in history_of(reviewer, photo)
