"""What a season is ranked and reported by: counted for every enrolled school, then computed without the database.

`count` asks the database once. Its answer, with day and rules, is the snapshot that is stored with its hash; scores, bulletin
and documents are computed from the snapshot alone.
"""

import datetime as dt
import hashlib
import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count
from django.utils import timezone

from billing.models import FeeAccount
from capture.models import Photo
from portal.models import Event
from proofing.models import Feedback
from schools.days import deadlines, opening_hours
from schools.models import Enrolment, Season, Window, WindowException
from students import progress
from students.models import Student
from year_end.models import ScoringRules

# By school: students with a photo, and those whose first one was neither rejected nor returned.
_FIRST_PHOTOS = """
SELECT school_id, count(*), count(*) FILTER (WHERE status <> ALL (%s))
FROM (SELECT DISTINCT ON (student_id) school_id, status FROM capture_photo WHERE season_id = %s AND NOT is_moved
      ORDER BY student_id, id) AS first
GROUP BY school_id
"""


@dataclass(frozen=True)
class Counted:
    """What was counted of one enrolled school. Days are ISO text, None where there is none.

    `is_over`: its capture has ended or its last day has passed. `is_finished`: its feedback form is accepted.
    """

    school: int
    code: str
    name: str
    area: str
    payment_mode: str = "school"
    is_over: bool = False
    is_finished: bool = False
    roster: int = 0
    captured: int = 0
    paid: int = 0
    first_photos: int = 0
    first_passed: int = 0
    resets: int = 0
    form_due_on: str | None = None
    form_sent_on: str | None = None
    fee_due_on: str | None = None
    fee_settled_on: str | None = None


@dataclass(frozen=True)
class Figures:
    """The figures of one school's season.

    Shares are 0 to 1, None when there is nothing to measure yet.
    """

    roster: int = 0
    captured: int = 0
    coverage: float | None = None
    first_pass: float | None = None
    feedback: float | None = None
    fee: float | None = None
    kept: float | None = None
    is_finished: bool = False

    def score(self, weights: dict[str, int]) -> Decimal:
        """The points, 0 to 100.

        Of a finished school `measured`; otherwise a figure that is None gives no points.
        """
        return self.measured(weights) if self.is_finished else self._points(weights)

    def measured(self, weights: dict[str, int]) -> Decimal:
        """The points, 0 to 100, over the figures that are not None: a future deadline costs no points."""
        return self._points({name: weight for name, weight in weights.items() if getattr(self, name) is not None})

    def _points(self, weights: dict[str, int]) -> Decimal:
        points = sum(weight * (getattr(self, name) or 0) for name, weight in weights.items())
        return Decimal(str(round(100 * points / (sum(weights.values()) or 1), 2)))


@dataclass(frozen=True)
class Totals:
    """The season in numbers, over every enrolled school."""

    enrolled: int
    without_roster: int
    capturing: int
    finished: int
    roster: int
    captured: int

    @property
    def is_over(self) -> bool:
        """Every school has its feedback form accepted."""
        return self.finished == self.enrolled > 0

    @property
    def percent(self) -> str:
        """Photographed of the roster, cut and not rounded: 99.96 % are not all."""
        return f"{1000 * self.captured // self.roster / 10:.1f}%" if self.roster else "0%"


def snapshot_of(season: Season, rules: ScoringRules, *, today: dt.date) -> dict[str, Any]:
    """All that scores, bulletin and documents depend on, as JSON."""
    return {
        "season": {name: getattr(season, name) for name in ("year", "graduating_class", "center_name")},
        "as_of": today.isoformat(),
        "rules": rules.terms,
        "schools": [asdict(row) for row in count(season, today=today)],
    }


