"""A school asks the center for other days, with a reason. The center grants them, or others, or refuses."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import history, notifications
from portal.changes import states
from portal.errors import PortalError
from portal.models import User
from portal.security.rate_limits import Daily
from schools.days import timetable
from schools.models import Action, DaysRequest, Enrolment

Status = DaysRequest.Status
REQUESTS = Daily(
    "requests for days",
    20,
    gettext_lazy(
        "Your school has asked for days %(n)d times, the most for one day. Write to the center, or go on in %(hours)d h."
    ),
)
DAYS = ("kind", "starts_on", "ends_on", "opens_at", "closes_at")


def ask(enrolment: Enrolment, *, by: User, reason: str, **days: Any) -> DaysRequest:
    """Who may grant days at the center is told. Raises RateLimited."""
    if not (enrolment.allows(Action.PHOTOGRAPH) or enrolment.allows(Action.RETAKE)):
        raise PortalError(_("Your school takes no more photos this season. Write to the center instead."))
    REQUESTS.count(enrolment.school_id)
    with transaction.atomic():
        row = DaysRequest.objects.create(
            school=enrolment.school, season=enrolment.season, reason=reason, asked_by=by.actor_name[:60], **days
        )
        history.record("days_request.asked", row, by=by, after=row.status, facts={"days": str(row), "reason": reason})
        parameters = {"school": row.school.name, "reason": reason, "starts_on": row.starts_on, "ends_on": row.ends_on}
        notifications.notify_center(
            kind="days_request.asked", season=row.season, parameters=parameters, link=row.get_absolute_url()
        )
    return row


def take_back(row: DaysRequest, *, by: User) -> DaysRequest:
    return states.change(row, Status.WITHDRAWN, by=by)


def grant(row: DaysRequest, *, by: User, answer: str = "", **days: Any) -> DaysRequest:
    """Grant `days`: those that were asked for, or others. The school is told which."""
    given = {name: days.get(name, getattr(row, name)) for name in DAYS}
    is_changed = any(given[name] != getattr(row, name) for name in DAYS)
    with transaction.atomic():
        exception = timetable.grant_exception(
            school=row.school, season=row.season, by=by, is_answer=True, reason=row.reason, **given
        )
        facts = {"days": f"{exception.starts_on} – {exception.ends_on}"}
        _decide(row, Status.GRANTED, by=by, facts=facts, answer=answer, exception=exception)
        told = {"starts_on": exception.starts_on, "ends_on": exception.ends_on, "answer": answer}
        _tell(row, "days_request.changed" if is_changed else "days_request.granted", told)
    return row


def refuse(row: DaysRequest, *, by: User, answer: str) -> DaysRequest:
    if not answer.strip():
        raise PortalError(_("Tell the school why it does not get the days."))
    with transaction.atomic():
        _decide(row, Status.REFUSED, by=by, facts={"reason": answer}, answer=answer)
        _tell(row, "days_request.refused", {"starts_on": row.starts_on, "ends_on": row.ends_on, "answer": answer})
    return row


def _decide(row: DaysRequest, to: str, *, by: User, facts: dict[str, Any], **fields: Any) -> None:
    states.change(row, to, by=by, facts=facts, decided_at=timezone.now(), **fields)


def _tell(row: DaysRequest, kind: str, parameters: dict[str, Any]) -> None:
    notifications.notify_school(row.school, season=row.season, kind=kind, parameters=parameters)
