"""Slots: which class comes to which station when. Made for the whole school, moved by hand, kept by a student.

A slot lies inside the school's days and hours (`schools.days.opening_hours`) and the hours of its station, is long enough
for its students, and no two overlap at a station or for the same students.
"""

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from capture.models import Slot, Station
from capture.stations import planning
from portal import formatting, history
from portal.errors import NotAllowed, PortalError
from portal.models import User
from schools.days import opening_hours, workdays
from schools.days.opening_hours import Period
from schools.models import Enrolment, GroupDays
from students.models import Student

TO_PHOTOGRAPH = (Student.Stage.WAITING, Student.Stage.CHECKING, Student.Stage.RETAKE, Student.Stage.READY)
LONGEST = dt.timedelta(days=366)  # days that are planned ahead at most
Span = tuple[dt.datetime, dt.datetime]


@dataclass(frozen=True)
class Made:
    slots: int
    split: int  # classes that come in parts


class NoRoom(PortalError):
    """The classes do not fit into the time of the stations."""


def first_day(enrolment: Enrolment, today: dt.date) -> dt.date | None:
    """The first day that can still be planned: tomorrow at the soonest, so that students are told before."""
    periods = opening_hours.periods_of(school=enrolment.school, season=enrolment.season)
    soonest = today + dt.timedelta(days=1)
    return min((max(period.starts_on, soonest) for period in periods if period.ends_on >= soonest), default=None)


def make(*, enrolment: Enrolment, from_day: dt.date, by: User) -> Made:
    """Plan all classes that have students to photograph, from `from_day` on.

    Slots of these days that were made before go, those moved by hand stay. Raises PortalError, and then nothing has
    changed.
    """
    if from_day <= timezone.localdate():
        raise PortalError(_("Plan from tomorrow on, so that students are told in time."))
    with transaction.atomic():
        _lock(enrolment)
        stations = list(Station.objects.filter(season=enrolment.season))
        if not stations:
            raise PortalError(
                _("Add a station first: the plan needs its hours and how many students it takes an hour.")
            )
        later = Slot.objects.filter(season=enrolment.season, day__gte=from_day)
        later.filter(by_hand=False).delete()
        kept = list(later)
        around = Surroundings.of(enrolment)
        gaps = _gaps(stations, around.periods, from_day, kept)
        if not gaps:
            raise NoRoom(_("No station is open on a day of your school from %(day)s on.") % {"day": _day(from_day)})
        planned = _plan(enrolment, stations, from_day, kept, around)
        if planned.without_room:
            raise NoRoom(_refusal(gaps, planned))
        rows = [_slot(enrolment, visit) for visit in planned.visits]
        Slot.objects.bulk_create(rows)
        made = Made(len(rows), len({visit.key for visit in planned.visits if visit.is_part}))
        facts = {"slots": made.slots, "from_day": from_day.isoformat()}
        history.record("enrolment.slots_made", enrolment, by=by, facts=facts)
    return made


def _plan(
    enrolment: Enrolment, stations: Sequence[Station], from_day: dt.date, kept: Sequence[Slot], around: "Surroundings"
) -> planning.Plan:
    """Classes with the same days are planned together, those with the fewest days first."""
    by_days: dict[tuple[Period, ...], list[planning.SchoolClass]] = defaultdict(list)
    for each in _classes(enrolment, kept):
        by_days[tuple(around.periods_of(*each.key))].append(each)
    visits: list[planning.Visit] = []
    without_room = 0
    for periods, classes in sorted(by_days.items(), key=lambda pair: opening_hours.days_left(pair[0], from_day)):
        taken = [planning.Gap(visit.station, 0, visit.starts_at, visit.ends_at) for visit in visits]
        planned = planning.plan(planning.without(_gaps(stations, periods, from_day, kept), taken), classes)
        visits += planned.visits
        without_room += planned.without_room
    return planning.Plan(visits, without_room)


def _refusal(gaps: Iterable[planning.Gap], planned: planning.Plan) -> str:
    values = {"n": planned.without_room, "room": sum(gap.room for gap in gaps)}
    return (
        _(
            "%(n)d students find no time: from that day on the stations can take %(room)d at most. Add a station, open"
            " longer or on days off, raise the number of students an hour, or ask the center for more days."
        )
        % values
    )


def save(*, slot: Slot, by: User) -> Slot:
    """Add a slot by hand, or move one. Raises PortalError with what stands in the way."""
    enrolment = Enrolment.objects.get(school=slot.school, season=slot.season)
    with transaction.atomic():
        _lock(enrolment)
        if not slot.pk:
            slot.students = waiting(slot).count()
        if problem := problem_of(slot, Surroundings.of(enrolment)):
            raise PortalError(problem)
        kind = "slot.moved" if slot.pk else "slot.added"
        slot.by_hand = True
        slot.save()
        history.record(kind, slot, by=by, facts=_facts(slot))
    return slot


