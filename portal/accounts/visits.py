"""A visit: a person of the center sees the portal of a school as its administrator sees it, and changes nothing.

While it lasts, it is the whole session's: no page of the center opens beside it, so that nobody takes one portal for
the other. `portal.access.PortalMiddleware` answers its requests: what is no look is refused with a sentence, and
the look runs in a transaction that PostgreSQL lets only read. Actions that show document numbers in clear or carry
data away (`needs_second_factor`) are not open to it. Beginning, end and every page are events of the school.
"""

import copy
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.db import InternalError, connection, models, transaction
from django.middleware.csrf import rotate_token
from django.utils.translation import gettext as _

from portal import history, permissions
from portal.errors import NotAllowed, PortalError
from portal.history import later
from portal.models import Membership, Role
from portal.tenancy import Tenant, tenant_model

ACTION = "visits.make"
MINUTES = 30
KEY = "visit"  # of the session: {"school": id, "by": id of the account, "until": seconds since 1970}


class OnlyLooking(NotAllowed):
    """Something was to be changed during a visit."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "You see this school as its administrator does: you can look at everything and change nothing. End it first."
            )
        )


@dataclass
class Visit:
    """`person`: who looks. `membership`: whose eyes they have. `rows`: what the visit's request leaves to be written."""

    person: Membership
    membership: Membership
    until: float
    rows: list[models.Model] = field(default_factory=list)

    @property
    def school(self) -> Tenant:
        return self.membership.school

    @property
    def minutes_left(self) -> int:
        return max(0, int(self.until - time.time()) // 60)

    @property
    def is_over(self) -> bool:
        """The time is over, the school has been switched off, or the person may not do it any more."""
        return time.time() >= self.until or not self.school.is_active or not permissions.may(self.person, ACTION)


def begin(request: Any, school: Tenant, *, reason: str) -> None:
    """The next requests of this session see the school. Forms that are open in other windows are not taken any more."""
    permissions.check(request.membership, ACTION)
    if not school.is_active:
        raise PortalError(_("This school has been switched off. Nobody sees its portal."))
    with transaction.atomic():
        history.record("visit.begun", school, by=request.user, facts={"reason": reason, "minutes": MINUTES})
    request.session[KEY] = {"school": school.pk, "by": request.user.pk, "until": time.time() + MINUTES * 60}
    rotate_token(request)


def of(request: Any) -> Visit | None:
    """The visit of the session, which may be over."""
    kept = request.session.get(KEY)
    member = request.membership
    if not kept:
        return None
    if member is None or not member.is_center or kept["by"] != request.user.pk:
        del request.session[KEY]
        return None
    school = tenant_model().objects.select_related("area").get(pk=kept["school"])
    eyes = copy.copy(member)
    eyes.school, eyes.roles, eyes.colleges, eyes.class_names = school, [Role.SCHOOL_ADMIN], [], []
    eyes.is_visiting = True
    return Visit(member, eyes, kept["until"])


def end(request: Any, visit: Visit) -> None:
    """The session is the center's again. Needs the center's scope."""
    del request.session[KEY]
    rotate_token(request)
    history.record("visit.ended", visit.school, by=request.user)


@contextmanager
def looking(visit: Visit) -> Iterator[None]:
    """Inside, PostgreSQL refuses to write. Looks and events that the pages record are kept in `visit.rows`."""
    with transaction.atomic(), later.kept(visit.rows):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
        yield


def wanted_to_write(error: Exception) -> bool:
    return isinstance(error, InternalError) and isinstance(error.__cause__, psycopg.errors.ReadOnlySqlTransaction)


def store(request: Any, visit: Visit, response: Any) -> None:
    """Write what the request has shown. Needs the center's scope.

    A page is an event; its panels and pictures are part of it.
    """
    is_page = response.get("Content-Type", "").startswith("text/html") and not request.htmx
    with transaction.atomic():
        if is_page and response.status_code == 200:
            history.record("visit.page", visit.school, by=request.user, facts={"page": request.path})
        for row in visit.rows:
            row.save(force_insert=True)
