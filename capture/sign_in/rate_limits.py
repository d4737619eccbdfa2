"""Rate limits of what a signed-in student does: counted in Redis (django-ratelimit)."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

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
    try:
        usage = get_usage(None, group=group, key=lambda *_: value, rate=rate, increment=counts)
    except RedisError:
        return
    if usage["should_limit"]:
        minutes = max(1, -(-usage["time_left"] // 60))
        raise RateLimited(
            ngettext(
                "Too many attempts. Try again in %(n)d minute.",
                "Too many attempts. Try again in %(n)d minutes.",
                minutes,
            )
            % {"n": minutes}
        )
