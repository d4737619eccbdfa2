"""Sending: urgent before bulk, in the recipient's language, tried again, given up visibly, and never dropped for its age."""

import datetime as dt
import socket
from email import message_from_bytes

import pytest
from django.core import mail
from django.db import connection
from django.urls import reverse
from django.utils import timezone, translation

from portal import notification_kinds, notifications
from portal.background import queue
from portal.counters.proof import differences
from portal.models import Contact, DeliveriesByState, Delivery, Notification, Role, User
from portal.notification_kinds import NotificationKind
from portal.notifications import deliveries, returned_mail
from portal.notifications.channels import email
from portal.tenancy import school_scope, system_scope
from schools.models import Season
from tests import factories
from tests.conftest import client_of
from tests.support.letters import PLAIN, plain
from tests.support.mail_server import mail_server
from tests.support.words import said

pytestmark = pytest.mark.django_db
Status = Delivery.Status
BULK = NotificationKind("bulk", "%(subject)s", is_urgent=False)
HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def kinds(monkeypatch):
    for kind in (PLAIN, BULK):
        monkeypatch.setitem(notification_kinds.KINDS, kind.name, kind)


@pytest.fixture(autouse=True)
def _system():
    with system_scope():
        yield


@pytest.fixture
def queued(monkeypatch):
    """(task, ids) sent to the queue."""
    sent = []
    monkeypatch.setattr(queue, "send", lambda task, *ids, **options: sent.append((task.rpartition(".")[2], *ids)))
    return sent


@pytest.fixture
def server(settings):
    with mail_server(settings) as handler:
        yield handler


def bulk(school, *addresses):
    """Bulk deliveries to students of these addresses, in this order."""
    season = Season.objects.get()
    for address in addresses:
        student = factories.student(school, season, email=address)
        notifications.notify_many([student], school=school, kind="bulk", parameters={"subject": address})
    return list(Delivery.objects.filter(address__in=addresses).order_by("pk"))


def urgent(owner, school, subject="Hello"):
    row = notifications.notify(owner, school=school, link="/me/", **plain(subject))
    return row.deliveries.get()


def state(row):
    row.refresh_from_db()
    return row.status


