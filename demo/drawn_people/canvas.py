"""Anti-aliased painting on a picture of floats, used by every part of a drawn portrait.

Shapes are given in *eye units*: 1 is the distance between the pupils, the origin is midway between
them, v points downwards. A `Frame` converts them to pixels. Colours are RGB triples in 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Colour = tuple[float, float, float]
SUBPIXEL = 4  # cv2 takes coordinates as integers of 1/16 px


@dataclass(frozen=True)
class Frame:
    """The map from eye units to pixels.

    `scale` px a unit, origin at (x, y) px, rotated by `angle` degrees.
    """

    scale: float
    x: float
    y: float
    angle: float = 0.0

    @property
    def matrix(self) -> Floats:
        """The 2 x 3 affine matrix from eye units to pixels."""
        turn = np.deg2rad(self.angle)
        cos, sin = self.scale * np.cos(turn), self.scale * np.sin(turn)
        return np.array([[cos, -sin, self.x], [sin, cos, self.y]], np.float32)

    def pixels(self, points: object) -> Floats:
        """Points of shape (n, 2) in eye units as pixels."""
        matrix = self.matrix
        return np.asarray(points, np.float32) @ matrix[:, :2].T + matrix[:, 2]

    def moved(self, u: float, v: float) -> Self:
        """The same frame with its origin at (u, v) of this one."""
        x, y = self.pixels([(u, v)])[0]
        return replace(self, x=float(x), y=float(y))


@dataclass
class Patch:
    """A small raster in eye units.

    `rgb` (h, w, 3), `alpha` (h, w), its corner (u, v) and `density` px a unit.
    """

    rgb: Floats
    alpha: Floats
    corner: tuple[float, float]
    density: float


def curve(points: object, *, steps: int = 10, closed: bool = False) -> Floats:
    """A Catmull-Rom curve through the points, `steps` samples a piece."""
    knots = np.asarray(points, np.float32)
    if closed:
        padded = np.concatenate([knots[-1:], knots, knots[:2]])
    else:
        padded = np.concatenate([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    t = np.linspace(0, 1, steps, endpoint=False, dtype=np.float32)[:, None]
    a, b, c, d = (padded[i : len(padded) - 3 + i, None] for i in range(4))
    pieces = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    line = pieces.reshape(-1, 2)
    return line if closed else np.concatenate([line, knots[-1:]])


def mirrored(points: object) -> Floats:
    """The points seen in a mirror down the middle of the face."""
    return np.asarray(points, np.float32) * np.array([-1, 1], np.float32)


def outline(right_half: object, *, steps: int = 10) -> Floats:
    """A closed symmetric outline from the half with u >= 0, given from top to bottom."""
    half = np.asarray(right_half, np.float32)
    return curve(np.concatenate([half, mirrored(half)[::-1]]), steps=steps, closed=True)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`one` with `share` of the other in it."""
    a, b = np.asarray(one), np.asarray(other)
    red, green, blue = a + (b - a) * share
    return float(red), float(green), float(blue)


def soften(alpha: Floats, sigma: float) -> Floats:
    """Gaussian blur. A wide blur is computed on a smaller copy: same look, a tenth of the time."""
    if sigma < 0.3:
        return alpha
    if sigma < 6:
        return cv2.GaussianBlur(alpha, (0, 0), sigma)
    step = sigma / 3
    height, width = alpha.shape[:2]
    small = cv2.resize(alpha, (max(2, int(width / step)), max(2, int(height / step))), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma * small.shape[1] / width)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


Box = tuple[slice, slice]


