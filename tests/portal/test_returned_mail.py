"""Letters that come back after the mail server took them: a real SMTP server takes them, and a mailbox gives the reports by POP3."""

from email import message_from_bytes
from email.message import EmailMessage
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from urllib.parse import quote

import pytest

from portal import notification_kinds, notifications
from portal.models import Contact, Delivery
from portal.notifications import deliveries, returned_mail
from portal.tenancy import system_scope
from schools.models import Season
from tests import factories
from tests.support.letters import PLAIN, plain
from tests.support.mail_server import mail_server
from tests.support.mailbox_server import PASSWORD, mailbox_server

pytestmark = pytest.mark.django_db
Status = Delivery.Status


@pytest.fixture(autouse=True)
def _system(monkeypatch):
    monkeypatch.setitem(notification_kinds.KINDS, PLAIN.name, PLAIN)
    with system_scope():
        yield


@pytest.fixture
def mailbox(settings):
    with mailbox_server() as server:
        settings.RETURNED_MAIL = f"pop3://photos:{quote(PASSWORD)}@127.0.0.1:{server.port}"
        yield server


@pytest.fixture
def sent(school, settings):
    """(delivery, the letter as the mail server got it), sent to a student."""
    student = factories.student(school, Season.objects.get(), email="Lost@example.org")
    with mail_server(settings) as server:
        notifications.notify(student, **plain("A letter"), school=school)
        deliveries.send_waiting()
        row = Delivery.objects.get()
        assert row.status == Status.SENT
        return row, server.envelopes[0].content


def report(
    letter, *, address="lost@example.org", action="failed", status="5.1.1", words="smtp; 550 5.1.1 No such user"
):
    """As Postfix writes it (RFC 3464)."""
    facts = f"Reporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; {address}\nAction: {action}\nStatus: {status}\n"
    state = message_from_bytes(f"Content-Type: message/delivery-status\n\n{facts}Diagnostic-Code: {words}\n".encode())
    whole = MIMEMultipart("report", report_type="delivery-status")
    whole["From"], whole["Subject"] = "MAILER-DAEMON@mx.example.org", "Undelivered Mail Returned to Sender"
    for part in (MIMEText("I'm sorry to have to inform you."), state, MIMEMessage(message_from_bytes(letter))):
        whole.attach(part)
    return whole.as_bytes()


def test_a_letter_that_comes_back_has_failed_and_the_address_gets_nothing_more(sent, mailbox):
    row, letter = sent
    mailbox.letters["one"] = report(letter)
    assert returned_mail.read() == 1
    row.refresh_from_db()
    contact = Contact.objects.get()
    assert (row.status, row.error) == (Status.FAILED, "smtp; 550 5.1.1 No such user")
    assert contact.refused_address == "Lost@example.org"
    assert mailbox.letters == {}
    assert returned_mail.read() == 0


def test_a_full_mailbox_says_nothing_of_the_next_letter(sent, mailbox):
    row, letter = sent
    mailbox.letters["one"] = report(letter, status="5.2.2", words="smtp; 552 5.2.2 Mailbox full")
    assert returned_mail.read() == 1
    row.refresh_from_db()
    assert row.status == Status.FAILED
    assert not Contact.objects.exists()


def test_what_only_waits_or_reports_another_address_changes_nothing(sent, mailbox):
    row, letter = sent
    mailbox.letters |= {
        "late": report(letter, action="delayed", status="4.4.1", words="connection timed out"),
        "other": report(letter, address="somebody@example.org"),
    }
    assert returned_mail.read() == 0
    row.refresh_from_db()
    assert row.status == Status.SENT


def test_a_forged_report_is_not_believed(sent, mailbox):
    row, letter = sent
    known = returned_mail.message_id(row.pk)
    forged = f"<delivery-{row.pk}.{'0' * 16}@{known.partition('@')[2]}"
    mailbox.letters["forged"] = report(letter.replace(known.encode(), forged.encode()))
    assert returned_mail.read() == 0
    row.refresh_from_db()
    assert row.status == Status.SENT
    assert list(mailbox.letters) == ["forged"]


def test_answers_of_people_stay_and_are_read_once(sent, mailbox):
    _row, letter = sent
    answer = EmailMessage()
    answer["From"], answer["In-Reply-To"] = "lost@example.org", message_from_bytes(letter)["Message-ID"]
    answer.set_content("Thank you!")
    mailbox.letters["answer"] = answer.as_bytes()
    assert (returned_mail.read(), returned_mail.read()) == (0, 0)
    assert (list(mailbox.letters), mailbox.fetched) == (["answer"], ["answer"])


def test_a_letter_that_cannot_be_read_does_not_hold_up_the_next_for_ever(sent, mailbox, caplog):
    row, letter = sent
    mailbox.letters |= {"long": b"X: " + b"x" * 5000, "one": report(letter)}
    assert (returned_mail.read(), returned_mail.read()) == (0, 1)
    assert "cannot be read" in caplog.text
    row.refresh_from_db()
    assert row.status == Status.FAILED


def test_without_a_mailbox_nothing_is_asked_and_a_wrong_password_is_said(settings, mailbox, caplog):
    settings.RETURNED_MAIL = settings.RETURNED_MAIL.replace(quote(PASSWORD), "wrong")
    assert returned_mail.read() == 0
    assert "wrong password" in caplog.text
    settings.RETURNED_MAIL = ""
    assert returned_mail.read() == 0
