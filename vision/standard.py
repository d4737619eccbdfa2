"""The national standard for the head in the portrait, px of 480 x 640."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

RANGES = {"face_width": (180.0, 300.0), "eye_line": (200.0, 300.0), "hair_top": (50.0, 110.0)}


def is_inside(geometry: Mapping[str, Any]) -> bool:
    """Whether a head of this width, eye line and hair top lies inside the standard."""
    return all(low <= geometry[name] <= high for name, (low, high) in RANGES.items())
