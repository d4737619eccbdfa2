"""The head: its outline, its relief as a height field, the lit skin; ears and neck."""

from __future__ import annotations

import cv2
import numpy as np

from demo.drawn_people.canvas import Canvas, Colour, Floats, Frame, Patch, curve, cut, mirrored, mix, outline, soften
from demo.drawn_people.person import Person

DENSITY = 120.0  # px of the relief raster in an eye unit; more would not show
LEFT, RIGHT, TOP, BOTTOM = -1.4, 1.4, -1.9, 2.15


def face_outline(person: Person) -> Floats:
    """The edge of the face from the crown round the chin, in eye units."""
    wide = person.face_width
    jaw, chin = person.jaw - 0.5, person.chin - 0.5
    tip = 1.84 + 0.10 * chin
    half = [
        (0.0, -1.62),
        (0.52, -1.50),
        (0.90, -1.12),
        (1.06 * wide, -0.62),
        (1.11 * wide, -0.10),
        (1.115 * wide, 0.34),
        (1.05 * wide, 0.78),
        (0.925 * wide + 0.09 * jaw, 1.14),
        (0.745 * wide + 0.15 * jaw, 1.45 + 0.03 * jaw),
        (0.48 + 0.16 * jaw + 0.03 * chin, 1.70 + 0.06 * chin),
        (0.22 + 0.10 * jaw, tip - 0.02),
        (0.0, tip),
    ]
    return outline(half)


def grid() -> tuple[Floats, Floats]:
    """Eye-unit coordinates (u, v) of every cell of the relief raster."""
    u = np.arange(LEFT, RIGHT, 1 / DENSITY, dtype=np.float32)
    v = np.arange(TOP, BOTTOM, 1 / DENSITY, dtype=np.float32)
    across, down = np.meshgrid(u, v)
    return across.astype(np.float32), down.astype(np.float32)


def bump(u: Floats, v: Floats, centre: tuple[float, float], spread: tuple[float, float]) -> Floats:
    """A Gaussian hill of height 1."""
    return np.exp(-0.5 * (((u - centre[0]) / spread[0]) ** 2 + ((v - centre[1]) / spread[1]) ** 2))


def ramp(value: Floats, start: float, end: float) -> Floats:
    """0 at `start`, 1 at `end`, smooth between."""
    share = np.clip((value - start) / (end - start), 0, 1)
    return share * share * (3 - 2 * share)


def half_width(person: Person, v: Floats) -> Floats:
    """Half the face's width at each height."""
    edge = face_outline(person)
    right = edge[edge[:, 0] >= 0]
    right = right[np.argsort(right[:, 1])]
    return np.interp(v, right[:, 1], right[:, 0], left=0.02, right=0.02).astype(np.float32)


def relief(person: Person) -> Floats:
    """Height of the face towards the camera, eye units, on the raster of `grid`."""
    u, v = grid()
    across = np.abs(u)  # the face is symmetric: one half's hills stand for both
    width = half_width(person, v[:, 0])[:, None]
    dome = np.clip(1 - np.abs(u / np.maximum(width, 0.02)) ** 2.3, 0, 1) ** 0.52
    depth = 0.62 + 0.45 * ramp(width, 0.0, 1.0)
    height = 1.05 * dome * depth
    height -= 0.34 * np.clip(-0.45 - v, 0, 2) ** 2 + 0.55 * np.clip(v - 1.62, 0, 1) ** 1.5
    tip = 0.58 + 0.10 * (person.nose_length - 0.5)
    wide = 0.86 + 0.30 * (person.nose_width - 0.2)
    bridge = ramp(v, -0.35, tip) * (1 - ramp(v, tip + 0.03, tip + 0.20))
    hills = [
        ((0.50, -0.02), (0.30, 0.16), -0.125),
        ((0.20, -0.07), (0.085, 0.13), -0.075),
        ((0.50, -0.015), (0.20, 0.105), 0.075),
        ((0.52, -0.37), (0.36, 0.10), 0.045),
        ((0.66, 0.50), (0.27, 0.26), 0.075),
        ((0.17 * wide, tip + 0.09), (0.085 * wide, 0.085), 0.13),
        ((0.0, tip + 0.01), (0.13 * wide, 0.12), 0.10),
        ((0.0, 1.06), (0.42, 0.24), 0.10),
        ((0.0, 0.99), (0.20, 0.05), 0.020),
        ((0.0, 1.17), (0.20, 0.055), 0.045),
        ((0.0, 1.345), (0.24, 0.065), -0.050),
        ((0.0, 1.62), (0.24, 0.15), 0.085),
        ((0.0, 0.86), (0.035, 0.07), -0.016),
        ((0.065, 0.87), (0.03, 0.07), 0.008),
        ((0.47, 1.10), (0.06, 0.07), -0.025),
        ((0.62, 1.20), (0.22, 0.25), 0.020),
        ((0.40, 0.16), (0.20, 0.05), -0.014),
    ]
    for centre, spread, amount in hills:
        height += amount * bump(across, v, centre, spread)
    height += 0.30 * bridge * np.exp(-0.5 * (u / (0.095 * wide + 0.035 * ramp(v, 0, tip))) ** 2)
    fold = 0.24 + 0.52 * (v - 0.66)  # the nasolabial fold's u at each v
    height -= 0.014 * np.exp(-0.5 * ((across - fold) / 0.05) ** 2) * ramp(v, 0.60, 0.80) * (1 - ramp(v, 0.92, 1.15))
    return cv2.GaussianBlur(height.astype(np.float32), (0, 0), 0.018 * DENSITY)


