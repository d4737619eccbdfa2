"""The work behind the pages at the size of the province: jobs of the night, exports, messages to many.

Called by `bench.pages`, on the same database. Each is done once in a transaction that is rolled back, as the plain role; what has to be
so before (photos that failed or were lost) is made before the clock starts. Printed are the
statements, the seconds on the clock, and the processor time of this process and of its database process, beside the goal of issue 12.
"""

import datetime as dt
import io
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.database import server_ms

LINES = 200_000  # of the history whose seals are checked
LOST, REJECTED, ARCHIVE, EXPORT = 2_000, 2_500, 10_000, 55_000


@dataclass(frozen=True)
class Province:
    season: Any
    large: Any  # the enrolment of the largest school
    clerk: Any
    officer: Any


Work = Callable[[Province], str]
_WORKS: list[tuple[str, str, Work, Callable[[Province], None]]] = []


def work(
    label: str, goal: str = "", *, before: Callable[[Province], None] = lambda province: None
) -> Callable[[Work], Work]:
    def register(function: Work) -> Work:
        _WORKS.append((label, goal, function, before))
        return function

    return register


def measure(province: Province) -> None:
    head = f"\n{'work':<44}{'statements':>11}{'seconds':>9}{'cpu own':>9}{'cpu db':>8}  goal"
    print(head)
    for label, goal, function, before in _WORKS:
        _print(label, goal, function, before, province)


def _print(label: str, goal: str, function: Work, before: Callable[[Province], None], province: Province) -> None:
    from django.db import connection, transaction

    statements = itertools.count()

    def run(execute: Any, *rest: Any) -> Any:
        next(statements)
        return execute(*rest)

    with transaction.atomic():
        before(province)
        started, own, server = time.perf_counter(), time.process_time(), server_ms()
        with connection.execute_wrapper(run):
            says = function(province)
        seconds, own = time.perf_counter() - started, time.process_time() - own
        server = (server_ms() - server) / 1000
        transaction.set_rollback(True)
    print(f"{label:<44}{next(statements):>11}{seconds:>9.2f}{own:>9.2f}{server:>8.2f}  {goal}  {says}", flush=True)


def _fail_photos(province: Province) -> None:
    from capture import daily_check
    from capture.models import Photo

    own = Photo.objects.filter(school=province.large.school, season=province.season, is_current=True)
    failed = own.filter(status__in=daily_check.FAILED_STATUSES).count()
    more = own.filter(status__in=(Photo.Status.SUBMITTED, Photo.Status.APPROVED)).values("pk")[
        : max(REJECTED - failed, 0)
    ]
    Photo.objects.filter(pk__in=list(more.values_list("pk", flat=True))).update(status=Photo.Status.REJECTED)


@work("daily check of the largest school", "< 50 statements, < 2 s", before=_fail_photos)
def _daily_check(province: Province) -> str:
    from capture import daily_check
    from portal import history
    from portal.background import jobs
    from portal.tenancy import school_scope

    params = {"day": dt.date.today().isoformat()}
    job = jobs.create(
        daily_check.KIND,
        by=history.SYSTEM,
        school=province.large.school,
        season=province.season,
        params=params,
    )
    with school_scope(province.large.school):
        daily_check.run_daily_check(job)
    return f"{job.result['reset']:,} photos reset"


@work("nightly accounts of all schools", "< 100 statements")
def _accounts(province: Province) -> str:
    from billing.accounts import fee_accounts

    return f"{fee_accounts.post_season_charges(province.season)} schools"


@work("year's end: figures", "< 0.3 s, or a job (it is one)")
def _year_end(province: Province) -> str:
    from year_end import figures

    return f"{len(figures.count(province.season, today=dt.date.today()))} schools"


def _lose_photos(province: Province) -> None:
    from django.utils import timezone

    from capture.models import Photo

    ids = list(Photo.objects.filter(season=province.season, is_current=True).values_list("pk", flat=True)[:LOST])
    old = timezone.now() - dt.timedelta(hours=1)
    Photo.objects.filter(pk__in=ids).update(status=Photo.Status.CHECKING, queued_at=old, claimed_at=None, attempts=0)


@work(f"sweep of {LOST:,} lost photos", "< 20 statements, < 0.5 s", before=_lose_photos)
def _sweep(province: Province) -> str:
    from capture.judging import judge

    return f"{judge.sweep()} messages"


@work("sweep of each minute: figures of /metrics")
def _metrics(province: Province) -> str:
    from portal.background import health

    return f"{sum(len(read()) for _meaning, read in health._FIGURES.values())} figures"


