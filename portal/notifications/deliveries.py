"""Sending notifications by their channels: urgent ones at once and one by one, the others in
batches.

Channels take turns, batch by batch, so that one with much to send does not hold up another. A batch is claimed by one UPDATE that is committed at once, sent over one connection without a lock,
and its outcomes are saved every SAVED_TOGETHER letters. Urgent deliveries come first in every batch. If a worker
is killed between sending and saving, its claim remains and its batch is sent again, each letter
under its old number (Message-ID), by which most receivers drop the second: at most SAVED_TOGETHER letters. A delivery that was lost once is then sent alone, so that a letter which kills
its worker does not block the others.
"""

import datetime as dt
import logging
import time
from collections import deque
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import asdict, dataclass, field
from itertools import groupby

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext_noop
from redis.exceptions import RedisError

from portal import notification_kinds
from portal.background import queue
from portal.models import Contact, Delivery
from portal.notification_kinds import EMAIL
from portal.notifications import contacts, quiet_hours, texts
from portal.notifications.channels import all_channels
from portal.notifications.channels.base import ChannelDown, DeliveryError, Receipt, Send, Unavailable
from portal.security.encryption import Unreadable
from portal.tenancy import school_scope, system_scope

log = logging.getLogger(__name__)
Status = Delivery.Status
BATCH_SIZE = 100
SAVED_TOGETHER = 10
MAX_TASK_SECONDS = 20  # of one task; then other tasks of the queue run
RESTS = "channel-rests"  # of the keys in Redis
REST_SECONDS = 60  # after a channel did not answer, only `send_waiting` tries it
MAX_BATCH_SECONDS = 30  # then the rest of a slow batch is released, before its claim expires
# The pause after each temporary refusal. After the last one the delivery has failed.
RETRY_DELAYS = tuple(dt.timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 480, 1440, 2880))
# Committed at once. Deliveries that were lost before (attempts > 0) are left out: each of them is
# sent alone.
CLAIM = """
WITH free AS MATERIALIZED (
    SELECT id FROM portal_delivery
    WHERE status = 'queued' AND channel = %(channel)s AND queued_at <= %(now)s AND attempts = 0
    ORDER BY is_urgent DESC, queued_at, id LIMIT %(most)s FOR UPDATE SKIP LOCKED
)
UPDATE portal_delivery AS mine SET status = 'sending', claimed_at = %(now)s, attempts = 1
FROM free WHERE mine.id = free.id RETURNING mine.id
"""


def enqueue(delivery: Delivery) -> None:
    queue.send("portal.tasks.send_delivery", delivery.pk)


def enqueue_all(rows: Iterable[Delivery]) -> None:
    for row in rows:
        enqueue(row)


def send_one(pk: int) -> bool:
    """Send one delivery, unless another worker has claimed it or its channel rests. Returns whether it was sent.

    Hundreds of letters that wait one after another for a mail server which hangs would keep sweeps from their queue.
    """
    with system_scope():
        waiting = Delivery.objects.filter(pk=pk).values_list("channel", flat=True).first()
        if waiting not in awake_channels() or _rests(waiting):
            return False
        row = Delivery.objects.select_related("notification").claim(pk)
        if row is None or not send([row]):
            return False
        return Delivery.objects.filter(pk=pk, status=Status.SENT).exists()


def awake_channels() -> list[str]:
    """The channels that may send now. In the quiet hours of the others, theirs waits."""
    is_night = quiet_hours.is_quiet()
    return [
        name
        for name, channel in all_channels().items()
        if not channel.is_instant and channel.is_set_up() and not (channel.keeps_quiet_hours and is_night)
    ]


def _resting(channel: str) -> str:
    return f"{RESTS}:{channel}"


def _rests(channel: str) -> bool:
    """Whether the channel did not answer lately. The sweep tries again in a minute."""
    try:
        return bool(cache.get(_resting(channel)))
    except RedisError:
        return False


