"""Clothes: a lit torso in one of six cuts."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from demo.drawn_people.canvas import Box, Canvas, Colour, Floats, Frame, Patch, curve, cut, mirrored, mix, outline
from demo.drawn_people.head import ramp
from demo.drawn_people.person import Person

WHITE: Colour = (0.90, 0.90, 0.90)
CREW_NECK = [(0.0, 2.86), (0.38, 2.78), (0.70, 2.54), (0.86, 2.34)]


def torso(person: Person, *, neck: list[tuple[float, float]]) -> Floats:
    """Shoulders and chest, the neckline given as its right half from the middle outwards."""
    wide = 2.62 if person.gender == "male" else 2.28
    half = [
        *neck,
        (1.35, 2.66),
        (wide * 0.82, 2.98),
        (wide, 3.40),
        (wide + 0.14, 4.2),
        (wide + 0.18, 7.5),
        (wide + 0.18, 18),
        (0, 18),
    ]
    return outline(half, steps=8)


def cloth(person: Person, colour: Colour, *, rough: float = 0.05) -> Patch:
    """Fabric lit from above: rounded to the sides, with folds."""
    u = np.linspace(-3.2, 3.2, 200, dtype=np.float32)
    v = np.linspace(2.0, 7.0, 156, dtype=np.float32)
    across, down = np.meshgrid(u, v)
    chance = np.random.default_rng(person.seed + 7)
    light = 0.90 - 0.055 * across**2 + 0.10 * across * person.light_side - 0.05 * (down - 3.4)
    light += 0.10 * np.exp(-0.5 * ((down - 2.75 - 0.17 * np.abs(across) ** 1.6) / 0.16) ** 2)
    folds = cv2.GaussianBlur(chance.normal(0, 1, across.shape).astype(np.float32), (0, 0), sigmaX=7, sigmaY=13)
    slant = cv2.warpAffine(
        folds, np.array([[1, 0.35, 0], [-0.25, 1, 20]], np.float32), folds.shape[::-1], borderMode=cv2.BORDER_REFLECT
    )
    light += rough * slant / slant.std() * ramp(down, 2.3, 3.3)
    light *= 1 - 0.30 * np.exp(-0.5 * (across / 0.75) ** 2) * (1 - ramp(down, 2.3, 2.75))
    rgb = np.asarray(colour, np.float32) * np.clip(light, 0.25, 1.25)[..., None]
    return Patch(np.clip(rgb, 0, 1).astype(np.float32), np.ones(light.shape, np.float32), (-3.2, 2.0), 199 / 6.4)


def draw_body(
    canvas: Canvas,
    frame: Frame,
    person: Person,
    colour: Colour,
    neck: list[tuple[float, float]],
    *,
    rough: float = 0.05,
) -> tuple[Box, Floats]:
    """The torso, with a shadow where it meets the neck; gives its mask."""
    shape = torso(person, neck=neck)
    box, shadow = canvas.mask(frame, shape - (0, 0.03), feather=0.035)
    near_neck = canvas.mask(frame, curve([(-1.0, 1.9), (1.0, 1.9), (1.0, 5.0), (-1.0, 5.0)], closed=True), feather=0.05)
    canvas.blend(box, shadow * cut(near_neck, box) * 0.45, canvas.pixels[box] * 0.45)
    edge = canvas.mask(frame, shape, feather=0.006)
    canvas.fill(frame, shape, mix(colour, (0, 0, 0), 0.35), feather=0.006)
    canvas.stamp(frame, cloth(person, colour, rough=rough), within=edge)
    return edge


def both_sides(points: object) -> tuple[Floats, Floats]:
    """A shape and its mirror image."""
    right = np.asarray(points, np.float32)
    return right, mirrored(right)


def shape_with_edge(canvas: Canvas, frame: Frame, shape: Floats, colour: Colour) -> None:
    """A flat piece of cloth: its cast shadow, itself, a darker seam."""
    canvas.fill(frame, shape + (0, 0.035), (0, 0, 0), alpha=0.30, feather=0.03)
    canvas.fill(frame, shape, colour, feather=0.006)
    canvas.strokes(
        frame,
        [np.concatenate([shape, shape[:1]])],
        mix(colour, (0, 0, 0), 0.35),
        width=0.012,
        alpha=0.45,
        feather=0.004,
    )


def draw_collar(canvas: Canvas, frame: Frame, colour: Colour, *, spread: float = 0.0) -> None:
    """A shirt's collar: the band behind the neck's sides and two wings."""
    for wing in both_sides(
        [
            (0.84, 2.22),
            (0.93, 2.42),
            (0.60 + spread, 3.12),
            (0.30 + spread, 3.02),
            (0.05, 2.82),
            (0.34, 2.66),
            (0.70, 2.36),
        ]
    ):
        shape_with_edge(canvas, frame, wing, colour)
    for stand in both_sides(
        [(0.84, 2.22), (0.70, 2.36), (0.34, 2.66), (0.05, 2.82), (0.30, 2.58), (0.66, 2.26), (0.80, 2.12)]
    ):
        canvas.fill(frame, stand, mix(colour, (0, 0, 0), 0.20), feather=0.006)


def draw_shirt(canvas: Canvas, frame: Frame, person: Person) -> None:
    """A buttoned shirt."""
    body = draw_body(canvas, frame, person, person.top, [(0, 2.84), (0.42, 2.62), (0.80, 2.28)])
    dark = mix(person.top, (0, 0, 0), 0.4)
    canvas.strokes(
        frame,
        [np.array([(x, 2.80), (x, 7.4)], np.float32) for x in (-0.13, 0.13)],
        dark,
        width=0.012,
        alpha=0.5,
        feather=0.004,
        within=body,
    )
    for v in np.arange(3.30, 6.5, 0.85):
        angle = np.linspace(0, 6.2, 20)
        disc = np.stack([0.042 * np.cos(angle), v + 0.042 * np.sin(angle)], 1)
        canvas.fill(frame, disc + (0, 0.012), (0, 0, 0), alpha=0.3, feather=0.012)
        canvas.fill(frame, disc, mix(person.top, (0.95, 0.95, 0.92), 0.55), feather=0.004)
    draw_collar(canvas, frame, mix(person.top, (1, 1, 1), 0.05))


def draw_suit(canvas: Canvas, frame: Frame, person: Person) -> None:
    """A jacket over a white shirt, with a tie for men."""
    draw_body(
        canvas, frame, replace(person, seed=person.seed + 1), WHITE, [(0, 2.84), (0.42, 2.62), (0.80, 2.28)], rough=0.02
    )
    if person.gender == "male":
        colour = mix(person.top, (0.30, 0.05, 0.08), 0.75)
        knot = np.array([(-0.15, 2.74), (0.15, 2.74), (0.10, 3.02), (-0.10, 3.02)], np.float32)
        blade = np.array([(-0.10, 3.00), (0.10, 3.00), (0.24, 5.6), (-0.24, 5.6)], np.float32)
        shape_with_edge(canvas, frame, blade, colour)
        shape_with_edge(canvas, frame, knot, mix(colour, (0, 0, 0), 0.12))
    draw_collar(canvas, frame, mix(WHITE, (1, 1, 1), 0.3), spread=0.05)
    jacket = mix(person.top, (0.13, 0.13, 0.15), 0.62)
    depth = 4.9
    draw_body(
        canvas, frame, person, jacket, [(0, depth), (0.30, 4.05), (0.62, 3.15), (0.86, 2.48), (0.92, 2.34)], rough=0.03
    )
    for lapel in both_sides(
        [
            (0.95, 2.30),
            (1.10, 2.62),
            (1.16, 3.25),
            (0.92, 3.22),
            (1.02, 3.45),
            (0.24, depth - 0.25),
            (0.50, 3.55),
            (0.74, 2.85),
        ]
    ):
        shape_with_edge(canvas, frame, lapel, mix(jacket, (1, 1, 1), 0.06))


def draw_crew(canvas: Canvas, frame: Frame, person: Person) -> None:
    """A T-shirt or sweater with a round neck."""
    draw_body(canvas, frame, person, person.top, CREW_NECK)
    right = np.asarray(CREW_NECK, np.float32)
    seam = curve(np.concatenate([mirrored(right)[:0:-1], right]))
    for drop, width, share in ((0.045, 0.09, 0.10), (0.10, 0.012, 0.45)):
        canvas.strokes(
            frame, [seam + (0, drop)], mix(person.top, (0, 0, 0), share), width=width, alpha=0.8, feather=0.006
        )


def draw_vneck(canvas: Canvas, frame: Frame, person: Person) -> None:
    """A V-neck sweater over a white collar."""
    draw_body(
        canvas, frame, replace(person, seed=person.seed + 1), WHITE, [(0, 2.84), (0.42, 2.62), (0.80, 2.28)], rough=0.02
    )
    draw_collar(canvas, frame, mix(WHITE, (1, 1, 1), 0.2))
    neck = [(0.0, 3.72), (0.30, 3.25), (0.66, 2.72), (0.90, 2.38)]
    draw_body(canvas, frame, person, person.top, neck)
    for line in both_sides(neck):
        canvas.strokes(
            frame, [line + (0, 0.06)], mix(person.top, (0, 0, 0), 0.25), width=0.07, alpha=0.6, feather=0.010
        )


def draw_hoodie(canvas: Canvas, frame: Frame, person: Person) -> None:
    """A sweatshirt, its hood lying round the neck."""
    for hood in both_sides(
        curve([(0.70, 2.05), (1.18, 2.18), (1.42, 2.60), (1.0, 2.86), (0.4, 2.9), (0.62, 2.5)], closed=True)
    ):
        shape_with_edge(canvas, frame, hood, mix(person.top, (0, 0, 0), 0.22))
    draw_body(canvas, frame, person, person.top, [(0.0, 3.02), (0.34, 2.90), (0.74, 2.60), (0.98, 2.30)], rough=0.06)
    for roll in both_sides(
        curve(
            [
                (0.98, 2.26),
                (1.22, 2.48),
                (1.02, 2.86),
                (0.42, 3.16),
                (0.02, 3.20),
                (0.02, 3.02),
                (0.36, 2.90),
                (0.76, 2.62),
            ],
            closed=True,
        )
    ):
        shape_with_edge(canvas, frame, roll, mix(person.top, (1, 1, 1), 0.05))
    for line in both_sides(curve([(0.30, 3.16), (0.34, 3.7), (0.31, 4.3)])):
        canvas.strokes(frame, [line], mix(person.top, (1, 1, 1), 0.55), width=0.045, feather=0.006)


CUTS = {"shirt": draw_shirt, "suit": draw_suit, "crew": draw_crew, "vneck": draw_vneck, "hoodie": draw_hoodie}


def draw_clothes(canvas: Canvas, frame: Frame, person: Person) -> None:
    """The person's garment, over the neck."""
    CUTS[person.garment](canvas, frame, person)
