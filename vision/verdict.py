"""The result of judging: findings, and the verdict over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Outcome = Literal["reject", "warn"]
Mark = tuple[Any, ...]
"""("box", x0, y0, x1, y1) or ("point", x, y) as fractions of the upright source."""


@dataclass(frozen=True)
class Finding:
    """A broken rule. `value` was measured, `limit` is the limit that it exceeds; both are None for
    a rule without a number.
    """

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
