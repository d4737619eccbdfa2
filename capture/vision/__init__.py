"""The vision engine: opens a photo, measures it, judges the measures, makes the standard portrait.

    source = open_photo(data)            # or Unreadable, with a sentence
    measures = measure(source)           # JSON-safe, stored with the photo
    verdict = judge(measures, Limits.of(season_limits, background="blue"))
    portrait = make_portrait(source, measures, background="blue")

Knows no database and no request. The models are loaded on first use, once per process.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .backgrounds import BACKGROUNDS
from .errors import Unreadable
from .measures import Measures, measure
from .networks import warm_up
from .portrait import Portrait, make_portrait
from .rules import DEFAULTS, RULE_NAMES, RULES, Rule, judge
from .sentences import LOOK_YOURSELF, advice, sentence
from .source import Source, open_photo
from .verdict import Finding, Limits, Verdict

ENGINE_VERSION = "1.1"


@dataclass(frozen=True)
class Checked:
    source: Source
    measures: Measures
    verdict: Verdict


def check(data: bytes | str | Path, limits: Limits | None = None) -> Checked:
    """Open, measure and judge in one call. Raises Unreadable."""
    source = open_photo(data)
    measures = measure(source)
    return Checked(source, measures, judge(measures, limits))


__all__ = [
    "BACKGROUNDS",
    "DEFAULTS",
    "ENGINE_VERSION",
    "LOOK_YOURSELF",
    "RULES",
    "RULE_NAMES",
    "Checked",
    "Finding",
    "Limits",
    "Measures",
    "Portrait",
    "Rule",
    "Source",
    "Unreadable",
    "Verdict",
    "advice",
    "check",
    "judge",
    "make_portrait",
    "measure",
    "open_photo",
    "sentence",
    "warm_up",
]
