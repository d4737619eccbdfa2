"""What the documents of the year's end say, taken from the stored figures: no row of today is read."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils import timezone

from year_end.figures import Counted, Totals, counted_in, totals_in
from year_end.models import Award, Bulletin, Ranking, ScoringRules


@dataclass(frozen=True)
class Line:
    """One ranked school. `shares`: {part: 0 to 1 or None}; `persons`: [(name, post)]."""

    rank: int
    code: str
    name: str
    area: str
    roster: int
    captured: int
    is_finished: bool
    shares: dict[str, float | None]
    score: Decimal
    is_commended: bool
    is_criticised: bool
    persons: tuple[tuple[str, str], ...]
    allowance_fen: int


@dataclass(frozen=True)
class Report:
    """`published_on` is None of a draft."""

    title: str
    text: str
    year: int
    graduating_class: int
    center_name: str
    as_of: dt.date
    published_on: dt.date | None
    rules: dict[str, int]
    totals: Totals
    lines: tuple[Line, ...]
    counted: tuple[Counted, ...]
    sha256: str

    @property
    def weights(self) -> dict[str, int]:
        return {name: self.rules[name] for name in ScoringRules.PARTS}

    @property
    def allowance_fen(self) -> int:
        return sum(line.allowance_fen for line in self.lines)

    @property
    def persons(self) -> list[tuple[str, str, str]]:
        """[(name, post, school)] of the commended persons."""
        return [(name, post, line.name) for line in self.lines for name, post in line.persons]


def of(ranking: Ranking, awards: Iterable[Award], bulletin: Bulletin | None) -> Report:
    snapshot = ranking.snapshot
    counted = {row.school: row for row in counted_in(snapshot)}
    published_at = bulletin.published_at if bulletin else None
    season: dict[str, Any] = snapshot["season"]
    return Report(
        title=bulletin.title if bulletin else "",
        text=bulletin.text if bulletin else "",
        year=season["year"],
        graduating_class=season["graduating_class"],
        center_name=season["center_name"],
        as_of=dt.date.fromisoformat(snapshot["as_of"]),
        published_on=_local_day(published_at),
        rules=snapshot["rules"],
        totals=totals_in(snapshot),
        lines=tuple(_line(award, counted[award.school_id]) for award in awards),
        counted=tuple(counted.values()),
        sha256=ranking.sha256,
    )


def _local_day(moment: dt.datetime | None) -> dt.date | None:
    return timezone.localdate(moment) if moment else None


def _line(award: Award, counted: Counted) -> Line:
    return Line(
        rank=award.rank,
        code=counted.code,
        name=counted.name,
        area=counted.area,
        roster=counted.roster,
        captured=counted.captured,
        is_finished=counted.is_finished,
        shares={name: award.figures[name] for name in ScoringRules.PARTS},
        score=award.score,
        is_commended=award.is_commended,
        is_criticised=award.is_criticised,
        persons=tuple((person["name"], person["post"]) for person in award.persons),
        allowance_fen=award.allowance_fen,
    )