def shading(person: Person, height: Floats) -> tuple[Floats, Floats]:
    """(light, gleam) of each cell of the relief: brightness, 1 when fully lit; highlight."""
    down, across = np.gradient(height, 1 / DENSITY)
    length = np.sqrt(down**2 + across**2 + 1)
    normal = np.stack([-across / length, -down / length, 1 / length])
    light = np.zeros_like(height)
    gleam = np.zeros_like(height)
    lamps = [((person.light_side, -0.55, 0.83), 0.40), ((-0.75, -0.1, 0.66), 0.17), ((0.75, -0.1, 0.66), 0.17)]
    for towards, strength in lamps:
        ray = np.asarray(towards) / np.linalg.norm(towards)
        facing = np.tensordot(ray, normal, 1)
        light += strength * np.clip((facing + 0.28) / 1.28, 0, 1)
        half = (ray + (0, 0, 1)) / np.linalg.norm(ray + (0, 0, 1))
        gleam += strength * np.clip(np.tensordot(half, normal, 1), 0, 1) ** 26
    # A cell that is lower than its surroundings gets less light.
    hollow = soften(height, 0.13 * DENSITY) - height
    light += 0.40 - 0.75 * np.clip(hollow, -0.03, 0.12)
    return light.astype(np.float32), gleam.astype(np.float32)


def complexion(person: Person) -> Floats:
    """The albedo of the skin: the base tone with warmer, cooler and darker regions."""
    u, v = grid()
    across = np.abs(u)
    base = np.asarray(person.skin, np.float32)
    skin = np.broadcast_to(base, (*u.shape, 3)).copy()
    rosy = base * np.array([1.0, 0.84, 0.83], np.float32)
    shade = base * np.array([0.80, 0.74, 0.74], np.float32)
    regions = [
        (bump(across, v, (0.66, 0.50), (0.26, 0.22)), rosy, 0.20),
        (bump(u, v, (0, 0.64), (0.20, 0.14)), rosy, 0.40),
        (bump(u, v, (0, 1.62), (0.25, 0.14)), rosy, 0.18),
        (bump(across, v, (0.48, 0.02), (0.30, 0.15)), shade, 0.26),
        (bump(across, v, (0.46, 0.20), (0.24, 0.09)), shade, 0.40),
        (bump(across, v, (0.19, 0.72), (0.10, 0.08)), rosy * 0.92, 0.35),
    ]
    for region, tone, share in regions:
        skin += (tone - skin) * (region * share)[..., None]
    if person.stubble:
        jaw = ramp(v, 0.74, 1.0) * (1 - 0.8 * bump(u, v, (0, 1.08), (0.36, 0.10))) * ramp(across + v, 1.0, 1.35)
        grey = base * np.array([0.60, 0.62, 0.66], np.float32)
        skin += (grey - skin) * (jaw * person.stubble * 0.62)[..., None]
    return skin


def skin_patch(person: Person) -> Patch:
    """The lit face as a raster over the whole grid, uncut."""
    light, gleam = shading(person, relief(person))
    albedo = complexion(person)
    # Light that passes through the skin gets redder, so shadows are redder than lit skin.
    fall = np.array([0.80, 1.06, 1.16], np.float32)
    lit = albedo * np.clip(light, 0.02, 1.15)[..., None] ** fall
    shine = 0.08 + 0.10 * (1 - float(np.mean(person.skin)))
    lit += (gleam * shine)[..., None] * np.array([1.0, 0.97, 0.93], np.float32)
    return Patch(np.clip(lit, 0, 1).astype(np.float32), np.ones(light.shape, np.float32), (LEFT, TOP), DENSITY)


