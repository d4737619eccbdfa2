"""Requests that were refused for want of a right, or because there were too many: a line of the log each."""

import logging
from typing import Any

from portal.accounts.addresses import address_of

STATUSES = (401, 403, 405, 429)
log = logging.getLogger(__name__)


def note(request: Any, status: int) -> None:
    """Log a refusal: its status, the address that was asked for, who asked and from where.

    A signed-in person's 404 counts too: rows of other schools and pages of the center answer so.
    """
    user = request.student or request.user
    is_staff = getattr(user, "is_authenticated", False)  # a call of the students' API has the student as its user
    if status in STATUSES or (status == 404 and is_staff):
        who = getattr(user, "actor_key", "visitor")
        log.warning("%s %s %s by %s from %s", status, request.method, request.path, who, address_of(request.META))
