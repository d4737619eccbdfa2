"""How people are: head covers of faith and culture, bandages, scars, skin and eyes of other kinds, a headrest.

No rule may reject one of them (docs/decisions/032). `APPEARANCES` names all of them; each has up to four parts: a changed
scene, something behind the person, something on the bare skin, and something over the finished head.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from demo.drawn_people.camera import Pixels
from demo.drawn_people.canvas import Box, Canvas, Colour, Floats, Frame, curve, cut, mirrored, mix, outline, soften
from demo.drawn_people.hair import rounded
from demo.drawn_people.head import face_outline
from demo.drawn_people.violations import Scene, with_expression, with_person

Draw = Callable[[Canvas, Frame, Scene], None]

SCARVES: list[Colour] = [
    (0.42, 0.14, 0.22),
    (0.30, 0.33, 0.28),
    (0.20, 0.18, 0.20),
    (0.62, 0.55, 0.46),
    (0.36, 0.24, 0.36),
]
# Without the beige: light cloth over light hair is not noticed, and the demo shows what is.
TURBANS = [colour for colour in SCARVES if max(colour) < 0.6]
GAUZE: Colour = (0.93, 0.92, 0.89)
PALE_SKIN: Colour = (0.985, 0.925, 0.895)
PALE_HAIR: Colour = (0.93, 0.90, 0.80)
PALE_IRIS: Colour = (0.52, 0.58, 0.66)
FACE_OPENING = [
    (0.0, -1.22),
    (0.45, -1.16),
    (0.80, -0.92),
    (1.00, -0.50),
    (1.06, 0.10),
    (1.02, 0.72),
    (0.86, 1.26),
    (0.52, 1.72),
    (0.0, 1.93),
]


@dataclass(frozen=True)
class Appearance:
    """What is drawn for one appearance, from back to front; `after` changes the finished picture."""

    change: Callable[[Scene], Scene] = lambda scene: scene
    behind: Draw | None = None
    on_skin: Draw | None = None
    over: Draw | None = None
    after: Callable[[Pixels, Scene], Pixels] | None = None


def colour_of(scene: Scene, colours: list[Colour] = SCARVES) -> Colour:
    """The colour of the cloth, by the person."""
    return colours[scene.person.seed % len(colours)]


def draw_folds(canvas: Canvas, frame: Frame, lines: list[Floats], colour: Colour, within: tuple[Box, Floats]) -> None:
    """Soft folds of cloth: a dark line with a light one beside it."""
    canvas.strokes(frame, lines, mix(colour, (0, 0, 0), 0.45), width=0.05, alpha=0.45, feather=0.035, within=within)
    raised = [line + (0.03, -0.04) for line in lines]
    canvas.strokes(frame, raised, mix(colour, (1, 1, 1), 0.35), width=0.04, alpha=0.35, feather=0.03, within=within)


def draw_hijab(canvas: Canvas, frame: Frame, scene: Scene) -> None:
    """Cloth round the face: over hair, ears and neck down to the shoulders."""
    colour = colour_of(scene)
    outer = outline(
        [
            (0.0, -1.86),
            (0.55, -1.76),
            (1.05, -1.36),
            (1.32, -0.70),
            (1.36, 0.2),
            (1.30, 1.1),
            (1.34, 1.8),
            (1.75, 2.6),
            (1.95, 3.2),
            (1.2, 3.5),
            (0.0, 3.62),
        ]
    )
    drape(canvas, frame, colour, outer, outline(FACE_OPENING))
    shown = ring_mask(canvas, frame, outer, outline(FACE_OPENING))
    sides = [
        curve([(0.30, -1.80), (0.95, -1.20), (1.20, -0.2), (1.14, 0.8), (0.9, 1.7)]),
        curve([(1.25, 0.9), (0.9, 1.9), (-0.2, 2.5), (-1.3, 2.9)]),
    ]
    under = [
        curve([(-0.95, 1.5), (-0.3, 2.15), (0.5, 2.25), (1.1, 1.9)]),
        curve([(-1.2, 2.0), (-0.2, 2.75), (1.0, 2.9)]),
    ]
    draw_folds(canvas, frame, [*sides, mirrored(sides[0]), *under], colour, shown)


def draw_headscarf(canvas: Canvas, frame: Frame, scene: Scene) -> None:
    """A scarf over the hair and ears, tied under the chin; hair shows at the forehead."""
    colour = colour_of(scene)
    opening = [
        (0.0, -1.36),
        (0.50, -1.28),
        (0.86, -0.98),
        (1.05, -0.45),
        (1.10, 0.20),
        (1.04, 0.90),
        (0.80, 1.50),
        (0.40, 1.86),
        (0.0, 1.96),
    ]
    outer = outline(
        [
            (0.0, -1.90),
            (0.60, -1.78),
            (1.08, -1.36),
            (1.30, -0.6),
            (1.30, 0.3),
            (1.18, 1.2),
            (0.80, 1.85),
            (0.32, 2.20),
            (0.0, 2.24),
        ]
    )
    drape(canvas, frame, colour, outer, outline(opening))
    shown = ring_mask(canvas, frame, outer, outline(opening))
    sides = [
        curve([(0.10, -1.86), (0.80, -1.35), (1.14, -0.4), (1.08, 0.7), (0.6, 1.8)]),
        curve([(0.5, -1.75), (1.12, -0.95), (1.24, 0.1)]),
    ]
    draw_folds(canvas, frame, [line for side in sides for line in (side, mirrored(side))], colour, shown)
    knot = curve([(-0.22, 2.10), (0.0, 2.02), (0.22, 2.10), (0.30, 2.55), (0.0, 2.42), (-0.30, 2.55)], closed=True)
    canvas.fill(frame, knot, mix(colour, (0, 0, 0), 0.12), feather=0.012)


def drape(canvas: Canvas, frame: Frame, colour: Colour, outer: Floats, opening: Floats) -> None:
    """Cloth between two outlines, darker towards its edge, with no shadow on the face."""
    box, cover = ring_mask(canvas, frame, outer, opening)
    light = soften(cover, 0.16 * frame.scale)
    shade = np.clip(0.62 + 0.42 * light, 0, 1.05)[..., None]
    canvas.blend(box, cover, np.asarray(colour, np.float32) * shade)


def ring_mask(canvas: Canvas, frame: Frame, outer: Floats, opening: Floats) -> tuple[Box, Floats]:
    """The mask of an outline without the opening in it."""
    box, cover = canvas.mask(frame, outer, feather=0.010)
    return box, cover * (1 - cut(canvas.mask(frame, opening, feather=0.010), box))


def draw_turban(canvas: Canvas, frame: Frame, scene: Scene) -> None:
    """A wound turban high on the head; ears and forehead are free."""
    colour = colour_of(scene, TURBANS)
    shape = curve(
        [
            (-1.16, -0.62),
            (-1.34, -1.10),
            (-1.12, -1.80),
            (-0.55, -2.20),
            (0.0, -2.28),
            (0.55, -2.20),
            (1.12, -1.80),
            (1.34, -1.10),
            (1.16, -0.62),
            (0.6, -0.98),
            (0.0, -1.12),
            (-0.6, -0.98),
        ],
        closed=True,
    )
    edge = canvas.mask(frame, shape, feather=0.010)
    light = np.clip(0.66 + 0.40 * soften(edge[1], 0.18 * frame.scale), 0, 1.06)[..., None]
    canvas.blend(*edge, np.asarray(colour, np.float32) * light)
    wraps = [
        curve([(-1.25, -0.80 - rise), (-0.3, -1.35 - rise), (0.35, -1.95 - rise * 0.6)])
        for rise in (0.0, 0.25, 0.5, 0.75)
    ]
    draw_folds(canvas, frame, [line for wrap in wraps for line in (wrap, mirrored(wrap))], colour, edge)


def draw_kippa(canvas: Canvas, frame: Frame, scene: Scene) -> None:
    """A small round cap on the crown; from the front only its rim is seen."""
    shape = curve(
        [(-0.62, -1.62), (-0.45, -1.82), (0.0, -1.92), (0.45, -1.82), (0.62, -1.62), (0.0, -1.70)], closed=True
    )
    canvas.fill(frame, shape, (0.13, 0.15, 0.26), feather=0.008)
    canvas.strokes(
        frame,
        [curve([(-0.60, -1.63), (0.0, -1.71), (0.60, -1.63)])],
        (0.72, 0.70, 0.62),
        width=0.03,
        alpha=0.8,
        feather=0.006,
    )


def draw_bandage(canvas: Canvas, frame: Frame, scene: Scene) -> None:
    """Gauze round the forehead, above the brows."""
    band = np.concatenate(
        [
            rounded([(0.0, -1.30), (0.5, -1.25), (0.95, -1.05), (1.20, -0.74)]),
            rounded([(0.0, -0.62), (0.5, -0.60), (0.95, -0.50), (1.18, -0.34)])[::-1],
        ]
    )
    edge = canvas.mask(frame, band, feather=0.008)
    canvas.fill(frame, band, GAUZE, feather=0.008)
    wraps = [rounded([(0.0, v), (0.6, v + 0.04), (1.18, v + 0.24)]) for v in (-1.14, -0.96, -0.78)]
    canvas.strokes(frame, wraps, mix(GAUZE, (0, 0, 0), 0.25), width=0.016, alpha=0.55, feather=0.010, within=edge)


def draw_plaster(canvas: Canvas, frame: Frame, scene: Scene) -> None:
    """A plaster on one cheek."""
    shape = curve([(0.46, 0.58), (0.92, 0.44), (0.98, 0.60), (0.52, 0.76)], closed=True)
    canvas.fill(frame, shape, mix((0.86, 0.70, 0.56), scene.person.skin, 0.25), feather=0.006)


def draw_eye_patch(canvas: Canvas, frame: Frame, scene: Scene) -> None:
    """A white patch over the right eye of the picture, as after an operation."""
    shape = curve([(0.13, -0.26), (0.50, -0.36), (0.90, -0.24), (0.94, 0.20), (0.54, 0.44), (0.16, 0.26)], closed=True)
    canvas.fill(frame, shape, GAUZE, feather=0.008)
    strips = [curve([(0.20, -0.26), (0.85, 0.30)]), curve([(0.85, -0.26), (0.22, 0.30)])]
    canvas.strokes(frame, strips, mix(GAUZE, (0.7, 0.6, 0.5), 0.3), width=0.10, alpha=0.5, feather=0.006)


def draw_scar(canvas: Canvas, frame: Frame, scene: Scene) -> None:
    """A long scar from the brow over the cheek, paler than the skin and with a red rim."""
    line = curve([(-0.72, -0.62), (-0.66, -0.30), (-0.78, 0.25), (-0.62, 0.72), (-0.50, 1.05)])
    skin = scene.person.skin
    canvas.strokes(frame, [line], mix(skin, (0.62, 0.24, 0.24), 0.45), width=0.050, alpha=0.8, feather=0.012)
    canvas.strokes(frame, [line], mix(skin, (1, 0.93, 0.90), 0.55), width=0.022, alpha=0.9, feather=0.006)


def draw_vitiligo(canvas: Canvas, frame: Frame, scene: Scene) -> None:
    """Patches without pigment round eyes, mouth and on one cheek, with crisp edges; the light on the relief stays."""
    chance = np.random.default_rng(scene.person.seed + 11)
    spots = [(-0.52, 0.02, 0.34), (0.60, -0.05, 0.28), (0.02, 1.20, 0.46), (0.62, 0.72, 0.30), (-0.30, -0.80, 0.26)]
    angle = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    face = canvas.mask(frame, face_outline(scene.person), feather=0.006)
    lighter = np.asarray(PALE_SKIN, np.float32) / np.asarray(scene.person.skin, np.float32)
    for u, v, radius in spots:
        reach = radius * chance.uniform(0.72, 1.15, len(angle))
        shape = curve(np.stack([u + reach * np.cos(angle), v + 0.8 * reach * np.sin(angle)], 1), closed=True)
        box, cover = canvas.mask(frame, shape, feather=0.012)
        canvas.blend(box, cover * cut(face, box) * 0.85, np.clip(canvas.pixels[box] * lighter, 0, 1))


def draw_headrest(canvas: Canvas, frame: Frame, scene: Scene) -> None:
    """The padded headrest of a wheelchair behind the head, with its two posts."""
    pad = curve(
        [
            (-1.75, -1.10),
            (-1.55, -1.42),
            (0.0, -1.50),
            (1.55, -1.42),
            (1.75, -1.10),
            (1.75, 0.30),
            (1.45, 0.62),
            (-1.45, 0.62),
            (-1.75, 0.30),
        ],
        closed=True,
    )
    canvas.fill(frame, pad + (0.03, 0.05), (0.1, 0.1, 0.1), alpha=0.25, feather=0.06)
    edge = canvas.mask(frame, pad, feather=0.010)
    canvas.fill(frame, pad, (0.15, 0.15, 0.17), feather=0.010)
    canvas.strokes(
        frame,
        [curve([(-1.5, -1.25), (0, -1.36), (1.5, -1.25)])],
        (0.42, 0.42, 0.45),
        width=0.10,
        alpha=0.5,
        feather=0.06,
        within=edge,
    )
    for side in (-1, 1):
        canvas.strokes(
            frame,
            [np.array([(side * 1.30, 0.55), (side * 1.30, 3.2)], np.float32)],
            (0.30, 0.30, 0.32),
            width=0.10,
            feather=0.01,
        )


def pull_aside(pixels: Pixels, scene: Scene) -> Pixels:
    """One corner of the mouth and one lid hang lower, as after a palsy."""
    height, width = pixels.shape[:2]
    unit = 0.160 * width * scene.person.size
    x0, y0 = width * (0.5 + scene.person.offset * 0.160), height * 0.395
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    u, v = (columns - x0) / unit, (rows - y0) / unit
    mouth = np.exp(-(((u - 0.36) / 0.30) ** 2) - ((v - 1.06) / 0.30) ** 2)
    brow = np.exp(-(((u - 0.52) / 0.34) ** 2) - ((v + 0.32) / 0.20) ** 2)
    down = (0.105 * mouth + 0.065 * brow) * unit
    return cv2.remap(
        pixels, columns, (rows - down).astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def in_pale_colours(scene: Scene) -> Scene:
    """Albinism: next to no pigment in skin, hair and iris."""
    return with_person(scene, skin=PALE_SKIN, hair_colour=PALE_HAIR, iris=PALE_IRIS, stubble=0.0)


def with_one_eye(scene: Scene) -> Scene:
    """One eye is closed for good."""
    return with_expression(scene, left=replace(scene.expression, lids=0.06))


def with_squint(scene: Scene) -> Scene:
    """One iris stands towards the nose."""
    return with_expression(scene, left=replace(scene.expression, gaze=(0.10, 0.0)))


def under_cloth(scene: Scene) -> Scene:
    """Hair that lies flat under a scarf."""
    return with_person(scene, hair_style="ponytail", volume=0.0)


def with_short_hair(scene: Scene) -> Scene:
    return with_person(scene, hair_style="crew")


APPEARANCES: dict[str, Appearance] = {
    "hijab": Appearance(under_cloth, over=draw_hijab),
    "headscarf": Appearance(under_cloth, over=draw_headscarf),
    "turban": Appearance(with_short_hair, over=draw_turban),
    "kippa": Appearance(with_short_hair, over=draw_kippa),
    "bandage": Appearance(over=draw_bandage),
    "plaster": Appearance(over=draw_plaster),
    "eye_patch": Appearance(over=draw_eye_patch),
    "scar": Appearance(on_skin=draw_scar),
    "vitiligo": Appearance(on_skin=draw_vitiligo),
    "albinism": Appearance(in_pale_colours),
    "one_eye": Appearance(with_one_eye),
    "squint": Appearance(with_squint),
    "palsy": Appearance(after=pull_aside),
    "headrest": Appearance(behind=draw_headrest),
}
