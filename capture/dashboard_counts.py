"""The counts on the panels of the dashboards: today's photos, and the rules that photos fail."""

import datetime as dt
from typing import Any

from django.db.models import Count, Min, OuterRef, Subquery
from django.db.models.functions import TruncDate
from django.utils import timezone

import vision
from capture.daily_check import start_of
from capture.models import Finding, Likeness, Photo
from capture.review import appeals
from portal.pages import shared_counts
from portal.tenancy import across_schools
from schools.models import Enrolment, School, Season
from students.models import Student

DAYS_SHOWN = 14
RULES_SHOWN = 8


def photos_of(season: Season, school: School | None) -> Any:
    photos = Photo.objects.filter(season=season)
    return photos.filter(school=school) if school else photos


def count_today(season: Season, school: School | None) -> dict[str, int]:
    """{taken, passed, rejected, checking, failed, review, appeals}: the first three of today, the
    others at this moment. A photo whose student appeals has not passed."""
    photos = photos_of(season, school)
    of_today = photos.filter(taken_at__gte=start_of(timezone.localdate())).order_by()
    taken = dict(of_today.values_list("status").annotate(n=Count("pk")))
    unpassed = (Photo.Status.REJECTED, Photo.Status.CHECKING, Photo.Status.FAILED)
    rejected = taken.get(Photo.Status.REJECTED, 0)
    open_now = dict(
        photos.filter(is_current=True, status__in=(Photo.Status.CHECKING, Photo.Status.FAILED))
        .order_by()
        .values_list("status")
        .annotate(n=Count("pk"))
    )
    students = Student.objects.filter(season=season, stage=Student.Stage.REVIEW)
    return {
        "taken": sum(taken.values()),
        "rejected": rejected,
        "passed": of_today.filter(appealed_at=None).exclude(status__in=unpassed).count(),
        "checking": open_now.get(Photo.Status.CHECKING, 0),
        "failed": open_now.get(Photo.Status.FAILED, 0),
        "review": students.filter(school=school).count() if school else students.count(),
        "appeals": appeals.count_waiting(season, school),
    }


def oldest_in_review(season: Season, school: School | None) -> dt.datetime | None:
    """Since when the photo that waits longest for a reviewer has waited. One look into the index a school."""
    waiting = Photo.objects.filter(season=season, is_current=True, status=Photo.Status.SUBMITTED)
    if school:
        return waiting.filter(school=school).aggregate(oldest=Min("submitted_at"))["oldest"]
    first = waiting.filter(school=OuterRef("school")).order_by("submitted_at").values("submitted_at")[:1]
    rows = Enrolment.objects.filter(season=season).annotate(oldest=Subquery(first))
    found: dt.datetime | None = rows.aggregate(oldest_of_all=Min("oldest"))["oldest_of_all"]
    return found


def count_open_likenesses(season: Season | None, school: School | None) -> int:
    """Current photos with a likeness that is not cleared, if none of the two accounts is locked."""
    if season is None:
        return 0
    open_ones = Likeness.objects.filter(photo__season=season, photo__is_current=True, cleared_at=None)
    open_ones = open_ones.filter(photo__student__locked_at=None)
    pairs = list((open_ones.filter(school=school) if school else open_ones).order_by().values_list("photo", "other"))
    with across_schools():  # the other account may be at another school
        others = Photo.objects.filter(pk__in={other for _photo, other in pairs})
        locked = set(others.exclude(student__locked_at=None).values_list("pk", flat=True))
    return len({photo for photo, other in pairs if other not in locked})


def count_per_day(season: Season, school: School | None) -> list[tuple[str, int]]:
    """(short date, photos taken) of the last two weeks, today last."""
    last = timezone.localdate()
    first = last - dt.timedelta(days=DAYS_SHOWN - 1)
    taken = (
        photos_of(season, school).filter(taken_at__gte=start_of(first)).annotate(day=TruncDate("taken_at")).order_by()
    )

    def count() -> dict[dt.date, int]:
        return dict(taken.values_list("day").annotate(n=Count("*")))  # to count ids, the rows would be read

    rows = count() if school else shared_counts.shared(f"photo_days:{season.pk}:{first}", count)
    days = (first + dt.timedelta(days=n) for n in range(DAYS_SHOWN))
    return [(f"{day.month}/{day.day}", rows.get(day, 0)) for day in days]


def count_failures(season: Season, school: School | None) -> list[tuple[str, str, int]]:
    """(rule, its label, photos that it rejected), the most frequent first."""
    found = Finding.objects.filter(season=season, outcome=Finding.Outcome.REJECT)
    if school:
        found = found.filter(school=school)
    rows = found.order_by().values_list("rule").annotate(n=Count("*")).order_by("-n")[:RULES_SHOWN]
    return [(rule, str(vision.rule_label(rule)), n) for rule, n in rows]
