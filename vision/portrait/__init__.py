"""Makes the standard portrait from a judged photo: crop, cut out, set on the background, encode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from vision.backgrounds import BACKGROUNDS
from vision.crops.face import CHIN, OVAL
from vision.networks import mediapipe_graphs
from vision.portrait.automatic_crop import choose_crop, portrait_geometry
from vision.portrait.completion import clear_missing, shown_area, stretch_chest
from vision.portrait.crop import HEIGHT, WIDTH, Crop
from vision.portrait.encoding import encode_portrait, encode_thumbnail
from vision.portrait.matting import Matte, compute_matte
from vision.portrait.other_people import remove_other_people
from vision.rules import Limits, judge_portrait, limits_of
from vision.source import Source
from vision.verdict import Finding

SURPLUS = 1.2  # source px per portrait px; more are averaged first, because turning them down in one step would alias
HOOD = 0.25  # of the height of the face: how far above the chin the clothes may reach at the sides


@dataclass(frozen=True)
class Portrait:
    """`geometry` says where the head lies, in px, and how the portrait was cropped. `edge` grades
    the outline, from 0 (best) to 1 (worst). It also stands in `geometry`, so that a verdict can be
    repeated.
    """

    jpeg: bytes
    thumbnail: bytes
    geometry: dict[str, Any]
    edge: float
    findings: tuple[Finding, ...]


def make_portrait(
    source: Source,
    measures: Mapping[str, Any],
    *,
    background: str = "blue",
    crop: Mapping[str, float] | None = None,
    limits: Limits | None = None,
) -> Portrait:
    """A JPEG of 480 x 640 px on "blue", "white" or "grey".

    `crop` (x, y, scale, angle as in geometry["crop"]) replaces the automatic crop. Raises
    ValueError when the measures hold no face.
    """
    if not measures.get("faces"):
        raise ValueError("a portrait needs a face")
    cut = Crop(**crop) if crop else choose_crop(dict(measures), source.size)[0]
    geometry = portrait_geometry(cut, dict(measures), source.size)
    matrix = cut.matrix(source.size)
    area = shown_area(source.work) * np.tile(source.size, 2)
    oval, chin = _outline(measures, matrix, source.size)
    picture = stretch_chest(warp(source, cut, area), matrix, area, chin)
    cut_person = cut_out(picture, measures, source, cut)
    alpha = clear_missing(cut_person.alpha, matrix, area, chin - HOOD * np.ptp(oval[:, 1]))
    rgb = compose(cut_person.person, alpha, BACKGROUNDS[background])
    jpeg, quality = encode_portrait(rgb)
    edge = round(cut_person.edge, 4)
    geometry |= {"quality": quality, "bytes": len(jpeg), "background": background, "edge": edge}
    return Portrait(jpeg, encode_thumbnail(rgb), geometry, edge, judge_portrait(geometry, limits or limits_of()))


def warp(source: Source, crop: Crop, area: np.ndarray | None = None) -> np.ndarray:
    """The cropped part of the source, uint8 RGB 640 x 480, with its own wall. Beyond `area` (left,
    top, right, bottom in px of the source; the whole of it if None) it is a mirror image.
    """
    picture = source.at_least(max(source.width, source.height) * crop.scale)
    surplus = picture.shape[1] / source.width / crop.scale
    if surplus > SURPLUS:
        factor = SURPLUS / surplus
        picture = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    ratio = source.width / picture.shape[1]
    matrix = crop.matrix(source.size) * [ratio, ratio, 1.0]
    if area is not None:
        left, top, right, bottom = np.round(area / ratio).astype(int)
        picture = picture[top:bottom, left:right]
        matrix[:, 2] += matrix[:, :2] @ [left, top]
    return cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def cut_out(picture: np.ndarray, measures: Mapping[str, Any], source: Source, crop: Crop) -> Matte:
    """Separate the person from the wall in a cropped picture (uint8 RGB 640 x 480)."""
    matrix = crop.matrix(source.size)
    oval, chin = _outline(measures, matrix, source.size)
    mask = mediapipe_graphs.person_mask(picture)
    if others := measures.get("other_boxes"):
        corners = np.array(others).reshape(-1, 2) * source.size @ matrix[:, :2].T + matrix[:, 2]
        mask = remove_other_people(mask, oval, corners.reshape(-1, 4))
    return compute_matte(picture.astype(np.float32) / 255, mask, chin, oval)


def _outline(measures: Mapping[str, Any], matrix: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, float]:
    """The outline of the face (n, 2) and the row of the chin, in px of the portrait."""
    oval = np.array(measures["oval"]) * size @ matrix[:, :2].T + matrix[:, 2]
    return oval, float(oval[OVAL.index(CHIN), 1])


def compose(person: np.ndarray, alpha: np.ndarray, background: tuple[int, int, int]) -> np.ndarray:
    """uint8 RGB of the person on a plain background."""
    weight = cv2.merge([alpha, alpha, alpha])
    wall = np.array(background, np.float32) / 255
    return cv2.convertScaleAbs((person - wall) * weight + wall, alpha=255)