class Canvas:
    """A picture of float32 RGB in 0..1 that is painted from back to front."""

    def __init__(self, width: int, height: int) -> None:
        self.pixels: Floats = np.zeros((height, width, 3), np.float32)

    @property
    def size(self) -> tuple[int, int]:
        height, width = self.pixels.shape[:2]
        return width, height

    def box(self, points: Floats, margin: float) -> Box:
        """The rectangle around pixel points, cut at the picture's edge."""
        width, height = self.size
        left, top = np.floor(points.min(0) - margin).astype(int)
        right, bottom = np.ceil(points.max(0) + margin).astype(int) + 1
        top, left = min(max(0, top), height), min(max(0, left), width)
        return slice(top, max(top, min(height, bottom))), slice(left, max(left, min(width, right)))

    def mask(self, frame: Frame, *shapes: object, feather: float = 0.0) -> tuple[Box, Floats]:
        """Coverage 0..1 of the shapes together.

        `feather` is the softness of the edge in eye units.
        """
        outlines = [frame.pixels(shape) for shape in shapes]
        sigma = feather * frame.scale
        box = self.box(np.concatenate(outlines), 2 + 3 * sigma)
        drawn = np.zeros((box[0].stop - box[0].start, box[1].stop - box[1].start), np.uint8)
        if drawn.size:
            for points in outlines:
                cv2.fillPoly(drawn, [self.fixed(points, box)], 255, cv2.LINE_AA, SUBPIXEL)
        coverage = drawn.astype(np.float32) / 255
        return box, soften(coverage, sigma) if drawn.size else coverage

    @staticmethod
    def fixed(points: Floats, box: Box) -> NDArray[np.int32]:
        """Pixel points as cv2's fixed-point integers inside the box."""
        corner = np.array([box[1].start, box[0].start], np.float32)
        return np.round((points - corner) * (1 << SUBPIXEL)).astype(np.int32)

    def blend(self, box: Box, alpha: Floats, colour: Colour | Floats) -> None:
        """Lay a colour, or a picture of the box's size, over the box."""
        if not alpha.size:
            return
        area = self.pixels[box]
        paint = np.asarray(colour, np.float32)
        for channel in range(3):  # numpy is several times slower along an axis of three
            plane = area[..., channel]
            plane += (paint[..., channel] - plane) * alpha

    def fill(
        self, frame: Frame, shape: object, colour: Colour, *, alpha: float = 1.0, feather: float = 0.0,
        within: tuple[Box, Floats] | None = None,
    ) -> None:  # fmt: skip
        """Paint one shape.

        `within` is another mask (of the whole picture) that it may not leave.
        """
        box, coverage = self.mask(frame, shape, feather=feather)
        if within is not None:
            coverage = coverage * cut(within, box)
        self.blend(box, coverage * alpha, colour)

    def strokes(
        self, frame: Frame, lines: list[Floats], colour: Colour, *, width: float, alpha: float = 1.0,
        feather: float = 0.0, within: tuple[Box, Floats] | None = None,
    ) -> None:  # fmt: skip
        """Paint many lines of one width (eye units). Lines thinner than a pixel get paler."""
        points = [frame.pixels(line) for line in lines]
        thickness = width * frame.scale
        box = self.box(np.concatenate(points), 3 + thickness + 3 * feather * frame.scale)
        drawn = np.zeros((box[0].stop - box[0].start, box[1].stop - box[1].start), np.uint8)
        if not drawn.size:
            return
        pens = [self.fixed(line, box) for line in points]
        cv2.polylines(drawn, pens, False, 255, max(1, round(thickness)), cv2.LINE_AA, SUBPIXEL)
        coverage = soften(drawn.astype(np.float32) / 255, feather * frame.scale)
        if within is not None:
            coverage *= cut(within, box)
        self.blend(box, coverage * (alpha * min(1.0, thickness)), colour)

    def stamp(self, frame: Frame, patch: Patch, *, within: tuple[Box, Floats] | None = None) -> None:
        """Warp a small raster into the picture."""
        height, width = patch.alpha.shape
        u, v = patch.corner
        extent = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32) / patch.density + (u, v)
        box = self.box(frame.pixels(extent), 1)
        if box[0].stop <= box[0].start or box[1].stop <= box[1].start:
            return
        matrix = frame.matrix.copy()
        matrix[:, 2] = frame.pixels([(u + 0.5 / patch.density, v + 0.5 / patch.density)])[0]
        matrix[:, 2] -= (box[1].start + 0.5, box[0].start + 0.5)
        matrix[:, :2] /= patch.density
        target = (box[1].stop - box[1].start, box[0].stop - box[0].start)
        rgb = cv2.warpAffine(patch.rgb, matrix, target, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        alpha = cv2.warpAffine(patch.alpha, matrix, target, flags=cv2.INTER_LINEAR)
        if within is not None:
            alpha = alpha * cut(within, box)
        self.blend(box, alpha, rgb)


def cut(mask: tuple[Box, Floats], box: Box) -> Floats:
    """The part of a mask that lies in the box; nothing outside the mask's own box."""
    (rows, columns), coverage = mask
    part = np.zeros((box[0].stop - box[0].start, box[1].stop - box[1].start), np.float32)
    top, bottom = max(rows.start, box[0].start), min(rows.stop, box[0].stop)
    left, right = max(columns.start, box[1].start), min(columns.stop, box[1].stop)
    if top < bottom and left < right:
        part[top - box[0].start : bottom - box[0].start, left - box[1].start : right - box[1].start] = coverage[
            top - rows.start : bottom - rows.start, left - columns.start : right - columns.start
        ]
    return part
