"""Glasses: a thin frame, clear lenses, and the two ways they break the rules."""

from __future__ import annotations

import numpy as np

from demo.drawn_people.canvas import Canvas, Floats, Frame, curve
from demo.drawn_people.features import on_side
from demo.drawn_people.person import Person

SHAPES = {
    "round": [
        (-0.36, 0.04),
        (-0.26, -0.19),
        (0.02, -0.27),
        (0.29, -0.19),
        (0.37, 0.05),
        (0.28, 0.29),
        (0.0, 0.37),
        (-0.27, 0.29),
    ],
    "square": [
        (-0.37, -0.02),
        (-0.33, -0.19),
        (0.0, -0.22),
        (0.35, -0.20),
        (0.40, -0.02),
        (0.34, 0.24),
        (0.0, 0.29),
        (-0.31, 0.25),
    ],
}


def lens(person: Person, side: int) -> Floats:
    """The edge of one lens."""
    shape = curve(SHAPES[person.glasses or "square"], closed=True)
    return on_side(shape * (0.96, 1) + (0, 0.03), side)


def draw_glasses(canvas: Canvas, frame: Frame, person: Person, *, tint: float = 0.0, glare: bool = False) -> None:
    """Frame, bridge and temples.

    `tint` darkens the lenses, `glare` lays a window's reflection on them.
    """
    metal = (0.13, 0.12, 0.13) if person.seed % 3 else (0.42, 0.30, 0.20)
    lenses = [lens(person, side) for side in (-1, 1)]
    for edge in lenses:
        canvas.strokes(
            frame,
            [np.concatenate([edge, edge[:1]]) + (0, 0.035)],
            (0.20, 0.10, 0.08),
            width=0.03,
            alpha=0.16,
            feather=0.02,
        )
        if tint:
            canvas.fill(frame, edge, (0.06, 0.05, 0.05), alpha=tint)
        if glare:
            draw_glare(canvas, frame, edge)
    bridge = curve([(-0.16, -0.02), (-0.07, -0.075), (0.07, -0.075), (0.16, -0.02)])
    temples = [
        np.array([(0.86, -0.10), (1.10, -0.13)], np.float32),
        np.array([(-0.86, -0.10), (-1.10, -0.13)], np.float32),
    ]
    lines = [np.concatenate([edge, edge[:1]]) for edge in lenses]
    canvas.strokes(frame, [*lines, bridge, *temples], metal, width=0.022, alpha=0.95, feather=0.003)
    shine = [line[len(line) // 8 : len(line) // 4] - (0, 0.004) for line in lines]
    canvas.strokes(frame, shine, (1, 1, 1), width=0.008, alpha=0.35, feather=0.004)


def draw_glare(canvas: Canvas, frame: Frame, edge: Floats) -> None:
    """A lamp reflected broadly in one lens."""
    cover = canvas.mask(frame, edge)
    middle = edge.mean(0)
    band = np.array([(-0.20, -0.20), (0.16, -0.20), (0.02, 0.22), (-0.30, 0.22)], np.float32) + middle
    canvas.fill(frame, band, (1, 1, 1), alpha=0.97, feather=0.012, within=cover)
