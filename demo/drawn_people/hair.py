"""Hair: locks, each an outline filled with strands from a root curve to a tip curve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from demo.drawn_people.canvas import Canvas, Colour, Floats, Frame, curve, mirrored, mix
from demo.drawn_people.head import face_outline, tone
from demo.drawn_people.person import Person

Points = list[tuple[float, float]]
TUCKED = 0.55  # v in eye units: hair behind the ears is drawn with the head down to here
EARS_OVER_HAIR = ("long", "wavy", "bob")


@dataclass(frozen=True)
class Lock:
    """One lock. Its strands run from the curve `root` over `middle` to `tip`, inside of `outline`.

    The three curves may have different numbers of points: a share 0..1 of one belongs to the same
    share of the others. `shine` is the lit part of a strand as shares of its length. `stray` is the
    number of hairs that leave the outline; they start beyond the share `stray_from` of the root.
    `fuzz` is the number of short hairs along the root, or along `brow_line` when it is given.
    """

    outline: Floats
    root: Floats
    middle: Floats
    tip: Floats
    strands: int = 260
    wave: float = 0.0
    soft: float = 0.009
    shine: tuple[float, float] = (0.30, 0.62)
    stray: int = 16
    stray_from: float = 0.0
    fuzz: int = 0
    brow_line: Floats | None = None


def along(line: Floats, place: Floats) -> Floats:
    """Points at shares 0..1 of a line's knots."""
    at = place * (len(line) - 1)
    low = np.clip(at.astype(int), 0, len(line) - 2)
    return line[low] + (line[low + 1] - line[low]) * (at - low)[:, None]


def strands(
    lock: Lock, count: int, chance: np.random.Generator, *, jitter: float = 0.02, points: int = 9, least: float = 0.0
) -> Floats:
    """Single hairs as an array (count, points, 2).

    They start beyond the share `least` of the root curve.
    """
    place = chance.uniform(least, 1, count).astype(np.float32)
    slip = np.clip(place + chance.normal(0, 0.018, count), 0, 1).astype(np.float32)
    start, end = along(lock.root, place), along(lock.tip, slip)
    middle = (
        along(lock.middle, np.clip(place + chance.normal(0, 0.01, count), 0, 1).astype(np.float32)) * 2
        - (start + end) / 2
    )
    start, middle, end = (
        part + chance.normal(0, jitter, part.shape) * weight for part, weight in ((start, 0.5), (middle, 1), (end, 1))
    )
    t = np.linspace(0, 1, points)[None, :, None]
    lines = (1 - t) ** 2 * start[:, None] + 2 * t * (1 - t) * middle[:, None] + t**2 * end[:, None]
    if lock.wave:
        lines = lines + np.stack(
            [np.sin(t[..., 0] * 13 + place[:, None] * 9) * lock.wave * t[..., 0], 0 * t[..., 0] + 0 * place[:, None]],
            -1,
        )
    return lines.astype(np.float32)


def fine_hairs(lock: Lock, chance: np.random.Generator) -> list[Floats]:
    """Short hairs that make the edge of the forehead soft."""
    if lock.brow_line is None:
        short = strands(lock, lock.fuzz, chance, jitter=0.012)
        return list(short[:, 0:2] * 1.55 - short[:, 1:2] * 0.55)
    start = along(lock.brow_line, chance.random(lock.fuzz).astype(np.float32))
    grow = np.stack([np.sign(start[:, 0] - lock.root[0, 0]) * 0.07, np.full(lock.fuzz, -0.03)], 1)
    ends = [start - grow * 0.5 + chance.normal(0, 0.012, grow.shape), start + grow]
    return list(np.stack(ends, 1).astype(np.float32))


