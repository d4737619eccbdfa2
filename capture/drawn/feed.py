"""A camera feed of a drawn person, for a browser whose camera is a file."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from .person import Person
from .portrait import draw_portrait


def write_y4m(
    path: Path | str, person: Person, *, size: tuple[int, int] = (1280, 720), seconds: float = 2, fps: int = 10
) -> Path:
    """Write a YUV4MPEG2 film (4:2:0) of the person, who sways a little as people do.

    Chromium plays it in a loop under `--use-fake-device-for-media-stream --use-file-for-fake-video-capture=PATH`. The
    portrait is cut to the feed's shape around the face; both sides of `size` must be even.
    """
    width, height = size
    still = fitted(person, width + 16, height + 16)
    target = Path(path)
    with target.open("wb") as film:
        film.write(f"YUV4MPEG2 W{width} H{height} F{fps}:1 Ip A1:1 C420jpeg\n".encode())
        for index in range(max(1, round(seconds * fps))):
            sway = 2 * np.pi * index / max(1, round(seconds * fps))
            x, y = round(8 + 5 * np.sin(sway)), round(8 + 3 * np.cos(sway))
            film.write(b"FRAME\n")
            film.write(
                cv2.cvtColor(
                    np.ascontiguousarray(still[y : y + height, x : x + width]), cv2.COLOR_RGB2YUV_I420
                ).tobytes()
            )
    return target


def fitted(person: Person, width: int, height: int) -> np.ndarray:
    """The portrait as RGB pixels of this size: whole on a wall of its own colour where the feed is wider than it."""
    tall = min(width * 4 / 3, height) if width * 4 / 3 <= height else height
    if width * 4 <= height * 3:  # narrower than a portrait: cut the sides
        drawn = np.asarray(draw_portrait(person, size=(round(height * 0.75), height)))
        left = (drawn.shape[1] - width) // 2
        return drawn[:, left : left + width]
    drawn = np.asarray(draw_portrait(person, size=(round(tall * 0.75), round(tall))))
    side = (width - drawn.shape[1]) // 2
    return cv2.copyMakeBorder(
        drawn, 0, height - drawn.shape[0], side, width - drawn.shape[1] - side, cv2.BORDER_REPLICATE
    )
