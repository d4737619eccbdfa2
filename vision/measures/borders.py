"""Where the borders of the photo cut the person. The missing part of a person cannot be shown; a
missing part of the wall can.
"""

from __future__ import annotations

import numpy as np

from vision.colour import colour_distance
from vision.crops.person import PERSON, SIDE, PersonCrop
from vision.source import Source

POINTS = 96  # along each border
AT_BORDER, NEAR_BORDER = 2.0, 12.0  # px of the crop inwards; on the border itself the mask knows of nothing beyond it
SURE_WALL = 0.05
UNLIKE_WALL = 20.0
ALONG = np.linspace(0, 1, POINTS)
START, END = np.zeros(POINTS), np.ones(POINTS)
# Points of the top, bottom, left and right border as fractions of the upright source, (4 * POINTS, 2).
PLACES = np.concatenate([np.stack(pair, 1) for pair in ((ALONG, START), (ALONG, END), (START, ALONG), (END, ALONG))])


def measure(person: PersonCrop, source: Source) -> dict[str, object]:
    """`cut`: for top, bottom, left and right the longest stretch [from, to] where the person meets
    the border, as fractions of its length; None where only the wall does.
    """
    border = _pixels(person, source, AT_BORDER)
    inside = _pixels(person, source, NEAR_BORDER)
    meets = person.mask[border] > PERSON
    # A crown that is cut off looks to the network like no head; but it is no wall either.
    meets |= (person.mask[inside] > PERSON) & (colour_distance(person.lab[border], _wall(person)) > UNLIKE_WALL)
    return {"cut": [_longest_stretch(part) for part in meets.reshape(4, POINTS)]}


def _pixels(person: PersonCrop, source: Source, inset: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns in the crop of all PLACES, moved inwards by `inset` crop px."""
    inset *= np.hypot(*(person.back[:, 0] * source.size))
    places = np.clip(PLACES * source.size, inset, source.size - inset) / source.size
    pixels = np.linalg.solve(person.back[:, :2], (places - person.back[:, 2]).T)
    columns, rows = np.clip(np.round(pixels).astype(int), 0, SIDE - 1)
    return rows, columns


def _wall(person: PersonCrop) -> np.ndarray:
    wall = person.lab[::4, ::4][(person.mask[::4, ::4] < SURE_WALL) & person.inside[::4, ::4]]
    return np.median(wall, axis=0) if len(wall) else np.full(3, np.inf)


def _longest_stretch(person: np.ndarray) -> list[float] | None:
    if not person.any():
        return None
    turns = np.flatnonzero(np.diff(np.concatenate([[0], person, [0]])))
    starts, ends = turns[::2], turns[1::2]
    longest = int(np.argmax(ends - starts))
    return [float(ALONG[starts[longest]]), float(ALONG[ends[longest] - 1])]