def draw_lock(
    canvas: Canvas, frame: Frame, lock: Lock, colour: Colour, chance: np.random.Generator, *, light: float = 1.0
) -> None:
    """Paint the ground, dark and light hairs, the shine, and some hairs beyond the outline."""
    shown = canvas.mask(frame, lock.outline, feather=lock.soft)
    base = mix((0, 0, 0), colour, 0.80 * light)
    pale = mix(mix(colour, (1.0, 0.86, 0.74), 0.20), (0, 0, 0), 1 - min(1, light))
    canvas.fill(frame, lock.outline, base, feather=lock.soft)
    lines = strands(lock, lock.strands, chance)
    third = lock.strands // 3
    canvas.strokes(
        frame,
        list(lines[:third]),
        mix((0, 0, 0), colour, 0.42 * light),
        width=0.016,
        alpha=0.55,
        feather=0.004,
        within=shown,
    )
    canvas.strokes(
        frame,
        list(lines[third : 2 * third]),
        mix(colour, pale, 0.45),
        width=0.012,
        alpha=0.50,
        feather=0.003,
        within=shown,
    )
    canvas.strokes(frame, list(lines[2 * third :]), pale, width=0.006, alpha=0.40, feather=0.002, within=shown)
    start, end = (round(share * 16) for share in lock.shine)
    gloss = strands(lock, lock.strands // 2, chance, points=17)
    bands = [
        line[start + int(cut_at) : end + int(cut_at)]
        for line, cut_at in zip(gloss, chance.normal(0, 2.2, len(gloss)), strict=True)
    ]
    canvas.strokes(
        frame,
        [band for band in bands if len(band) > 1],
        mix(colour, (1.0, 0.92, 0.85), 0.34 * light),
        width=0.012,
        alpha=0.42,
        feather=0.016,
        within=shown,
    )
    if lock.fuzz:
        canvas.strokes(frame, fine_hairs(lock, chance), base, width=0.008, alpha=0.34, feather=0.003)
    if lock.stray:
        loose = strands(lock, lock.stray, chance, jitter=0.03, least=lock.stray_from)
        canvas.strokes(frame, list(loose), base, width=0.006, alpha=0.35, feather=0.002)


def crown(volume: float, *, rise: float = 0.0, fall: float = -0.18) -> Points:
    """The right half of the hair's outer edge from the top down to beside the ear at v = `fall`."""
    up = 0.10 + 0.20 * volume + rise
    side = 0.03 + 0.06 * volume
    edge = [
        (0.0, -1.64 - up),
        (0.42, -1.58 - up * 0.96),
        (0.83, -1.34 - up * 0.74),
        (1.09, -0.96 - up * 0.30),
        (1.17 + side, -0.55),
        (1.14 + side, -0.18),
    ]
    return [*edge[:-1], (1.23 + side, -0.10), (1.24 + side, fall)] if fall > 0 else edge


HAIRLINE: Points = [
    (0.0, -1.125),
    (0.30, -1.12),
    (0.57, -1.045),
    (0.77, -0.90),
    (0.90, -0.70),
    (0.985, -0.46),
    (1.035, -0.22),
]


def sideburn(person: Person) -> Points:
    """The hairline's end before the ear."""
    if person.hair_style in EARS_OVER_HAIR:
        return [(1.07, -0.08), (1.15, 0.15), (1.13, TUCKED)]
    return [(1.05, 0.02), (1.075, 0.20)] if person.gender == "male" else [(1.06, -0.05)]


def rounded(half: Points) -> Floats:
    """The symmetric curve from left over the top to right.

    `half` is its right half from the top down.
    """
    right = np.asarray(half, np.float32)
    return curve(np.concatenate([mirrored(right)[:0:-1], right]), steps=8)


def cap(
    person: Person, *, rise: float = 0.0, line: Points = HAIRLINE, fall: float = -0.18, volume: float | None = None
) -> tuple[Floats, Floats]:
    """(outer edge, hairline), both from left to right."""
    full = person.volume if volume is None else volume
    return rounded(crown(full, rise=rise, fall=fall)), rounded([*line, *sideburn(person)])


def ring(outer: Floats, inner: Floats) -> Floats:
    """The closed outline between two left-to-right curves."""
    return np.concatenate([outer, inner[::-1]])


def swept_back(
    person: Person, *, rise: float = 0.0, volume: float | None = None, line: Points = HAIRLINE, fall: float = -0.18
) -> list[Lock]:
    """Hair combed from the hairline over the head."""
    outer, inner = cap(person, rise=rise, volume=volume, line=line, fall=fall)
    lean = person.parting * 0.16
    middle = (outer + along(inner, np.linspace(0, 1, len(outer)))) / 2 + (lean, -0.02)
    return [Lock(ring(outer, inner), inner, middle, outer, strands=420, shine=(0.35, 0.75), fuzz=170)]


def swept_aside(person: Person, *, rise: float = 0.0, fall: float = -0.18, dip: float = 0.0) -> list[Lock]:
    """Hair parted at `parting`; the broad side covers a corner of the forehead."""
    outer, inner = cap(person, rise=rise, fall=fall)
    part = person.parting * 0.9
    top = along(outer, np.array([0.5 + part * 0.13]))[0]
    seam = curve([(part, -1.10), (part * 1.04, -1.35), tuple(top)], steps=6)
    locks = []
    for side in (-1, 1):
        edge, low = outer[outer[:, 0] * side >= top[0] * side], inner[inner[:, 0] * side >= part * side]
        if side < 0:
            edge, low = edge[::-1], low[::-1]
        broad = part * side < 0
        low = low + np.stack([0 * low[:, 0], np.exp(-(((low[:, 0] * side - 0.66) / 0.30) ** 2)) * dip * broad], 1)
        body = np.concatenate([seam, edge, low[::-1]])
        rank = np.linspace(0, 1, 12, dtype=np.float32)[:, None]
        halfway = along(low, np.array([0.55], np.float32)), along(edge, np.array([0.5], np.float32))
        middle = np.asarray(halfway[0] * (1 - rank) + halfway[1] * rank, np.float32)
        ends = np.asarray(low[-1:] * (1 - rank) + edge[-1:] * rank, np.float32)
        locks.append(
            Lock(
                body.astype(np.float32),
                seam,
                middle,
                ends,
                strands=330,
                shine=(0.25, 0.60),
                stray=10,
                stray_from=0.9,
                fuzz=70,
                brow_line=low[: len(low) * 2 // 3],
            )
        )
    return locks


def fall_behind(length: float, width: float, *, wave: float = 0.0, gather: float = 0.0) -> Lock:
    """Long hair behind neck and shoulders, down to v = `length`."""
    half = [
        (0, -1.5),
        (0.8, -1.30),
        (1.22, -0.60),
        (1.29, 0.1),
        (1.26 + width * 0.4, 0.9),
        (1.20 + width, 1.7),
        (1.12 + width * 1.2 - gather, length - 0.25),
        (0.75 + width - gather, length),
        (0, length),
    ]
    body = np.asarray(half, np.float32)
    edge = curve(np.concatenate([body, mirrored(body)[::-1]]), steps=8, closed=True)
    if wave:
        down = np.clip(edge[:, 1:] - 0.2, 0, None)
        edge = edge + np.concatenate(
            [np.sin(edge[:, 1:] * 6.3) * wave * np.sign(edge[:, :1]) * np.clip(down, 0, 1), 0 * down], 1
        )
    across = np.linspace(-1, 1, 24)
    root = np.stack([across * 1.05, -0.9 + 0 * across], 1)
    middle = np.stack([across * (1.15 + width * 0.3), 0.7 + 0 * across], 1)
    tip = np.stack([across * (1.05 + width - gather), length + 0.1 - 0.1 * across**2], 1)
    return Lock(
        edge.astype(np.float32), root, middle, tip, strands=360, wave=wave * 0.8, shine=(0.35, 0.62), soft=0.014
    )


def bun(person: Person) -> Lock:
    """A knot on the back of the crown."""
    centre = -1.80 - 0.16 * person.volume
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    knot = np.stack([0.40 * np.cos(angle), centre + 0.27 * np.sin(angle)], 1)
    root = np.stack([np.linspace(-0.38, 0.38, 12), centre + 0.05 + 0 * np.linspace(0, 1, 12)], 1)
    return Lock(knot.astype(np.float32), root, root + (0.05, -0.16), root * (0.6, 1) + (0.1, 0.22), strands=120)


def fringe(person: Person) -> Lock:
    """A thick fringe down to the eyes: the violation."""
    outer, _ = cap(person)
    across = np.linspace(-1, 1, 30)
    tip = np.stack([across * 0.98, -0.13 + 0.10 * across**2 + 0.035 * np.sin(across * 17)], 1)
    root = np.stack([across * 0.55, -1.62 + 0.25 * across**2], 1)
    middle = np.stack([across * 0.95, -0.95 + 0.20 * across**2], 1)
    top = outer[np.abs(outer[:, 0]) < 1.02]
    return Lock(np.concatenate([top, tip[::-1]]).astype(np.float32), root, middle, tip, strands=420, stray=0)


def behind(person: Person) -> list[Lock]:
    """The locks that lie behind neck and shoulders; a ponytail hangs unseen down the back."""
    full = person.volume
    back: dict[str, Callable[[], list[Lock]]] = {
        "long": lambda: [fall_behind(3.9, 0.26 + 0.16 * full, wave=0.025)],
        "wavy": lambda: [fall_behind(3.6, 0.24 + 0.18 * full, wave=0.055)],
        "bob": lambda: [fall_behind(2.0, 0.06 + 0.12 * full, gather=0.08)],
        "bun": lambda: [bun(person)],
    }
    return back.get(person.hair_style, list)()


def in_front(person: Person) -> list[Lock]:
    """The locks that lie on the head."""
    front: dict[str, Callable[[], list[Lock]]] = {
        "long": lambda: swept_aside(person, fall=TUCKED),
        "wavy": lambda: swept_aside(person, rise=0.05, fall=TUCKED),
        "bob": lambda: swept_aside(person, fall=TUCKED, dip=0.06),
        "bun": lambda: swept_back(person, volume=0.15),
        "ponytail": lambda: swept_back(person, volume=0.2),
        "pixie": lambda: swept_aside(person, rise=0.04, dip=0.10),
        "short": lambda: swept_back(person, rise=-0.02),
        "parted": lambda: swept_aside(person, rise=0.06, dip=0.05),
        "quiff": lambda: swept_back(person, rise=0.16),
        "crew": lambda: swept_back(person, volume=0.0, rise=-0.05),
    }
    return front.get(person.hair_style, list)()


def draw_back_hair(canvas: Canvas, frame: Frame, person: Person) -> None:
    """Before the neck is drawn."""
    chance = np.random.default_rng(person.seed)
    for lock in behind(person):
        draw_lock(canvas, frame, lock, person.hair_colour, chance, light=0.94)


def draw_front_hair(canvas: Canvas, frame: Frame, person: Person, *, with_fringe: bool = False) -> None:
    """After the face is drawn, with the hair's shadow on the forehead."""
    chance = np.random.default_rng(person.seed + 1)
    locks = in_front(person)
    if locks:
        face = canvas.mask(frame, ring(rounded(HAIRLINE), rounded(HAIRLINE) + (0, 0.05)), feather=0.03)
        canvas.blend(face[0], face[1] * 0.5, canvas.pixels[face[0]] * np.array([0.72, 0.62, 0.58], np.float32))
    for lock in locks:
        draw_lock(canvas, frame, lock, person.hair_colour, chance)
    if person.hair_style == "bald":
        stubble = ring(*cap(person, volume=-0.45))
        shaved = mix(tone(person, 0.6), (0.3, 0.3, 0.32), 0.3)
        canvas.fill(frame, stubble, shaved, alpha=0.20, feather=0.06, within=canvas.mask(frame, face_outline(person)))
    if with_fringe:
        draw_lock(canvas, frame, fringe(person), person.hair_colour, chance)
