import pytest
from django.core import mail

from portal import notifications
from portal.models import Message
from portal.tenancy import school_scope

pytestmark = pytest.mark.django_db


def test_message_with_an_address_is_mailed_once(school, scoped, owner, settings):
    message = notifications.tell(
        owner, school=school, kind="k", subject="Hello", body="Text", link="/me/", email=owner.email
    )
    assert notifications.send_email(message.pk)
    assert not notifications.send_email(message.pk)
    assert [(m.subject, m.to) for m in mail.outbox] == [("Hello", ["owner@example.org"])]
    assert settings.SITE_URL + "/me/" in mail.outbox[0].body


def test_mail_server_that_is_away_leaves_the_message_to_the_sweep(school, scoped, owner, settings):
    message = notifications.tell(owner, school=school, kind="k", subject="Hello", body="Text", email=owner.email)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert not notifications.send_email(message.pk)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.CLAIM_SECONDS = 0
    assert notifications.sweep() == 1
    assert len(mail.outbox) == 1


def test_inbox_holds_only_ones_own(school, scoped, owner, colleague):
    notifications.tell(owner, school=school, kind="k", subject="Mine", body="")
    notifications.tell(colleague, school=school, kind="k", subject="Not mine", body="")
    assert [m.subject for m in notifications.inbox(owner)] == ["Mine"]
    notifications.mark_read(owner)
    assert Message.objects.filter(read_at=None).count() == 1


def test_school_is_told_by_everybody_of_it(school, other_school, owner, colleague, outsider):
    with school_scope(school):
        told = notifications.tell_school(school, kind="k", subject="To all", body="")
    assert {m.recipient_key for m in told} == {owner.actor_key, colleague.actor_key}
