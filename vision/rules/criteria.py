"""A limit of a rule, the criterion that it belongs to, and the limits in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _

from vision.verdict import Outcome

Side = Literal["above", "below"]
ABOVE: Side = "above"
BELOW: Side = "below"
OUTCOMES: tuple[Outcome, ...] = ("reject", "warn")


@dataclass(frozen=True)
class Unit:
    """`text`: what a number counts, `sign`: what stands behind it. `most`: the highest value that a limit may be set to; None for no
    end. `scale`: what is shown for a stored 1, so that a share of 0.06 is read and typed as 6 %.
    """

    text: Any = ""
    sign: str = ""
    most: float | None = None
    scale: int = 1

    def shown(self, value: float) -> float:
        return value if self.scale == 1 else round(value * self.scale, 9)

    def stored(self, number: float) -> float:
        """The inverse of `shown`: exactly the value that was shown."""
        return number if self.scale == 1 else round(number / self.scale, 12)


DEGREES, HUE = Unit(_("degrees"), "°", 90), Unit(_("degrees of hue"), "°", 180)
SHARE, LIGHTNESS = Unit(sign="%", most=1, scale=100), Unit(_("lightness, black 0 to white 100"), most=100)
PERCENT, PIXELS = Unit(sign="%"), Unit(sign="px")
CORNERS, STOPS, CHROMA = Unit(_("corners"), most=2), Unit(_("stops")), Unit(_("chroma, grey is 0"))
COLOUR, POINTS = Unit(_("colour distance, 2 is just visible")), Unit(_("points"))
FRAMES = Unit(_("frames"), most=12)
TIMES = Unit(sign="×")
BITS = Unit(_("bits of 512"), most=256)
DISTANCE = Unit(most=2)


def _parts(text: Any) -> Unit:
    """A unit of hundredths of something that is named."""
    return Unit(text, "%", scale=100)


FACES, IN_FACES = _parts(_("% of the square of the face's width")), _parts(_("% of the main face's width"))
LIGHT_OF_SKIN = _parts(_("% of the light of the skin"))
IN_EYES, IN_EYE_WIDTHS = _parts(_("% of the distance between the eyes")), _parts(_("% of the eye's width"))
IN_IRISES, ACROSS_EYES = _parts(_("% of the iris's width")), _parts(_("% of the width across both eyes"))
IN_BARE_FACES = _parts(_("% of the most that a face without glasses shows"))

LIMIT_TEXTS = {
    ("reject", ABOVE): _("Not accepted above"),
    ("reject", BELOW): _("Not accepted below"),
    ("warn", ABOVE): _("To be looked at above"),
    ("warn", BELOW): _("To be looked at below"),
    (None, ABOVE): _("Counts above"),
    (None, BELOW): _("Counts below"),
}


@dataclass(frozen=True)
class Limit:
    """`default`: None when the limit is off until a season sets it. `side`: on which side of it a
    value exceeds it. `outcome`: what exceeding it leads to; None when the limit only restricts when
    another one counts. `text`: what the limit does.
    """

    name: str
    default: float | None
    side: Side
    outcome: Outcome | None
    text: Any
    unit: Unit = Unit()

    def is_exceeded(self, value: float | None, limit: float | None) -> bool:
        """`limit` is the value in force. False when the value was not measured or the limit is off."""
        if value is None or limit is None:
            return False
        return value > limit if self.side == ABOVE else value < limit


@dataclass(frozen=True)
class LimitDeclaration:
    """A limit as a rule declares it, still without its name."""

    default: float | None
    side: Side
    outcome: Outcome | None
    text: Any

    def named(self, name: str, unit: Unit) -> Limit:
        """The limit with its name. A limit that is named after an outcome leads to that outcome."""
        outcome = name if name in OUTCOMES else self.outcome
        text = LIMIT_TEXTS[outcome, self.side] if self.text is None else self.text
        return Limit(name, self.default, self.side, outcome, text, unit)


def above(default: float | None, outcome: Outcome | None = None, *, text: Any = None) -> LimitDeclaration:
    return LimitDeclaration(default, ABOVE, outcome, text)


def below(default: float | None, outcome: Outcome | None = None, *, text: Any = None) -> LimitDeclaration:
    return LimitDeclaration(default, BELOW, outcome, text)


@dataclass(frozen=True)
class Criterion:
    """One measure and the limits on it.

    `measure`: its name; "{background}" stands for the season's background; empty when the value is
    no measure of one photo. `sign`: which value is compared: ABSOLUTE the absolute value, NEGATIVE
    the negated value.
    """

    title: Any
    unit: Unit
    measure: str
    sign: str
    limits: tuple[Limit, ...]

    def read(self, measures: Mapping[str, Any], *, background: str) -> float | None:
        """The value that is compared with the limits; None when it was not measured."""
        return self.reading(measures.get(self.key(background)))

    def key(self, background: str) -> str:
        """The name under which the measure is stored."""
        return self.measure.format(background=background) if "{" in self.measure else self.measure

    def reading(self, stored: Any) -> float | None:
        """The value that is compared, from a stored measure. Of the skin's Lab colour it is the
        lightness.
        """
        if isinstance(stored, list):
            stored = stored[0] if stored else None
        if stored is None:
            return None
        value: float = abs(stored) if self.sign == ABSOLUTE else -stored if self.sign == NEGATIVE else stored
        return value


ABSOLUTE, NEGATIVE = "absolute", "negative"


def criterion(title: Any, unit: Unit, measure: str, sign: str = "", /, **limits: LimitDeclaration) -> Criterion:
    """Example: criterion(_("Tilt of the head"), DEGREES, "roll", ABSOLUTE, reject=above(8),
    warn=above(5))
    """
    return Criterion(title, unit, measure, sign, tuple(limit.named(name, unit) for name, limit in limits.items()))


def is_above(limit: float | None, value: float | None) -> bool:
    """True when the limit is on and the value is above it."""
    return limit is not None and value is not None and value > limit


@dataclass(frozen=True)
class Limits:
    """The limits in force, by rule and name. `background` is the colour that the portrait will get.

    A season stores only what differs from the defaults: `limits_of({"roll": {"reject": 10}})`. A
    limit of None switches that outcome off.
    """

    values: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    background: str = "blue"

    def get(self, rule: str, name: str) -> float | None:
        return self.values.get(rule, {}).get(name)

    def as_dict(self) -> dict[str, dict[str, float | None]]:
        return {rule: dict(limits) for rule, limits in self.values.items()}
