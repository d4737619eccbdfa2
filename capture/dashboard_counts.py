"""The counts on the panels of the dashboards: today's photos, and the rules that photos fail.

They are read from the counters; for a person who is limited to some students the rows are counted.
"""

import datetime as dt
from typing import Any

from django.db.models import BooleanField, Count, ExpressionWrapper, Min, OuterRef, Subquery
from django.db.models.functions import TruncDate
from django.utils import timezone

import vision
from capture.daily_check import start_of
from capture.models import Finding, FindingsByRule, Likeness, Photo, PhotosByDay, PhotosByState
from capture.review import appeals
from capture.review.worklist import HAS_PASSED
from portal import student_limits
from portal.tenancy import across_schools
from schools.models import Enrolment, School, Season

DAYS_SHOWN = 14
RULES_SHOWN = 8


def photos_of(season: Season, school: School | None) -> Any:
    photos = Photo.objects.filter(season=season, is_moved=False)
    return photos.filter(school=school) if school else photos


def count_today(season: Season, school: School | None) -> dict[str, int]:
    """{taken, passed, rejected, checking, failed, review, appeals}: the first three of today, the
    others at this moment. A photo whose student appeals has not passed."""
    taken, open_now = _of_today(season, school), _by_state(season, school)
    return {
        "taken": sum(taken.values()),
        "rejected": sum(n for (status, _passed), n in taken.items() if status == Photo.Status.REJECTED),
        "passed": sum(n for (_status, has_passed), n in taken.items() if has_passed),
        "checking": open_now.get(Photo.Status.CHECKING, 0),
        "failed": open_now.get(Photo.Status.FAILED, 0),
        "review": open_now.get(Photo.Status.SUBMITTED, 0),
        "appeals": appeals.count_waiting(season, school),
    }


def _of_today(season: Season, school: School | None) -> dict[tuple[str, bool], int]:
    """{(state, whether the check has accepted it): photos taken today}"""
    today = timezone.localdate()
    if not student_limits.present():
        return PhotosByDay.numbers("status", "has_passed", day=today, **_place(season, school))
    rows = photos_of(season, school).filter(taken_at__gte=start_of(today)).order_by()
    passed = ExpressionWrapper(HAS_PASSED, output_field=BooleanField())
    return {(status, is_in): n for status, is_in, n in rows.values_list("status", passed).annotate(n=Count("*"))}


def _by_state(season: Season, school: School | None) -> dict[str, int]:
    """{state: current photos}"""
    if not student_limits.present():
        return PhotosByState.numbers("status", **_place(season, school))
    rows = photos_of(season, school).filter(is_current=True).order_by()
    return dict(rows.values_list("status").annotate(n=Count("*")))


def _place(season: Season, school: School | None) -> dict[str, Any]:
    return {"season": season, "school": school} if school else {"season": season}


def count_first_attempts(season: Season, school: School | None = None) -> tuple[int, int]:
    """(accepted by the automatic check, judged at all) of the first photos of all students."""
    rows = PhotosByDay.numbers("status", "has_passed", is_first=True, **_place(season, school))
    open_ones = (Photo.Status.CHECKING, Photo.Status.FAILED)
    judged = sum(n for (status, _passed), n in rows.items() if status not in open_ones)
    return sum(n for (_status, has_passed), n in rows.items() if has_passed), judged


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
    if student_limits.present():
        taken = photos_of(season, school).filter(taken_at__gte=start_of(first)).order_by()
        rows = dict(taken.values_list(TruncDate("taken_at")).annotate(n=Count("*")))
    else:
        rows = PhotosByDay.numbers("day", day__gte=first, **_place(season, school))
    days = (first + dt.timedelta(days=n) for n in range(DAYS_SHOWN))
    return [(f"{day.month}/{day.day}", rows.get(day, 0)) for day in days]


def count_failures(season: Season, school: School | None) -> list[tuple[str, str, int]]:
    """(rule, its label, photos that it rejected), the most frequent first."""
    if student_limits.present():
        found = Finding.objects.filter(
            outcome=Finding.Outcome.REJECT, photo__is_moved=False, **_place(season, school)
        ).order_by()
        numbers = dict(found.values_list("rule").annotate(n=Count("*")))
    else:
        numbers = FindingsByRule.numbers("rule", outcome=Finding.Outcome.REJECT, **_place(season, school))
    rows = sorted(numbers.items(), key=lambda row: -row[1])[:RULES_SHOWN]
    return [(rule, str(vision.rule_label(rule)), n) for rule, n in rows]
