"""The beginning and the end of a school's capture.

After its end the school has some working days to proofread.
"""

import datetime as dt

from django.db import transaction
from django.utils import timezone

from portal import history, notifications
from portal.changes import states
from portal.errors import Conflict
from portal.tenancy import school_scope, system_scope
from schools.days import deadlines, opening_hours
from schools.models import Action, Enrolment, Season
from students.models import Student


def begin_capture(*, enrolment: Enrolment, by: history.Actor) -> Enrolment:
    """Begin the capture: with the first photo, or again when the center has granted days after its
    end."""
    return states.change(
        enrolment,
        Enrolment.Status.CAPTURING,
        by=by,
        capture_ended_on=None,
        proof_due_on=None,
        kind="enrolment.capturing",
    )


def begin_if_due(*, enrolment: Enrolment) -> None:
    """Begin the capture with the photo that is being uploaded, if it has not begun."""
    waiting = enrolment.status == Enrolment.Status.PREPARING or has_granted_day(enrolment, timezone.now())
    if not waiting:
        return
    try:
        begin_capture(enrolment=enrolment, by=history.SYSTEM)
    except Conflict:  # another student's photo was faster
        enrolment.refresh_from_db()


def has_granted_day(enrolment: Enrolment, at: dt.datetime) -> bool:
    """Whether the capture has ended, and `at` lies in a period that the center has granted
    afterwards."""
    if not enrolment.allows(Action.RETAKE):
        return False
    periods = opening_hours.periods_of(school=enrolment.school, season=enrolment.season)
    return opening_hours.is_open(opening_hours.granted_since(enrolment, periods), at)


def end_capture(*, enrolment: Enrolment, by: history.Actor) -> Enrolment:
    """End the capture and set the day by which the school has to proofread."""
    today = timezone.localdate()
    due = deadlines.form_day(today, enrolment.season)
    with transaction.atomic():
        states.change(
            enrolment,
            Enrolment.Status.PROOFREADING,
            by=by,
            only_from=[Enrolment.Status.CAPTURING],
            facts={"proof_due_on": due.isoformat()},
            capture_ended_on=today,
            proof_due_on=due,
        )
        _notify_ended(enrolment, due)
    return enrolment


def _notify_ended(enrolment: Enrolment, due: dt.date) -> None:
    """The school, and the students whose portrait waits for their proofreading."""
    days = {"day": due, "n": enrolment.season.proof_workdays}
    notifications.notify_school(enrolment.school, season=enrolment.season, kind="capture_ended", parameters=days)
    ready = Student.objects.filter(
        school=enrolment.school, season=enrolment.season, stage=Student.Stage.APPROVED, locked_at=None
    )
    notifications.notify_many(ready, school=enrolment.school, kind="proof_opened", parameters={"day": due})


def end_finished_captures() -> int:
    """End the capture of every school whose last period is over, or whose season's capture has been closed.

    Returns how many ended.

    A school can end its capture sooner on the proofreading page.
    """
    now, seasons = timezone.now(), Season.objects.allowing(Action.OPEN_PROOFREADING)
    with system_scope():
        capturing = Enrolment.objects.filter(season__in=seasons, status=Enrolment.Status.CAPTURING)
        rows = list(capturing.select_related("school", "season"))
    ended = 0
    for enrolment in rows:
        with school_scope(enrolment.school):
            ended += end_if_over(enrolment=enrolment, at=now)
    return ended


def end_if_over(*, enrolment: Enrolment, at: dt.datetime) -> bool:
    """End the capture if the timetable has no further days of all students and the time for late uploads
    (GRACE) is over."""
    if not opening_hours.schedule_of(enrolment=enrolment, at=at).is_capture_over(at - opening_hours.GRACE):
        return False
    try:
        end_capture(enrolment=enrolment, by=history.SYSTEM)
    except Conflict:  # the school has ended it meanwhile
        return False
    return True