@work("folding the counters, each minute")
def _fold(province: Province) -> str:
    from portal.counters import folding

    folding.fold()
    return ""


@work("export of the largest school, xlsx", "< 5 s")
def _export(province: Province) -> str:
    from portal.tenancy import school_scope
    from students.lists import exports
    from students.models import Student

    students = Student.objects.filter(school=province.large.school, season=province.season)
    with school_scope(province.large.school):
        found = students.order_by("college", "major", "class_name", "student_no")
        exports.export_students(found, of=province.large, by=province.clerk, file_format="xlsx").close()
    return f"{students.count():,} students"


@work(f"export of the center, about {EXPORT:,}, xlsx", "< 5 s")
def _center_export(province: Province) -> str:
    from portal.tenancy import center_scope
    from students.lists import exports
    from students.models import Student

    with center_scope():
        found = Student.objects.filter(season=province.season, school__in=_schools(province, EXPORT))
        exports.export_students(
            found.order_by("school_id", "college", "major", "class_name", "student_no"),
            of=province.season,
            by=province.officer,
            file_format="xlsx",
            with_school=True,
        ).close()
        return f"{found.count():,} students"


def _schools(province: Province, students: int) -> list[int]:
    """Schools that have about so many students together."""
    from students.models import StudentsByStage

    found, number = [], 0
    for school, of_it in sorted(StudentsByStage.numbers("school", season=province.season).items()):
        if number + of_it <= students:
            number += of_it
            found.append(school)
    return found


@work(f"archive of about {ARCHIVE:,} portraits", "first byte < 0.05 s")
def _archive(province: Province) -> str:
    from portal.tenancy import school_scope
    from printing import portrait_archive
    from schools.models import Enrolment
    from students.models import StudentsByStage

    portraits = StudentsByStage.numbers(
        "school", season=province.season, stage__in=("approved", "proofed", "printed", "delivered")
    )
    school = min(portraits, key=lambda pk: abs(portraits[pk] - ARCHIVE))
    enrolment = Enrolment.objects.select_related("school", "season").get(school=school, season=province.season)
    out = _Timed()
    with school_scope(enrolment.school):
        made = portrait_archive.write(out, enrolment, by=province.officer)
    return f"first byte after {out.first * 1000:.0f} ms; {made.students:,} portraits, {made.length:,} bytes"


class _Timed(io.RawIOBase):
    """Keeps nothing but when the first byte came."""

    def __init__(self) -> None:
        self._made, self.first = time.perf_counter(), 0.0

    def write(self, data: Any) -> int:
        self.first = self.first or time.perf_counter() - self._made
        return len(data)


@work("message to the students of the largest school")
def _message(province: Province) -> str:
    return _tell(province, school=province.large.school)


@work(f"message to the students of an area, about {EXPORT:,}")
def _message_to_many(province: Province) -> str:
    from schools.models import Area
    from students.models import StudentsByStage

    numbers = StudentsByStage.numbers("school__area", season=province.season)
    return _tell(
        province, asked={"area": min(Area.objects.all(), key=lambda area: abs(numbers.get(area.pk, 0) - EXPORT)).pk}
    )


def _tell(province: Province, school: Any = None, asked: dict[str, Any] | None = None) -> str:
    from portal.background import jobs
    from students.announcing import group_messages

    job = jobs.create(
        group_messages.KIND,
        by=province.officer,
        school=school,
        season=province.season,
        params={"asked": asked or {}, "subject": "Hello", "body": "Hello"},
    )
    jobs.TURN_SECONDS = 10_000
    group_messages.send(job)
    return f"{job.result['done']:,} students of {len(job.result['told'])} schools"


@work("proof of the counters, each night")
def _counters(province: Province) -> str:
    from portal.counters import proof

    return f"{proof.prove().rows:,} rows"


@work("proof of the books, each night")
def _books(province: Province) -> str:
    from billing.books import proof

    return f"{proof.prove().entries:,} entries"


@work(f"history, each night: seals of {LINES:,} lines")
def _seals(province: Province) -> str:
    from portal.history import checkpoints
    from portal.models import Event

    return f"{len(list(checkpoints.forged(Event.objects.order_by('pk')[:LINES])))} faults"


@work("history, each night: copied lines, checkpoints")
def _history(province: Province) -> str:
    from portal.history import checkpoints
    from portal.models import Event

    faults = len(list(checkpoints._copied())) + len(list(checkpoints._missing("")))
    return f"{Event.objects.count():,} lines, {faults} faults"
