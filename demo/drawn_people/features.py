"""Eyes, brows, nose and mouth, drawn on the lit skin."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np

from demo.drawn_people.canvas import Box, Canvas, Colour, Floats, Frame, curve, mirrored, mix
from demo.drawn_people.head import tone
from demo.drawn_people.person import Person

# The radius in eye units: an iris is 11.7 mm wide when the pupils are 63 mm apart, as the mesh
# measures it.
IRIS = 0.101
IRIS_RISE = -0.022


@dataclass(frozen=True)
class Expression:
    """The expression of a face.

    `lids`: lid gap over iris diameter; `gaze`: offset in eye units; `gape`: open mouth; `left`: the expression of the left
    eye in the picture where the eyes differ.
    """

    lids: float
    gaze: tuple[float, float] = (0.0, 0.0)
    red_pupils: bool = False
    gape: float = 0.0
    teeth: bool = False
    left: Expression | None = None

    @property
    def is_shut(self) -> bool:
        return self.lids < 0.3


def on_side(points: object, side: int, *, centre: float = 0.5) -> Floats:
    """Points relative to a pupil, u outwards, as face coordinates.

    `side` -1 is the left eye in the picture.
    """
    local = np.asarray(points, np.float32) + (centre, 0)
    return local if side > 0 else mirrored(local)


def lid_curves(person: Person, expression: Expression) -> tuple[Floats, Floats]:
    """(upper, lower) lid from the inner corner outwards, relative to the pupil."""
    half = person.eye_length / 2
    outer = -0.012 - 0.030 * person.eye_tilt
    gap = expression.lids * 2 * IRIS
    low = 0.052 if not expression.is_shut else 0.050
    high = low - gap
    upper = [
        (-half - 0.012, 0.036),
        (-half * 0.72, 0.036 + (high - 0.036) * 0.60),
        (-half * 0.30, 0.012 + (high - 0.012) * 0.96 if not expression.is_shut else high + 0.004),
        (half * 0.12, high),
        (half * 0.58, outer + (high - outer) * 0.74),
        (half + 0.004, outer),
    ]
    lower = [
        (-half - 0.012, 0.036),
        (-half * 0.62, 0.036 + (low - 0.036) * 0.6),
        (-half * 0.05, low),
        (half * 0.48, low - 0.010),
        (half + 0.004, outer),
    ]
    return curve(upper, steps=12), curve(lower, steps=12)


def circle(u: float, v: float, radius: float) -> Floats:
    """A circle as a polygon."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False, dtype=np.float32)
    return np.stack([u + radius * np.cos(angle), v + radius * np.sin(angle)], 1)


def draw_iris(
    canvas: Canvas, frame: Frame, person: Person, expression: Expression, side: int, ball: tuple[Box, Floats]
) -> None:
    """The iris with its fibres, pupil and the window's reflection, cut by the lids."""
    u, v = side * 0.5 + expression.gaze[0], IRIS_RISE + expression.gaze[1]
    colour = person.iris
    canvas.fill(frame, circle(u, v, IRIS), mix(colour, (0.02, 0.015, 0.015), 0.62), feather=0.006, within=ball)
    canvas.fill(frame, circle(u, v, IRIS * 0.86), colour, feather=0.012, within=ball)
    chance = random.Random(person.seed)
    fibres = []
    for _ in range(34):
        angle, start, end = chance.uniform(0, 6.28), chance.uniform(0.45, 0.6), chance.uniform(0.72, 0.92)
        spoke = np.array([np.cos(angle), np.sin(angle)]) * IRIS
        fibres.append(np.array([(u, v) + spoke * start, (u, v) + spoke * end], np.float32))
    canvas.strokes(
        frame, fibres, mix(colour, (0.9, 0.7, 0.45), 0.35), width=0.006, alpha=0.4, feather=0.003, within=ball
    )
    glow = curve([(u - 0.06, v + 0.03), (u, v + 0.075), (u + 0.06, v + 0.03), (u, v + 0.05)], closed=True)
    canvas.fill(frame, glow, mix(colour, (0.85, 0.65, 0.45), 0.5), alpha=0.55, feather=0.014, within=ball)
    # A flash comes back through pupils that the dark has widened.
    pupil, size = ((0.80, 0.09, 0.07), 0.58) if expression.red_pupils else ((0.015, 0.012, 0.012), 0.42)
    canvas.fill(frame, circle(u, v, IRIS * size), pupil, feather=0.006, within=ball)


