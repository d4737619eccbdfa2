"""The whole photo: wall, person and camera, and the changes by a violation."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from PIL import Image

from demo.drawn_people.appearances import APPEARANCES, Appearance
from demo.drawn_people.camera import expose, jpeg, roughen
from demo.drawn_people.canvas import Canvas, Colour, Frame
from demo.drawn_people.clothes import draw_clothes
from demo.drawn_people.features import Expression, draw_features
from demo.drawn_people.glasses import draw_glasses
from demo.drawn_people.hair import EARS_OVER_HAIR, draw_back_hair, draw_front_hair
from demo.drawn_people.head import draw_ears, draw_face, draw_neck, face_outline
from demo.drawn_people.person import Person
from demo.drawn_people.violations import AFTER, BEFORE, Scene, cover_face, draw_checks, light_scene

LARGEST = 1500  # px: the largest width that is painted; wider pictures are enlarged from it
PORES = 0.016  # how much light varies from pore to pore
EYE_UNIT = 0.160  # of the picture's width
EYE_LINE = 0.395  # of the picture's height


def draw_portrait(
    person: Person,
    *,
    size: tuple[int, int] = (1500, 2000),
    violation: str | None = None,
    appearance: str = "",
    background: Colour | None = None,
) -> Image.Image:
    """A photo of the person as an RGB picture of `size` (width, height), usually 3:4.

    `violation` is one of `VIOLATIONS`, the name of the rule that the photo breaks; `appearance` one of `APPEARANCES`, a way
    to be that breaks none. Equal arguments give equal pixels.
    """
    look = APPEARANCES[appearance] if appearance else Appearance()
    scene = Scene(person=person, wall=background or person.wall, expression=Expression(person.eye_open))
    scene = look.change(scene)
    if violation:
        scene = BEFORE.get(violation, lambda same: same)(scene)
    width, height = size
    painted = min(width, LARGEST)
    canvas = Canvas(painted, round(height * painted / width))
    paint_scene(canvas, scene, look)
    light_scene(canvas, scene)
    if painted < width:
        canvas.pixels = cv2.resize(canvas.pixels, size, interpolation=cv2.INTER_CUBIC)
    pixels = expose(canvas.pixels, seed=scene.person.seed)
    if look.after:
        pixels = look.after(pixels, scene)
    if violation in AFTER:
        pixels = AFTER[violation](pixels, scene)
    return Image.fromarray(pixels)


def draw_jpeg(
    person: Person,
    violation: str | None = None,
    quality: int = 90,
    *,
    appearance: str = "",
    size: tuple[int, int] = (1500, 2000),
) -> bytes:
    """The photo as the bytes of a JPEG file."""
    return jpeg(draw_portrait(person, size=size, violation=violation, appearance=appearance), quality)


def frame_for(scene: Scene, canvas: Canvas) -> Frame:
    """The frame of the head: centred in the oval of the camera page, unless the scene moves it."""
    width, height = canvas.size
    person = scene.person
    scale = EYE_UNIT * width * person.size
    return Frame(scale, width * (0.5 + person.offset * EYE_UNIT), height * EYE_LINE, person.roll)


def paint_scene(canvas: Canvas, scene: Scene, look: Appearance) -> None:
    """Wall and people."""
    paint_wall(canvas, scene.wall)
    if scene.is_empty:
        return
    frame = frame_for(scene, canvas)
    if scene.companion:
        beside = replace(frame, scale=frame.scale * 0.8, x=canvas.size[0] * 0.87, y=frame.y * 1.1)
        frame = replace(frame, scale=frame.scale * 0.85, x=canvas.size[0] * 0.36)
        paint_person(canvas, beside, replace(scene, person=scene.companion), Appearance())
    paint_person(canvas, frame, scene, look)


def paint_wall(canvas: Canvas, colour: Colour) -> None:
    """A wall, a little brighter where the light falls."""
    width, height = canvas.size
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    light = 1.02 - 0.035 * (x * x) - 0.05 * (y + 0.4) ** 2
    for channel, tone in enumerate(np.asarray(colour, np.float32)):
        canvas.pixels[..., channel] = light * tone


def paint_person(canvas: Canvas, frame: Frame, scene: Scene, look: Appearance) -> None:
    """One person from back to front."""
    person = scene.person
    if look.behind:
        look.behind(canvas, frame, scene)
    tucked = person.hair_style in EARS_OVER_HAIR
    draw_back_hair(canvas, frame, person)
    draw_neck(canvas, frame, person)
    body = replace(frame, angle=frame.angle * 0.55).moved(0, -0.16)
    draw_clothes(canvas, body, person)
    if scene.checks:
        draw_checks(canvas, body, person)
    if not tucked:
        draw_ears(canvas, frame, person)
    draw_face(canvas, frame, person)
    box, cover = canvas.mask(frame, face_outline(person))
    roughen(canvas.pixels[box], cover, seed=person.seed, strength=PORES * scene.pores)
    if look.on_skin:
        look.on_skin(canvas, frame, scene)
    draw_features(canvas, frame, person, scene.expression)
    draw_front_hair(canvas, frame, person, with_fringe=scene.has_fringe)
    if tucked:
        draw_ears(canvas, frame, person)
    if person.glasses:
        draw_glasses(canvas, frame, person, tint=scene.tint, glare=scene.glare)
    if look.over:
        look.over(canvas, frame, scene)
    cover_face(canvas, frame, scene)
