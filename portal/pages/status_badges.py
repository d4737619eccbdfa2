"""The colour and icon of each state.

A room registers those of its models in its module `registration`:

    status_badges.register(Photo, {Photo.Status.APPROVED: Badge("ok", "check")})

A tone says what the state means: ok = done, look = to be checked, act = somebody must act, sky = in
progress, "" = neutral.
"""

from dataclasses import dataclass

from django.db import models


@dataclass(frozen=True)
class Badge:
    """`tone`: a CSS tone (docs/look.md). `icon`: a heroicon."""

    tone: str
    icon: str


NEUTRAL = Badge("", "minus-circle")
_BADGES: dict[tuple[str, str], Badge] = {}


def register(model: type[models.Model], badges: dict[str, Badge]) -> None:
    """Register the badges of a model's states; for a second field with states, call it again."""
    for state, badge in badges.items():
        key = (model._meta.label_lower, str(state))
        if key in _BADGES:
            raise ValueError(f"The badge of {key} is registered twice.")
        _BADGES[key] = badge


def badge_of(label: str, state: str) -> Badge:
    """The badge of a state, by the label of its model ("schools.enrolment").

    NEUTRAL for an unregistered state.
    """
    return _BADGES.get((label.lower(), str(state)), NEUTRAL)