def remove(*, slot: Slot, by: User) -> None:
    with transaction.atomic():
        history.record("slot.removed", slot, by=by, facts=_facts(slot))
        slot.delete()


def _facts(slot: Slot) -> dict[str, object]:
    return {"class_name": slot.class_name, "day": slot.day.isoformat(), "hours": slot.hours, "name": slot.station.name}


def _lock(enrolment: Enrolment) -> None:
    Enrolment.objects.select_for_update(of=("self",), no_key=True).get(pk=enrolment.pk)


# --- what stands in the way of a slot ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Surroundings:
    """What the slots of a school are held against."""

    periods: Sequence[Period]
    slots: Sequence[Slot]
    group_days: Sequence[GroupDays] = ()

    @classmethod
    def of(cls, enrolment: Enrolment) -> "Surroundings":
        periods = opening_hours.periods_of(school=enrolment.school, season=enrolment.season)
        rows = list(GroupDays.objects.filter(season=enrolment.season))
        return cls(periods, list(Slot.objects.filter(season=enrolment.season).select_related("station")), rows)

    def periods_of(self, college: str, class_name: str) -> list[Period]:
        """The days of a class, inside those of the school."""
        return opening_hours.narrow(self.periods, opening_hours.rows_of_group(self.group_days, college, class_name))


def problem_of(slot: Slot, around: Surroundings) -> str:
    """The sentence that says why a slot cannot be there; empty when it can."""
    station, span = slot.station, span_of(slot)
    if span[0] >= span[1]:
        return _("A slot ends after it begins.")
    of_school = _school_hours(around.periods, slot.day)
    if not of_school:
        return _("%(day)s is not a day of your school.") % {"day": _day(slot.day)}
    of_class = _school_hours(around.periods_of(slot.college, slot.class_name), slot.day)
    if _inside(span, of_school) and not _inside(span, of_class):
        return _("%(class_name)s has other days or hours than %(day)s, %(hours)s: see the days of classes.") % {
            "class_name": slot.class_name,
            "day": _day(slot.day),
            "hours": slot.hours,
        }
    if not _inside(span, of_school):
        return _("On %(day)s your school may photograph %(hours)s.") % {
            "day": _day(slot.day),
            "hours": _describe(of_school),
        }
    of_station = _station_hours(station, slot.day)
    if not _inside(span, of_station):
        values = {"station": station.name, "day": _day(slot.day), "hours": station.hours}
        return _("%(station)s is not open then on %(day)s: %(hours)s.") % values
    needed = planning.minutes_for(slot.students, station.per_hour)
    if (span[1] - span[0]) < dt.timedelta(minutes=needed):
        need = {"n": slot.students, "minutes": needed, "station": station.name, "rate": station.per_hour}
        return _("%(n)d students need %(minutes)d minutes at %(station)s, which takes %(rate)d an hour.") % need
    return _collision(slot, span, around.slots)


def _collision(slot: Slot, span: Span, others: Iterable[Slot]) -> str:
    for other in others:
        if other.pk == slot.pk or not _overlap(span, span_of(other)):
            continue
        values = {"station": other.station.name, "class_name": other.class_name, "hours": other.hours}
        if other.station_id == slot.station_id:
            return _("%(station)s expects %(class_name)s at %(hours)s.") % values
        if _same_students(slot, other):
            return _("%(class_name)s is expected at %(station)s at %(hours)s already.") % values
    return ""


def _same_students(one: Slot, other: Slot) -> bool:
    same_class = (one.college, one.class_name) == (other.college, other.class_name)
    whole = not (one.first_no and other.first_no)
    return same_class and (whole or (one.first_no <= other.last_no and other.first_no <= one.last_no))


def span_of(slot: Slot) -> Span:
    return dt.datetime.combine(slot.day, slot.starts_at), dt.datetime.combine(slot.day, slot.ends_at)


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _inside(span: Span, open_spans: Iterable[Span]) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in open_spans)


def _school_hours(periods: Iterable[Period], day: dt.date) -> list[Span]:
    """When the school may photograph on a day; hours of several periods that touch are one."""
    spans = sorted(
        (dt.datetime.combine(day, period.opens_at), dt.datetime.combine(day, period.closes_at))
        for period in periods
        if period.includes_day(day)
    )
    joined: list[Span] = []
    for span in spans:
        if joined and span[0] <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], span[1])
        else:
            joined.append(span)
    return joined


def _station_hours(station: Station, day: dt.date) -> list[Span]:
    if not (station.on_days_off or workdays.is_workday(day)):
        return []
    times = [station.opens_at, station.break_from, station.break_to, station.closes_at]
    known = [dt.datetime.combine(day, time) for time in times if time]
    return [(known[n], known[n + 1]) for n in range(0, len(known), 2)]


def _describe(spans: Iterable[Span]) -> str:
    return _("; ").join(f"{start:%H:%M}–{end:%H:%M}" for start, end in spans)


def _day(day: dt.date) -> str:
    return formatting.relative_day(day, today=timezone.localdate())


