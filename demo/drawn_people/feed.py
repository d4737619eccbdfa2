"""A camera feed of a drawn person, for a browser whose camera is a file; and single frames of people who stand otherwise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from demo.drawn_people.camera import Pixels
from demo.drawn_people.person import Person
from demo.drawn_people.portrait import EYE_LINE, EYE_UNIT, draw_portrait

SWAY = 8  # px that the person moves to each side at most
WIDTH_FOR_THE_RULES = 720  # a portrait of this width shows a face large enough for the checks
FEED_EYE_LINE = 0.42
ROOM = 1.45  # height of the drawing over that of the frame which is cut from it


@dataclass(frozen=True)
class Stand:
    """How somebody stands before the camera. `scale`: size over that of a usual portrait; `x` and `eye`: the middle of the face
    and the line of the eyes as parts of the frame; `roll`: degrees clockwise.
    """

    scale: float = 1.0
    x: float = 0.5
    eye: float = 0.4
    roll: float = 0.0


def frame_of(
    person: Person,
    stand: Stand = Stand(),
    *,
    size: tuple[int, int] = (960, 1280),
    violation: str | None = None,
    behind: tuple[Person, Stand] | None = None,
) -> Pixels:
    """One frame, RGB, of a person who stands so, before another one if need be."""
    front = _standing(person, stand, size, violation)
    if behind is None:
        return front
    # Where the front differs from its own empty wall, there is somebody.
    wall = _standing(person, stand, size, "nobody")
    away = cv2.GaussianBlur(cv2.absdiff(front, wall).max(2), (0, 0), 1.5)
    filled = cv2.morphologyEx((away > 6).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((25, 25)))
    mask = cv2.GaussianBlur(filled.astype(np.float32), (0, 0), 1.0)[..., None]
    other, elsewhere = behind
    back = _standing(replace(other, wall=person.wall), elsewhere, size, None)
    return (front * mask + back * (1 - mask)).astype(np.uint8)


def _standing(person: Person, stand: Stand, size: tuple[int, int], violation: str | None) -> Pixels:
    width, height = size
    tall = round(height * ROOM)
    offset = (stand.x - 0.5) / EYE_UNIT
    moved = replace(person, size=stand.scale, offset=offset, roll=stand.roll)
    drawn = np.asarray(draw_portrait(moved, size=(width, tall), violation=violation))
    top = min(max(0, round(tall * EYE_LINE - height * stand.eye)), tall - height)
    return np.ascontiguousarray(drawn[top : top + height])


def write_y4m(
    path: Path | str, person: Person, *, size: tuple[int, int] = (960, 1280), seconds: float = 2, fps: int = 5
) -> Path:
    """Write a film of the person, who moves a little.

    YUV4MPEG2 4:2:0, or MJPEG for a path that ends in .mjpeg.

    Chromium plays it in a loop under `--use-fake-device-for-media-stream --use-file-for-fake-video-
    capture=PATH` and `--use-fake-ui-for-media-stream`. Both sides of `size` must be even; the
    person stands in the middle.
    """
    width, height = size
    still = fitted(person, width + 2 * SWAY, height + 2 * SWAY)
    frames = max(1, round(seconds * fps))
    target = Path(path)
    with target.open("wb") as film:
        if target.suffix != ".mjpeg":
            film.write(f"YUV4MPEG2 W{width} H{height} F{fps}:1 Ip A1:1 C420jpeg\n".encode())
        for index in range(frames):
            swing = 2 * np.pi * index / frames
            x, y = round(SWAY + 5 * np.sin(swing)), round(SWAY + 3 * np.cos(swing))
            frame = np.ascontiguousarray(still[y : y + height, x : x + width])
            film.write(encoded(frame, as_jpeg=target.suffix == ".mjpeg"))
    return target


def encoded(frame: Pixels, *, as_jpeg: bool) -> bytes:
    """One frame of the film."""
    if as_jpeg:
        return cv2.imencode(".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()
    return b"FRAME\n" + cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420).tobytes()


def fitted(person: Person, width: int, height: int) -> Pixels:
    """The portrait as RGB pixels of this size: cut, or its wall continued to both sides."""
    across = max(WIDTH_FOR_THE_RULES, round(height * 0.75)) if width > height * 0.75 else round(height * 0.75)
    drawn = np.asarray(draw_portrait(person, size=(across, round(across * 4 / 3))))
    top = min(max(0, round(drawn.shape[0] * EYE_LINE - height * FEED_EYE_LINE)), drawn.shape[0] - height)
    drawn = drawn[top : top + height]
    missing = max(0, width - across)
    wide = cv2.copyMakeBorder(drawn, 0, 0, missing // 2, missing - missing // 2, cv2.BORDER_REPLICATE)
    left = (wide.shape[1] - width) // 2
    return wide[:, left : left + width]
