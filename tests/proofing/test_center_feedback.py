"""What the center's page of one feedback form offers."""

import pytest
from django.urls import reverse

from portal.tenancy import system_scope
from proofing.models import Feedback
from schools.models import Enrolment

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("form", "part", "offered"),
    [
        (Feedback.Status.SENT, Enrolment.Status.FEEDBACK_SENT, True),
        (Feedback.Status.ACCEPTED, Enrolment.Status.FEEDBACK_ACCEPTED, False),
        (Feedback.Status.ACCEPTED, Enrolment.Status.RECEIVED, False),
        (Feedback.Status.SENT_BACK, Enrolment.Status.PROOFREADING, False),
    ],
)
def test_a_form_is_decided_on_only_while_it_waits(center_client, school, season, enrolment, form, part, offered):
    with system_scope():
        Enrolment.objects.update(status=part)
        row = Feedback.objects.create(school=school, season=season, enrolment=enrolment, status=form, students=1)
    page = center_client.get(reverse("proofing:center_feedback_detail", args=[row.pk])).content.decode()
    assert (reverse("proofing:feedback_send_back", args=[row.pk]) in page) is offered
    assert (reverse("proofing:feedback_accept", args=[row.pk]) in page) is offered
