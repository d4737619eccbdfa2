"""Where the measures of the last days lie, beside their limits: one small histogram a criterion."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

import vision
from capture.judging import rejudge
from schools.models import Season
from vision.rules import criterion_values

DAYS = 7
SAMPLE = 1000
BINS = 40
TAIL = 0.005  # of the photos at either end share the outermost bins


@dataclass(frozen=True)
class Histogram:
    """`bars`: photos a bin between `low` and `high`; `lines`: (where it stands, limit) within."""

    low: float
    high: float
    bars: tuple[int, ...]
    lines: tuple[tuple[float, vision.Limit], ...]
    photos: int

    def part(self, value: float) -> float:
        """Where a value lies, 0 to 1 from left to right."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)


def sample(season: Season) -> list[dict[str, Any]]:
    """The measures of the newest photos of the last days, the grade of their portrait among them."""
    since = timezone.now() - dt.timedelta(days=DAYS)
    photos = rejudge.judged(season).filter(taken_at__gte=since).values_list("measures", "geometry")
    return [criterion_values(measures, geometry) for measures, geometry in photos[:SAMPLE] if measures.get("faces")]


def of_criterion(
    criterion: vision.Criterion, measures: Iterable[dict[str, Any]], limits: vision.Limits, rule: str
) -> Histogram | None:
    """None where nothing was measured."""
    key = criterion.key(limits.background)
    read = (criterion.reading(each.get(key)) for each in measures)
    values = sorted(value for value in read if value is not None)
    if not values:
        return None
    lines = [(limits.get(rule, limit.name), limit) for limit in criterion.limits]
    drawn = tuple((stands, limit) for stands, limit in lines if stands is not None)
    low, high = _span(values, [stands for stands, _limit in drawn])
    bars = [0] * BINS
    for value in values:
        bars[min(max(int((value - low) / (high - low) * BINS), 0), BINS - 1)] += 1
    return Histogram(low, high, tuple(bars), drawn, len(values))


def _span(values: Sequence[float], limits: Sequence[float]) -> tuple[float, float]:
    """From the lowest to the highest of values and limits, the outermost values left out, with a little room."""
    cut = int(len(values) * TAIL)
    low, high = min([values[cut], *limits]), max([values[-1 - cut], *limits])
    room = (high - low) * 0.04 or max(abs(high), 1.0) * 0.1
    return low - room if low - room > 0 or low < 0 else min(low, 0.0), high + room
