"""The same people before walls that a phone meets: how the portrait's outline is graded, and a sheet to check the grade by eye.

    .venv/bin/python -m bench.portraits.edge_grade [FACES] [--sheet SHEET.jpg] [--people 8]

Everyone is cut out of a photo that keeps the rules (drawn people without FACES), set before each wall, taken again as a JPEG of
960 x 1280 px with noise, and made into a portrait. Beside the walls of bench.portraits.matting: coloured and dark ones, light from one
side, a chair, the person's own shadow, a stranger.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from bench.portraits.matting import walls
from tests.support.faulty_pictures import compliant
from vision import check, make_portrait
from vision.portrait import cut_out, warp
from vision.portrait.automatic_crop import choose_crop
from vision.rules import DEFAULTS

SIZE = (960, 1280)
NOISE, QUALITY = 3.0, 85
PLAIN = (0.82, 0.81, 0.78)
COLOURS = {"blue": (0.3, 0.5, 0.8), "green": (0.2, 0.45, 0.3), "red": (0.6, 0.15, 0.12), "dark": (0.12, 0.12, 0.14)}
FROM_DRAWINGS = ("cream", "curtain", "brick", "shelf")
CELL = (240, 320)

Person = tuple[np.ndarray, np.ndarray]
"""Colours and alpha (h, w, 1), 0-1, at SIZE."""


def cut_person(data: bytes) -> Person:
    checked = check(data)
    crop = choose_crop(checked.measures, checked.source.size)[0]
    made = cut_out(warp(checked.source, crop), checked.measures, checked.source, crop)
    colours, alpha = (cv2.resize(part, SIZE, interpolation=cv2.INTER_CUBIC) for part in (made.person, made.alpha))
    return np.clip(colours, 0, 1), np.clip(alpha, 0, 1)[..., None]


def before(wall: np.ndarray, person: Person) -> np.ndarray:
    return person[0] * person[1] + wall * (1 - person[1])


def lit(colour: tuple[float, ...], left: float = 0.8, right: float = 1.1) -> np.ndarray:
    """A wall with light from one side."""
    light = np.linspace(left, right, SIZE[0], dtype=np.float32)
    return np.broadcast_to(light[None, :, None] * np.array(colour, np.float32), (SIZE[1], SIZE[0], 3))


def chair(wall: np.ndarray) -> np.ndarray:
    area = np.zeros((SIZE[1], SIZE[0]), np.float32)
    cv2.rectangle(area, (130, 620), (830, SIZE[1]), 1.0, -1)
    return wall + cv2.GaussianBlur(area, (0, 0), 3)[..., None] * (np.array([0.15, 0.15, 0.17], np.float32) - wall)


def shadow(wall: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    shape = cv2.warpAffine(alpha[..., 0], np.array([[1.0, 0, 45], [0, 1, 20]]), SIZE)
    return wall * (1 - 0.45 * cv2.GaussianBlur(shape, (0, 0), 12)[..., None])


def stranger(wall: np.ndarray, other: Person) -> np.ndarray:
    matrix = np.array([[0.28, 0, 690], [0, 0.28, 300]])
    colours, alpha = (cv2.warpAffine(part, matrix, SIZE) for part in other)
    return before(wall, (colours, alpha[..., None]))


def scenes(person: Person, other: Person, seed: int) -> dict[str, np.ndarray]:
    """Walls (h, w, 3) by name, the evenest first."""
    plain = lit(PLAIN, 1.1, 0.6)
    return {
        "one-sided": plain,
        **{name: lit(colour) for name, colour in COLOURS.items()},
        **{name: cv2.resize(wall, SIZE) for name, wall in walls(seed).items() if name in FROM_DRAWINGS},
        "shadow": shadow(plain, person[1]),
        "chair": chair(plain),
        "stranger": stranger(plain, other),
    }


def taken(scene: np.ndarray, seed: int) -> bytes:
    noise = np.random.default_rng(seed).normal(0, NOISE, scene.shape)
    file = io.BytesIO()
    Image.fromarray(np.clip(scene * 255 + noise, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def sheet_row(pictures: list[tuple[bytes, bytes]], small: Callable[[bytes], Image.Image]) -> Image.Image:
    row = Image.new("RGB", (2 * CELL[0] * len(pictures), CELL[1]))
    for number, pair in enumerate(pictures):
        for side, data in enumerate(pair):
            row.paste(small(data), ((2 * number + side) * CELL[0], 0))
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces", nargs="?", type=Path)
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--people", type=int, default=8)
    options = parser.parse_args()
    people = [cut_person(data) for _, data in compliant(options.faces, options.people)]
    grades: dict[str, list[float]] = {}
    rows = []
    for seed, person in enumerate(people):
        pictures = []
        for name, wall in scenes(person, people[seed - 1], seed).items():
            photo = taken(before(wall, person), seed)
            checked = check(photo)
            portrait = make_portrait(checked.source, checked.measures)
            grades.setdefault(name, []).append(portrait.edge)
            pictures.append((photo, portrait.jpeg))
        rows.append(sheet_row(pictures, lambda data: Image.open(io.BytesIO(data)).resize(CELL)))
    report(grades)
    if options.sheet:
        Image.fromarray(np.vstack([np.asarray(row) for row in rows])).save(options.sheet, quality=90)


def report(grades: dict[str, list[float]]) -> None:
    limit = DEFAULTS["edge"]["warn"] or 1.0
    print(f"{'edge':12}{'least':>8}{'median':>8}{'most':>8}   flagged (> {limit})")
    for name, values in grades.items():
        numbers = "".join(f"{number:8.3f}" for number in (min(values), np.median(values), max(values)))
        print(f"{name:12}{numbers}   {sum(value > limit for value in values)}/{len(values)}")


if __name__ == "__main__":
    main()
