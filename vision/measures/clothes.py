"""The clothes below the chin: likeness to the background, blue, pattern, shoulders."""

from __future__ import annotations

import cv2
import numpy as np

from vision.backgrounds import BACKGROUNDS, background_lab
from vision.colour import colour_distance
from vision.crops.face import FaceCrop
from vision.crops.person import FACE_WIDTH, PERSON, SIDE, PersonCrop
from vision.networks import mediapipe_graphs

LIKE_BACKGROUND = 28.0
LIKE_SKIN = 14.0
BLUE_HUE = (225.0, 306.0)
BLUE_CHROMA = 18.0
BLUE_LIGHTNESS = 30.0  # at the least chroma; navy lies below
BLUE_LIGHTNESS_FALL = 0.5  # of that for each chroma more: strong blue in the shade is no navy
SKIN_YELLOW, MOST_COLD = 0.7, 12.0  # b over a of skin in neutral light, at least; b taken off at most
SOFTENED = 1.0  # px of blur before the gradient: noise of the sensor is finer
PATTERNED = 0.06  # a px: slope of the lightness over the lightness itself
BLACK = 15.0  # grey levels added to that lightness, so that noise in black cloth is no pattern
CLOTHES_BELOW_CHIN = 0.35  # face widths: the neck lies above
NECK_HALF_WIDTH = 0.45  # face widths: what lies beside it, below the chin, is shoulder or collar
ENOUGH_CLOTHES = 2500  # px of the crop: with less below the neck, the shoulders beside it are looked at too
MIN_CLOTHES = 200  # px of the crop: 0.02 square face widths; with less there is nothing to judge
SHOULDER_FROM, SHOULDER_TO = 0.75, 0.95
SHOULDER_SHOWN = 0.9  # of the columns there must show the person
ABOVE_RIM = 4  # px of the crop
LEVEL_BY_OUTLINE = 5.5  # degrees
OUTLINE_WEIGHT = 0.4
SHOULDERS = (11, 12)  # landmarks of the pose network: the right one of the picture first
VISIBILITY, SEEN = 3, 0.4


def measure(person: PersonCrop, crop: FaceCrop) -> dict[str, object]:
    measures: dict[str, object] = {
        "hair_top": person.to_fractions(np.array([[person.middle, person.hair_top]]))[0],
        "hair_rise": (person.points[10, 1] - person.hair_top) / FACE_WIDTH,
        "shoulders": shoulders(person),
        "shoulder_points": shoulder_points(person),
    }
    area = clothes_area(person, crop.skin)
    measures["clothes_seen"] = area.sum() / FACE_WIDTH**2
    if area.sum() >= MIN_CLOTHES:
        measures |= _measure_area(person, area, crop.skin)
    return measures


def clothes_area(person: PersonCrop, skin: np.ndarray) -> np.ndarray:
    """The person below the neck, without larger patches of skin (neckline). Small specks of skin
    colour count as pattern. Where the photo ends near the collar, the shoulders beside the neck are
    added.
    """
    clothes = _person_without_skin(person, skin)
    below_neck = clothes.copy()
    below_neck[: int(person.chin + CLOTHES_BELOW_CHIN * FACE_WIDTH)] = False
    if below_neck.sum() >= ENOUGH_CLOTHES:
        return below_neck
    half = NECK_HALF_WIDTH * FACE_WIDTH
    left, right = (max(0, int(person.middle + side * half)) for side in (-1, 1))
    clothes[:, left:right] = False
    return clothes | below_neck


def _person_without_skin(person: PersonCrop, skin: np.ndarray) -> np.ndarray:
    """Boolean mask (SIDE, SIDE) of the person below the chin, without its rim and patches of skin."""
    below = slice(min(SIDE - 1, int(person.chin)), SIDE)
    sure = cv2.erode(person.is_person[below].astype(np.uint8), np.ones((9, 9), np.uint8))
    bare = (colour_distance(person.lab[below], skin) < LIKE_SKIN).astype(np.uint8)
    bare = cv2.morphologyEx(bare, cv2.MORPH_OPEN, np.ones((13, 13), np.uint8))
    area = np.zeros((SIDE, SIDE), bool)
    area[below] = (sure > 0) & (bare == 0)
    return area


def _measure_area(person: PersonCrop, area: np.ndarray, skin: np.ndarray) -> dict[str, object]:
    rows, columns = np.divmod(np.flatnonzero(area), SIDE)
    colours = person.lab[rows[::3], columns[::3]]  # some thousand px: enough for shares
    near = {
        f"clothes_{name}": float((colour_distance(colours, background_lab(name)) < LIKE_BACKGROUND).mean())
        for name in BACKGROUNDS
    }
    return {
        **near,
        "clothes_colour": np.median(colours, axis=0).tolist(),
        "clothes_hue_blue": float(_is_blue(colours, skin).mean()),
        "pattern": patterned_share(person, area),
        "clothes_box": person.to_fractions(np.array([[columns.min(), rows.min()], [columns.max(), rows.max()]])),
    }


