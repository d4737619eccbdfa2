"""All measures of a photo, as plain numbers. They are stored, so that a verdict can be repeated
without the picture.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vision.crops.face import EYE_DISTANCE, Face, FaceCrop, align_face
from vision.crops.person import PersonCrop, crop_person
from vision.likeness.imprint import compute_imprint
from vision.measures import (
    blank_area,
    borders,
    clothes,
    cover,
    eyes,
    face_detection,
    glasses,
    integrity,
    light,
    mouth,
    necklace,
    pose,
    row_step,
    sharpness,
    turning,
)
from vision.portrait.automatic_crop import choose_crop
from vision.portrait.missing_area import cut_of, missing_share
from vision.source import Source

Measures = dict[str, Any]
"""JSON-safe: floats, and places as fractions (0-1) of the upright source."""

CROP_MEASURES = (
    sharpness.measure,
    light.measure,
    eyes.measure,
    glasses.measure,
    mouth.measure,
    cover.measure,
    necklace.measure,
    integrity.measure_face,
)
PERSON_MEASURES = (clothes.measure, cover.measure_head)


def measure(source: Source) -> Measures:
    """All measures of a photo. Without a face, or when the photo lies: only `faces`, `other_face`,
    `other_boxes`, the size and how it lies.
    """
    found = face_detection.detect_faces(source)
    measures: Measures = {"width": source.width, "height": source.height, "turn": 0, "lies": 0.0}
    measures |= turning.measure(source, found) if turning.may_lie(found) else {}
    if not measures["lies"]:
        whole = _measure_upright(source, found)
        if turning.is_cut(whole) and not turning.may_lie(found):
            measures |= turning.measure(source, found)
        measures = whole | measures
    if measures["lies"]:
        nobody = face_detection.DetectedFaces((), ())
        measures = {name: measures[name] for name in ("width", "height", "turn", "lies")}
        measures |= face_detection.measure(nobody, source)
    return {key: _rounded(value) for key, value in measures.items()}


def _measure_upright(source: Source, found: face_detection.DetectedFaces) -> Measures:
    measures = face_detection.measure(found, source) | blank_area.measure(source) | row_step.measure(source)
    return measures | _measure_face(source, found.main) if found.main is not None else measures


def _measure_face(source: Source, face: Face) -> Measures:
    crop = crop_face(source, face)
    person = crop_person(source, face)
    measures: Measures = pose.measure(face, source) | integrity.measure_frame(source, face)
    measures |= integrity.measure_screen(face_picture(source, face), source, face, crop)
    measures |= integrity.measure_picture(source)
    measures["imprint"] = compute_imprint(crop)
    for part in CROP_MEASURES:
        measures |= part(crop)
    for whole in PERSON_MEASURES:
        measures |= whole(person, crop)
    measures |= borders.measure(person, source)
    best_cut, _ = choose_crop(measures, source.size)
    return measures | {"outside": missing_share(best_cut, source.size, cut_of(measures))}


def crop_face(source: Source, face: Face) -> FaceCrop:
    return align_face(face_picture(source, face), source.size, face)


def face_picture(source: Source, face: Face) -> np.ndarray:
    """The smallest decode with at least 100 px between the eyes."""
    return source.at_least(max(source.width, source.height) * EYE_DISTANCE / face.eye_distance)


def _rounded(value: Any) -> Any:
    """Rounded to five decimals: finer than any measure is exact, and the stored row stays small."""
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value if isinstance(value, int | str) or value is None else round(float(value), 5)


__all__ = ["Measures", "PersonCrop", "measure"]
