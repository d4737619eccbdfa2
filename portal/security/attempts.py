"""Attempts to sign in, counted in Redis: too many are delayed, never walled off, and told to a person.

What is delayed is a visitor and an identity together: one address that tries one name. Others at
the address, and the name's owner elsewhere, wait for nothing. An identity that many addresses try,
and an address that tries many identities, are told to people once a day.

Where far more fail at an address than get in, each identity has there one attempt without a delay instead of
five. A campus behind one address has a success for about every failure, and who types right at once
never waits.
"""

import hashlib
import time
from contextlib import suppress

from django.core.cache import cache
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from redis.exceptions import RedisError

from portal.errors import PortalError, RateLimited

PREFIX = "attempts"  # of the keys in Redis
FREE = 5  # attempts without a delay
FREE_AT_ADDRESS = 60  # failures a day at one address, of all identities; one more for each that got in there
FIRST_DELAY = 15  # seconds before the next attempt; it doubles with every further failure
LONGEST_DELAY = 3600
REMEMBERED = 24 * 3600  # seconds


class Unavailable(PortalError):
    """Redis is down: attempts cannot be counted, so they are refused."""

    status = 503

    def __init__(self) -> None:
        super().__init__(_("Signing in is not possible for the moment. Please try again in a minute."))


class Delayed(RateLimited):
    def __init__(self, seconds: int) -> None:
        minutes = -(-seconds // 60)
        if seconds < 60:
            sentence = ngettext(
                "Too many attempts. Try again in %(n)d second.",
                "Too many attempts. Try again in %(n)d seconds.",
                seconds,
            ) % {"n": seconds}
        else:
            sentence = ngettext(
                "Too many attempts. Try again in %(n)d minute.",
                "Too many attempts. Try again in %(n)d minutes.",
                minutes,
            ) % {"n": minutes}
        super().__init__(sentence)
        self.headers = {"Retry-After": str(seconds)}


def begin(group: str, *identity: str, free: int = FREE) -> None:
    """Count an attempt. Raises Delayed when the next one is not due yet, and Unavailable.

    An attempt that is refused does not count. Of many at once one passes.
    """
    key = _key(group, identity)
    try:
        number = _increased(key)
        if number <= free:
            return
        delay = min(FIRST_DELAY * 2 ** min(number - free - 1, 20), LONGEST_DELAY)
        if not cache.add(f"{key}:next", time.time() + delay, delay):
            take_back(group, *identity)
            raise Delayed(max(1, round(cache.get(f"{key}:next", 0) - time.time())))
    except RedisError as error:
        raise Unavailable from error


def take_back(group: str, *identity: str) -> None:
    """The attempt that was begun does not count; those before do."""
    with suppress(RedisError, ValueError):  # ValueError: the day of the first one has just ended, or one succeeded
        cache.decr(_key(group, identity))


def succeeded(group: str, *identity: str) -> None:
    """The attempt was the owner's: forget those before. Without Redis they are forgotten by themselves, in a day."""
    key = _key(group, identity)
    with suppress(RedisError):
        cache.delete_many([key, f"{key}:next"])


def failed_at(address: str) -> bool:
    """Count a failure at an address. True once a day: when FREE_AT_ADDRESS are reached."""
    return reached("address", address, most=FREE_AT_ADDRESS)


def entered_at(address: str, identity: str) -> None:
    """This identity got in at the address; counted once a day."""
    with suppress(RedisError):
        if cache.add(_key("entered", (address, identity)), "", REMEMBERED):
            _increased(_key("entered", (address,)))


def free_at(address: str) -> int:
    """How many attempts at the address are without a delay, for each identity; the next one begins the delays."""
    failed, entered = _key("address", (address,)), _key("entered", (address,))
    try:
        counts = cache.get_many([failed, entered])
    except RedisError:
        return 0  # `begin` says it
    return FREE if counts.get(failed, 0) <= FREE_AT_ADDRESS + counts.get(entered, 0) else 0


def reached(group: str, *identity: str, most: int) -> bool:
    """Count a failure that is only told. True once a day: when there were `most`."""
    try:
        return _increased(_key(group, identity)) == most
    except RedisError:
        return False


def _increased(key: str) -> int:
    while True:
        cache.add(key, 0, REMEMBERED)
        with suppress(ValueError):  # between the two another attempt has succeeded
            return int(cache.incr(key))


def _key(group: str, identity: tuple[str, ...]) -> str:
    """Names and numbers do not stand in Redis."""
    return f"{PREFIX}:{group}:{hashlib.sha256(chr(0).join(identity).encode()).hexdigest()}"
