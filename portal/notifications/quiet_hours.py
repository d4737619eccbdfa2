"""At night nobody's phone rings for us: text messages and those of WeChat wait until the morning."""

import datetime as dt

from django.utils import timezone

BEGINS, ENDS = dt.time(22), dt.time(8)  # of the settings' time zone


def is_quiet(at: dt.datetime | None = None) -> bool:
    clock = timezone.localtime(at).time()
    return clock >= BEGINS or clock < ENDS
