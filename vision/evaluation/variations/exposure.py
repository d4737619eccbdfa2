"""How bright a picture is, and lamps that flicker while it is taken."""

from __future__ import annotations

import numpy as np

from vision.evaluation.variations.original import Original, developed

FLASHES = 100.0  # a second: lamps on a mains of 50 Hz
READOUT = 0.028  # s in which a rolling shutter reads the picture
PHOSPHOR = np.array(
    [1.0, 0.8, 0.55]
)  # share of the flicker in red, green, blue: the yellow phosphor of an LED glows on


def exposed(original: Original, stops: float) -> np.ndarray:
    return developed(original.linear * 2**stops)


def flickering(original: Original, depth: float, *, upright: bool) -> np.ndarray:
    """Bands of a lamp that flickers by `depth` (0 to 1) after the exposure has averaged it. The
    shutter runs along the short side, so a phone held `upright` shows vertical bands.
    """
    x, y = original.grid
    along = x / x.shape[1] if upright else y / y.shape[0]
    wave = 0.5 - 0.5 * np.cos(2 * np.pi * FLASHES * READOUT * along)
    return developed(original.linear * (1 - depth * wave[..., None] * PHOSPHOR[::-1].astype(np.float32)))
