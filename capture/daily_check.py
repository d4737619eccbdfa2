"""The daily check at 18:05, one job a school: it counts photos taken, failed and waiting (note 1 of
the timetable).

Failed photos are reset on the same day, and their students are notified. The counts are stored as
the job's result.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy

from capture.judging import explanations
from capture.models import Finding, Photo
from portal import history, notifications
from portal.background import jobs
from portal.models import Event, Job, Notification, User
from portal.tenancy import system_scope
from schools.days import opening_hours
from schools.models import Action, Enrolment, Season
from students.lists.class_choice import Place
from students.models import Student

KIND = "daily_check"
RESET_EVENT = "photo.set_aside"
OPENED_EVENT = "enrolment.daily_check_opened"
CHUNK = 2500  # photos that are reset in one transaction
FAILED_STATUSES = (Photo.Status.REJECTED, Photo.Status.FAILED)
# Of thousands of rows at once no more is read than their letters and events say: a whole row takes twice as long.
ADDRESSED = ("email", "phone", "language")
IN_A_LETTER = ("school", "season", *(f"student__{name}" for name in ADDRESSED))


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
    reset_failed(enrolment, progress=partial(jobs.progress, job))
    job.result["reset"] = count_reset(job)
    remind_ready(enrolment, day)
    _notify_school_once(enrolment, job)


def count(enrolment: Enrolment, day: dt.date) -> dict[str, Any]:
    """{taken, failed, ready, waiting, left}: `taken` on this day, the others at this moment."""
    photos = Photo.objects.filter(school=enrolment.school, season=enrolment.season)
    today = photos_of_day(enrolment, day)
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
    mine = {"actor_key": history.SYSTEM.actor_key, "at__gte": job.created_at}
    return Event.objects.filter(kind=RESET_EVENT, school=job.school, season=job.season, **mine).count()


def failed_photos(enrolment: Enrolment) -> QuerySet[Photo]:
    """The current photos of the school that did not pass, or that could not be checked."""
    return Photo.objects.filter(
        school=enrolment.school, season=enrolment.season, is_current=True, status__in=FAILED_STATUSES
    )


def reset_failed(
    enrolment: Enrolment, *, by: history.Actor = history.SYSTEM, progress: Callable[[int, int], None] | None = None
) -> int:
    """Reset every failed photo, so that the student starts again, and notify the student; return how many.

    CHUNK photos in a transaction of a fixed number of statements. Safe to run twice.
    """
    waiting = list(failed_photos(enrolment).order_by("pk").values_list("pk", flat=True))
    done = 0
    for start in range(0, len(waiting), CHUNK):
        done += _reset(enrolment, waiting[start : start + CHUNK], by)
        if progress:
            progress(done, len(waiting))
    return done


def _reset(enrolment: Enrolment, ids: list[int], by: history.Actor) -> int:
    with transaction.atomic():
        students = Student.objects.filter(photos__in=ids).order_by("pk")
        list(students.select_for_update(of=("self",), no_key=True).values_list("pk"))  # as whoever changes a photo
        locked = failed_photos(enrolment).filter(pk__in=ids).select_for_update(of=("self",), no_key=True)
        photos = list(locked.select_related("student").only(*IN_A_LETTER))
        Photo.objects.filter(pk__in=[photo.pk for photo in photos]).update(is_current=False)
        history.record_each(RESET_EVENT, ((photo, {"student": photo.student_id}) for photo in photos), by=by)
        reasons = _reasons([photo.pk for photo in photos])
        letters = [
            (photo.student, {"findings": explanations.rejection_parameters(reasons[photo.pk])}) for photo in photos
        ]
        notifications.notify_each(letters, school=enrolment.school, kind="photo_reset")
    return len(photos)


def _reasons(ids: list[int]) -> dict[int, list[explanations.Reason]]:
    """{photo: what it was rejected for}."""
    found: dict[int, list[explanations.Reason]] = defaultdict(list)
    rows = Finding.objects.filter(photo__in=ids, outcome=Finding.Outcome.REJECT).order_by("pk")
    for photo, rule, value, limit in rows.values_list("photo", "rule", "value", "limit"):
        found[photo].append((rule, value, limit))
    return found


def remind_ready(enrolment: Enrolment, day: dt.date) -> int:
    """Remind students whose portrait is ready to submit it, or to pay the fee that it waits for, once a day.

    Returns how many were notified.
    """
    kinds = ("not_handed_in", "fee_awaited")
    today = Notification.objects.filter(school=enrolment.school, kind__in=kinds, created_at__gte=start_of(day))
    reminded = set(today.values_list("recipient_key", flat=True))
    ready = Student.objects.filter(
        school=enrolment.school, season=enrolment.season, stage=Student.Stage.READY, locked_at=None
    ).only(*ADDRESSED, "fee_state")
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


@dataclass(frozen=True)
class ClassOfDay:
    """The photos of a class: `failed` did not pass, `left` of these are not reset yet."""

    college: str
    class_name: str
    taken: int
    failed: int
    left: int


@dataclass(frozen=True)
class Day:
    """The photos of one day, by class and by reason: [(rule, photos)], the most frequent first."""

    taken: int
    failed: int
    left: int
    classes: list[ClassOfDay]
    reasons: list[tuple[str, int]]

    @property
    def places(self) -> list[Place]:
        return [Place(row.college, "", row.class_name, row.taken) for row in self.classes]


def photos_of_day(enrolment: Enrolment, day: dt.date) -> QuerySet[Photo]:
    return Photo.objects.filter(
        school=enrolment.school,
        season=enrolment.season,
        is_moved=False,
        taken_at__gte=start_of(day),
        taken_at__lt=start_of(day + dt.timedelta(days=1)),
    )


def day_of(enrolment: Enrolment, day: dt.date) -> Day:
    """What the photos of a day came to, by class and by reason; of any past day too. Two queries."""
    bad = Q(status__in=FAILED_STATUSES)
    photos = photos_of_day(enrolment, day)
    rows = (
        photos.order_by("student__college", "student__class_name")
        .values_list("student__college", "student__class_name")
        .annotate(taken=Count("pk"), failed=Count("pk", filter=bad), left=Count("pk", filter=bad & Q(is_current=True)))
    )
    classes = [ClassOfDay(*row) for row in rows]
    reasons = (
        Finding.objects.filter(photo__in=photos.filter(bad), outcome=Finding.Outcome.REJECT)
        .order_by()
        .values_list("rule")
        .annotate(number=Count("photo", distinct=True))
        .order_by("-number", "rule")
    )
    return Day(
        taken=sum(row.taken for row in classes),
        failed=sum(row.failed for row in classes),
        left=sum(row.left for row in classes),
        classes=classes,
        reasons=list(reasons),
    )


def record_opened(enrolment: Enrolment, day: dt.date, *, by: User) -> None:
    """That a person of the school has looked at the report of a day, once a person and day."""
    facts = {"day": day.isoformat()}
    if not history.of(enrolment).filter(kind=OPENED_EVENT, actor_key=by.actor_key, facts=facts).exists():
        history.record(OPENED_EVENT, enrolment, by=by, facts=facts)


@dataclass
class Report:
    """The daily check of one school, and who of it has looked."""

    job: Job
    readers: list[str]


def reports_of_day(season: Season, day: dt.date) -> list[Report]:
    """The daily checks of all schools on a day, those that nobody has looked at first. Needs the center's scope."""
    facts = {"day": day.isoformat()}
    readers: dict[int | None, list[str]] = {}
    opened = Event.objects.filter(season=season, kind=OPENED_EVENT, facts=facts, at__gte=start_of(day))
    for school_id, name in opened.order_by("at").values_list("school_id", "actor_name"):
        readers.setdefault(school_id, []).append(name)
    rows = Job.objects.filter(kind=KIND, season=season, params__day=day.isoformat()).select_related("school__area")
    found = [Report(job, readers.get(job.school_id, [])) for job in rows]
    return sorted(found, key=lambda row: (bool(row.readers), row.job.school.code if row.job.school else ""))