def draw_glint(canvas: Canvas, frame: Frame, expression: Expression, side: int, ball: tuple[Box, Floats]) -> None:
    """The light's reflections on the eyeball."""
    u, v = side * 0.5 + expression.gaze[0], IRIS_RISE + expression.gaze[1]
    window = curve(
        [(u - 0.050, v - 0.048), (u - 0.018, v - 0.052), (u - 0.016, v - 0.020), (u - 0.046, v - 0.018)], closed=True
    )
    canvas.fill(frame, window, (1, 1, 1), alpha=0.92, feather=0.004, within=ball)
    canvas.fill(frame, circle(u + 0.038, v + 0.036, 0.011), (1, 1, 1), alpha=0.38, feather=0.005, within=ball)


def draw_ball(
    canvas: Canvas, frame: Frame, person: Person, expression: Expression, side: int, lids: tuple[Floats, Floats]
) -> None:
    """The part of the eyeball between open lids."""
    upper, lower = (on_side(lid, side) for lid in lids)
    opening = np.concatenate([upper, lower[::-1]])
    ball = canvas.mask(frame, opening, feather=0.004)
    white = mix((0.90, 0.885, 0.875), person.skin, 0.10)
    canvas.fill(frame, opening, white, feather=0.004)
    for corner, reach in ((-0.25, 0.09), (0.27, 0.08)):
        u, v = (float(value) for value in on_side([(corner, 0.02)], side)[0])
        canvas.fill(
            frame,
            circle(u, v, reach),
            mix(white, tone(person, 0.55), 0.6),
            alpha=0.6,
            feather=0.035,
            within=ball,
        )
    caruncle = on_side(circle(-person.eye_length / 2 + 0.008, 0.033, 0.022), side)
    canvas.fill(
        frame, caruncle, mix(tone(person, 0.85), (0.80, 0.42, 0.40), 0.5), alpha=0.8, feather=0.008, within=ball
    )
    draw_iris(canvas, frame, person, expression, side, ball)
    canvas.strokes(frame, [upper + (0, 0.012)], (0.12, 0.07, 0.06), width=0.055, alpha=0.50, feather=0.014, within=ball)
    draw_glint(canvas, frame, expression, side, ball)
    wet = on_side(lids[1][6:-4] + (0, -0.006), side)
    canvas.strokes(frame, [wet], mix(tone(person, 1.0), (1, 0.86, 0.82), 0.5), width=0.010, alpha=0.5, feather=0.004)


def draw_lashes(canvas: Canvas, frame: Frame, person: Person, side: int, lids: tuple[Floats, Floats]) -> None:
    """The dark line of the upper lid, its lashes, and the faint one below."""
    upper, lower = lids
    dark = mix(person.hair_colour, (0.05, 0.035, 0.035), 0.6)
    female = person.gender == "female"
    swell = np.sin(np.linspace(0.25, 2.6, len(upper), dtype=np.float32)) * (0.022 if female else 0.016) + 0.004
    line = np.concatenate([upper + (0, 0.004), (upper - np.stack([0 * swell, swell], 1))[::-1]])
    canvas.fill(frame, on_side(line, side), dark, alpha=0.92, feather=0.004)
    chance = random.Random(person.seed * 2 + side)
    hairs = []
    for index in range(8, len(upper), 2):
        u, v = upper[index]
        lean = (index / len(upper) - 0.35) * 0.07 + chance.uniform(-0.012, 0.012)
        reach = (0.046 if female else 0.028) * (0.6 + 0.5 * index / len(upper)) * chance.uniform(0.75, 1.1)
        hairs.append(
            on_side(curve([(u, v), (u + lean * 0.35, v - reach * 0.45), (u + lean, v - reach)], steps=4), side)
        )
    canvas.strokes(frame, hairs, dark, width=0.005, alpha=0.60, feather=0.002)
    canvas.strokes(frame, [on_side(lower[8:], side)], tone(person, 0.42), width=0.010, alpha=0.55, feather=0.005)


def draw_eye(canvas: Canvas, frame: Frame, person: Person, expression: Expression, side: int) -> None:
    """One eye with its lids."""
    lids = lid_curves(person, expression)
    upper, _ = lids
    rise = 0.028 + 0.034 * person.fold
    crease = on_side(upper[3:] - (0, rise), side)
    if not expression.is_shut:
        shadow = np.concatenate([upper[2:], (upper[2:] - (0, rise + 0.02))[::-1]])
        canvas.fill(frame, on_side(shadow, side), tone(person, 0.62), alpha=0.34, feather=0.014)
        draw_ball(canvas, frame, person, expression, side, lids)
        canvas.strokes(frame, [crease], tone(person, 0.40), width=0.010, alpha=0.25 + 0.45 * person.fold, feather=0.006)
    else:
        canvas.strokes(
            frame, [on_side(upper[4:] - (0, 0.13), side)], tone(person, 0.5), width=0.012, alpha=0.5, feather=0.010
        )
    canvas.strokes(
        frame, [on_side(lids[1][6:-6] + (0, 0.055), side)], tone(person, 0.60), width=0.016, alpha=0.30, feather=0.014
    )
    draw_lashes(canvas, frame, person, side, lids)


