"""The vision engine: opens a photo, measures it, judges the measures, makes the standard portrait.

    source, measures = open_and_measure(data)  # or Unreadable, with a sentence; JSON-safe measures
    verdict = judge(measures, limits_of(season_limits, background="blue"))
    portrait = make_portrait(source, measures, background="blue")

Knows no database and no request. The models are loaded on first use, once per process.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vision.backgrounds import BACKGROUNDS
from vision.errors import Unreadable
from vision.measures import Measures, measure
from vision.networks.mediapipe_graphs import warm_up
from vision.portrait import Portrait, make_portrait
from vision.rules import (
    DEFAULTS,
    LEFT_TO_REVIEWER,
    RULE_NAMES,
    RULES,
    RULES_BY_NAME,
    Criterion,
    Limit,
    Limits,
    Rule,
    Unit,
    advice_for,
    judge,
    limits_of,
    rule_label,
    sentence_for,
)
from vision.source import MAX_BYTES, Source, open_photo
from vision.verdict import Finding, Verdict

ENGINE_VERSION = "1.4"


@dataclass(frozen=True)
class Checked:
    source: Source
    measures: Measures
    verdict: Verdict


def open_and_measure(data: bytes | str | Path, *, max_bytes: int = MAX_BYTES) -> tuple[Source, Measures]:
    """Open a photo and measure it; one that lies on its side or its head is turned before. Raises
    Unreadable.

    `header.orientation` of the source tells that it was turned.
    """
    source = open_photo(data, max_bytes=max_bytes)
    measures = measure(source)
    if measures["turn"]:
        source = source.turned(measures["turn"])
        measures = measure(source)
    return source, measures


def check(data: bytes | str | Path, limits: Limits | None = None) -> Checked:
    """Open, measure and judge in one call. Raises Unreadable."""
    source, measures = open_and_measure(data)
    return Checked(source, measures, judge(measures, limits))


__all__ = [
    "BACKGROUNDS",
    "DEFAULTS",
    "ENGINE_VERSION",
    "LEFT_TO_REVIEWER",
    "RULES",
    "RULES_BY_NAME",
    "RULE_NAMES",
    "Checked",
    "Criterion",
    "Finding",
    "Limit",
    "Limits",
    "Measures",
    "Portrait",
    "Rule",
    "Source",
    "Unit",
    "Unreadable",
    "Verdict",
    "advice_for",
    "check",
    "judge",
    "limits_of",
    "make_portrait",
    "measure",
    "open_and_measure",
    "open_photo",
    "rule_label",
    "sentence_for",
    "warm_up",
]
