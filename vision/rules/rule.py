"""What a rule of the photo check is: one object with everything about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from vision.rules.criteria import ABOVE, BELOW, LIMIT_TEXTS, Criterion, Limit, Limits
from vision.verdict import Finding, Mark, Outcome

Numbers = Mapping[str, Any]
"""Of a photo: its measures, or the geometry of its portrait."""
Decide = Callable[["Rule", Numbers, Limits], Finding | None]


@dataclass(frozen=True)
class Places:
    """Where a finding is marked in the photo: a `measure` that holds places, and their `shape`."""

    shape: str
    measure: str

    def marks(self, measures: Numbers) -> tuple[Mark, ...]:
        """Fractions of the upright source; empty when the place was not measured."""
        found = measures.get(self.measure) or ()
        if self.shape == "dots":
            return tuple(("point", clip(x), clip(y)) for x, y in found)
        return tuple(_around(corners) for corners in ([found] if self.shape == "box" and found else found))


def box(measure: str) -> Places:
    """The measure is two opposite corners."""
    return Places("box", measure)


def boxes(measure: str) -> Places:
    """The measure is a list of pairs of opposite corners."""
    return Places("boxes", measure)


def dots(measure: str) -> Places:
    """The measure is a list of points."""
    return Places("dots", measure)


def _around(corners: Any) -> Mark:
    (x0, y0), (x1, y1) = corners
    return ("box", *(clip(v) for v in (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))))


def clip(value: float) -> float:
    return min(1.0, max(0.0, value))


@dataclass(frozen=True)
class Variant:
    """Other texts for the findings of a rule for which `when` is true."""

    when: Callable[[Finding], bool]
    sentence: Any
    advice: Any
    drawing: str = ""
    prevents_portrait: bool = False


def first_criterion(rule: Rule, m: Numbers, limits: Limits) -> Finding | None:
    """The usual check: the limits of the first criterion, in their order."""
    return rule.find(m, limits, *(limit.name for limit in rule.criteria[0].limits))


def in_order(*names: str) -> Decide:
    """A check that finds the first of these limits that is exceeded."""

    def decide(rule: Rule, m: Numbers, limits: Limits) -> Finding | None:
        return rule.find(m, limits, *names)

    return decide


@dataclass(frozen=True, eq=False)
class Rule:
    """A rule with its texts, limits and check. A measure that is missing (no face, no clothes in
    view) breaks no rule.

    Texts: `title` is what is asked; `label` is what is wrong, in two or three words; `sentence` and
    `advice` are for the student. `variant` has other texts for some findings. `drawing` is the name
    of static/rules/NAME.svg; by default the rule's name.

    Limits: those of the `criteria`. A rule without a number has one `outcome`.

    Check: `decide` reads the measures; None when the finding is made elsewhere. `decide_portrait`
    reads the geometry of the portrait. `also_reads` are measures besides those of criteria and
    `places`. `depends_on` are rules whose limits the check reads too. A rule with
    `needs_face=False` is checked even when there is no face.

    `score`: one number from the measures, higher is worse. `evaluation` uses it to tell how well
    the rule separates. By default it is the value of the first criterion.

    `can_lock`: a person who confirms the finding locks the account. `prevents_portrait`: no
    portrait can be made. `group`: the family that the rule is shown with, when it is not its own.
    """

    name: str
    title: Any
    label: Any
    sentence: Any
    advice: Any
    criteria: tuple[Criterion, ...] = ()
    outcome: Outcome | None = None
    decide: Decide | None = first_criterion
    decide_portrait: Decide | None = None
    places: Places | None = None
    also_reads: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    needs_face: bool = True
    score: Callable[[Numbers], float | None] | None = None
    variant: Variant | None = None
    drawing: str = ""
    can_lock: bool = False
    prevents_portrait: bool = False
    group: Family | None = None

    @cached_property
    def limits(self) -> dict[str, Limit]:
        """By name, in the order of the criteria."""
        if self.outcome:
            return {self.outcome: Limit(self.outcome, None, ABOVE, self.outcome, LIMIT_TEXTS[self.outcome, ABOVE])}
        return {limit.name: limit for criterion in self.criteria for limit in criterion.limits}

    @property
    def defaults(self) -> dict[str, float | None]:
        return {name: limit.default for name, limit in self.limits.items()}

    @property
    def outcomes(self) -> tuple[str, ...]:
        return tuple(outcome for outcome in ("reject", "warn") if outcome in self.limits)

    @property
    def is_checked(self) -> bool:
        """Whether the rule is decided by the measures of a photo."""
        return self.decide is not None

    @property
    def needs_portrait(self) -> bool:
        return self.decide_portrait is not None

    @property
    def compares_one_measure(self) -> bool:
        """Whether a photo breaks the rule just when one measure passes a limit, so that another limit can be chosen for it
        alone.
        """
        return self.decide is first_criterion and len(self.criteria) == 1

    @property
    def reads_background(self) -> bool:
        """Whether the finding may change with the background of the portrait."""
        return any("{background}" in criterion.measure for criterion in self.criteria)

    @cached_property
    def measures(self) -> frozenset[str]:
        """Names of the measures that the check itself reads; for a rule of the portrait alone,
        names in its geometry.
        """
        places = {self.places.measure} if self.places else set()
        return frozenset({criterion.measure for criterion in self.criteria} | places | set(self.also_reads))

    def check(self, m: Numbers, limits: Limits) -> Finding | None:
        """Pure. Raises KeyError when a needed measure is missing, because an older engine did not
        take it.
        """
        return self.decide(self, m, limits) if self.decide else None

    def check_portrait(self, geometry: Numbers, limits: Limits) -> Finding | None:
        """The same for `Portrait.geometry`."""
        return self.decide_portrait(self, geometry, limits) if self.decide_portrait else None

    def find(self, m: Numbers, limits: Limits, *names: str, places: Places | None = None) -> Finding | None:
        """A finding for the first of these limits that is exceeded. It is marked at `places`; by
        default at those of the rule.
        """
        for name in names:
            if self.is_exceeded(name, m, limits):
                value = self._criterion_of[name].read(m, background=limits.background)
                outcome = self.limits[name].outcome
                assert outcome is not None, name
                shown = places or self.places
                marks = shown.marks(m) if shown else ()
                return Finding(self.name, outcome, value, limits.get(self.name, name), marks)
        return None

    def is_exceeded(self, name: str, m: Numbers, limits: Limits) -> bool:
        value = self._criterion_of[name].read(m, background=limits.background)
        return self.limits[name].is_exceeded(value, limits.get(self.name, name))

    def violation_score(self, m: Numbers, *, background: str) -> float | None:
        """The score of a photo, higher is worse. None when there is no face or the rule reads no
        measure.
        """
        if not self.is_checked or not m.get("faces"):
            return None
        if self.score:
            return self.score(m)
        if not self.criteria:
            return None
        first = self.criteria[0]
        value = first.read(m, background=background)
        return -value if value is not None and first.limits[0].side == BELOW else value

    def text_for(self, finding: Finding) -> Rule | Variant:
        """The object with the texts for this finding: the rule or its variant."""
        return self.variant if self.variant and self.variant.when(finding) else self

    @cached_property
    def _criterion_of(self) -> dict[str, Criterion]:
        return {limit.name: criterion for criterion in self.criteria for limit in criterion.limits}


@dataclass(frozen=True, eq=False)
class Family:
    """Rules that belong together, in the order of the official photo rules."""

    title: Any
    rules: list[Rule] = field(default_factory=list)

    def add(self, rule: Rule) -> Rule:
        self.rules.append(rule)
        return rule
