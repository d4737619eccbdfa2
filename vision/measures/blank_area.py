"""A lower part of the picture in which nothing changes any more from row to row: what decoders show in
the place of data that never came.

It is a second net under the strict decoding of the file: the picture may have been saved again.
"""

from __future__ import annotations

import cv2
import numpy as np

from vision.source import Source

FLAT = 0.25  # grey levels that a row may differ from the next, on the mean
LEAST_ROWS = 4
ALIKE = 4  # grey levels
BLOCK = 16  # px of the source: the last row of blocks may be half there, so the edge is a stair


def measure(source: Source) -> dict[str, object]:
    """`blank`: the flat lower part as a share of the height, 0 when it has no edge to speak of or the
    whole picture is flat. `blank_edge`: how much the picture differs from it at its edge, in grey
    levels. `blank_colour`: its distance from black and white. `blank_relief`: how much its row varies, in grey levels: a
    row that is repeated shows what stood above it. `blank_alike`: how much of the row above its edge has its colour already,
    as a share of the width: before a burnt wall a burnt shirt ends like this. `blank_box`: where it is.
    """
    rows = source.small
    flat = _flat_rows(rows)
    height = len(rows)
    if not LEAST_ROWS <= flat < height - 1:
        nothing = dict.fromkeys(("blank", "blank_edge", "blank_colour", "blank_relief", "blank_alike"), 0.0)
        return {**nothing, "blank_box": []}
    above = max(0, height - 1 - flat - int(np.ceil(BLOCK * height / source.height)))
    step = cv2.absdiff(rows[above], rows[-1])
    colour = rows[-1].astype(np.float32)
    bare = float(np.minimum(colour, 255 - colour).mean())
    top = 1 - flat / height
    return {
        "blank": flat / height,
        "blank_edge": float(step.mean()),
        "blank_colour": bare,
        "blank_relief": float(colour.std(0).mean()),
        "blank_alike": float((step.max(1) <= ALIKE).mean()),
        "blank_box": [[0.0, top], [1.0, 1.0]],
    }


def _flat_rows(rows: np.ndarray) -> int:
    """How many rows from below are like the one above them. Most pictures are looked at for their
    last rows only.
    """
    last = cv2.absdiff(rows[-1 - LEAST_ROWS : -1], rows[-LEAST_ROWS:]).mean((1, 2))
    if last.max() >= FLAT:
        return 0
    steps = cv2.absdiff(rows[:-1], rows[1:]).mean((1, 2))
    changed = np.flatnonzero(steps >= FLAT)
    return len(steps) - 1 - int(changed[-1]) if len(changed) else len(steps)
