"""What is dear to read of a whole season and has no counter, read once for all who look within settings.DASHBOARD_SECONDS.

The caller sees to it that all who share a key may see the same rows: nobody who is limited to some students.
"""

from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

T = TypeVar("T")


def shared(key: str, count: Callable[[], T]) -> T:
    """What `count` found lately. What is empty is counted again: the first row shows at once."""
    try:
        found: T | None = cache.get(key)
        if not found:
            found = count()
            cache.set(key, found, settings.DASHBOARD_SECONDS)
    except RedisError:
        found = count()
    return found
