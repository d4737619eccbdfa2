"""How long photos wait for their check: what a student is told, and when no more are taken in.

Measured and not guessed: the workers note how long a photo takes them, and the photos that they hold at this moment say how
many processes are at work. Why the page asks again and again, and is not called: decision 83.
"""

import math
import random
from contextlib import suppress
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from redis.exceptions import RedisError

from capture.models import Photo
from portal.errors import PortalError
from portal.tenancy import across_schools
from students.models import Student

SECONDS_EACH = "photos:seconds-each"  # the key in the cache
PRESUMED = 1.0  # seconds a photo, before any was judged
WEIGHT = 0.1  # of the newest photo in the mean
SOON = 10  # seconds: a wait of which nothing needs to be said
EVERY = (2, 20)  # seconds between two questions of a page that waits for long
LEAST_AWAY = 60  # seconds


class Crowded(PortalError):
    """So many photos wait that new ones are to come later."""

    status = 503

    def __init__(self, seconds: int) -> None:
        minutes = math.ceil(seconds / 60)
        super().__init__(
            ngettext(
                "Very many photos are coming in just now. Please send yours in %(n)d minute.",
                "Very many photos are coming in just now. Please send yours in %(n)d minutes.",
                minutes,
            )
            % {"n": minutes}
        )
        self.headers = {"Retry-After": str(seconds)}


@dataclass(frozen=True)
class Wait:
    """`ahead`: photos before one; `at_work`: processes that judge at this moment."""

    ahead: int
    at_work: int
    seconds_each: float

    @property
    def seconds(self) -> float:
        return (self.ahead + 1) * self.seconds_each / max(1, self.at_work)

    @property
    def is_long(self) -> bool:
        return self.seconds > SOON

    @property
    def ask_in(self) -> int:
        """Seconds until the page asks again: a fifth of the wait, so that many pages that wait for long ask seldom."""
        least, most = EVERY
        return math.ceil(min(most, max(least, self.seconds / 5)))

    def __str__(self) -> str:
        """The wait as a sentence; none where it is short, or no worker is at work."""
        if not self.is_long or not self.at_work:
            return ""
        if self.seconds <= 90:
            return _("Yours is checked in about %(n)d seconds.") % {"n": math.ceil(self.seconds / 10) * 10}
        minutes = math.ceil(self.seconds / 60)
        return ngettext(
            "Yours is checked in about %(n)d minute.", "Yours is checked in about %(n)d minutes.", minutes
        ) % {"n": minutes}


def note(seconds: float) -> None:
    """By the worker: how long a photo took it."""
    with suppress(RedisError):
        mean = cache.get(SECONDS_EACH)
        cache.set(SECONDS_EACH, seconds if mean is None else mean + WEIGHT * (seconds - mean), timeout=3600)


def of_photo(photo: Photo) -> Wait:
    return _wait(Q(queued_at__lt=photo.queued_at))


def of_next() -> Wait:
    """The wait of a photo that comes now."""
    return _wait(Q())


def _wait(before: Q) -> Wait:
    held = Q(claimed_at__gte=Photo.stale_before())
    with across_schools():
        counted = Photo.objects.filter(status=Photo.Status.CHECKING).aggregate(
            ahead=Count("pk", filter=before & ~held | before & Q(claimed_at=None)), at_work=Count("pk", filter=held)
        )
    seconds = PRESUMED
    with suppress(RedisError):
        seconds = cache.get(SECONDS_EACH) or PRESUMED
    return Wait(**counted, seconds_each=seconds)


def require_room(student: Student) -> None:
    """Raises Crowded when a new photo would wait for more than PHOTO_WAIT_SECONDS, but not for one that takes the place of
    another that waits.

    They are to come when half of that is judged, and not all at the same moment.
    """
    most = settings.PHOTO_WAIT_SECONDS
    if student.stage == Student.Stage.CHECKING:
        return
    over = of_next().seconds - most
    if over > 0:
        raise Crowded(math.ceil(max(LEAST_AWAY, over + most / 2) * random.uniform(1, 1.5)))
