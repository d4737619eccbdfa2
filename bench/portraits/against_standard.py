"""Portraits held against the standard by their files alone, and a contact sheet to look at.

    .venv/bin/python -m bench.portraits.against_standard [FACES] [--sheet SHEET.jpg] [--background blue] [--people 51]

Makes the portrait of every photo in FACES that keeps the rules (drawn people without FACES), writes it as a file and forgets how
it was made: the face mesh is run on the portrait, the hair top is the first row unlike the background, and dpi, bytes, tables
and metadata are read from the file. Nothing of framing or encoding is used. Then the face in it is held against the same place of
the photo: colour and detail must be the photo's own. Ends with 1 if any portrait is outside.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from tests.support.faulty_pictures import compliant
from vision import check, make_portrait
from vision.networks import mediapipe_graphs

# Least and most of each quantity: the national standard, and the portal's own "300 dpi, no metadata, made twice alike".
STANDARD: dict[str, tuple[float, float]] = {
    "width px": (480, 480),
    "height px": (640, 640),
    "dpi": (300, 300),
    "kB": (0, 40.0),
    "quality": (60, 100),
    "foreign blocks": (0, 0),
    "faces": (1, 1),
    "face width px": (180, 300),
    "hair top px": (50, 110),
    "eye line px": (200, 300),
    "off centre px": (0, 20),
    "tilt deg": (0, 2),
    "wall levels": (0, 8),
    "alike twice": (1, 1),
}
COLOURS = {"blue": (100, 197, 255), "white": (255, 255, 255), "grey": (240, 240, 240)}
UNLIKE = 24  # levels from the background that are no JPEG noise
STRIP, STRIP_SHARE = (
    0.22,
    0.35,
)  # of the face width to either side of its middle; the share that is hair at the hair top
EYES = ((33, 133), (263, 362))
CHEEKS = (234, 454)
# Table K.1 of the JPEG standard, of which every quality is a multiple.
LUMINANCE = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112,
    100, 103, 99,
)  # fmt: skip
PLAIN_BLOCKS = {0xE0, 0xDB, 0xC0, 0xC2, 0xC4, 0xDD}  # JFIF, tables, frame, Huffman, restart: no EXIF, profile, comment
# Mean and 99th percentile of the colour difference (CIE 1976), likeness of the gradients, pores kept (1 is all): of the face.
KEPT = {"dE mean": (0, 2.5), "dE 99%": (0, 13), "gradients": (0.94, 1), "detail": (0.9, 1.1)}
COLUMNS, CELL = 9, (240, 320)


def figures(jpeg: bytes, background: str) -> dict[str, float]:
    """Every quantity of STANDARD but the last, from the file."""
    image = Image.open(io.BytesIO(jpeg))
    rgb = np.asarray(image.convert("RGB"))
    return {
        "width px": image.width,
        "height px": image.height,
        "dpi": image.info.get("dpi", (0, 0))[0],
        "kB": len(jpeg) / 1024,
        "quality": quality(image),
        "foreign blocks": sum(kind not in PLAIN_BLOCKS for kind in blocks(jpeg)),
        **head_figures(rgb, np.array(COLOURS[background])),
    }


def head_figures(rgb: np.ndarray, wall: np.ndarray) -> dict[str, float]:
    faces = mediapipe_graphs.face_meshes(rgb)
    if len(faces) != 1:
        return {"faces": len(faces)}
    points = faces[0][:, :2]
    eyes = np.array([points[list(corners)].mean(0) for corners in EYES])
    cheeks = points[list(CHEEKS)]
    away = np.abs(rgb.astype(int) - wall).max(2)
    middle, width = cheeks[:, 0].mean(), np.linalg.norm(cheeks[1] - cheeks[0])
    strip = away[:, int(middle - STRIP * width) : int(middle + STRIP * width)] > UNLIKE
    return {
        "faces": 1,
        "face width px": float(width),
        "hair top px": float(np.argmax(strip.mean(1) > STRIP_SHARE)),
        "eye line px": float(eyes[:, 1].mean()),
        "off centre px": float(abs((middle + eyes[:, 0].mean()) / 2 - rgb.shape[1] / 2)),
        "tilt deg": float(abs(np.degrees(np.arctan2(*(eyes[1] - eyes[0])[::-1])))),
        "wall levels": float(np.percentile(np.concatenate([away[:40, :60], away[:40, -60:]]), 99)),
    }


def kept(jpeg: bytes, photo: np.ndarray, crop: dict[str, float]) -> dict[str, float]:
    """How similar the face of the portrait is to the photo (h, w, 3). `crop` comes from the
    portrait's geometry.
    """
    made = np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB"))
    true = resampled(photo, crop, made.shape[:2])
    oval = cv2.convexHull(mediapipe_graphs.face_meshes(made)[0][:, :2].astype(np.int32))
    face = np.zeros(made.shape[:2], np.uint8)
    cv2.fillConvexPoly(face, oval, 1)
    inside = cv2.erode(face, np.ones((15, 15), np.uint8)) > 0
    labs = [cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) for picture in (made, true)]
    difference = np.linalg.norm(labs[0] - labs[1], axis=2)[inside]
    slopes = [np.concatenate([cv2.Sobel(lab[..., 0], -1, *axis)[inside] for axis in ((1, 0), (0, 1))]) for lab in labs]
    pores = [(lab[..., 0] - cv2.GaussianBlur(lab[..., 0], (0, 0), 2))[inside].std() for lab in labs]
    return {
        "dE mean": float(difference.mean()),
        "dE 99%": float(np.percentile(difference, 99)),
        "gradients": float(np.corrcoef(slopes)[0, 1]),
        "detail": float(pores[0] / pores[1]),
    }


def resampled(photo: np.ndarray, crop: dict[str, float], shape: tuple[int, int]) -> np.ndarray:
    """The framed part of the photo, by averaging over four times as many points a side."""
    (height, width), fine = shape, 4
    x, y = crop["x"] * photo.shape[1], crop["y"] * photo.shape[0]
    matrix = cv2.getRotationMatrix2D((x, y), crop["angle"], fine * crop["scale"])
    matrix[:, 2] += np.array([fine * width / 2 - x, fine * height / 2 - y]) + (fine - 1) / 2
    large = cv2.warpAffine(photo, matrix, (fine * width, fine * height), flags=cv2.INTER_LINEAR)
    return cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA)


def quality(image: Image.Image) -> int:
    """The libjpeg quality whose luminance table this file carries; 0 if none."""
    table = list(image.quantization[0])
    return next((q for q in range(100, 49, -1) if table == _table(q)), 0)


def _table(quality: int) -> list[int]:
    return [min(255, max(1, (step * (200 - 2 * quality) + 50) // 100)) for step in LUMINANCE]


def blocks(jpeg: bytes) -> Iterator[int]:
    """Markers of the segments before the picture's data."""
    at = 2
    while jpeg[at + 1] != 0xDA:
        yield jpeg[at + 1]
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")


