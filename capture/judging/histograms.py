"""What the limits of a season meet: histograms of the measures of the last days, one a criterion, and how many photos
each rule found something in."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

import vision
from capture.judging import rejudge
from capture.models import FindingsByRule
from portal.pages import shared_counts
from schools.models import Season
from vision.rules import criterion_values

DAYS = 7
SAMPLE = 1000
BINS = 40
TAIL = 0.005  # this share of the photos at each end is counted in the outermost bin


@dataclass(frozen=True)
class Histogram:
    """`bars`: the number of photos in each bin from `low` to `high`.

    `lines`: (value of the limit, limit).
    """

    low: float
    high: float
    bars: tuple[int, ...]
    lines: tuple[tuple[float, vision.Limit], ...]
    photos: int

    def part(self, value: float) -> float:
        """The place of a value on the axis: 0 is the left end, 1 the right end."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)


def sample_measures(season: Season) -> list[dict[str, Any]]:
    """The measures of the newest photos of the last days, together with the numbers of their
    portraits; read once for all who look, since a thousand of them are long."""
    return shared_counts.shared(f"measures:{season.pk}", lambda: _read_measures(season))


def _read_measures(season: Season) -> list[dict[str, Any]]:
    since = timezone.now() - dt.timedelta(days=DAYS)
    photos = rejudge.judged_photos(season).filter(taken_at__gte=since).values_list("measures", "geometry")
    return [criterion_values(measures, geometry) for measures, geometry in photos[:SAMPLE] if measures.get("faces")]


def count_findings(season: Season) -> dict[tuple[str, str], int]:
    """{(rule, outcome): photos of the season, those that were taken again included}."""
    return FindingsByRule.numbers("rule", "outcome", season=season)


def build_histogram(
    criterion: vision.Criterion, measures: Iterable[dict[str, Any]], limits: vision.Limits, rule: str
) -> Histogram | None:
    """The histogram of one criterion; None when no photo has a value for it."""
    key = criterion.key(limits.background)
    read = (criterion.reading(each.get(key)) for each in measures)
    values = sorted(value for value in read if value is not None)
    if not values:
        return None
    lines = [(limits.get(rule, limit.name), limit) for limit in criterion.limits]
    drawn = tuple((value, limit) for value, limit in lines if value is not None)
    low, high = _span(values, [value for value, _limit in drawn])
    bars = [0] * BINS
    for value in values:
        bars[min(max(int((value - low) / (high - low) * BINS), 0), BINS - 1)] += 1
    return Histogram(low, high, tuple(bars), drawn, len(values))


def _span(values: Sequence[float], limits: Sequence[float]) -> tuple[float, float]:
    """(low, high) of the axis: holds all values but the outermost, and all limits, with a margin of
    4 %."""
    cut = int(len(values) * TAIL)
    low, high = min([values[cut], *limits]), max([values[-1 - cut], *limits])
    margin = (high - low) * 0.04 or max(abs(high), 1.0) * 0.1
    return low - margin if low - margin > 0 or low < 0 else min(low, 0.0), high + margin
