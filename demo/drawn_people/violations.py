"""Photos that break a rule: the scene is changed before it is painted, or the picture afterwards.

A violation has the name of the rule that it breaks. `VIOLATIONS` lists all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from demo.drawn_people.camera import Pixels
from demo.drawn_people.canvas import Canvas, Colour, Frame, curve, mirrored, soften
from demo.drawn_people.clothes import CREW_NECK, torso
from demo.drawn_people.features import Expression
from demo.drawn_people.head import DENSITY, LEFT, TOP, relief
from demo.drawn_people.person import Person

TABLE = (104, 78, 58)  # of wood
FRONT_BLUE: Colour = (0.392, 0.773, 1.0)  # the portrait's own background


@dataclass(frozen=True)
class Scene:
    """The content of one photo: person, expression, wall, light, things that break a rule."""

    person: Person
    wall: Colour
    expression: Expression
    companion: Person | None = None
    is_empty: bool = False
    has_fringe: bool = False
    cover: str = ""
    tint: float = 0.0
    glare: bool = False
    pores: float = 1.0
    light: tuple[float, float, float] = (1.0, 1.0, 1.0)
    dark_side: float = 0.0
    checks: bool = False
    chain: bool = False
    extra: dict[str, float] = field(default_factory=dict)


def with_person(scene: Scene, **changes: object) -> Scene:
    """The scene with its person changed."""
    return replace(scene, person=replace(scene.person, **changes))  # type: ignore[arg-type]


def with_expression(scene: Scene, **changes: object) -> Scene:
    """The scene with the expression changed."""
    return replace(scene, expression=replace(scene.expression, **changes))  # type: ignore[arg-type]


def with_glasses(scene: Scene, **changes: object) -> Scene:
    """The scene with the person in glasses."""
    return replace(with_person(scene, glasses=scene.person.glasses or "square"), **changes)  # type: ignore[arg-type]


BEFORE: dict[str, Callable[[Scene], Scene]] = {
    "one_face": lambda scene: replace(scene, companion=Person.random(scene.person.seed + 1000)),
    "nobody": lambda scene: replace(scene, is_empty=True),
    "face_size": lambda scene: with_person(scene, size=0.33),
    "too_close": lambda scene: with_person(scene, size=2.2),
    "roll": lambda scene: with_person(scene, roll=14.0 if scene.person.roll > 0 else -14.0),
    "side_light": lambda scene: replace(scene, dark_side=0.86),
    "overexposed": lambda scene: replace(
        scene, light=tuple(1.5 / np.mean(scene.person.skin) * np.array([1, 1.02, 1.05]))
    ),
    "underexposed": lambda scene: replace(scene, light=(0.20, 0.20, 0.21)),
    "red_eye": lambda scene: with_expression(scene, red_pupils=True),
    "eyes": lambda scene: with_expression(scene, lids=0.08),
    "gaze": lambda scene: with_expression(scene, gaze=(0.115, 0.0)),
    "mouth": lambda scene: with_expression(scene, gape=0.17, teeth=True),
    "fringe": lambda scene: with_person(replace(scene, has_fringe=True), hair_colour=(0.095, 0.080, 0.080)),
    "necklace": lambda scene: with_person(replace(scene, chain=True), garment="crew"),
    "lens_glare": lambda scene: with_glasses(scene, glare=True),
    "tinted_lens": lambda scene: with_glasses(scene, tint=0.72),
    "head_cover": lambda scene: replace(scene, cover="cap"),
    "mask": lambda scene: replace(scene, cover="mask"),
    "clothes_background": lambda scene: with_person(scene, top=FRONT_BLUE, garment="crew"),
    "blue_top": lambda scene: with_person(scene, top=(0.16, 0.36, 0.78), garment="crew"),
    "pattern": lambda scene: with_person(replace(scene, checks=True), garment="crew", top=(0.62, 0.30, 0.28)),
    "beautified": lambda scene: with_person(replace(scene, pores=0.0), moles=(), stubble=0.0, glasses=""),
    "print_edge": lambda scene: with_person(scene, size=0.9, offset=0.0, roll=0.0),
    "colour": lambda scene: scene,
}


def light_scene(canvas: Canvas, scene: Scene) -> None:
    """Apply the strength and colour of the light, and darken one side."""
    if scene.light != (1.0, 1.0, 1.0):
        canvas.pixels *= np.asarray(scene.light, np.float32)
    if scene.dark_side:
        width = canvas.size[0]
        x = np.linspace(-1, 1, width, dtype=np.float32)
        fall = scene.dark_side / (1 + np.exp(-9 * (x - scene.person.offset * 0.32)))
        far = np.abs(x) / 0.75  # the wall behind stays lighter
        canvas.pixels *= (1 - fall * np.clip(1.35 - 0.6 * far, 0.55, 1))[None, :, None]


def cover_face(canvas: Canvas, frame: Frame, scene: Scene) -> None:
    """A mask over nose and mouth, a cap, a chain round the neck."""
    if scene.chain:
        draw_chain(canvas, frame)
    if scene.cover == "mask":
        draw_mask(canvas, frame)
    elif scene.cover == "cap":
        draw_cap(canvas, frame)


def draw_chain(canvas: Canvas, frame: Frame) -> None:
    """A polished silver chain with its shadow, high on the neck."""
    hanging = curve([(-0.58, 1.98), (-0.38, 2.12), (0, 2.18), (0.38, 2.12), (0.58, 1.98)])
    canvas.strokes(frame, [hanging + (0, 0.03)], (0.25, 0.14, 0.10), width=0.04, alpha=0.55, feather=0.008)
    canvas.strokes(frame, [hanging], (1.0, 1.0, 0.98), width=0.026, feather=0.004)


def draw_mask(canvas: Canvas, frame: Frame) -> None:
    """A surgical mask."""
    half = [(0, 0.26), (0.35, 0.30), (0.80, 0.40), (1.03, 0.54), (0.98, 1.10), (0.78, 1.50), (0.40, 1.84), (0, 1.92)]
    body = np.asarray(half, np.float32)
    shape = curve(np.concatenate([body, mirrored(body)[:0:-1]]), closed=True)
    edge = canvas.mask(frame, shape, feather=0.006)
    canvas.fill(frame, shape + (0, 0.03), (0, 0, 0), alpha=0.25, feather=0.04)
    canvas.fill(frame, shape, (0.60, 0.80, 0.88), feather=0.006)
    pleats = [curve([(-0.95, v - 0.06), (0, v + 0.05), (0.95, v - 0.06)]) for v in (0.86, 1.08, 1.30)]
    canvas.strokes(frame, pleats, (0.50, 0.64, 0.70), width=0.03, alpha=0.6, feather=0.02, within=edge)
    loops = [curve([(side * 1.02, 0.56), (side * 1.10, 0.33), (side * 1.16, 0.10)]) for side in (-1, 1)]
    canvas.strokes(frame, loops, (0.90, 0.92, 0.93), width=0.025, feather=0.004)


def draw_cap(canvas: Canvas, frame: Frame) -> None:
    """A baseball cap in a loud colour."""
    crown = curve(
        [
            (-1.24, -0.72),
            (-1.16, -1.45),
            (-0.62, -2.00),
            (0, -2.10),
            (0.62, -2.00),
            (1.16, -1.45),
            (1.24, -0.72),
            (0, -0.88),
        ],
        closed=True,
    )
    peak = curve([(-1.08, -0.80), (0, -1.02), (1.08, -0.80), (0.82, -0.50), (0, -0.38), (-0.82, -0.50)], closed=True)
    canvas.fill(frame, crown, (0.74, 0.13, 0.16), feather=0.008)
    seams = [curve([(u * 0.25, -2.08), (u * 0.8, -1.55), (u, -0.85)]) for u in (-0.7, 0.0001, 0.7)]
    canvas.strokes(frame, seams, (0.45, 0.06, 0.08), width=0.014, alpha=0.7, feather=0.005)
    canvas.fill(frame, peak + (0, 0.08), (0.08, 0.03, 0.03), alpha=0.40, feather=0.07)
    canvas.fill(frame, peak, (0.60, 0.09, 0.12), feather=0.008)


def draw_checks(canvas: Canvas, frame: Frame, person: Person) -> None:
    """A loud check over the whole top; `frame` is the body's."""
    top = canvas.mask(frame, torso(person, neck=CREW_NECK))
    down = [np.array([(u, 2.2), (u, 7)], np.float32) for u in np.arange(-2.9, 3.0, 0.17)]
    over = [np.array([(-3.0, v), (3.0, v)], np.float32) for v in np.arange(2.3, 6.5, 0.17)]
    canvas.strokes(frame, down, (0.95, 0.93, 0.88), width=0.05, alpha=0.85, within=top)
    canvas.strokes(frame, over, (0.10, 0.09, 0.12), width=0.05, alpha=0.75, within=top)


