"""Matting against known alpha: drawn people before walls that we choose, ours beside mask, guided filter and pymatting.

    .venv/bin/python -m bench.portraits.matting [PEOPLE]          12 unless told

Alpha of a drawing is known exactly: the same person drawn before a black and before a white wall differs only where the wall
shows. Drawn hair has clean strands and even colour, so every drawing is tested a second time as a bad photo: flying hairs, the
hair out of focus, a shaken hand, the wall's colour on the rim, noise and a strong JPEG. Compare the methods, not the figures.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from PIL import Image

from demo.drawn_people.person import Person
from demo.drawn_people.portrait import draw_portrait
from vision import measure, open_photo
from vision.backgrounds import BACKGROUNDS
from vision.crops.face import CHIN, OVAL
from vision.networks import mediapipe_graphs
from vision.portrait import matting
from vision.portrait.automatic_crop import HEIGHT, WIDTH, choose_crop
from vision.portrait.trimap import trimap_from_mask

SIZE = (900, 1200)
DARK, LIGHT = (0.06, 0.06, 0.06), (0.94, 0.94, 0.94)
QUALITY, NOISE = 92, 1.5  # of the JPEG; grey levels
BAD_QUALITY, BAD_NOISE = 78, 4.0
FLYING_HAIRS = 70
SOFT = 1.6  # px of blur of the hair's rim
SHAKE = 3  # px
SPILL, SPILL_WIDTH = 0.15, 9  # of the wall's light on the rim; px
RIM_LIGHT, RIM_WIDTH, VEIL = 0.9, 5, 0.06  # share; px; share
STYLES = ("long", "wavy", "bob", "bun", "ponytail", "quiff", "short", "pixie")
BAND = 12  # px round the true soft edge in which errors are counted


@dataclass(frozen=True)
class Case:
    """A cropped picture with known alpha, all 640 x 480: `rgb` 0-1, `alpha`, colours of the person,
    and the input of the engine (mask, chin, oval).
    """

    wall: str
    rgb: np.ndarray
    alpha: np.ndarray
    person: np.ndarray
    mask: np.ndarray
    chin: float
    oval: np.ndarray
    photo: str = "good"


def known_alpha(person: Person) -> tuple[np.ndarray, np.ndarray]:
    """Alpha (h, w) and alpha * colour (h, w, 3) of a drawing, float32 in 0-1."""
    dark, light, no_dark, no_light = (
        np.asarray(draw_portrait(person, size=SIZE, background=wall, violation=violation), np.float32) / 255
        for violation in (None, "nobody")
        for wall in (DARK, LIGHT)
    )
    span = no_light - no_dark
    alpha = np.clip(1 - ((light - dark) * span).sum(2) / (span * span).sum(2), 0, 1)
    alpha[alpha > 0.985] = 1
    alpha[alpha < 0.015] = 0
    return alpha, np.clip(dark - (1 - alpha[..., None]) * no_dark, 0, 1)


def roughened(alpha: np.ndarray, coloured: np.ndarray, hair: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The same person with flying hairs, the rim out of focus and a shaken hand; `coloured` is alpha * colour."""
    strands = flying_hairs(alpha, np.random.default_rng(seed)) * (1 - alpha)
    alpha, coloured = alpha + strands, coloured + strands[..., None] * hair
    rim = cv2.GaussianBlur(cv2.morphologyEx(alpha, cv2.MORPH_GRADIENT, np.ones((25, 25))), (0, 0), 5)
    shake = np.zeros((2 * SHAKE + 1, 2 * SHAKE + 1), np.float32)
    cv2.line(shake, (SHAKE, 0), (SHAKE, SHAKE), 1.0 / (SHAKE + 1))
    parts = np.dstack([alpha, coloured])
    soft = cv2.filter2D(cv2.GaussianBlur(parts, (0, 0), SOFT), -1, shake)
    parts = parts + np.clip(rim, 0, 1)[..., None] * (soft - parts)
    return parts[..., 0], parts[..., 1:]