def sha256_of(snapshot: dict[str, Any]) -> str:
    text = json.dumps(snapshot, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def counted_in(snapshot: dict[str, Any]) -> list[Counted]:
    return [Counted(**row) for row in snapshot["schools"]]


def figures_in(snapshot: dict[str, Any]) -> dict[int, Figures]:
    """The figures by school id, of every school with a roster whose capture is over."""
    rules, today = snapshot["rules"], dt.date.fromisoformat(snapshot["as_of"])
    rows = [row for row in counted_in(snapshot) if row.is_over and row.roster]
    return {row.school: figures_of(row, loss_a_day=rules["loss_a_day"], today=today) for row in rows}


def totals_in(snapshot: dict[str, Any]) -> Totals:
    rows = counted_in(snapshot)
    return Totals(
        enrolled=len(rows),
        without_roster=sum(not row.roster for row in rows),
        capturing=sum(not row.is_over for row in rows),
        finished=sum(row.is_finished for row in rows),
        roster=sum(row.roster for row in rows),
        captured=sum(row.captured for row in rows),
    )


def figures_of(row: Counted, *, loss_a_day: int, today: dt.date) -> Figures:
    """`loss_a_day`: the percent of its points that a form or a fee loses with each working day of delay."""

    def timeliness(done: str | None, due: str | None) -> float | None:
        return _timeliness(_day(done), _day(due), today, loss_a_day)

    if row.payment_mode == Enrolment.PaymentMode.STUDENT:
        fee = row.paid / row.captured if row.captured else None
    else:
        fee = timeliness(row.fee_settled_on, row.fee_due_on)
    return Figures(
        roster=row.roster,
        captured=row.captured,
        coverage=row.captured / row.roster if row.roster else None,
        first_pass=row.first_passed / row.first_photos if row.first_photos else None,
        feedback=timeliness(row.form_sent_on, row.form_due_on),
        fee=fee,
        kept=max(0.0, 1 - row.resets / row.captured) if row.captured else None,
        is_finished=row.is_finished,
    )


def _timeliness(done: dt.date | None, due: dt.date | None, today: dt.date, loss_a_day: int) -> float | None:
    """1 when done on time, less for each working day of delay, at least 0.

    None when there is no deadline, or when it is not done and the deadline has not passed.
    """
    if due is None or (done is None and today <= due):
        return None
    return max(0.0, 1 - loss_a_day * max(0, -deadlines.workdays_left(due, done or today)) / 100)


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def count(season: Season, *, today: dt.date) -> list[Counted]:
    """Every enrolled school, by its code. A fixed number of queries."""
    rosters, photos = _count_students(season), _first_photos(season)
    forms = dict(Feedback.objects.filter(season=season).values_list("school_id", "sent_at"))
    settled = dict(FeeAccount.objects.filter(season=season).values_list("school_id", "settled_at"))
    resets = dict(
        Event.objects.filter(season=season, kind="photo.reset")
        .values_list("school_id")
        .annotate(Count("pk"))
        .order_by()
    )
    over = _over(season, today)
    rows = Enrolment.objects.filter(season=season).select_related("school__area", "season").order_by("school__code")
    return [
        Counted(
            school=row.school_id,
            code=row.school.code,
            name=row.school.name,
            area=row.school.area.name,
            payment_mode=row.payment_mode,
            is_over=row.capture_ended_on is not None or row.school_id in over,
            is_finished=row.status in Enrolment.FINISHED,
            **_with_expected(row, rosters.get(row.school_id, {"roster": 0})),
            first_photos=photos.get(row.school_id, (0, 0))[0],
            first_passed=photos.get(row.school_id, (0, 0))[1],
            resets=resets.get(row.school_id, 0),
            form_due_on=_iso(row.proof_due_on),
            form_sent_on=_iso(forms.get(row.school_id)),
            fee_due_on=_iso(row.season.payment_due),
            fee_settled_on=_iso(settled.get(row.school_id)),
        )
        for row in rows
    ]


def _with_expected(enrolment: Enrolment, counted: dict[str, int]) -> dict[str, int]:
    """A school that hands over no list is measured by the students whom it has stated."""
    return counted | {"roster": progress.expected(enrolment, counted["roster"])}


def _iso(moment: dt.date | None) -> str | None:
    """The day in Shanghai of a moment, or the day itself."""
    return (timezone.localdate(moment) if isinstance(moment, dt.datetime) else moment).isoformat() if moment else None


def _over(season: Season, today: dt.date) -> set[int]:
    """The schools without days, and those whose last day has passed."""
    windows, granted = defaultdict(list), defaultdict(list)
    for window in Window.objects.filter(season=season):
        windows[window.area_id].append(window)
    for exception in WindowException.objects.filter(season=season):
        granted[exception.school_id].append(exception)
    found = set()
    for school_id, area_id in Enrolment.objects.filter(season=season).values_list("school_id", "school__area_id"):
        last = opening_hours.last_regular_day(opening_hours.merge_periods(season, windows[area_id], granted[school_id]))
        if last is None or last < today:
            found.add(school_id)
    return found


def _count_students(season: Season) -> dict[int, dict[str, int]]:
    """By school id: students on the roster who have not left, photographed, and photographed who paid online."""
    rosters: dict[int, dict[str, int]] = defaultdict(lambda: {"roster": 0, "captured": 0, "paid": 0})
    for school_id, stage, fee_state, number in progress.count_students(season):
        row, captured = rosters[school_id], number * (stage in Student.CAPTURED)
        row["roster"] += number * (stage != Student.Stage.LEFT)
        row["captured"] += captured
        row["paid"] += captured * (fee_state == Student.FeeState.PAID)
    return rosters


def _first_photos(season: Season) -> dict[int, tuple[int, int]]:
    """By school id: students with a photo, and those whose first photo was neither rejected nor returned."""
    bad = [Photo.Status.REJECTED.value, Photo.Status.RETURNED.value]
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_PHOTOS, [bad, season.pk])
        return {school: (n, passed) for school, n, passed in cursor.fetchall()}
