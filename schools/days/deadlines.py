"""The days by which something is due. Each is computed here and nowhere else.

The notice sets two: the feedback form some working days after the end of the capture (its 2.4: 30), and the money of a
school that pays for all on a day of the season (its 3: 20 November). After them comes the day on which originals are deleted.
While a school photographs, the day of its form is expected: it is counted from the last day that is planned.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from schools.days import opening_hours, workdays
from schools.days.opening_hours import Period
from schools.models import Enrolment, Season

FORM, PAYMENT, ORIGINALS = "form", "payment", "originals"
LABELS = {
    FORM: _("Feedback form due"),
    PAYMENT: _("Fee due from schools that pay for all"),
    ORIGINALS: _("Originals of the photos are deleted"),
}


@dataclass(frozen=True)
class Deadline:
    """`day`: the last day on which it is in time (of originals: the last on which they are kept).

    `is_expected`: counted from the last planned day of a capture that has not ended yet.
    """

    name: str
    day: dt.date
    is_expected: bool = False
    in_workdays: bool = False  # whether it is counted in working days

    @property
    def label(self) -> Any:
        return LABELS[self.name]

    @property
    def is_certain(self) -> bool:
        """Whether the working days of its year are published; else the day may still move by some days."""
        return not (self.in_workdays and not workdays.is_published(self.day.year))


def payment_day(year: int) -> dt.date:
    """The day of a new season, as in the notice. The center can change it."""
    return dt.date(year, 11, 20)


def form_day(capture_ended_on: dt.date, season: Season) -> dt.date:
    """By when a school whose capture ended on that day returns its feedback form."""
    return workdays.add_workdays(capture_ended_on, season.proof_workdays)


def expected_form_day(periods: Iterable[Period], season: Season) -> dt.date | None:
    """`form_day` for a capture that ends as planned. None when no day is planned."""
    last = opening_hours.last_regular_day(periods)
    return form_day(last, season) if last else None


def last_day_of_originals(season: Season) -> dt.date | None:
    return season.closed_on + dt.timedelta(days=season.retention_days) if season.closed_on else None


def workdays_left(day: dt.date, today: dt.date) -> int:
    """0 on the day itself, below zero when it has passed."""
    return workdays.workdays_between(today, day)


def is_payment_late(season: Season, today: dt.date) -> bool:
    return today > season.payment_due


def late_forms(season: Season | None, today: dt.date) -> QuerySet[Enrolment]:
    """The schools that are still proofreading after their day, the longest waiting first."""
    rows = Enrolment.objects.filter(season=season, status=Enrolment.Status.PROOFREADING, proof_due_on__lt=today)
    return rows.select_related("school").order_by("proof_due_on", "school__code")


def was_late(enrolment: Enrolment, sent_at: dt.datetime | None) -> bool:
    """Whether the form that was sent then came after its day."""
    due = enrolment.proof_due_on
    return sent_at is not None and due is not None and timezone.localdate(sent_at) > due


def of_season(season: Season) -> list[Deadline]:
    """What is the same for all schools."""
    found = [Deadline(PAYMENT, season.payment_due)]
    if kept := last_day_of_originals(season):
        found.append(Deadline(ORIGINALS, kept))
    return found


def of_area(season: Season, periods: Iterable[Period]) -> Deadline | None:
    """By when the forms of an area are expected. None when it has no days."""
    day = expected_form_day(periods, season)
    return Deadline(FORM, day, is_expected=True, in_workdays=True) if day else None


def of_school(enrolment: Enrolment, periods: Iterable[Period]) -> list[Deadline]:
    """What a school has to keep, sorted by day. `periods`: its own (`opening_hours.periods_of`)."""
    season, due = enrolment.season, enrolment.proof_due_on
    found = [Deadline(FORM, due, in_workdays=True)] if due else [of_area(season, periods)]
    by_student = enrolment.payment_mode == Enrolment.PaymentMode.STUDENT
    found += [each for each in of_season(season) if not (by_student and each.name == PAYMENT)]
    return sorted(filter(None, found), key=lambda each: each.day)