def _is_blue(colours: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """Which of the colours (Lab, n x 3) are a clear blue. In cold light, which shows in the skin, a
    white shirt is bluish too: that much is taken off.
    """
    lightness, a, b = colours.T
    cold = np.clip(SKIN_YELLOW * skin[1] - skin[2], 0, MOST_COLD)
    b = b + cold * np.clip(lightness / max(float(skin[0]), 1.0), 0, 1.5)
    hue, chroma = np.degrees(np.arctan2(b, a)) % 360, np.hypot(a, b)
    least_lightness = BLUE_LIGHTNESS - BLUE_LIGHTNESS_FALL * (chroma - BLUE_CHROMA)
    return (hue > BLUE_HUE[0]) & (hue < BLUE_HUE[1]) & (chroma > BLUE_CHROMA) & (lightness > least_lightness)


def patterned_share(person: PersonCrop, area: np.ndarray) -> float:
    """The share of the clothes where the lightness changes steeply for how light the cloth is. The outline of the clothes is
    left out. A print fills the clothes with slopes; a seam, a lapel or a lanyard is one line, and the light in folds of dark
    cloth changes little against it.
    """
    rows = slice(min(SIDE - 8, max(0, int(person.chin))), SIDE)
    inner = cv2.erode(area[rows].astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool)
    if not inner.any():
        return 0.0
    grey = cv2.cvtColor(person.rgb[rows], cv2.COLOR_RGB2GRAY).astype(np.float32)
    soft = cv2.GaussianBlur(grey, (0, 0), SOFTENED)
    across, down = (cv2.Sobel(soft, cv2.CV_32F, 1 - axis, axis, scale=1 / 8) for axis in (0, 1))
    return float((cv2.magnitude(across, down)[inner] > PATTERNED * (soft[inner] + BLACK)).mean())


def shoulders(person: PersonCrop) -> float | None:
    """Degrees between the shoulders; None when the photo ends above one of them or the pose network finds none.

    The outline of the mask is quick to measure, but hair over a shoulder bends it. So a slope above
    LEVEL_BY_OUTLINE is measured again by the pose network. That network makes people a little
    straighter than they are, so the result is a weighted mean of both.
    """
    by_outline = shoulder_slope(person)
    if by_outline is None or abs(by_outline) <= LEVEL_BY_OUTLINE:
        return by_outline
    body = mediapipe_graphs.pose_landmarks(person.rgb)
    if body is None or body[list(SHOULDERS), VISIBILITY].min() < SEEN:
        return None
    dx, dy = body[SHOULDERS[0], :2] - body[SHOULDERS[1], :2]
    by_pose = float(np.degrees(np.arctan2(dy, dx)))
    return OUTLINE_WEIGHT * by_outline + (1 - OUTLINE_WEIGHT) * by_pose


def shoulder_slope(person: PersonCrop) -> float | None:
    """Degrees between the top of the person left and right of the neck; positive when the right
    side of the picture is lower. None when one of them is not in the photo.
    """
    left, right = (_shoulder_top(person, side) for side in (-1, 1))
    if left is None or right is None:
        return None
    run = (SHOULDER_FROM + SHOULDER_TO) * FACE_WIDTH
    return float(np.degrees(np.arctan2(right - left, run)))


def _shoulder_top(person: PersonCrop, side: int) -> float | None:
    """The row where the person begins below the chin; None when the photo ends above it."""
    ends = sorted(int(person.middle + side * factor * FACE_WIDTH) for factor in (SHOULDER_FROM, SHOULDER_TO))
    columns = slice(max(0, ends[0]), min(SIDE, ends[1]))
    chin, body = int(person.chin), person.mask[:, columns] > PERSON
    # At the rim of the photo the mask is unsure, so the person must begin above it.
    body = body[chin : SIDE - ABOVE_RIM] & person.inside[chin + ABOVE_RIM :, columns]
    found = body.any(axis=0)
    if not found.size or found.mean() < SHOULDER_SHOWN:
        return None
    return person.chin + float(np.argmax(body[:, found], axis=0).mean())


def shoulder_points(person: PersonCrop) -> list[list[float]]:
    """Where the shoulders are, or leave the photo."""
    half = (SHOULDER_FROM + SHOULDER_TO) / 2 * FACE_WIDTH
    tops = [(side, _shoulder_top(person, side)) for side in (-1, 1)]
    places = [(person.middle + side * half, SIDE if top is None else top) for side, top in tops]
    return person.to_fractions(np.array(places))