def turn_head(pixels: Pixels, scene: Scene, *, degrees: float = 20.0) -> Pixels:
    """Turn the head: every point moves sideways by its height in the relief."""
    height, width = pixels.shape[:2]
    unit = 0.160 * width * scene.person.size
    x0, y0 = width * (0.5 + scene.person.offset * 0.160), height * 0.395
    depth = np.clip(cv2.GaussianBlur(relief(scene.person), (0, 0), 9), 0, None)
    turn = np.deg2rad(degrees)
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    u, v = (columns - x0) / unit, (rows - y0) / unit
    source = u.copy()
    for _ in range(3):
        at = cv2.remap(
            depth, (source - LEFT) * DENSITY, (v - TOP) * DENSITY, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
        )
        near = np.clip(1.25 - np.hypot(np.maximum(np.abs(u) - 0.2, 0) / 1.3, (v - 0.1) / 2.4), 0, 1)
        near = np.clip(near * 3, 0, 1)
        source = u + near * ((u - np.sin(turn) * (at - 0.45)) / np.cos(turn) - u)
    return cv2.remap(
        pixels, (source * unit + x0).astype(np.float32), rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def shake(pixels: Pixels, scene: Scene) -> Pixels:
    """Out of focus."""
    return cv2.GaussianBlur(pixels, (0, 0), pixels.shape[1] / 150)


def photograph_screen(pixels: Pixels, scene: Scene) -> Pixels:
    """The photo shown on a screen and photographed again: the pixel grids make a moiré pattern."""
    height, width = pixels.shape[:2]
    period = 0.160 * width * 0.033  # the grid is seen as finely as the face is large
    x, y = np.arange(width, dtype=np.float32)[None, :], np.arange(height, dtype=np.float32)[:, None]
    grid = 1 + 0.20 * np.sin(2 * np.pi * (x + 0.40 * y) / period)
    shown = (
        cv2.GaussianBlur(pixels, (0, 0), width / 400).astype(np.float32)
        * grid[..., None]
        * np.array([0.94, 0.98, 1.05], np.float32)
    )
    return np.clip(shown, 0, 255).astype(np.uint8)


def photograph_print(pixels: Pixels, scene: Scene) -> Pixels:
    """A print lying on a table, photographed again with its white edge."""
    height, width = pixels.shape[:2]
    table = np.full_like(pixels, TABLE)
    across, down, rim = round(width * 0.72), round(height * 0.76), round(width * 0.018)
    left, top = (width - across) // 2, round(height * 0.08)
    table[top - rim : top + down + rim, left - rim : left + across + rim] = 243
    print_left, print_top = (width - across) // 2, round(height * 0.09)
    printed = pixels[print_top : print_top + down, print_left : print_left + across]
    # Paper is darker than the original.
    table[top : top + down, left : left + across] = cv2.convertScaleAbs(printed, alpha=0.84)
    return table


def smooth_skin(pixels: Pixels, scene: Scene) -> Pixels:
    """A beauty filter: skin loses its pores while edges stay."""
    soft = cv2.GaussianBlur(pixels, (0, 0), pixels.shape[1] / 190)
    edges = cv2.absdiff(cv2.GaussianBlur(pixels, (0, 0), 1.5), soft).max(2).astype(np.float32)
    keep = soften(np.clip((edges - 9) / 9, 0, 1), pixels.shape[1] / 400)[..., None]
    return (soft + (pixels.astype(np.float32) - soft) * keep).astype(np.uint8)


def recolour(pixels: Pixels, scene: Scene) -> Pixels:
    """A black-and-white filter."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)


AFTER: dict[str, Callable[[Pixels, Scene], Pixels]] = {
    "yaw": turn_head,
    "sharpness": shake,
    "screen": photograph_screen,
    "print_edge": photograph_print,
    "beautified": smooth_skin,
    "colour": recolour,
}
VIOLATIONS: tuple[str, ...] = tuple(dict.fromkeys([*BEFORE, *AFTER]))
