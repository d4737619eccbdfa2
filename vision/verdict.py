"""What judging says: findings and the verdict over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Outcome = Literal["reject", "warn"]
Mark = tuple[Any, ...]
"""("box", x0, y0, x1, y1) or ("point", x, y) as fractions of the upright source."""


@dataclass(frozen=True)
class Finding:
    """`value` is what was measured, `limit` the limit that it passed; both None where there is no number."""

    rule: str
    outcome: Outcome
    value: float | None = None
    limit: float | None = None
    marks: tuple[Mark, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {"rule": self.rule, "outcome": self.outcome, "value": self.value, "limit": self.limit}


@dataclass(frozen=True)
class Verdict:
    findings: tuple[Finding, ...]

    @property
    def outcome(self) -> Literal["green", "amber", "red"]:
        outcomes = {finding.outcome for finding in self.findings}
        if "reject" in outcomes:
            return "red"
        return "amber" if outcomes else "green"

    @property
    def is_rejected(self) -> bool:
        return self.outcome == "red"


@dataclass(frozen=True)
class Limits:
    """Limits by rule and name; `background` is the colour that the portrait will get.

    A season stores only what differs from the defaults: `rules.limits_of({"roll": {"reject": 10}})`.
    A limit of None switches that outcome off.
    """

    values: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    background: str = "blue"

    def get(self, rule: str, name: str) -> float | None:
        return self.values.get(rule, {}).get(name)

    def as_dict(self) -> dict[str, dict[str, float | None]]:
        return {rule: dict(limits) for rule, limits in self.values.items()}
