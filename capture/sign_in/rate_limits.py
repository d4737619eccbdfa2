"""Rate limits of what a signed-in student does: counted in Redis (django-ratelimit)."""

from django.utils.translation import ngettext
from django_ratelimit.core import get_usage
from redis.exceptions import RedisError

from portal.errors import RateLimited


def refuse_too_many(group: str, value: str, rate: str) -> None:
    """Count one more. Raises RateLimited above the rate ("10/15m"); when Redis is down, all is allowed."""
    try:
        usage = get_usage(None, group=group, key=lambda *_: value, rate=rate, increment=True)
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