def test_urgent_delivery_is_queued_at_once_and_sent_once(
    school, owner, queued, settings, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        row = urgent(owner, school)
    assert queued == [("send_delivery", row.pk)]
    assert deliveries.send_one(row.pk)
    assert not deliveries.send_one(row.pk)
    assert [(letter.subject, letter.to) for letter in mail.outbox] == [("Hello", ["owner@example.org"])]
    assert settings.SITE_URL + "/me/" in mail.outbox[0].body
    assert state(row) == Status.SENT


def test_a_line_break_in_what_somebody_wrote_keeps_no_letter_from_going(school, owner, queued):
    """The subject of a school's letter stands in that of the center's mail."""
    row = urgent(owner, school, subject="Refund\r\nBcc: everybody@example.org")
    assert deliveries.send_one(row.pk)
    assert [(letter.subject, letter.bcc) for letter in mail.outbox] == [("Refund Bcc: everybody@example.org", [])]
    assert state(row) == Status.SENT


def test_bulk_waits_for_the_sweep_and_goes_in_batches(school, queued, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(deliveries, "BATCH_SIZE", 2)
    with django_capture_on_commit_callbacks(execute=True):
        bulk(school, "a@example.org", "b@example.org", "c@example.org")
    assert queued == []
    deliveries.sweep()
    assert queued == [("send_waiting",)]
    assert deliveries.send_waiting() == 3
    assert [letter.to for letter in mail.outbox] == [["a@example.org"], ["b@example.org"], ["c@example.org"]]
    deliveries.sweep()
    assert queued == [("send_waiting",)]


def test_urgent_overtakes_bulk_in_the_next_batch(school, owner, queued, monkeypatch):
    monkeypatch.setattr(deliveries, "BATCH_SIZE", 2)
    bulk(school, *(f"{n}@example.org" for n in range(4)))
    deliveries.send(deliveries.claim_batch(2))
    urgent(owner, school)
    deliveries.send_waiting()
    assert [letter.to[0].partition("@")[0] for letter in mail.outbox] == ["0", "1", "owner", "2", "3"]


def test_sending_goes_on_in_another_task_when_its_turn_is_over(school, queued, monkeypatch):
    monkeypatch.setattr(deliveries, "BATCH_SIZE", 1)
    monkeypatch.setattr(deliveries, "MAX_TASK_SECONDS", -1)
    bulk(school, "a@example.org", "b@example.org")
    assert deliveries.send_waiting() == 1
    assert queued == [("send_waiting",)]


def test_sweep_starts_no_second_round_beside_a_worker_that_sends(school, queued):
    bulk(school, "a@example.org", "b@example.org")
    deliveries.claim_batch(1)
    deliveries.sweep()
    assert queued == []


def test_delivery_from_before_the_clock_was_set_back_is_sent_and_a_refused_one_keeps_its_pause(school, queued):
    new, refused = bulk(school, "a@example.org", "b@example.org")
    Delivery.objects.update(queued_at=timezone.now() + 8 * HOUR)
    Delivery.objects.filter(pk=refused.pk).update(refusals=4)
    deliveries.sweep()
    assert deliveries.send_waiting() == 1
    assert (state(new), state(refused)) == (Status.SENT, Status.QUEUED)


def test_two_workers_never_hold_the_same_delivery(school):
    rows = bulk(school, *(f"{n}@example.org" for n in range(3)))
    first, second = deliveries.claim_batch(2), deliveries.claim_batch(2)
    assert [row.pk for row in first + second] == [row.pk for row in rows]
    assert not deliveries.send_one(rows[0].pk)


def test_mail_is_in_the_recipients_language_whoever_acts(school, owner):
    with translation.override("en"):
        notifications.notify_school(school, kind="feedback.accepted", season=None, parameters={"n": 3})
        deliveries.send_waiting()
    User.objects.filter(pk=owner.pk).update(language="en")
    with translation.override("zh-hans"):
        notifications.notify_school(school, kind="feedback.accepted", season=None, parameters={"n": 3})
        deliveries.send_waiting()
    chinese, english = mail.outbox
    assert chinese.subject == said("The center has accepted your feedback form")
    assert english.subject == "The center has accepted your feedback form"


def test_one_connection_carries_a_batch(school, server):
    bulk(school, *(f"{n}@example.org" for n in range(5)))
    assert deliveries.send_waiting() == 5
    assert server.connections == 1
    assert server.addresses() == server.subjects() == [f"{n}@example.org" for n in range(5)]


def test_refused_address_has_failed_for_good_and_the_others_are_sent(school, server):
    server.answers["b@example.org"] = "550 No such user"
    _a, b, _c = bulk(school, "a@example.org", "b@example.org", "c@example.org")
    deliveries.send_waiting()
    assert server.addresses() == ["a@example.org", "c@example.org"]
    assert state(b) == Status.FAILED
    assert "550 No such user" in b.error


def test_refused_address_gets_nothing_more_until_it_is_another(school, server):
    server.answers["b@example.org"] = "550 No such user"
    student = factories.student(school, Season.objects.get(), email="b@example.org")
    told = {"school": school, "kind": "bulk", "parameters": {"subject": "Hello"}}
    notifications.notify_many([student], **told)
    deliveries.send_waiting()
    marked = Contact.objects.get(recipient_key=student.actor_key)
    assert (marked.refused_address, "550 No such user" in marked.refusal) == ("b@example.org", True)
    notifications.notify_many([student], **told)
    assert Delivery.objects.count() == 1
    student.email = "c@example.org"
    notifications.notify_many([student], **told)
    assert Delivery.objects.count() == 2


def test_temporary_refusal_is_tried_again_after_growing_pauses_and_fails_at_last(school, server):
    server.answers["a@example.org"] = "451 Try again later"
    (row,) = bulk(school, "a@example.org")
    pauses = []
    while True:
        before = timezone.now()
        assert deliveries.send_waiting() == 1
        if state(row) == Status.FAILED:
            break
        pauses.append(row.queued_at - before)
        assert deliveries.send_waiting() == 0  # not before its time
        Delivery.objects.update(queued_at=before)
    assert pauses == sorted(pauses)
    assert len(pauses) == len(deliveries.RETRY_DELAYS) >= 5
    assert "451" in row.error


def test_server_that_is_away_costs_no_delivery_anything(school, settings, queued, caplog):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    rows = bulk(school, "a@example.org", "b@example.org")
    for _day in range(20):
        deliveries.send_waiting()
    assert [(state(row), row.attempts, row.refusals) for row in rows] == [(Status.QUEUED, 0, 0)] * 2
    assert "does not answer" in caplog.text
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert deliveries.send_waiting() == 2


def test_urgent_letters_do_not_wait_one_after_another_for_a_server_that_hangs(school, owner, settings, queued, server):
    """They share their queue with the sweeps."""
    rows = [urgent(owner, school, f"Letter {n}") for n in range(3)]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.EMAIL_PORT, port, settings.EMAIL_TIMEOUT = silent.getsockname()[1], settings.EMAIL_PORT, 0.1
        assert [deliveries.send_one(row.pk) for row in rows] == [False] * 3
        silent.settimeout(0.1)
        silent.accept()[0].close()
        with pytest.raises(TimeoutError):  # only the first one tried
            silent.accept()
    settings.EMAIL_PORT = port
    assert deliveries.send_waiting() == 3
    assert {state(row) for row in rows} == {Status.SENT}


def test_letter_at_which_the_line_is_cut_does_not_hold_up_the_others(school, server, queued):
    server.hang_up.add("a@example.org")
    a, b = bulk(school, "a@example.org", "b@example.org")
    deliveries.send_waiting()
    assert (state(a), a.refusals, state(b), b.refusals) == (Status.QUEUED, 1, Status.QUEUED, 0)
    deliveries.send_waiting()
    assert (state(b), server.addresses()) == (Status.SENT, ["b@example.org"])


def test_nothing_is_dropped_after_days(school):
    (row,) = bulk(school, "a@example.org")
    Delivery.objects.update(queued_at=timezone.now() - dt.timedelta(days=90))
    deliveries.send_waiting()
    assert state(row) == Status.SENT


def test_killed_worker_leaves_at_most_its_batch_which_is_sent_again_one_by_one(school, queued):
    rows = bulk(school, *(f"{n}@example.org" for n in range(4)))
    deliveries.claim_batch(3)
    Delivery.objects.filter(status=Status.SENDING).update(claimed_at=timezone.now() - HOUR)  # kill -9
    assert deliveries.sweep() == 3
    assert queued == [*(("send_delivery", row.pk) for row in rows[:3]), ("send_waiting",)]
    assert [row.pk for row in deliveries.claim_batch(9)] == [rows[3].pk]
    for row in rows[:3]:
        assert deliveries.send_one(row.pk)


def test_letter_sent_again_after_a_killed_worker_has_its_old_number(school, server, settings):
    settings.SITE_URL = "https://tucai.example.org"
    (row,) = bulk(school, "a@example.org")
    deliveries.send_waiting()
    Delivery.objects.update(status=Status.QUEUED)  # the outcome was never saved
    deliveries.send_one(row.pk)
    numbers = {message_from_bytes(envelope.content)["Message-ID"] for envelope in server.envelopes}
    assert (len(server.envelopes), numbers) == (2, {returned_mail.message_id(row.pk)})


def test_outcomes_are_saved_while_a_batch_is_sent(school, server, monkeypatch):
    rows = bulk(school, *(f"{n}@example.org" for n in range(12)))
    server.hang_up.add(rows[10].address)
    saved = []

    def record(batch):
        saved.extend(Delivery.objects.filter(status=Status.SENT).values_list("pk", flat=True))

    monkeypatch.setattr(deliveries, "_record_outcomes", record)  # the worker is killed before it comes to this
    deliveries.send(deliveries.claim_batch(12))
    assert saved == [row.pk for row in reversed(rows[:10])]


def test_delivery_that_loses_its_worker_twice_is_given_up_with_a_sentence(school, queued):
    rows = bulk(school, "a@example.org", "b@example.org")
    for again in range(2):
        (deliveries.claim_batch(2) if not again else Delivery.objects.claim(rows[0].pk))
        Delivery.objects.filter(status=Status.SENDING).update(claimed_at=timezone.now() - HOUR)
        deliveries.sweep()
    assert state(rows[0]) == Status.FAILED
    assert rows[0].error == "The worker was lost twice while it sent this."  # translated where the operator reads it
    assert state(rows[1]) == Status.QUEUED


def test_the_center_is_told_from_a_schools_page_and_a_lost_letter_of_it_is_sent_again(school, queued, monkeypatch):
    monkeypatch.setitem(notification_kinds.KINDS, "alarm", NotificationKind("alarm", "%(subject)s", may="history.see"))
    admin = factories.person("chief", Role.CENTER_ADMIN)
    factories.person("printing", Role.CENTER_PRINTING)
    with school_scope(school):
        (row,) = notifications.notify_center(kind="alarm", season=None, parameters={"subject": "Look"})
        assert not Notification.objects.filter(pk=row.pk).exists()  # no school sees it
    sent = Delivery.objects.get(notification=row)
    assert (row.recipient_key, sent.address, sent.school) == (admin.actor_key, admin.email, None)
    Delivery.objects.claim(sent.pk)
    Delivery.objects.update(claimed_at=timezone.now() - HOUR)
    deliveries.sweep()
    assert ("send_delivery", sent.pk) in queued
    assert deliveries.send_one(sent.pk)
    assert [letter.to for letter in mail.outbox] == [[admin.email]]


def test_worker_that_is_told_to_stop_keeps_what_was_sent_and_gives_back_the_rest(school, monkeypatch):
    rows = bulk(school, *(f"{n}@example.org" for n in range(3)))
    letter = deliveries._letter

    def stop_at_the_second(row, texts):
        if row.pk == rows[1].pk:
            raise SystemExit(-15)
        return letter(row, texts)

    monkeypatch.setattr(deliveries, "_letter", stop_at_the_second)
    with pytest.raises(SystemExit):
        deliveries.send_waiting()
    assert [(state(row), row.attempts) for row in rows] == [(Status.SENT, 1), (Status.QUEUED, 0), (Status.QUEUED, 0)]


def test_slow_batch_gives_its_rest_back_before_the_claim_grows_old(school, monkeypatch):
    monkeypatch.setattr(deliveries, "MAX_BATCH_SECONDS", -1)
    (row,) = bulk(school, "a@example.org")
    deliveries.send(deliveries.claim_batch(1))
    assert (state(row), row.attempts) == (Status.QUEUED, 0)


def test_text_that_cannot_be_written_fails_visibly(school, caplog, monkeypatch):
    (row,) = bulk(school, "a@example.org")
    monkeypatch.setitem(notification_kinds.KINDS, "bulk", NotificationKind("bulk", "%(missing)s"))
    deliveries.send_waiting()
    assert state(row) == Status.FAILED
    assert "KeyError" in row.error
    assert "cannot be written" in caplog.text


def test_operator_sees_what_failed_and_has_it_sent_again(school, db):
    (row,) = bulk(school, "a@example.org")
    Delivery.objects.update(status=Status.FAILED, error="550 full", attempts=2, refusals=7)
    operator = client_of(factories.operator("root"))
    page = reverse("admin:portal_delivery_changelist")
    assert "550 full" in operator.get(page, {"status__exact": "failed"}).content.decode()
    operator.post(page, {"action": "send_again", "_selected_action": [row.pk]})
    assert (state(row), row.attempts, row.refusals) == (Status.QUEUED, 0, 0)
    deliveries.send_waiting()
    assert state(row) == Status.SENT


def test_batch_costs_the_same_for_one_and_for_three(school, django_assert_num_queries):
    for addresses in (("a@example.org",), ("b@example.org", "c@example.org", "d@example.org")):
        bulk(school, *addresses)
        with django_assert_num_queries(5):  # claim, read, the center's texts, save the outcomes, and claim once more
            deliveries.send_waiting()


def test_deliveries_of_a_school_are_not_seen_by_another(school, other_school, owner):
    urgent(owner, school)
    with school_scope(other_school):
        assert not Delivery.objects.exists()


def test_channel_says_which_refusals_are_for_good():
    import smtplib

    errors = [
        (smtplib.SMTPRecipientsRefused({"a": (550, b"no"), "b": (452, b"full")}), False),
        (smtplib.SMTPRecipientsRefused({"a": (550, b"no")}), True),
        (smtplib.SMTPDataError(554, b"spam"), True),
        (smtplib.SMTPDataError(451, b"later"), False),
        (smtplib.SMTPSenderRefused(553, b"who are you", "us"), False),
        (smtplib.SMTPNotSupportedError("no SMTPUTF8"), True),
    ]
    for error, is_permanent in errors:
        assert email._is_permanent(error) is is_permanent, error


def test_address_that_cannot_be_parsed_fails_alone(school, server):
    wrong, right = bulk(school, "nobody@", "a@example.org")
    deliveries.send_waiting()
    assert (state(wrong), state(right)) == (Status.FAILED, Status.SENT)
    assert "nobody@" in wrong.error


def test_letter_that_stops_the_sending_by_our_fault_keeps_no_other_from_going(school, server, monkeypatch):
    bad, good = bulk(school, "bad@example.org", "good@example.org")
    mail = email.EmailMessage
    monkeypatch.setattr(
        email, "EmailMessage", lambda *args, to, **rest: 1 / (to != [bad.address]) and mail(*args, to=to, **rest)
    )
    with pytest.raises(ZeroDivisionError):
        deliveries.send_waiting()
    assert (state(bad), bad.refusals, state(good)) == (Status.QUEUED, 1, Status.QUEUED)
    deliveries.send_waiting()
    assert server.addresses() == [good.address]


def test_batch_ends_long_before_its_claim_is_old(school, server, settings, monkeypatch):
    settings.CLAIM_SECONDS = 4
    clock = iter(range(0, 100, 1))
    monkeypatch.setattr(deliveries.time, "monotonic", lambda: next(clock))
    rows = bulk(school, "a@example.org", "b@example.org")
    deliveries.send(deliveries.claim_batch(2))
    assert [state(row) for row in rows] == [Status.QUEUED, Status.QUEUED]


def test_the_numbers_of_all_schools_are_kept_with_each_change_and_read_by_the_center_alone(school, owner):
    bulk(school, "a@x.org", "b@x.org")
    with school_scope(school):
        urgent(owner, school)
    Delivery.objects.filter(address="a@x.org").update(status="sent", parts=2, cost_millifen=9000)
    Delivery.objects.filter(address="b@x.org").delete()
    numbers = DeliveriesByState.numbers("channel", "status", "parts", "cost_millifen")
    assert numbers == {("email", "sent", 2, 9000): 1, ("email", "queued", 0, 0): 1}
    with connection.cursor() as cursor:
        cursor.execute(differences(DeliveriesByState))
        assert cursor.fetchall() == []
    with school_scope(school):
        assert not DeliveriesByState.objects.exists()