def send_waiting() -> int:
    """Send batches of each channel in turn for MAX_TASK_SECONDS, then continue in another task.

    Returns how many deliveries were handled.
    """
    end, number, left = time.monotonic() + MAX_TASK_SECONDS, 0, awake_channels()
    with system_scope():
        while left:
            for channel in tuple(left):
                rows = claim_batch(BATCH_SIZE, channel)
                number += len(rows)
                # Of a channel that does not answer the sweep tries again in a minute.
                if not rows or not send(rows):
                    left.remove(channel)
            if left and time.monotonic() > end:
                queue.send("portal.tasks.send_waiting", queue="bulk")
                break
    return number


def claim_batch(most: int, channel: str = EMAIL) -> list[Delivery]:
    """Claim up to `most` deliveries of a channel that are due, urgent ones first, then the oldest."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"now": timezone.now(), "most": most, "channel": channel})
        ids = [pk for (pk,) in cursor.fetchall()]
    order = ("-is_urgent", "queued_at", "pk")
    return list(Delivery.objects.filter(pk__in=ids).select_related("notification").order_by(*order))


@dataclass
class Batch:
    """Claimed deliveries of one channel: those left to send, and the outcomes so far.

    `linked`: who has linked the addresses that some of them go to.
    """

    left: deque[Delivery]
    texts: notification_kinds.Texts
    linked: contacts.Contacts
    sent: list[int] = field(default_factory=list)
    receipts: dict[int, Receipt] = field(default_factory=dict)
    refused: list[tuple[Delivery, DeliveryError]] = field(default_factory=list)

    def contact_of(self, row: Delivery) -> Contact | None:
        """Who has linked the address that this goes to; None where it has an address of its own."""
        return None if row.address else self.linked.get((row.notification.recipient_key, row.channel))


def send(rows: list[Delivery]) -> bool:
    """Send claimed deliveries and save the outcome of each.

    False when a channel does not answer.
    """
    by_channel, written = sorted(rows, key=lambda row: row.channel), texts.load()
    linked = contacts.linked(rows)
    batches = groupby(by_channel, key=lambda row: row.channel)
    answers = [_send_by(name, Batch(deque(batch), written, linked)) for name, batch in batches]
    return all(answers)


def _send_by(name: str, batch: Batch) -> bool:
    """Send a batch. If the worker is stopped in the middle, the outcomes are saved and the rest is
    released.
    """
    end = time.monotonic() + min(MAX_BATCH_SECONDS, settings.CLAIM_SECONDS / 4)
    try:
        with all_channels()[name].connect() as send_letter:
            while batch.left and time.monotonic() < end:
                _send_next(batch, send_letter)
                if len(batch.sent) == SAVED_TOGETHER:
                    _save_sent(batch)
    except ChannelDown as error:
        log.warning("Channel %s does not answer: %s", name, error)
        with suppress(RedisError):
            cache.set(_resting(name), 1, REST_SECONDS)
        return False
    finally:
        _record_outcomes(batch)
    return True


def _send_next(batch: Batch, send_letter: Send) -> None:
    row = batch.left[0]
    try:
        receipt = send_letter(_address(row, batch), _letter(row, batch.texts), row.notification.link, row.pk)
    except DeliveryError as error:
        batch.refused.append((row, error))
    except Unavailable:
        raise
    except Exception as error:
        # The channel is down, or the fault is ours. Perhaps this letter is why: it waits, and the
        # others do not.
        batch.refused.append((batch.left.popleft(), DeliveryError(str(error), permanent=False)))
        raise
    else:
        batch.sent.append(row.pk)
        if receipt:
            batch.receipts[row.pk] = receipt
    batch.left.popleft()


NOT_LINKED = gettext_noop("The person has linked no address to this channel any more.")


def _address(row: Delivery, batch: Batch) -> str:
    if row.address:
        return row.address
    contact = batch.contact_of(row)
    if contact is None:
        raise DeliveryError(NOT_LINKED, permanent=True)
    try:
        return contacts.linked_address(contact)
    except Unreadable as error:
        raise DeliveryError(str(error), permanent=True) from error


def _letter(row: Delivery, written: notification_kinds.Texts) -> notification_kinds.Letter:
    """The text in the recipient's language.

    An error in it is our fault: it is logged, and the delivery fails.
    """
    with translation.override(row.language or settings.LANGUAGE_CODE):
        try:
            return notification_kinds.render(row.notification.kind, row.notification.parameters, written)
        except Exception as error:
            log.exception("Notification %s cannot be written", row.notification_id)
            raise DeliveryError(f"{type(error).__name__}: {error}", permanent=True) from error


def _record_outcomes(batch: Batch) -> None:
    """Save the outcomes of deliveries that this worker still holds: an expired claim may be another
    worker's by now.
    """
    mine = Delivery.objects.filter(status=Status.SENDING)
    now = timezone.now()
    _save_sent(batch)
    for row, error in batch.refused:
        mine.filter(pk=row.pk).update(
            claimed_at=None, attempts=0, error=str(error)[:300], **_next_state(row, error, now)
        )
        if error.is_about_address:
            contacts.mark_refused(row, batch.contact_of(row), str(error))
    for row in batch.left:
        Delivery.objects.release(row)


def _save_sent(batch: Batch) -> None:
    """As `_record_outcomes`."""
    if not batch.sent:
        return
    mine = Delivery.objects.filter(status=Status.SENDING)
    done = {"status": Status.SENT, "sent_at": timezone.now(), "claimed_at": None, "error": ""}
    for pk, receipt in batch.receipts.items():
        mine.filter(pk=pk).update(**done, **asdict(receipt))
    others = [pk for pk in batch.sent if pk not in batch.receipts]
    if others:
        mine.filter(pk__in=others).update(**done)
    batch.sent.clear()
    batch.receipts.clear()


def _next_state(row: Delivery, error: DeliveryError, now: dt.datetime) -> dict[str, object]:
    """The fields of a refused delivery: failed, or queued for its next attempt."""
    if error.permanent or row.refusals >= len(RETRY_DELAYS):
        return {"status": Status.FAILED, "refusals": row.refusals + 1}
    return {"status": Status.QUEUED, "refusals": row.refusals + 1, "queued_at": now + RETRY_DELAYS[row.refusals]}


def sweep() -> int:
    """Queue the deliveries of lost workers again, give up those lost twice, and start sending if
    any are waiting.

    Returns how many were queued one by one.
    """
    with system_scope():
        _bring_forward()
        lost = Delivery.objects.filter(attempts__gt=0).select_related("school")
        found = queue.sweep(lost, enqueue=enqueue, give_up=_give_up, scope=_scope_of)
        if _is_waiting() and not _is_being_sent():
            queue.send("portal.tasks.send_waiting", queue="bulk", expires=60)
    return found


def _scope_of(row: Delivery) -> AbstractContextManager[None]:
    return school_scope(row.school) if row.school else nullcontext()


LOST_TWICE = gettext_noop("The worker was lost twice while it sent this.")


def _give_up(row: Delivery) -> None:
    log.error("Delivery %s was lost %s times", row.pk, row.attempts)
    held = Delivery.objects.filter(pk=row.pk, status__in=(Status.QUEUED, Status.SENDING), attempts=row.attempts)
    held.update(status=Status.FAILED, claimed_at=None, error=LOST_TWICE)


def _bring_forward() -> None:
    """Deliveries that nobody refused are due at once. A time far ahead comes from a clock set back since."""
    now = timezone.now()
    new = Delivery.objects.filter(status=Status.QUEUED, refusals=0, queued_at__gt=now + Delivery.claim_time())
    new.update(queued_at=now)


def _is_waiting() -> bool:
    due = Delivery.objects.filter(status=Status.QUEUED, queued_at__lte=timezone.now(), attempts=0)
    return due.filter(channel__in=awake_channels()).exists()


def _is_being_sent() -> bool:
    """Whether a worker is sending batches now. It continues by itself."""
    held = Delivery.objects.filter(status=Status.SENDING, attempts__gt=0, is_urgent=False)
    return held.filter(claimed_at__gte=Delivery.stale_before()).exists()


def send_again(rows: QuerySet[Delivery]) -> int:
    """Queue those of `rows` that failed again, as if they were new, after the cause was removed.

    Returns how many.
    """
    failed = rows.filter(status=Status.FAILED)
    return failed.update(status=Status.QUEUED, refusals=0, error="", **Delivery.anew())
