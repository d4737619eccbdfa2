"""The daily check at 18:05, one job a school: it counts photos taken, failed and waiting (note 1 of
the timetable).

Failed photos are reset on the same day, and their students are notified. The counts are stored as
the job's result.
"""

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from capture.judging import explanations
from capture.models import Photo
from portal import history, notifications
from portal.background import jobs
from portal.models import Event, Job, Notification
from portal.tenancy import system_scope
from schools.days import opening_hours
from schools.models import Action, Enrolment, Season
from students.models import Student

KIND = "daily_check"
RESET_EVENT = "photo.set_aside"
FAILED_STATUSES = (Photo.Status.REJECTED, Photo.Status.FAILED)


def start_daily_checks() -> int:
    """Make one job for each school that photographs today, in every open season.

    A second call on the same day makes none. Returns how many.
    """
    return sum(_start(season, timezone.localdate()) for season in Season.objects.allowing(Action.DAILY_CHECK))


def _start(season: Season, today: dt.date) -> int:
    params = {"day": today.isoformat()}
    with transaction.atomic(), system_scope():
        Season.objects.select_for_update(no_key=True).get(pk=season.pk)  # two calls at the same time make no job twice
        due = _due(season, today)
        for enrolment in due:
            jobs.create(KIND, by=history.SYSTEM, school=enrolment.school, season=season, params=params)
    return len(due)


def _due(season: Season, today: dt.date) -> list[Enrolment]:
    made = Job.objects.filter(kind=KIND, season=season, params__day=today.isoformat())
    done = set(made.values_list("school_id", flat=True))
    rows = Enrolment.objects.select_related("school", "season").filter(
        season=season, status__in=Enrolment.phases_allowing(Action.DAILY_CHECK)
    )
    return [row for row in rows if row.school_id not in done and is_due(row, today)]


def is_due(enrolment: Enrolment, day: dt.date) -> bool:
    """Whether the school photographs on this day, or a photo has been taken since its beginning."""
    plan = opening_hours.schedule_of(enrolment=enrolment)
    if enrolment.status == Enrolment.Status.CAPTURING and any(period.starts_on <= day for period in plan.periods):
        return True
    return Photo.objects.filter(school=enrolment.school, season=enrolment.season, taken_at__gte=start_of(day)).exists()


def start_of(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))


@jobs.handler(KIND, label=gettext_lazy("Daily check"))
def run_daily_check(job: Job) -> None:
    """Count, reset failed photos, notify students and school.

    Safe to run again after a stop at any point.
    """
    assert job.school is not None
    assert job.season is not None
    day = dt.date.fromisoformat(job.params["day"])
    enrolment = Enrolment.objects.select_related("school", "season").get(school=job.school, season=job.season)
    if not job.result:
        job.result = count(enrolment, day)
        # Stored at once: after a stop, a second run could not count photos that the first run has
        # reset.
        Job.objects.filter(pk=job.pk).update(result=job.result)
    reset_failed(enrolment, job)
    job.result["reset"] = count_reset(job)
    remind_ready(enrolment, day)
    _notify_school_once(enrolment, job)


def count(enrolment: Enrolment, day: dt.date) -> dict[str, Any]:
    """{taken, failed, ready, waiting, left}: `taken` on this day, the others at this moment."""
    photos = Photo.objects.filter(school=enrolment.school, season=enrolment.season)
    today = photos.filter(taken_at__gte=start_of(day), taken_at__lt=start_of(day + dt.timedelta(days=1)))
    students = Student.objects.filter(school=enrolment.school, season=enrolment.season)
    return {
        "taken": today.count(),
        "failed": photos.filter(is_current=True, status__in=FAILED_STATUSES).count(),
        "ready": students.filter(stage=Student.Stage.READY).count(),
        "waiting": students.filter(stage=Student.Stage.REVIEW).count(),
        "left": students.filter(stage__in=(Student.Stage.WAITING, Student.Stage.RETAKE)).count(),
    }


def count_reset(job: Job) -> int:
    """How many photos this job has reset, in all its runs."""
    return Event.objects.filter(kind=RESET_EVENT, school=job.school, season=job.season, at__gte=job.created_at).count()


def reset_failed(enrolment: Enrolment, job: Job) -> int:
    """Reset every failed photo, so that the student starts again, and notify the student.

    Safe to run twice.
    """
    failed = Photo.objects.filter(
        school=enrolment.school, season=enrolment.season, is_current=True, status__in=FAILED_STATUSES
    ).select_related("student", "school")
    total, done = failed.count(), 0
    for photo in list(failed):
        done += _reset(photo)
        jobs.progress(job, done, total)
    return done


def _reset(photo: Photo) -> int:
    with transaction.atomic():
        if not Photo.objects.filter(pk=photo.pk, is_current=True, status__in=FAILED_STATUSES).update(is_current=False):
            return 0
        history.record(RESET_EVENT, photo, by=history.SYSTEM, before=photo.status, facts={"student": photo.student_id})
        notifications.notify(
            photo.student,
            school=photo.school,
            kind="photo_reset",
            parameters={"findings": explanations.rejection_parameters(photo)},
        )
    return 1


def remind_ready(enrolment: Enrolment, day: dt.date) -> int:
    """Remind students whose portrait is ready to submit it, or to pay the fee that it waits for, once a day.

    Returns how many were notified.
    """
    kinds = ("not_handed_in", "fee_awaited")
    today = Notification.objects.filter(school=enrolment.school, kind__in=kinds, created_at__gte=start_of(day))
    reminded = set(today.values_list("recipient_key", flat=True))
    ready = Student.objects.filter(
        school=enrolment.school, season=enrolment.season, stage=Student.Stage.READY, locked_at=None
    )
    left = [student for student in ready if student.actor_key not in reminded]
    owing = [student for student in left if student.must_pay(enrolment)]
    others = [student for student in left if not student.must_pay(enrolment)]
    amount = {"amount": enrolment.season.price_fen}
    with transaction.atomic():
        told = notifications.notify_many(owing, school=enrolment.school, kind="fee_awaited", parameters=amount)
        return told + notifications.notify_many(others, school=enrolment.school, kind="not_handed_in")


def _notify_school_once(enrolment: Enrolment, job: Job) -> None:
    """Notify the school once. The job records it in the same transaction as the notifications."""
    with transaction.atomic():
        row = Job.objects.select_for_update(of=("self",), no_key=True).get(pk=job.pk)
        if row.params.get("is_notified"):
            return
        _notify_school(enrolment, job.result)
        Job.objects.filter(pk=job.pk).update(params=row.params | {"is_notified": True})


def _notify_school(enrolment: Enrolment, result: dict[str, Any]) -> None:
    numbers = {name: result[name] for name in ("taken", "reset", "ready", "waiting", "left")}
    notifications.notify_school(enrolment.school, season=enrolment.season, kind="daily_check", parameters=numbers)
