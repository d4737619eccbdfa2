"""A school writes to the center, who answers its topic is told, and the school reads the answer."""

import pytest
from django.urls import reverse

from portal.errors import NotAllowed
from portal.models import Event, Notification, Role
from portal.tenancy import center_scope, school_scope
from schools import inquiries
from schools.models import Inquiry, Notice
from schools.notices import publishing
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(school, season, owner, center_admin) -> Inquiry:
    with school_scope(school):
        return inquiries.ask(school, season, by=owner, topic="fees", subject="退费", text="多汇了 15 元")


def told(user) -> list[str]:
    with center_scope():
        return list(Notification.objects.filter(recipient_key=user.actor_key).values_list("kind", flat=True))


def test_a_thread_goes_to_and_fro(asked, school, owner, owner_client, center_admin, center_client):
    assert told(center_admin) == ["inquiry_fees"]
    center_client.post(reverse("schools:inquiry_answer", args=[asked.pk]), {"text": "已安排退回"})
    page = owner_client.get(reverse("schools:inquiry", args=[asked.pk])).content.decode()
    assert page.index("多汇了 15 元") < page.index("已安排退回")
    assert told(owner) == ["inquiry_answered"]
    owner_client.post(reverse("schools:inquiry_write", args=[asked.pk]), {"text": "收到"})
    center_client.post(reverse("schools:inquiry_settle", args=[asked.pk]))
    states = Event.objects.filter(object_type="schools.inquiry").order_by("pk").values_list("after", flat=True)
    assert list(states) == ["open", "answered", "open", "closed"]


def test_another_school_neither_sees_nor_writes(asked, outsider_client):
    assert "退费" not in outsider_client.get(reverse("schools:inquiries")).content.decode()
    assert outsider_client.get(reverse("schools:inquiry", args=[asked.pk])).status_code == 404
    assert outsider_client.post(reverse("schools:inquiry_write", args=[asked.pk]), {"text": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("role", "sees", "answers"),
    [
        (Role.CENTER_FINANCE, True, True),
        (Role.CENTER_OFFICER, True, True),
        (Role.CENTER_AUDITOR, True, False),
        (Role.CENTER_PRINTING, False, False),
    ],
    ids=["finance", "officer", "auditor", "printing"],
)
def test_everybody_of_the_center_sees_what_concerns_the_role(asked, role, sees, answers):
    user = factories.person("other", role)
    client = client_of(user)
    assert (client.get(reverse("schools:center_inquiry", args=[asked.pk])).status_code == 200) is sees
    callout = client.get(reverse("schools:center_inquiries"), headers={"HX-Request": "true"}).content.decode()
    assert ("?status=open" in callout) is sees
    with center_scope():
        if answers:
            inquiries.answer(asked, text="x", by=user, member=user.membership)
        else:
            with pytest.raises(NotAllowed):
                inquiries.answer(asked, text="x", by=user, member=user.membership)


def test_a_letter_can_be_about_a_notice_that_the_school_was_told(school, season, owner_client, center_admin):
    with center_scope():
        notice = publishing.create(season, by=center_admin, title="安排", body="x")
        publishing.publish(notice, by=center_admin)
        hidden = Notice.objects.create(season=season, title="草稿", body="x")
    letter = {"topic": "general", "subject": "换一天", "text": "能否改期？"}
    owner_client.post(reverse("schools:inquiry_new"), letter | {"notice": notice.pk})
    with school_scope(school):
        assert Inquiry.objects.get().notice == notice
    assert owner_client.post(reverse("schools:inquiry_new"), letter | {"notice": hidden.pk}).status_code == 404


def test_the_center_reads_its_own_messages_alone(asked, center_admin, center_client):
    other = factories.person("second", Role.CENTER_ADMIN)
    page = center_client.get(reverse("portal:center_messages")).content.decode()
    assert "退费" in page
    assert "退费" not in client_of(other).get(reverse("portal:center_messages")).content.decode()