def flying_hairs(alpha: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """(h, w): single bent hairs that leave the outline of the head."""
    drawn = np.zeros(alpha.shape, np.uint8)
    outline = max(
        cv2.findContours((alpha > 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0], key=len
    )
    head = outline[:, 0][outline[:, 0, 1] < 0.5 * alpha.shape[0]]
    for start in head[chance.integers(0, len(head), FLYING_HAIRS)]:
        away = start - np.array([alpha.shape[1] / 2, 0.4 * alpha.shape[0]])
        angle = np.arctan2(away[1], away[0]) + chance.normal(0, 0.9)
        bend, length = chance.normal(0, 0.02), chance.uniform(20, 90)
        angles = angle + bend * np.arange(int(length))
        path = start + np.cumsum(np.stack([np.cos(angles), np.sin(angles)], 1), axis=0)
        shade = int(chance.uniform(110, 255))
        cv2.polylines(drawn, [np.round(path * 8).astype(np.int32)], False, shade, 1, cv2.LINE_AA, shift=3)
    return drawn.astype(np.float32) / 255


def spilled(coloured: np.ndarray, alpha: np.ndarray, wall: np.ndarray) -> np.ndarray:
    """The person with the light of the wall on the rim."""
    rim = SPILL * (1 - cv2.GaussianBlur(alpha, (0, 0), SPILL_WIDTH)) * alpha
    return coloured + rim[..., None] * (cv2.GaussianBlur(wall, (0, 0), 40) - coloured)


def backlit(coloured: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The person before a window: its light on the rim, and a veil of it over everything."""
    rim = RIM_LIGHT * (1 - cv2.GaussianBlur(alpha, (0, 0), RIM_WIDTH)) * alpha
    lit = coloured + rim[..., None] * (1 - coloured)
    return lit + VEIL * (alpha[..., None] - lit)


def walls(seed: int) -> dict[str, np.ndarray]:
    """Walls (h, w, 3) in 0-1, from what the rules ask for to what must only be survived."""
    chance = np.random.default_rng(seed)
    height, width = SIZE[1], SIZE[0]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / height
    plain = np.array([0.86, 0.86, 0.84]) * (1.03 - 0.1 * np.hypot(x - 0.4, y - 0.3))[..., None]
    shadow = plain * (1 - 0.25 * np.exp(-(((x - 0.62) / 0.16) ** 2 + ((y - 0.5) / 0.3) ** 2)))[..., None]
    cream = np.array([0.80, 0.70, 0.58]) * (0.9 + 0.15 * x)[..., None]
    bricks = np.where(((x * 14 + (np.floor(y * 28) % 2) / 2) % 1 < 0.06) | ((y * 28) % 1 < 0.1), 0.75, 0.0)[..., None]
    brick = np.where(
        bricks > 0,
        0.72,
        np.array([0.55, 0.33, 0.26]) + cv2.blur(chance.normal(0, 0.35, (height, width)), (9, 9))[..., None],
    )
    folds = np.array([0.62, 0.55, 0.50]) * (0.75 + 0.25 * np.sin(70 * x + 4 * np.sin(9 * x) + 0.6 * y))[..., None]
    books = chance.uniform(0.1, 0.9, (6, 60, 3))[np.minimum(5, (y * 6).astype(int)), (x * 40).astype(int) % 60]
    shelf = np.where(((y * 6) % 1 < 0.12)[..., None], np.array([0.35, 0.24, 0.15]), 0.8 * books)
    drape = np.array([0.80, 0.79, 0.74]) * (0.85 + 0.12 * np.sin(38 * x + 2 * np.sin(6 * x + y)))[..., None]
    panel = np.where((x * 9 % 1 < 0.035)[..., None], 0.45, 1.0) * (
        np.array([0.72, 0.60, 0.46]) * (0.95 + 0.05 * np.sin(9 * np.floor(x * 9)))[..., None]
        + cv2.blur(chance.normal(0, 0.25, (height, width)), (3, 61))[..., None]
    )
    tiles = np.where((((x * 11) % 1 < 0.05) | ((y * 11) % 1 < 0.05))[..., None], 0.55, np.array([0.80, 0.83, 0.84]))
    window = np.where(((x % 0.36 > 0.02) & (y % 0.45 > 0.025))[..., None], 0.99, np.array([0.62, 0.62, 0.60]))
    vignette = np.array([0.84, 0.84, 0.82]) * (1 - 0.75 * np.hypot(x - 0.375, y - 0.5) ** 2)[..., None]
    blobs = np.stack([cv2.GaussianBlur(chance.normal(0, 1, (height, width)), (0, 0), 28) for _ in range(3)], -1)
    busy = 0.5 + blobs / (4 * blobs.std())
    return {name: np.clip(wall, 0, 1).astype(np.float32) for name, wall in
            {"plain": plain, "shadow": shadow, "cream": cream, "vignette": vignette, "window": window, "tiles": tiles,
             "panel": panel, "drape": drape, "curtain": folds, "brick": brick, "shelf": shelf, "busy": busy}.items()}  # fmt: skip


def cases(number: int) -> list[Case]:
    found = []
    for seed in range(number):
        person = replace(Person.random(seed), hair_style=STYLES[seed % len(STYLES)])
        alpha, coloured = known_alpha(person)
        bad = roughened(alpha, coloured, np.array(person.hair_colour, np.float32), seed)
        for name, wall in walls(seed).items():
            light = backlit if name == "window" else _unchanged
            good, soft = light(coloured, alpha), spilled(light(bad[1], bad[0]), bad[0], wall)
            found.append(_case((name, "good"), alpha, good, wall, (QUALITY, NOISE), seed))
            found.append(_case((name, "bad"), bad[0], soft, wall, (BAD_QUALITY, BAD_NOISE), seed))
    return found


def _unchanged(coloured: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    return coloured


def _case(
    kind: tuple[str, str],
    alpha: np.ndarray,
    coloured: np.ndarray,
    wall: np.ndarray,
    camera: tuple[int, float],
    seed: int,
) -> Case:
    quality, grain = camera
    noise = np.random.default_rng(seed).normal(0, grain, wall.shape)
    photo = np.clip((coloured + (1 - alpha[..., None]) * wall) * 255 + noise, 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(photo).save(file, "JPEG", quality=quality)
    source = open_photo(file.getvalue())
    measures = measure(source)
    matrix = choose_crop(measures, source.size)[0].matrix(source.size)
    rgb, truth, person = (
        _framed(part, matrix) for part in (source.at_least(SIZE[1]).astype(np.float32) / 255, alpha, coloured)
    )
    mask = mediapipe_graphs.person_mask(np.round(rgb * 255).astype(np.uint8))
    oval = np.array(measures["oval"]) * source.size @ matrix[:, :2].T + matrix[:, 2]
    name, photo_kind = kind
    return Case(name, rgb, truth, person, mask, float(oval[OVAL.index(CHIN), 1]), oval, photo_kind)


def _framed(picture: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    large = cv2.warpAffine(
        picture, 2 * matrix, (2 * WIDTH, 2 * HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.clip(cv2.resize(large, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), 0, 1)


Method = Callable[[Case], tuple[np.ndarray, np.ndarray]]


def mask_only(case: Case) -> tuple[np.ndarray, np.ndarray]:
    return case.mask, case.rgb


def full_trimap(case: Case) -> np.ndarray:
    """The trimap of the mask alone, at half the size as the engine makes it, enlarged."""
    half = cv2.resize(case.mask, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA)
    return cv2.resize(
        trimap_from_mask(half, case.chin / 2, case.oval / 2), (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST
    )


def guided(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Guided filter (He, Sun, Tang 2010) with blur-fusion in two passes (Forte 2021)."""
    known = full_trimap(case)
    start = np.where(known == 0.5, case.mask, known).astype(np.float32)
    alpha = np.where(known == 0.5, guided_filter(case.rgb, start, 8, 1e-4), known)
    alpha = np.clip((alpha - 0.04) / 0.92, 0, 1).astype(np.float32)
    person = wall = case.rgb
    for radius in (45, 6):
        person, wall = _fuse(case.rgb, person, wall, alpha, radius)
    return alpha, person


def pymatting_closed_form(case: Case) -> tuple[np.ndarray, np.ndarray]:
    from pymatting import estimate_alpha_cf, estimate_foreground_ml

    known = full_trimap(case).astype(np.float64)
    rgb = case.rgb.astype(np.float64)
    alpha = estimate_alpha_cf(rgb, known)
    return alpha.astype(np.float32), estimate_foreground_ml(rgb, alpha).astype(np.float32)


def ours(case: Case) -> tuple[np.ndarray, np.ndarray]:
    made = matting.compute_matte(case.rgb, case.mask, case.chin, case.oval)
    return made.alpha, made.person


def guided_filter(guide: np.ndarray, target: np.ndarray, radius: int, epsilon: float) -> np.ndarray:
    """Colour guided filter, equations 14-16 of the paper."""

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.blur(values, (2 * radius + 1, 2 * radius + 1), borderType=cv2.BORDER_REFLECT)

    centre = mean(guide)
    outer = mean((guide[..., :, None] * guide[..., None, :]).reshape(*target.shape, 9)).reshape(*target.shape, 3, 3)
    covariance = outer - centre[..., :, None] * centre[..., None, :] + epsilon * np.eye(3, dtype=np.float32)
    shared = mean(guide * target[..., None]) - centre * mean(target)[..., None]
    slope = np.linalg.solve(covariance, shared[..., None])[..., 0]
    offset = mean(target) - (slope * centre).sum(2)
    return (mean(np.ascontiguousarray(slope)) * guide).sum(2) + mean(offset)


def _fuse(
    rgb: np.ndarray, person: np.ndarray, wall: np.ndarray, alpha: np.ndarray, radius: int
) -> tuple[np.ndarray, np.ndarray]:
    size, weight = (2 * radius + 1, 2 * radius + 1), alpha[..., None]
    share = cv2.blur(alpha, size)[..., None]
    person = cv2.blur(person * weight, size) / (share + 1e-5)
    wall = cv2.blur(wall * (1 - weight), size) / (1 - share + 1e-5)
    return np.clip(person + weight * (rgb - weight * person - (1 - weight) * wall), 0, 1), wall


METHODS: dict[str, Method] = {"mask": mask_only, "guided": guided, "pymatting": pymatting_closed_form, "ours": ours}


def errors(case: Case, alpha: np.ndarray, person: np.ndarray) -> tuple[float, ...]:
    """Near the true soft edge: sum of absolute differences / 1000, mean squared error x 1000, gradient error / 1000 (all as
    Rhemann 2009), mean error of the finished portrait in grey levels."""
    soft = ((case.alpha > 0) & (case.alpha < 1)).astype(np.uint8)
    band = cv2.dilate(soft, np.ones((2 * BAND + 1, 2 * BAND + 1), np.uint8)).astype(bool) | (
        np.abs(alpha - case.alpha) > 0.5
    )
    difference = np.abs(alpha - case.alpha)[band].sum() / 1000
    squared = 1000 * ((alpha - case.alpha)[band] ** 2).mean()
    slope = sum((_slope(alpha, a) - _slope(case.alpha, a)) ** 2 for a in (0, 1))[band].sum() / 1000
    wall = np.array(BACKGROUNDS["blue"], np.float32) / 255
    made = person * alpha[..., None] + wall * (1 - alpha[..., None])
    true = case.person + wall * (1 - case.alpha[..., None])
    return float(difference), float(squared), float(slope), float(255 * np.abs(made - true)[band].mean())


def _slope(alpha: np.ndarray, axis: int) -> np.ndarray:
    smooth = cv2.GaussianBlur(alpha, (0, 0), 1.4)
    return cv2.Sobel(smooth, cv2.CV_32F, 1 - axis, axis) / 8


def main() -> None:
    tested = cases(int(sys.argv[1]) if len(sys.argv) > 1 else 12)
    made = {name: run(method, tested) for name, method in METHODS.items()}
    for photo in ("good", "bad"):
        print(f"\n{photo + ' photo':12}{'SAD':>8}{'MSE':>8}{'grad':>8}{'colour':>8}")
        for wall in dict.fromkeys(case.wall for case in tested):
            print(wall)
            for name, (_, results) in made.items():
                print(f"  {name:10}" + figures(tested, results, wall, photo))
    print("\nms a portrait: " + ", ".join(f"{name} {spent:.0f}" for name, (spent, _) in made.items()))


def run(method: Method, tested: list[Case]) -> tuple[float, list[tuple[np.ndarray, np.ndarray]]]:
    """Milliseconds of processor time a case, and what was made."""
    method(tested[0])
    start = time.process_time()
    made = [method(case) for case in tested]
    return 1000 * (time.process_time() - start) / len(tested), made


def figures(tested: list[Case], made: list[tuple[np.ndarray, np.ndarray]], wall: str, photo: str) -> str:
    wanted = (wall, photo)
    rows = [errors(c, *result) for c, result in zip(tested, made, strict=True) if (c.wall, c.photo) == wanted]
    return "".join(f"{value:8.2f}" for value in np.mean(rows, axis=0))


if __name__ == "__main__":
    main()
