"""The demo's season of last year: in the archive, every portrait delivered, its pictures deleted after their time."""

import datetime as dt

from django.utils import timezone

from capture.models import Photo
from demo import graduates, schools
from portal import history
from portal.models import User
from portal.tenancy import school_scope, system_scope
from schools.models import Area, Enrolment, School, Season, Window
from students.models import Student

YEAR = dt.timedelta(days=364)  # weeks, so that the days of the week are the same
ABSENT = 13  # of the students of each school, one in so many never came


def make(season: Season) -> Season:
    """Create last year's season beside this one, unless it exists, with the schools that are past their capture by now."""
    year = season.year - 1
    with system_scope():
        if known := Season.objects.filter(year=year).first():
            return known
        last = schools.season_of(year, status=Season.Status.ARCHIVED, payment_due=dt.date(year, 12, 31))
        last.closed_on = timezone.localdate() - dt.timedelta(days=240)
        last.save()
        history.record("season.created", last, by=history.SYSTEM, after=Season.Status.DRAFT, facts={"demo": True})
        for window in season.windows.all():
            Window.objects.create(
                season=last, area=window.area, starts_on=window.starts_on - YEAR, ends_on=window.ends_on - YEAR
            )
    for n, entry in enumerate(schools.SCHOOLS[:5]):
        _deliver(last, schools.school_of(entry), entry, seed=100 + n)
    with system_scope():
        officer = User.objects.get(username=schools.OFFICER)
        for before, after in (("draft", "open"), ("open", "closed"), ("closed", "archived")):
            history.record(f"season.{after}", last, by=officer, before=before, after=after)
    return last


def _deliver(season: Season, school: School, entry: schools.DemoSchool, *, seed: int) -> None:
    with school_scope(school):
        Enrolment.objects.create(
            season=season, school=school, status=Enrolment.Status.RECEIVED, payment_mode=entry.payment_mode,
            capture_ended_on=Window.objects.get(season=season, area=school.area_id).ends_on,
        )  # fmt: skip
        students = graduates.enrol_students(season, school, seed=seed)
        came = [student for n, student in enumerate(students) if n % ABSENT]
        by = User.objects.get(username=entry.account)
        photos = Photo.objects.bulk_create(_photo(student, season, n, by) for n, student in enumerate(came))
        Student.objects.filter(pk__in=[student.pk for student in came]).update(stage=Student.Stage.DELIVERED)
        history.record_many(
            "photo.approved", [(photo, "submitted") for photo in photos], by=by, after=Photo.Status.APPROVED
        )
        history.record_many(
            "student.delivered", [(student, "printed") for student in came], by=by, after=Student.Stage.DELIVERED
        )


def _photo(student: Student, season: Season, n: int, by: User) -> Photo:
    window = Window.objects.get(season=season, area=Area.objects.get(schools=student.school_id))
    at = timezone.make_aware(dt.datetime.combine(window.starts_on, dt.time(8 + n % 10, n)))
    return Photo(
        school_id=student.school_id, student=student, season=season, status=Photo.Status.APPROVED, taken_at=at, checked_at=at,
        compared_at=at, face_compared_at=at, submitted_at=at, decided_at=at, decided_by=by, outcome="green", width=1200, height=1600,
        sha256=f"{student.pk:064x}",
    )  # fmt: skip
