"""The person that is drawn: the features in which people differ, and a random choice."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Self

from demo.drawn_people.canvas import Colour, mix

# Albedo of skin under neutral light, from very light to very dark; the weights follow a Chinese
# university's intake.
SKINS: list[tuple[Colour, float]] = [
    ((0.945, 0.835, 0.780), 12),
    ((0.935, 0.805, 0.735), 20),
    ((0.915, 0.770, 0.685), 24),
    ((0.875, 0.715, 0.620), 16),
    ((0.800, 0.630, 0.525), 10),
    ((0.680, 0.505, 0.405), 7),
    ((0.540, 0.385, 0.305), 6),
    ((0.465, 0.325, 0.260), 5),
]
HAIR_COLOURS: list[tuple[Colour, float]] = [
    ((0.095, 0.080, 0.080), 46),
    ((0.140, 0.100, 0.085), 28),
    ((0.230, 0.150, 0.105), 16),
    ((0.340, 0.220, 0.140), 5),
    ((0.440, 0.335, 0.240), 3),
    ((0.400, 0.185, 0.110), 2),
]
IRIS_COLOURS: list[tuple[Colour, float]] = [
    ((0.190, 0.105, 0.060), 50),
    ((0.270, 0.155, 0.085), 32),
    ((0.360, 0.235, 0.125), 10),
    ((0.300, 0.300, 0.180), 3),
    ((0.320, 0.390, 0.450), 2),
]
FEMALE_STYLES = ("long", "long", "wavy", "bob", "bun", "ponytail", "ponytail", "pixie")
MALE_STYLES = ("short", "short", "parted", "parted", "crew", "quiff", "quiff", "bald")
# No tops in blue (the rule), none as light as the walls.
TOPS: list[Colour] = [
    (0.16, 0.17, 0.19), (0.30, 0.31, 0.33), (0.50, 0.14, 0.18), (0.66, 0.24, 0.20), (0.16, 0.33, 0.25),
    (0.33, 0.42, 0.27), (0.62, 0.44, 0.24), (0.44, 0.31, 0.25), (0.41, 0.24, 0.38), (0.80, 0.58, 0.24),
    (0.70, 0.42, 0.40), (0.22, 0.20, 0.22),
]  # fmt: skip
WALLS: list[Colour] = [
    (0.80, 0.82, 0.84),
    (0.86, 0.85, 0.82),
    (0.74, 0.80, 0.85),
    (0.78, 0.81, 0.78),
    (0.83, 0.80, 0.77),
]
GARMENTS = ("shirt", "shirt", "suit", "suit", "crew", "crew", "vneck", "hoodie")


def pick(chance: random.Random, weighted: list[tuple[Colour, float]]) -> Colour:
    """One of the weighted colours."""
    return chance.choices([colour for colour, _ in weighted], [weight for _, weight in weighted])[0]


@dataclass(frozen=True)
class Person:
    """The features of a drawn person.

    Lengths are in eye units, shares in 0..1, angles in degrees.
    """

    seed: int = 0
    gender: str = "female"
    skin: Colour = (0.935, 0.805, 0.735)
    face_width: float = 1.0
    jaw: float = 0.5
    chin: float = 0.5
    hair_style: str = "long"
    hair_colour: Colour = (0.095, 0.080, 0.080)
    parting: float = 0.3
    volume: float = 0.5
    brow_weight: float = 0.5
    brow_arch: float = 0.5
    eye_open: float = 0.77
    eye_tilt: float = 0.3
    eye_length: float = 0.47
    fold: float = 0.6
    iris: Colour = (0.190, 0.105, 0.060)
    nose_width: float = 0.5
    nose_length: float = 0.5
    lip_fullness: float = 0.5
    mouth_width: float = 0.5
    lip_tint: float = 0.5
    mouth_curve: float = 0.3
    stubble: float = 0.0
    moles: tuple[tuple[float, float], ...] = ()
    glasses: str = ""
    garment: str = "shirt"
    top: Colour = (0.16, 0.17, 0.19)
    wall: Colour = (0.80, 0.82, 0.84)
    light_side: float = 0.2
    roll: float = 0.0
    size: float = 1.0
    offset: float = 0.0

    @classmethod
    def random(cls, seed: int, *, gender: str = "") -> Self:
        """A random person; the same seed gives the same person.

        `gender` is "female", "male", or "" for either.
        """
        chance = random.Random(f"drawn-{seed}")
        sex = chance.choice(("female", "male"))
        sex = gender or sex
        skin = mix(pick(chance, SKINS), pick(chance, SKINS), chance.uniform(0, 0.25))
        dark = sum(skin) < 1.5
        person = cls(
            seed=seed,
            gender=sex,
            skin=skin,
            face_width=chance.uniform(0.955, 1.035),
            jaw=chance.uniform(0.15, 0.65) if sex == "female" else chance.uniform(0.45, 1.0),
            chin=chance.uniform(0.2, 0.7) if sex == "female" else chance.uniform(0.4, 0.9),
            hair_style=chance.choice(FEMALE_STYLES if sex == "female" else MALE_STYLES),
            hair_colour=HAIR_COLOURS[0][0] if dark else pick(chance, HAIR_COLOURS),
            parting=chance.choice((-1, 1)) * chance.uniform(0.05, 0.5),
            volume=chance.uniform(0.25, 0.85),
            brow_weight=chance.uniform(0.25, 0.55) if sex == "female" else chance.uniform(0.5, 0.95),
            brow_arch=chance.uniform(0.3, 0.9) if sex == "female" else chance.uniform(0.1, 0.55),
            eye_open=chance.uniform(0.70, 0.82),
            eye_tilt=chance.uniform(-0.1, 0.8),
            eye_length=chance.uniform(0.455, 0.495),
            fold=chance.uniform(0.1, 1.0),
            iris=pick(chance, IRIS_COLOURS[: 2 if dark else 5]),
            nose_width=chance.uniform(0.2, 0.6) + (0.3 if dark else 0) + (0.1 if sex == "male" else 0),
            nose_length=chance.uniform(0.3, 0.7),
            lip_fullness=chance.uniform(0.25, 0.7) + (0.25 if dark else 0),
            mouth_width=chance.uniform(0.3, 0.75),
            lip_tint=chance.uniform(0.45, 0.8) if sex == "female" else chance.uniform(0.2, 0.45),
            mouth_curve=chance.uniform(0.1, 0.6),
            stubble=chance.choice((0, 0, 0.25, 0.45)) if sex == "male" else 0.0,
            moles=tuple(
                (chance.uniform(-0.7, 0.7), chance.uniform(0.3, 1.5)) for _ in range(chance.choice((0, 0, 0, 1)))
            ),
            glasses=chance.choice(("", "", "", "round", "square")),
            garment=chance.choice(GARMENTS),
            top=chance.choice(TOPS),
            wall=chance.choice(WALLS),
            light_side=chance.uniform(-0.3, 0.3),
            roll=chance.uniform(-1.6, 1.6),
            size=chance.uniform(0.94, 1.05),
            offset=chance.uniform(-0.06, 0.06),
        )
        return replace(person, garment="crew") if person.garment == "suit" and person.hair_style == "bald" else person
