"""A share of some photos with its interval: 1 of 51 is not 2 %, but something between 0.3 and 10 %."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

Z_95 = 1.959964  # of the normal distribution: 95 % lie within


@dataclass(frozen=True)
class Share:
    """`hits` of `of` photos."""

    hits: int
    of: int

    @property
    def value(self) -> float | None:
        """From 0 to 1; None of nothing."""
        return self.hits / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """(low, high) of Wilson's score interval at 95 %, from 0 to 1; None of nothing.

        E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927), 209-212.
        """
        if not self.of:
            return None
        share, spread = self.hits / self.of, Z_95**2 / self.of
        middle = (share + spread / 2) / (1 + spread)
        half = sqrt(share * (1 - share) * spread + spread**2 / 4) / (1 + spread)
        return max(0.0, middle - half), min(1.0, middle + half)
