"""What of the wall is left in finished portraits: the largest deviation from the plain background away from the person.

    .venv/bin/python -m bench.portraits.background_residue [FACES] [--people 51] [--sheet SHEET.jpg]

Every photo (drawn people without FACES) is judged as it is and with things that stand at the borders of a phone's photo: a
vignette, dark corners, a lamp, the edge of a door, a picture frame, a plant. They are painted where the person is not. Away from
the person means outside the network's mask of the portrait, widened by REACH px.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from tests.support.faulty_pictures import compliant
from vision import BACKGROUNDS, Portrait, check, make_portrait
from vision.networks import mediapipe_graphs
from vision.portrait import warp
from vision.portrait.crop import Crop

REACH = 40  # px
SEEN = 8  # grey levels that an eye sees on an even background
SIDE = 1280
CELL = (180, 240)

Scene = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""From a photo (h, w, 3), 0-1, to the photo with something at its borders."""


def vignette(rgb: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    y, x = _grid(rgb)
    return rgb * (1 - 0.55 * np.clip(np.hypot(x - 0.5, y - 0.5) / 0.7, 0, 1) ** 3)[..., None]


def dark_corners(rgb: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    y, x = _grid(rgb)
    left = chance.random() < 0.5
    away = np.hypot((x if left else 1 - x) / 0.3, y / 0.35)
    return rgb * (1 - 0.85 * np.exp(-(away**2)))[..., None]


def lamp(rgb: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    y, x = _grid(rgb)
    glow = np.exp(-(((x - chance.choice([0.04, 0.96])) / 0.2) ** 2 + ((y - 0.08) / 0.2) ** 2))[..., None]
    return rgb + glow * (np.array([1.0, 0.93, 0.75]) - rgb)


def door_edge(rgb: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    made, width = rgb.copy(), rgb.shape[1]
    edge = int(width * chance.uniform(0.05, 0.14))
    made[:, :edge] = made[:, :edge] * 0.45 + np.array([0.22, 0.13, 0.06])
    made[:, edge : edge + 6] *= 0.3
    return made if chance.random() < 0.5 else np.ascontiguousarray(made[:, ::-1])[:, ::-1]


def picture_frame(rgb: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    made = (rgb * 255).astype(np.uint8)
    height, width = rgb.shape[:2]
    left = int(chance.choice([-0.1, 0.82]) * width)
    corners = (left, int(0.02 * height)), (left + int(0.28 * width), int(0.26 * height))
    cv2.rectangle(made, *corners, (90, 120, 95), -1)
    cv2.rectangle(made, *corners, (45, 30, 20), 14)
    return made.astype(np.float32) / 255


def plant(rgb: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    made = (rgb * 255).astype(np.uint8)
    height, width = rgb.shape[:2]
    side = chance.choice([0, width])
    for _ in range(60):
        angle, length = chance.uniform(-1.3, 1.3), chance.uniform(0.05, 0.16) * width
        start = np.array([side, chance.uniform(0.1, 0.55) * height])
        end = start + length * np.array([np.cos(angle) * (1 if side == 0 else -1), np.sin(angle)])
        shade = chance.uniform(0.5, 1.2)
        cv2.line(made, start.astype(int).tolist(), end.astype(int).tolist(), [int(v * shade) for v in (40, 80, 35)], 12)
    return made.astype(np.float32) / 255


SCENES: dict[str, Scene | None] = {
    "as taken": None,
    "vignette": vignette,
    "dark corner": dark_corners,
    "lamp": lamp,
    "door edge": door_edge,
    "picture frame": picture_frame,
    "plant": plant,
}


def _grid(rgb: np.ndarray) -> np.ndarray:
    y, x = np.mgrid[: rgb.shape[0], : rgb.shape[1]].astype(np.float32)
    return np.stack([y / rgb.shape[0], x / rgb.shape[1]])


def taken_before(data: bytes, scene: Scene | None, seed: int) -> bytes:
    """The photo with a scene, as a JPEG."""
    if scene is None:
        return data
    rgb = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    scale = min(1.0, SIDE / max(rgb.shape))
    rgb = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    person = cv2.dilate(mediapipe_graphs.person_mask(rgb), np.ones((9, 9), np.uint8))
    free = cv2.GaussianBlur(np.clip((0.3 - person) / 0.25, 0, 1), (0, 0), 2)[..., None]
    plain = rgb.astype(np.float32) / 255
    made = plain + free * (scene(plain, np.random.default_rng(seed)) - plain)
    file = io.BytesIO()
    Image.fromarray(np.clip(made * 255, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=92)
    return file.getvalue()


def deviation(portrait: Portrait, picture: np.ndarray) -> np.ndarray:
    """Grey levels (h, w) by which a portrait differs from the background, 0 near the person.
    `picture` is the cropped photo.
    """
    mask = (mediapipe_graphs.person_mask(picture) > 0.5).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    near = cv2.dilate((labels == largest).astype(np.uint8), np.ones((2 * REACH + 1, 2 * REACH + 1), np.uint8))
    made = np.asarray(Image.open(io.BytesIO(portrait.jpeg))).astype(int)
    away = np.abs(made - BACKGROUNDS["blue"]).max(2)
    return np.where(near > 0, 0, away)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces", nargs="?", type=Path)
    parser.add_argument("--people", type=int, default=51)
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    found: dict[str, list[tuple[float, bool, str]]] = {name: [] for name in SCENES}
    cells: list[np.ndarray] = []
    for seed, (person, data) in enumerate(compliant(options.faces, options.people)):
        for name, scene in SCENES.items():
            checked = check(taken_before(data, scene, seed))
            if not checked.measures["faces"]:
                continue
            portrait = make_portrait(checked.source, checked.measures)
            away = deviation(portrait, warp(checked.source, Crop(**portrait.geometry["crop"])))
            flagged = any(finding.rule == "edge" for finding in portrait.findings)
            found[name].append((float(away.max()), flagged, person))
            if away.max() > SEEN:
                cells.append(np.asarray(Image.open(io.BytesIO(portrait.jpeg)).resize(CELL)))
    report(found)
    if options.sheet and cells:
        cells += [np.zeros_like(cells[0])] * (-len(cells) % 10)
        Image.fromarray(np.vstack([np.hstack(cells[n : n + 10]) for n in range(0, len(cells), 10)])).save(options.sheet)


def report(found: dict[str, list[tuple[float, bool, str]]]) -> None:
    print(f"{'levels':14}{'median':>8}{'most':>8}   above {SEEN}   of them flagged")
    for name, values in found.items():
        left = [value for value in values if value[0] > SEEN]
        levels = [value[0] for value in values]
        worst = " ".join(f"{person}: {most:.0f}" for most, _, person in sorted(left, reverse=True)[:4])
        print(
            f"{name:14}{np.median(levels):8.0f}{max(levels):8.0f}   {len(left)}/{len(values)}"
            f"   {sum(flagged for _, flagged, _ in left)}/{len(left)}   {worst}"
        )


if __name__ == "__main__":
    main()
