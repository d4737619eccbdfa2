"""Every look of the staff at data of students is recorded: lists, records, portraits, in pages and API.

One line a page and person, not one a row. Whoever sees the same student again within
SECONDS_REMEMBERED after the same sign-in, in a page of the same kind, writes no second line:
reloading, sorting and the pictures of a page cost one line together.
"""

import logging
from collections.abc import Iterable
from typing import Any

from django.core.cache import cache
from redis.exceptions import RedisError

from portal.accounts.addresses import address_of
from portal.history import later
from portal.models import Look, User

SECONDS_REMEMBERED = 600
log = logging.getLogger(__name__)


def record(request: Any, kind: Look.Kind, students: Iterable[int]) -> None:
    """Record that the person of this request sees these students (ids) now."""
    by = request.user
    new = not_seen_lately(by, kind, students)
    if not new:
        return
    member = request.membership
    look = Look(
        kind=kind,
        page=request.resolver_match.view_name,
        actor_key=by.actor_key,
        actor_name=by.actor_name,
        school=member.school if member and not member.is_visiting else None,
        address=address_of(request.META),
        students=new,
        number=len(new),
    )
    later.add(look)
    remember(by, kind, new)


def not_seen_lately(by: User, kind: Look.Kind, students: Iterable[int]) -> list[int]:
    """The students among these that the person has not seen for a while; all of them without Redis."""
    keys = {_key(by, kind, pk): pk for pk in students}
    try:
        known = cache.get_many(keys)
    except RedisError as error:
        log.warning("Looks are recorded twice while Redis is down: %s", error)
        known = {}
    return [pk for key, pk in keys.items() if key not in known]


def remember(by: User, kind: Look.Kind, students: Iterable[int]) -> None:
    """Write no line for these students for a while: this look has been recorded."""
    try:
        cache.set_many({_key(by, kind, pk): 1 for pk in students}, SECONDS_REMEMBERED)
    except RedisError as error:
        log.warning("Looks are recorded twice while Redis is down: %s", error)


def _key(by: User, kind: Look.Kind, student: int) -> str:
    since = int(by.last_login.timestamp()) if by.last_login else 0
    return f"look:{by.pk}:{since}:{kind}:{student}"