def draw_face(canvas: Canvas, frame: Frame, person: Person) -> None:
    """The face's skin, without its features."""
    edge = canvas.mask(frame, face_outline(person), feather=0.006)
    canvas.stamp(frame, skin_patch(person), within=edge)
    for u, v in person.moles:
        spot = curve([(u - 0.011, v), (u, v - 0.010), (u + 0.012, v), (u, v + 0.011)], closed=True)
        canvas.fill(frame, spot, mix(person.skin, (0.16, 0.08, 0.06), 0.72), alpha=0.75, feather=0.004)


def ear_outline(side: int) -> Floats:
    """One ear; side -1 is the picture's left."""
    ear = [
        (1.05, -0.20),
        (1.15, -0.28),
        (1.245, -0.21),
        (1.265, 0.02),
        (1.215, 0.28),
        (1.17, 0.50),
        (1.10, 0.60),
        (1.03, 0.52),
    ]
    return curve(ear if side > 0 else mirrored(ear), closed=True)


def draw_ears(canvas: Canvas, frame: Frame, person: Person) -> None:
    """Both ears, behind the face."""
    base = tone(person, 0.78)
    deep = tone(person, 0.52)
    face = canvas.mask(frame, face_outline(person), feather=0.006)
    for side in (-1, 1):
        box, cover = canvas.mask(frame, ear_outline(side), feather=0.006)
        edge = box, cover * (1 - cut(face, box))
        canvas.blend(*edge, base)
        rim = curve([(1.10, -0.12), (1.185, -0.20), (1.235, -0.12), (1.235, 0.08), (1.19, 0.30)])
        bowl = curve([(1.10, 0.02), (1.165, -0.04), (1.18, 0.12), (1.13, 0.30), (1.08, 0.30)], closed=True)
        lobe = curve([(1.10, 0.50), (1.16, 0.46), (1.15, 0.56)], closed=True)
        flip = (lambda line: line) if side > 0 else mirrored
        canvas.fill(frame, flip(bowl), deep, alpha=0.75, feather=0.03, within=edge)
        canvas.strokes(frame, [flip(rim)], deep, width=0.035, alpha=0.55, feather=0.014, within=edge)
        canvas.strokes(
            frame, [flip(rim + (0.032, -0.02))], tone(person, 0.98), width=0.025, alpha=0.5, feather=0.012, within=edge
        )
        canvas.fill(frame, flip(lobe), tone(person, 0.92), alpha=0.4, feather=0.025, within=edge)


def tone(person: Person, light: float) -> Colour:
    """The person's skin under this much light, shadows redder than lights."""
    red, green, blue = person.skin
    return min(1, red * light**0.8), min(1, green * light**1.06), min(1, blue * light**1.16)


def neck_outline(person: Person) -> Floats:
    """The neck down to where the clothes begin."""
    wide = 0.62 + 0.10 * person.jaw + (0.10 if person.gender == "male" else 0.0)
    half = [
        (0, 1.0),
        (wide + 0.04, 1.05),
        (wide, 1.6),
        (wide, 2.1),
        (wide + 0.12, 2.35),
        (wide + 0.4, 2.6),
        (0.5, 3.3),
        (0, 3.5),
    ]
    return outline(half)


def draw_neck(canvas: Canvas, frame: Frame, person: Person) -> None:
    """The neck as a lit column, with the chin's shadow on it."""
    edge = canvas.mask(frame, neck_outline(person), feather=0.008)
    u = np.linspace(-1.6, 1.6, 160, dtype=np.float32)
    v = np.linspace(1.0, 3.6, 130, dtype=np.float32)
    across, down = np.meshgrid(u, v)
    wide = np.interp(v, [1, 2.1, 2.5, 3.6], [0.80, 0.80, 1.15, 1.6]).astype(np.float32)[:, None]
    round_ = np.clip(1 - (np.abs(across) / wide) ** 2.4, 0, 1) ** 0.5
    light = 0.50 + 0.36 * round_ + 0.10 * across * person.light_side
    light -= 0.035 * np.exp(-0.5 * ((np.abs(across) - 0.42 + 0.30 * (down - 1.9)) / 0.07) ** 2) * ramp(down, 1.7, 2.2)
    light += 0.05 * bump(np.abs(across), down, (0.55, 2.58), (0.32, 0.06))  # collar bones
    light -= 0.30 * (1 - ramp(down - 0.18 * (1 - across**2), 1.55, 2.12))  # under the chin
    fall = np.array([0.80, 1.06, 1.16], np.float32)
    rgb = np.asarray(person.skin, np.float32) * np.clip(light, 0.05, 1.1)[..., None] ** fall
    patch = Patch(rgb.astype(np.float32), np.ones(light.shape, np.float32), (-1.6, 1.0), 50.0)
    canvas.stamp(frame, patch, within=edge)
