"""The figures of photos for a monitor: numbers, no persons."""

import datetime as dt

from django.utils import timezone

from capture.models import Finding, FindingsByRule, Photo, PhotosByState
from portal.background import health
from schools.models import Season

RECENT = dt.timedelta(minutes=15)
QUANTILES = (0.5, 0.95)


@health.figure("photos", "Current photos by state")
def _by_state() -> health.Figures:
    return [({"state": state}, number) for state, number in PhotosByState.numbers("status").items()]


@health.figure("rejects", "Photos that a rule rejects")
def _rejects() -> health.Figures:
    numbers = FindingsByRule.numbers("rule", outcome=Finding.Outcome.REJECT)
    return [({"rule": rule}, number) for rule, number in numbers.items()]


@health.figure("verdict_seconds", "From a photo's arrival to its verdict, last quarter of an hour")
def _verdict_seconds() -> health.Figures:
    """From the photo's arrival to its verdict, of the last quarter of an hour. By the index of season and day."""
    recent = Photo.objects.filter(
        season__in=Season.objects.all(), taken_at__gt=timezone.now() - RECENT, checked_at__isnull=False
    )
    seconds = sorted(
        (checked - taken).total_seconds() for taken, checked in recent.values_list("taken_at", "checked_at")[:10_000]
    )
    return [({"quantile": str(part)}, seconds[int(part * (len(seconds) - 1))]) for part in QUANTILES if seconds]
