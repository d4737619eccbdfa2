"""A step across the whole picture: from one row to the next everything becomes brighter, darker or of another colour, or
moves aside.

Where bytes of a JPEG are lost or replaced, its decoder goes on with a wrong brightness and colour from that block to the
end, and often at a wrong place. A decoder that is careless shows it so, and the picture may have been saved again. A wall, a
shelf or a table ends behind or before a person: no edge of theirs goes through all columns.
"""

from __future__ import annotations

import cv2
import numpy as np

from vision.source import Source

STRIPS = 48  # columns that the picture is averaged to: the noise of a wall becomes small
GAP = 3  # rows of the small picture over which a step is measured; it is blurred over two
BLOCKS = (8, 16)  # px of the source: the row of blocks in which the step begins somewhere
STILL = 0.12  # share of the columns that may be without a step
LEAST_RELIEF = 8.0  # grey levels: above and below it stands a person, not a bar or a wall alone
EDGE = 0.05  # of the height, above and below: a border
CANDIDATES = 4
NONE: dict[str, object] = {"step": 0.0, "step_match": 0.0, "step_box": []}


def measure(source: Source) -> dict[str, object]:
    """`step`: grey levels by which nearly all columns change at one row of blocks, in the colour that changes most, and more
    than the rows around do; 0 when there is no such row. `step_match`: how well the picture below goes on with what is above, apart from the step: 1 when it
    is the same, 0 when it has moved aside. `step_box`: the picture below.
    """
    rows = source.small
    height, width = rows.shape[:2]
    wide = max(1, width // STRIPS)
    strips = cv2.resize(rows[:, : wide * (width // wide)], (width // wide, height), interpolation=cv2.INTER_AREA)
    change = cv2.absdiff(strips[GAP:], strips[:-GAP]).max(2)
    best = NONE
    for block in BLOCKS:
        stair = max(1, round(block * height / source.height))
        steps = np.maximum(change[:-stair], change[stair:])
        still = int(steps.shape[1] * STILL)
        least = np.partition(steps, still, axis=1)[:, still]
        for row in np.argsort(least)[: -CANDIDATES - 1 : -1]:
            below = int(row) + stair + GAP
            step = float(least[row]) - _around(change, int(row), below)
            if step > float(best["step"]) and EDGE * height < row and below < (1 - EDGE) * height:  # type: ignore[arg-type]
                match = _match(strips[row], strips[below])
                if match is not None:
                    best = {"step": step, "step_match": match, "step_box": [[0.0, below / height], [1.0, 1.0]]}
    return best


def _around(change: np.ndarray, row: int, below: int) -> float:
    """Grey levels by which the middle column changes just above and just below, whichever is more: the bands of a lamp that
    flickers have no edge.
    """
    near = (max(0, row - GAP - 2), min(len(change) - 1, below + 2))
    return max(float(np.median(change[place])) for place in near)


def _match(above: np.ndarray, below: np.ndarray) -> float | None:
    """The correlation of two rows, at least 0; None when one of them is flat."""
    first, second = above.mean(1), below.mean(1)
    if min(first.std(), second.std()) < LEAST_RELIEF:
        return None
    return max(0.0, float(np.corrcoef(first, second)[0, 1]))
