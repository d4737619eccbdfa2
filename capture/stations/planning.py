"""Which class comes to which station when. Knows no database; times are naive and local.

Classes come in their order, each to the place that is free first. Where that leaves a class over, the largest
classes are placed first, each where the least time is left over. Only what is left then is split, into as few parts
as possible. Packing is hard: in a nearly full plan a class may be split that an exhaustive search could
have placed whole.
"""

import datetime as dt
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

STEP = 5  # minutes; slots begin and end on these

ClassKey = tuple[str, str]  # college, class


@dataclass(frozen=True)
class Gap:
    """Time in which a station is open and nobody is expected."""

    station: int
    per_hour: int
    starts_at: dt.datetime
    ends_at: dt.datetime

    @property
    def room(self) -> int:
        """How many students fit."""
        return math.floor(_minutes(self) / STEP) * STEP * self.per_hour // 60


@dataclass(frozen=True)
class SchoolClass:
    key: ClassKey
    numbers: Sequence[str]  # of its students to photograph, in their order


@dataclass(frozen=True)
class Visit:
    key: ClassKey
    station: int
    starts_at: dt.datetime
    ends_at: dt.datetime
    numbers: Sequence[str]
    is_part: bool = False


@dataclass(frozen=True)
class Plan:
    visits: list[Visit]
    without_room: int  # students for whom there is no time left


def minutes_for(students: int, per_hour: int) -> int:
    """How long a station needs for so many students, in whole steps."""
    return math.ceil(math.ceil(students * 60 / per_hour) / STEP) * STEP


def plan(gaps: Iterable[Gap], classes: Sequence[SchoolClass]) -> Plan:
    free = [gap for gap in gaps if gap.room]
    in_order = _place(free, classes, _first_free)
    if not in_order.left:
        return Plan(in_order.visits, 0)
    by_size = sorted(classes, key=lambda each: -len(each.numbers))
    packed = _place(free, by_size, _tightest)
    best = packed if len(packed.left) <= len(in_order.left) else in_order
    for each in best.left:
        best.split(each)
    return Plan(best.visits, best.without_room)


def without(gaps: Iterable[Gap], taken: Iterable[Gap]) -> list[Gap]:
    """What is left of the gaps where others are expected already."""
    left = list(gaps)
    for other in taken:
        left = [part for gap in left for part in _cut(gap, other)]
    return left


def _cut(gap: Gap, other: Gap) -> list[Gap]:
    if gap.station != other.station or other.ends_at <= gap.starts_at or gap.ends_at <= other.starts_at:
        return [gap]
    parts = [replace(gap, ends_at=other.starts_at), replace(gap, starts_at=other.ends_at)]
    return [part for part in parts if part.starts_at < part.ends_at]


class _Filling:
    """Gaps that are filled from their beginning."""

    def __init__(self, gaps: list[Gap]) -> None:
        self.gaps = list(gaps)
        self.visits: list[Visit] = []
        self.left: list[SchoolClass] = []
        self.without_room = 0

    def take(self, at: int, key: ClassKey, numbers: Sequence[str], *, is_part: bool) -> None:
        gap = self.gaps[at]
        ends_at = gap.starts_at + dt.timedelta(minutes=minutes_for(len(numbers), gap.per_hour))
        self.visits.append(Visit(key, gap.station, gap.starts_at, ends_at, numbers, is_part))
        self.gaps[at] = replace(gap, starts_at=ends_at)

    def split(self, each: SchoolClass) -> None:
        """Place a class in parts, the largest gap first, and count whom none takes."""
        numbers, is_part = list(each.numbers), False
        while numbers:
            at = max(range(len(self.gaps)), key=lambda n: self.gaps[n].room, default=-1)
            room = self.gaps[at].room if self.gaps else 0
            if not room:
                break
            is_part = is_part or room < len(numbers)
            self.take(at, each.key, numbers[:room], is_part=is_part)
            numbers = numbers[room:]
        self.without_room += len(numbers)


def _place(gaps: list[Gap], classes: Sequence[SchoolClass], rank: Callable[[Gap, int], Any]) -> _Filling:
    """Place each class whole, in the gap of the least rank; those that find none are `left`."""
    filling = _Filling(gaps)
    for each in classes:
        count = len(each.numbers)
        fitting = [at for at, gap in enumerate(filling.gaps) if _fits(gap, count)]
        if not fitting:
            filling.left.append(each)
            continue
        best = min(fitting, key=lambda at: rank(filling.gaps[at], count))
        filling.take(best, each.key, each.numbers, is_part=False)
    return filling


def _fits(gap: Gap, count: int) -> bool:
    return minutes_for(count, gap.per_hour) <= _minutes(gap)


def _first_free(gap: Gap, count: int) -> tuple[dt.datetime, int]:
    return gap.starts_at, gap.station


def _tightest(gap: Gap, count: int) -> tuple[float, dt.datetime, int]:
    return _minutes(gap) - minutes_for(count, gap.per_hour), gap.starts_at, gap.station


def _minutes(gap: Gap) -> float:
    return (gap.ends_at - gap.starts_at).total_seconds() / 60
