"""The backgrounds that the national standard allows."""

from __future__ import annotations

from functools import cache

import numpy as np

from vision.colour import Lab

BACKGROUNDS = {"blue": (100, 197, 255), "white": (255, 255, 255), "grey": (240, 240, 240)}


@cache
def background_lab(name: str) -> np.ndarray:
    return Lab(np.array([[BACKGROUNDS[name]]], np.uint8))[0, 0]
