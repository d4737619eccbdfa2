"""Rate limits: attempts are counted in Redis (django-ratelimit)."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_ratelimit.core import get_usage
from redis.exceptions import RedisError

from portal.errors import PortalError, RateLimited


class Unavailable(PortalError):
    """Redis is down: attempts cannot be counted, so they are refused."""

    status = 503


def count(group: str, value: str, rate: str, *, increment: bool = True) -> dict[str, Any]:
    """The usage of a counter, as of django-ratelimit. Raises RedisError when Redis is down."""
    return get_usage(None, group=group, key=lambda *_: value, rate=rate, increment=increment)


def refuse_too_many(group: str, value: str, rate: str, *, increment: bool = True, strict: bool = True) -> None:
    """Raise RateLimited above the rate ("10/15m").

    When Redis is down: raise Unavailable if `strict`, else allow.
    """
    try:
        usage = count(group, value, rate, increment=increment)
    except RedisError as error:
        if not strict:
            return
        raise Unavailable(_("Signing in is not possible for the moment. Please try again in a minute.")) from error
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
