"""Rate limits of what signed-in people do: counted in Redis (django-ratelimit)."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_ratelimit.core import get_usage
from redis.exceptions import RedisError

from portal.errors import RateLimited


@contextmanager
def one_at_a_time(group: str, value: str, *, token: str, seconds: int) -> Iterator[None]:
    """Let one request of this value through, until it is done or `seconds` have passed. Raises RateLimited for another
    one, but not for the same form sent twice (`token`); when Redis is down, all is allowed.
    """
    key = f"one-at-a-time:{group}:{value}"
    try:
        is_free = cache.add(key, token, timeout=seconds) or cache.get(key) in (token, None)
    except RedisError:
        is_free = True
    if not is_free:
        raise RateLimited(_("Your last photo is still being read. Wait a few seconds, then send this one."))
    try:
        yield
    finally:
        with suppress(RedisError):
            cache.delete(key)


def refuse_too_many(group: str, value: str, rate: str, *, counts: bool = True) -> None:
    """Count one more, or without `counts` only ask. Raises RateLimited above the rate ("10/15m"); when Redis is down,
    all is allowed.
    """
    if seconds := _seconds_to_wait(group, value, rate, counts=counts):
        minutes = -(-seconds // 60)
        raise RateLimited(
            ngettext(
                "Too many attempts. Try again in %(n)d minute.",
                "Too many attempts. Try again in %(n)d minutes.",
                minutes,
            )
            % {"n": minutes}
        )


@dataclass(frozen=True)
class Daily:
    """What one person, or one school, may send within 24 hours: far above what anybody needs, so that nobody buries a desk,
    the outgoing mail or the disk. `sentence` says so; its parameters are n and hours.
    """

    name: str
    most: int
    sentence: Any  # a lazy translation

    def count(self, who: object) -> None:
        """Count one more. Raises RateLimited above `most`, which says when to go on; when Redis is down, all is allowed."""
        if seconds := _seconds_to_wait(f"daily-{self.name}", str(who), f"{self.most}/d", counts=True):
            raise RateLimited(self.sentence % {"n": self.most, "hours": -(-seconds // 3600)})


def _seconds_to_wait(group: str, value: str, rate: str, *, counts: bool) -> int:
    """0: not at all."""
    try:
        usage = get_usage(None, group=group, key=lambda *_: value, rate=rate, increment=counts)
    except RedisError:
        return 0
    return max(1, usage["time_left"]) if usage["should_limit"] else 0