def report(rows: dict[str, dict[str, float]], ranges: dict[str, tuple[float, float]]) -> bool:
    """Prints least, middle and most of each quantity; whether everything is inside."""
    print(f"{'':16}{'least':>9}{'median':>9}{'most':>9}{'wanted':>14}{'inside':>10}")
    all_inside = True
    for name, (low, high) in ranges.items():
        values = {photo: row.get(name, float("nan")) for photo, row in rows.items()}
        out = [photo for photo, value in values.items() if not low <= value <= high]
        span = np.array(list(values.values()))
        numbers = "".join(f"{number:9.2f}" for number in (np.nanmin(span), np.nanmedian(span), np.nanmax(span)))
        faults = " ".join(f"{photo}: {values[photo]:.2f}" for photo in out[:4])
        print(f"{name:16}{numbers}{f'{low:g}-{high:g}':>14}{len(rows) - len(out):6}/{len(rows)}  {faults}")
        all_inside &= not out
    return all_inside


def contact_sheet(portraits: dict[str, Made]) -> Image.Image:
    """All portraits at half their size, each with its name and what was found."""
    rows = -(-len(portraits) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * CELL[0], rows * CELL[1]))
    draw = ImageDraw.Draw(sheet)
    for number, (name, portrait) in enumerate(portraits.items()):
        x, y = number % COLUMNS * CELL[0], number // COLUMNS * CELL[1]
        sheet.paste(Image.open(io.BytesIO(portrait.jpeg)).resize(CELL, Image.Resampling.LANCZOS), (x, y))
        draw.text((x + 4, y + 2), f"{name[-12:]}  {portrait.words}", fill=(0, 0, 0))
    return sheet


@dataclass(frozen=True)
class Made:
    """A portrait's file, its figures, and what was found in it."""

    jpeg: bytes
    figures: dict[str, float]
    words: str


def make(data: bytes, background: str) -> Made:
    """Make the portrait twice from the file, and take its figures."""
    checked, again = check(data), check(data)
    portrait = make_portrait(checked.source, checked.measures, background=background)
    twice = make_portrait(again.source, again.measures, background=background)
    alike = {"alike twice": int(portrait.jpeg == twice.jpeg)}
    same_person = kept(portrait.jpeg, checked.source.at_least(100_000), portrait.geometry["crop"])
    words = " ".join(f"{f.rule} {f.value:.3f}" if f.value else f.rule for f in portrait.findings)
    return Made(portrait.jpeg, figures(portrait.jpeg, background) | alike | same_person, f"{portrait.edge:.3f} {words}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces", nargs="?", type=Path)
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--background", choices=sorted(COLOURS), default="blue")
    parser.add_argument("--people", type=int, default=51)
    options = parser.parse_args()
    made = {name: make(data, options.background) for name, data in compliant(options.faces, options.people)}
    rows = {name: portrait.figures for name, portrait in made.items()}
    all_inside = report(rows, STANDARD)
    report(rows, KEPT)
    if options.sheet:
        contact_sheet(made).save(options.sheet, quality=92)
        print(f"{len(made)} portraits on {options.sheet}: look at every one")
    return 0 if all_inside else 1


if __name__ == "__main__":
    sys.exit(main())
