"""A school gives a college or a class days and hours inside its own. `opening_hours.narrow` says what they do.

These are days of the camera, for who photographs with the own phone; which class comes to which station at what time is
`capture.stations.slots`, whose slots lie inside these days.
"""

import datetime as dt
from collections.abc import Iterable

from django.db import transaction
from django.utils import formats
from django.utils.translation import gettext as _

from portal import history
from portal.errors import PortalError
from portal.models import User
from schools.days import opening_hours
from schools.days.opening_hours import Period
from schools.models import Action, Enrolment, GroupDays


def add(
    enrolment: Enrolment,
    *,
    college: str,
    class_name: str,
    starts_on: dt.date,
    ends_on: dt.date,
    opens_at: dt.time | None = None,
    closes_at: dt.time | None = None,
    by: User,
) -> GroupDays:
    """Raises PortalError when a day or an hour is none of the school's."""
    enrolment.season.require(Action.CHANGE)
    row = GroupDays(
        school=enrolment.school,
        season=enrolment.season,
        college=college,
        class_name=class_name,
        starts_on=starts_on,
        ends_on=ends_on,
        opens_at=opens_at,
        closes_at=closes_at,
    )
    periods = opening_hours.periods_of(school=enrolment.school, season=enrolment.season)
    if problem := problem_of(row, periods):
        raise PortalError(problem)
    with transaction.atomic():
        row.save()
        history.record("group_days.added", row, by=by, facts=_facts(row))
    return row


def remove(row: GroupDays, *, by: User) -> None:
    row.season.require(Action.CHANGE)
    with transaction.atomic():
        history.record("group_days.removed", row, by=by, facts=_facts(row))
        row.delete()


def problem_of(row: GroupDays, periods: Iterable[Period]) -> str:
    """Why the days do not lie inside those of the school; empty when they do. The center may move the school's afterwards."""
    own = [period for period in periods if not period.is_make_up]
    for n in range((row.ends_on - row.starts_on).days + 1):
        day = row.starts_on + dt.timedelta(days=n)
        of_day = [period for period in own if period.includes_day(day)]
        if not of_day:
            return _("%(day)s is not a day of your school.") % {"day": formats.date_format(day, _("j F"))}
        if not any(_holds(period, row) for period in of_day):
            hours = _("; ").join(f"{period.opens_at:%H:%M}–{period.closes_at:%H:%M}" for period in of_day)
            values = {"day": formats.date_format(day, _("j F")), "hours": hours}
            return _("On %(day)s your school may photograph %(hours)s.") % values
    return ""


def _holds(period: Period, row: GroupDays) -> bool:
    opens, closes = row.opens_at or period.opens_at, row.closes_at or period.closes_at
    return period.opens_at <= opens < closes <= period.closes_at


def _facts(row: GroupDays) -> dict[str, str]:
    hours = " – ".join(f"{at:%H:%M}" if at else "" for at in (row.opens_at, row.closes_at)).strip(" –")
    facts = {"college": row.college, "class_name": row.class_name, "days": f"{row.starts_on} – {row.ends_on}"}
    return facts | ({"hours": hours} if hours else {})
