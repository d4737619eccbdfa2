"""Drawn people: no picture of a real person is part of the product."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from PIL import Image

from demo.drawn_people.person import Person
from demo.drawn_people.portrait import draw_portrait
from tests.vision.pictures import jpeg
from vision import Checked, check

SIZE = (900, 1200)


@cache
def drawing(seed: int = 3, violation: str | None = None) -> Image.Image:
    return draw_portrait(Person.random(seed), size=SIZE, violation=violation)


@pytest.fixture(scope="session")
def draw() -> Callable[..., Image.Image]:
    """A drawn photo by seed and violation."""
    return drawing


@pytest.fixture(scope="session")
def photo() -> bytes:
    """A drawn photo that keeps every rule, as a JPEG."""
    return jpeg(drawing())


@pytest.fixture(scope="session")
def checked(photo: bytes) -> Checked:
    return check(photo)


@pytest.fixture
def pixels() -> np.ndarray:
    """An upright picture without symmetry, so that no turn or mirror goes unseen."""
    rgb = np.zeros((300, 400, 3), np.uint8)
    rgb[:150, :200] = (220, 40, 40)
    rgb[:150, 200:] = (40, 200, 40)
    rgb[150:, :200] = (40, 40, 220)
    rgb[150:, 200:] = (240, 240, 240)
    return rgb