# --- making the plan -----------------------------------------------------------------------------------------------


def _gaps(
    stations: Sequence[Station], periods: Sequence[Period], from_day: dt.date, kept: Iterable[Slot]
) -> list[planning.Gap]:
    gaps = [gap for day in _days(periods, from_day) for gap in _gaps_of_day(stations, periods, day)]
    taken = [planning.Gap(slot.station_id, 0, *span_of(slot)) for slot in kept]
    return sorted(planning.without(gaps, taken), key=lambda gap: (gap.starts_at, gap.station))


def _days(periods: Iterable[Period], from_day: dt.date) -> list[dt.date]:
    found: set[dt.date] = set()
    for period in periods:
        first = max(period.starts_on, from_day)
        count = min(period.ends_on - first, LONGEST).days + 1
        found.update(first + dt.timedelta(days=n) for n in range(count))
    return sorted(found)


def _gaps_of_day(stations: Iterable[Station], periods: Iterable[Period], day: dt.date) -> Iterator[planning.Gap]:
    of_school = _school_hours(periods, day)
    for station in stations:
        for (opens, closes), (start, end) in itertools.product(of_school, _station_hours(station, day)):
            first, last = max(opens, start), min(closes, end)
            if first < last:
                yield planning.Gap(station.pk, station.per_hour, first, last)


def _classes(enrolment: Enrolment, kept: Iterable[Slot]) -> Iterator[planning.SchoolClass]:
    """The classes with their students who have to be photographed and have no slot that stays."""
    waiting_now = Student.objects.filter(season=enrolment.season, stage__in=TO_PHOTOGRAPH)
    staying = defaultdict(list)
    for slot in kept:
        staying[slot.college, slot.class_name].append(slot)
    rows = waiting_now.order_by("college", "class_name", "student_no").values_list(
        "college", "class_name", "student_no"
    )
    for key, members in itertools.groupby(rows, key=lambda row: row[:2]):
        numbers = [number for *_key, number in members if not any(admits(slot, number) for slot in staying[key])]
        if numbers:
            yield planning.SchoolClass(key, numbers)


def admits(slot: Slot, student_no: str) -> bool:
    """Whether a student number of the class belongs to the slot's part of it."""
    return not slot.first_no or slot.first_no <= student_no <= slot.last_no


def _slot(enrolment: Enrolment, visit: planning.Visit) -> Slot:
    numbers = visit.numbers
    return Slot(
        school_id=enrolment.school_id,
        season_id=enrolment.season_id,
        station_id=visit.station,
        college=visit.key[0],
        class_name=visit.key[1],
        first_no=numbers[0] if visit.is_part else "",
        last_no=numbers[-1] if visit.is_part else "",
        students=len(numbers),
        day=visit.starts_at.date(),
        starts_at=visit.starts_at.time(),
        ends_at=visit.ends_at.time(),
    )


# --- reading it ----------------------------------------------------------------------------------------------------


def waiting(slot: Slot) -> QuerySet[Student]:
    """The slot's students who have to be photographed."""
    found = Student.objects.filter(
        season=slot.season_id, college=slot.college, class_name=slot.class_name, stage__in=TO_PHOTOGRAPH
    )
    return found.filter(student_no__range=(slot.first_no, slot.last_no)) if slot.first_no else found


def of_student(student: Student) -> list[Slot]:
    """The student's slots, in their order."""
    rows = Slot.objects.filter(season=student.season_id, college=student.college, class_name=student.class_name)
    part = Q(first_no="") | Q(first_no__lte=student.student_no, last_no__gte=student.student_no)
    return list(rows.filter(part).select_related("station"))


def next_of(student: Student, at: dt.datetime) -> Slot | None:
    """The slot of the student that is on or comes, else the last one."""
    local, found = timezone.localtime(at).replace(tzinfo=None), of_student(student)
    return next((slot for slot in found if span_of(slot)[1] > local), found[-1] if found else None)


def require_in_slot(student: Student, at: dt.datetime, *, grace: dt.timedelta) -> None:
    """Raise NotAllowed outside of the student's slot. Who has none comes when the school is open."""
    local, found = timezone.localtime(at).replace(tzinfo=None), of_student(student)
    if not found or any(start <= local < end + grace for start, end in map(span_of, found)):
        return
    slot = next((slot for slot in found if span_of(slot)[1] > local), None)
    if slot is None:
        raise NotAllowed(_("The time of your class is over. Ask the person in charge at your school for another."))
    values = {"day": _day(slot.day), "hours": slot.hours, "station": slot.station.name}
    raise NotAllowed(_("Your class photographs %(day)s, %(hours)s, at %(station)s.") % values)


def without_slot(enrolment: Enrolment, from_day: dt.date) -> dict[planning.ClassKey, int]:
    """{(college, class): students to photograph who have no slot from that day on}."""
    slots = list(Slot.objects.filter(season=enrolment.season, day__gte=from_day))
    return {each.key: len(each.numbers) for each in _classes(enrolment, slots)}
