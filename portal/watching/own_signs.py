"""The signs of the kernel: letters, history and counters."""

import datetime as dt

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal import files
from portal.background import health
from portal.counters import proof
from portal.history import nightly
from portal.models import Checkpoint, DeliveriesByState, Delivery, Job
from portal.notifications.deliveries import awake_channels
from portal.watching import signs
from portal.watching.signs import Found

LETTERS_WAIT = dt.timedelta(minutes=15)
FAILED_MANY = 20  # letters of a day
CHECKPOINTS_LATE = dt.timedelta(minutes=30)  # they come every five


@signs.register(
    "deliveries",
    label=gettext_lazy("Letters and text messages"),
    advice=gettext_lazy("Does the mail server answer? The page “Messages sent” of the center has the reasons."),
)
def _deliveries() -> Found:
    now = timezone.now()
    waiting = Delivery.objects.filter(status=Delivery.Status.QUEUED, channel__in=awake_channels(), refusals=0)
    late = waiting.filter(notification__created_at__lt=now - LETTERS_WAIT).order_by("pk")[:1000].count()
    failed = Delivery.objects.filter(
        status=Delivery.Status.FAILED, notification__created_at__gt=now - dt.timedelta(days=1)
    )
    number = failed.order_by("-pk")[:1000].count()
    says = ngettext("%(n)d could not be sent today", "%(n)d could not be sent today", number) % {"n": number}
    if late:
        says = _("%(n)d wait longer than a quarter of an hour; %(failed)s") % {"n": late, "failed": says}
    return Found(bool(late) or number >= FAILED_MANY, says)


@signs.register(
    "files",
    label=gettext_lazy("Stored files"),
    advice=gettext_lazy(
        "Does the folder MEDIA_ROOT hang in its place, or does the S3 service answer? Uploads are refused and photos wait"
        " until then; nothing is lost."
    ),
)
def _files() -> Found:
    problem = files.storage().problem()
    return Found(bool(problem), problem or _("can be read and written"))


@signs.register(
    "history",
    label=gettext_lazy("History"),
    advice=gettext_lazy(
        "Run manage.py check_history and compare with a backup: somebody has changed lines from outside."
    ),
)
def _history() -> Found:
    last = nightly.last_report()
    if last is not None and last.result.get("faults"):
        return signs.proof(last.finished_at, last.result["faults"])
    counted = Checkpoint.objects.order_by("-pk").values_list("noted_at", flat=True).first()
    if counted is not None and timezone.now() - counted > CHECKPOINTS_LATE:
        ago = signs.duration((timezone.now() - counted).total_seconds())
        return Found(True, _("not counted since %(ago)s") % {"ago": ago})
    return signs.proof(last.finished_at if last else None, 0)


@signs.register(
    "counters",
    label=gettext_lazy("Counters of the dashboard"),
    advice=gettext_lazy("Find out who changed rows past the triggers, then run manage.py check_counters --repair."),
)
def _counters() -> Found:
    last = proof.latest()
    if last is None:
        return signs.proof(None, 0)
    faults = 0 if last.was_repaired else sum(number for number, _named in last.faults.values())
    return signs.proof(last.at, faults)


@health.figure("deliveries", "Letters and text messages by channel and state")
def _delivery_figures() -> health.Figures:
    numbers = DeliveriesByState.numbers("channel", "status")
    return [({"channel": channel, "state": state}, n) for (channel, state), n in numbers.items()]


@health.figure("jobs_failed", "Long work that failed and nobody has dismissed")
def _failed_jobs() -> health.Figures:
    return [({}, Job.objects.filter(status=Job.Status.FAILED, dismissed_at=None).count())]