def draw_brow(canvas: Canvas, frame: Frame, person: Person, side: int) -> None:
    """One brow: a soft ground and some ninety hairs that turn outwards."""
    arch = 0.045 * person.brow_arch
    line = curve(
        [(-0.245, -0.318), (-0.10, -0.345), (0.12, -0.362 - arch), (0.30, -0.330 - arch * 0.5), (0.430, -0.255)],
        steps=24,
    )
    place = np.linspace(0, 1, len(line), dtype=np.float32)
    thick = (0.026 + 0.030 * person.brow_weight) * np.interp(place, [0, 0.12, 0.45, 1], [0.55, 1.0, 0.95, 0.14]).astype(
        np.float32
    )
    across = np.stack([0 * thick, thick], 1)
    ground = np.concatenate([line - across, (line + across)[::-1]])
    colour = mix(person.hair_colour, (0.05, 0.04, 0.04), 0.35)
    canvas.fill(frame, on_side(ground, side), colour, alpha=0.30 + 0.22 * person.brow_weight, feather=0.018)
    chance = random.Random(person.seed * 3 + side)
    hairs = []
    for _ in range(int(110 + 90 * person.brow_weight)):
        share = chance.random() ** 0.9
        index = int(share * (len(line) - 1))
        high = chance.uniform(-0.95, 0.95)
        root = line[index] + (0, thick[index] * high)
        lean = np.array([0.030 + 0.035 * share, (-0.058 + 0.075 * share) * (0.5 + 0.5 * (high > -0.2))])
        hairs.append(on_side(curve([root, root + lean * 0.5 + (0, -0.004), root + lean], steps=3), side))
    for part, alpha in ((hairs[::2], 0.62), (hairs[1::2], 0.38)):
        canvas.strokes(frame, part, colour, width=0.0055, alpha=alpha, feather=0.003)


def draw_nose(canvas: Canvas, frame: Frame, person: Person) -> None:
    """Nostrils and the creases of the wings; the rest of the nose is relief."""
    tip = 0.58 + 0.10 * (person.nose_length - 0.5)
    wide = 0.86 + 0.30 * (person.nose_width - 0.2)
    deep = mix(tone(person, 0.22), (0.10, 0.03, 0.03), 0.3)
    under = curve(
        [(-0.15 * wide, tip + 0.145), (0, tip + 0.185), (0.15 * wide, tip + 0.145), (0, tip + 0.215)], closed=True
    )
    canvas.fill(frame, under, tone(person, 0.50), alpha=0.30, feather=0.028)
    for side in (-1, 1):
        hole = [(0.050, 0.150), (0.105, 0.118), (0.160, 0.128), (0.150, 0.158), (0.095, 0.168)]
        nostril = on_side(curve(np.array(hole) * (wide, 1) + (0, tip), closed=True), side, centre=0.0)
        canvas.fill(frame, nostril, deep, alpha=0.72, feather=0.014)
        wing = curve(np.array([(0.225, -0.005), (0.262, 0.070), (0.235, 0.150), (0.190, 0.165)]) * (wide, 1) + (0, tip))
        canvas.strokes(
            frame, [on_side(wing, side, centre=0.0)], tone(person, 0.45), width=0.018, alpha=0.38, feather=0.012
        )


def lip_curves(person: Person, expression: Expression) -> tuple[Floats, Floats, Floats, Floats]:
    """(top edge, line of the upper lip, line of the lower lip, bottom edge), left to right."""
    half = 0.345 + 0.07 * person.mouth_width + (0.03 if expression.teeth else 0)
    full = 0.75 + 0.5 * person.lip_fullness
    rise = 0.018 + 0.030 * person.mouth_curve + (0.045 if expression.teeth else 0)
    line, gape = 1.075, expression.gape
    top = [(0, line - 0.098 * full), (0.085, line - 0.120 * full), (0.22, line - 0.072 * full), (half, line - rise)]
    upper = [
        (0, line + 0.004 - gape * 0.25),
        (0.10, line - 0.006 - gape * 0.25),
        (0.24, line + 0.004 - gape * 0.15),
        (half, line - rise),
    ]
    lower = [
        (0, line + 0.005 + gape * 0.75),
        (0.10, line - 0.004 + gape * 0.70),
        (0.24, line + 0.005 + gape * 0.35),
        (half, line - rise),
    ]
    bottom = [
        (0, line + 0.150 * full + gape * 0.75),
        (0.12, line + 0.138 * full + gape * 0.70),
        (0.25, line + 0.076 * full + gape * 0.4),
        (half, line - rise),
    ]

    def both(half_points: list[tuple[float, float]]) -> Floats:
        right = np.asarray(half_points, np.float32)
        return curve(np.concatenate([mirrored(right)[:0:-1], right]), steps=10)

    return both(top), both(upper), both(lower), both(bottom)


