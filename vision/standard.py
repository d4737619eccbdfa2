"""The national standard for the head in the portrait, in px of 480 x 640."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

RANGES = {"face_width": (180.0, 300.0), "eye_line": (200.0, 300.0), "hair_top": (50.0, 110.0)}


def is_inside(geometry: Mapping[str, Any]) -> bool:
    """Whether face width, eye line and hair top of `geometry` are inside the standard."""
    return all(low <= geometry[name] <= high for name, (low, high) in RANGES.items())
