"""Sending notifications by their channels: urgent ones one by one and at once, the others in batches.

A batch is claimed by one UPDATE that is committed at once, sent over one connection without any lock, and settled by
one UPDATE. Urgent deliveries come first in every batch. A worker that is killed between the sending and the settling
leaves its claim behind: at most one batch is sent twice. What was lost once is sent by itself, so that a letter which
kills its worker takes no others along.
"""

import datetime as dt
import logging
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby

from django.conf import settings
from django.db import connection
from django.utils import timezone, translation
from django.utils.translation import gettext_noop

from portal import notification_kinds, queue
from portal.channels import all_channels
from portal.channels.base import ChannelDown, DeliveryError, Send
from portal.models import Delivery
from portal.tenancy import school_scope, system_scope

log = logging.getLogger(__name__)
Status = Delivery.Status
BATCH_SIZE = 100
MAX_TASK_SECONDS = 20  # seconds of one task; then whoever waits in its queue has a turn
MAX_BATCH_SECONDS = 30  # seconds; the rest of a slow batch is given back before its claim grows old
# After each refusal that need not be for good; after the last the delivery has failed.
RETRY_DELAYS = tuple(dt.timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 480, 1440, 2880))
# The claim ends with its statement. Not those that were lost before: each of them is sent by itself.
CLAIM = """
WITH free AS MATERIALIZED (
    SELECT id FROM portal_delivery WHERE status = 'queued' AND queued_at <= %(now)s AND attempts = 0
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
    """Send one delivery, unless another worker has it. Whether it was sent."""
    with system_scope():
        row = Delivery.objects.select_related("notification").claim(pk)
        if row is None or not send([row]):
            return False
        return Delivery.objects.filter(pk=pk, status=Status.SENT).exists()


def send_waiting() -> int:
    """Send batch after batch for a while, and go on in another task while there is more. How many went through."""
    end, number = time.monotonic() + MAX_TASK_SECONDS, 0
    with system_scope():
        while rows := claim_batch(BATCH_SIZE):
            is_answering = send(rows)
            number += len(rows)
            if not is_answering:  # the sweep tries again in a minute
                break
            if time.monotonic() > end:
                queue.send("portal.tasks.send_waiting", queue="bulk")
                break
    return number


def claim_batch(most: int) -> list[Delivery]:
    """Take what is due, urgent deliveries first, then the oldest."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"now": timezone.now(), "most": most})
        ids = [pk for (pk,) in cursor.fetchall()]
    order = ("-is_urgent", "queued_at", "pk")
    return list(Delivery.objects.filter(pk__in=ids).select_related("notification").order_by(*order))


@dataclass
class Batch:
    """Claimed deliveries of one channel, and what has become of them so far."""

    left: deque[Delivery]
    sent: list[int] = field(default_factory=list)
    refused: list[tuple[Delivery, DeliveryError]] = field(default_factory=list)


def send(rows: list[Delivery]) -> bool:
    """Send claimed deliveries and write down what became of each. False when a channel does not answer."""
    by_channel = sorted(rows, key=lambda row: row.channel)
    answers = [_send_by(name, Batch(deque(batch))) for name, batch in groupby(by_channel, key=lambda row: row.channel)]
    return all(answers)


def _send_by(name: str, batch: Batch) -> bool:
    """A worker that is told to stop in the middle keeps what was sent, and gives the rest back."""
    end = time.monotonic() + min(MAX_BATCH_SECONDS, settings.CLAIM_SECONDS / 4)
    try:
        with all_channels()[name].connect() as send_letter:
            while batch.left and time.monotonic() < end:
                _send_next(batch, send_letter)
    except ChannelDown as error:
        log.warning("Channel %s does not answer: %s", name, error)
        return False
    finally:
        _record_outcomes(batch)
    return True


def _send_next(batch: Batch, send_letter: Send) -> None:
    row = batch.left[0]
    try:
        send_letter(row.address, _letter(row), row.notification.link)
    except DeliveryError as error:
        batch.refused.append((row, error))
    except Exception as error:
        # The channel is down, or the fault is ours. Perhaps this letter is why: it waits, and the others do not.
        batch.refused.append((batch.left.popleft(), DeliveryError(str(error), permanent=False)))
        raise
    else:
        batch.sent.append(row.pk)
    batch.left.popleft()


def _letter(row: Delivery) -> notification_kinds.Letter:
    """The text in the recipient's language. What cannot be written is our fault: it is logged, and fails visibly."""
    with translation.override(row.language or settings.LANGUAGE_CODE):
        try:
            return notification_kinds.render(row.notification.kind, row.notification.parameters)
        except Exception as error:
            log.exception("Notification %s cannot be written", row.notification_id)
            raise DeliveryError(f"{type(error).__name__}: {error}", permanent=True) from error


def _record_outcomes(batch: Batch) -> None:
    """Only what is still ours: a claim that grew old may be another worker's by now."""
    mine = Delivery.objects.filter(status=Status.SENDING)
    now = timezone.now()
    if batch.sent:
        mine.filter(pk__in=batch.sent).update(status=Status.SENT, sent_at=now, claimed_at=None, error="")
    for row, error in batch.refused:
        mine.filter(pk=row.pk).update(
            claimed_at=None, attempts=0, error=str(error)[:300], **_next_state(row, error, now)
        )
    for row in batch.left:
        Delivery.objects.release(row)


def _next_state(row: Delivery, error: DeliveryError, now: dt.datetime) -> dict[str, object]:
    """Where a refused delivery stands: failed, or waiting for its next turn."""
    if error.permanent or row.refusals >= len(RETRY_DELAYS):
        return {"status": Status.FAILED, "refusals": row.refusals + 1}
    return {"status": Status.QUEUED, "refusals": row.refusals + 1, "queued_at": now + RETRY_DELAYS[row.refusals]}


def sweep() -> int:
    """Queue deliveries of lost workers again, give up those lost twice, and start the batches when something waits.
    How many were queued by themselves."""
    with system_scope():
        lost = Delivery.objects.filter(attempts__gt=0).select_related("school")
        found = queue.sweep(lost, enqueue=enqueue, give_up=_give_up, scope=lambda row: school_scope(row.school))
        if _is_waiting() and not _is_being_sent():
            queue.send("portal.tasks.send_waiting", queue="bulk", expires=60)
    return found


LOST_TWICE = gettext_noop("The worker was lost twice while it sent this.")


def _give_up(row: Delivery) -> None:
    log.error("Delivery %s was lost %s times", row.pk, row.attempts)
    held = Delivery.objects.filter(pk=row.pk, status__in=(Status.QUEUED, Status.SENDING), attempts=row.attempts)
    held.update(status=Status.FAILED, claimed_at=None, error=LOST_TWICE)


def _is_waiting() -> bool:
    return Delivery.objects.filter(status=Status.QUEUED, queued_at__lte=timezone.now(), attempts=0).exists()


def _is_being_sent() -> bool:
    """Whether a worker is at the batches: it goes on by itself."""
    held = Delivery.objects.filter(status=Status.SENDING, attempts__gt=0, is_urgent=False)
    return held.filter(claimed_at__gte=Delivery.stale_before()).exists()


def send_again(rows: Iterable[Delivery]) -> int:
    """The operator has put right why these failed: they wait as if they had just come in."""
    failed = Delivery.objects.filter(pk__in=[row.pk for row in rows], status=Status.FAILED)
    return failed.update(status=Status.QUEUED, refusals=0, error="", **Delivery.anew())