def lip_colour(person: Person) -> Colour:
    """The lips: the skin with more blood in it."""
    natural = np.asarray(person.skin) * (0.90, 0.63, 0.62)
    return mix(tuple(natural), (0.76, 0.28, 0.30), 0.10 + 0.42 * max(0, person.lip_tint - 0.4))


def draw_mouth(canvas: Canvas, frame: Frame, person: Person, expression: Expression) -> None:
    """Lips, the line between them, or what an open mouth shows."""
    top, upper, lower, bottom = lip_curves(person, expression)
    colour = lip_colour(person)
    lips = np.concatenate([top, bottom[::-1]])
    skin = canvas.mask(frame, lips, feather=0.012)
    area = canvas.pixels[skin[0]]
    # The lips are tinted and not painted over, so that the light on the relief stays.
    tint = np.asarray(colour) / np.asarray(person.skin)
    canvas.blend(skin[0], skin[1] * (0.40 + 0.55 * person.lip_tint), np.clip(area * tint, 0, 1))
    canvas.fill(
        frame, np.concatenate([top, upper[::-1]]), mix(colour, (0.2, 0.05, 0.06), 0.5), alpha=0.22, feather=0.012
    )
    chance = random.Random(person.seed * 5)
    folds = [
        curve(
            [
                (u, 1.095 + expression.gape * 0.7),
                (u * 1.03, 1.15 + expression.gape * 0.7),
                (u * 1.02, 1.19 + expression.gape * 0.7),
            ],
            steps=3,
        )
        for u in (chance.uniform(-0.25, 0.25) for _ in range(26))
    ]
    canvas.strokes(
        frame, folds, mix(colour, (0.25, 0.06, 0.07), 0.5), width=0.006, alpha=0.16, feather=0.004, within=skin
    )
    shine = curve([(-0.13, 1.128), (0, 1.142), (0.12, 1.128), (0, 1.165)], closed=True) + (0, expression.gape * 0.75)
    canvas.fill(frame, shine, (1, 0.93, 0.90), alpha=0.20, feather=0.022, within=skin)
    if expression.gape > 0.02:
        draw_gape(canvas, frame, expression, upper, lower)
    dark = mix(tuple(np.asarray(colour) * 0.36), (0.18, 0.04, 0.05), 0.4)
    canvas.strokes(frame, [upper], dark, width=0.012, alpha=0.62, feather=0.006)
    for end in (upper[:3], upper[-3:]):
        canvas.strokes(frame, [end], tone(person, 0.40), width=0.024, alpha=0.30, feather=0.014)


def draw_gape(canvas: Canvas, frame: Frame, expression: Expression, upper: Floats, lower: Floats) -> None:
    """The inside of an open mouth, with the upper teeth where they show."""
    hole = np.concatenate([upper, lower[::-1]])
    canvas.fill(frame, hole, (0.30, 0.10, 0.10), alpha=0.5, feather=0.012)
    inside = canvas.mask(frame, hole, feather=0.004)
    canvas.fill(frame, hole, (0.19, 0.05, 0.06), feather=0.004)
    if expression.teeth:
        # The teeth follow the smile's arc: full height in the middle, nothing at the corners.
        arc = np.clip(1 - (upper[:, 0] / 0.34) ** 2, 0, 1)
        bite = upper + np.stack([0 * arc, arc * expression.gape * 0.62], 1)
        canvas.fill(frame, np.concatenate([upper, bite[::-1]]), (0.93, 0.91, 0.87), feather=0.006, within=inside)
        gaps = [np.array([(u, 1.0), (u * 1.02, 1.3)], np.float32) for u in np.arange(-0.27, 0.28, 0.077)]
        canvas.strokes(frame, gaps, (0.62, 0.56, 0.53), width=0.006, alpha=0.4, feather=0.003, within=inside)


def draw_features(canvas: Canvas, frame: Frame, person: Person, expression: Expression) -> None:
    """All of the face's features."""
    draw_nose(canvas, frame, person)
    draw_mouth(canvas, frame, person, expression)
    for side in (-1, 1):
        draw_eye(canvas, frame, person, (expression.left if side < 0 else None) or expression, side)
        draw_brow(canvas, frame, person, side)
