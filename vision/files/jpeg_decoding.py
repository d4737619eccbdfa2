"""Decodes a JPEG strictly: where picture data are missing, it is refused.

libjpeg shows a JPEG whose data end early with a grey rest, and only warns of it. Here a warning is an
error. Only what a whole picture may carry is let pass: what `strip` takes away (bytes between the
segments, a missing end marker, what a phone appends), and padding at the end of the picture data.
"""

from __future__ import annotations

import re

import numpy as np
import simplejpeg

from vision.errors import Unreadable
from vision.files.header import Header
from vision.files.jpeg_segments import END_MARK, strip

MAX_PADDING = 16  # bytes after the last block; more of them pass only where all are the same
MAX_BLIND = 8  # bytes of such padding that the last blocks may have been decoded from
_PADDED = re.compile(r"(\d+) extraneous bytes before marker 0xd9$")


def decode(data: bytes, header: Header, divisor: int) -> np.ndarray:
    """The picture as stored, at 1/1, 1/2, 1/4 or 1/8: (h, w, 3) RGB, or (h, w, 4) ink, uint8.

    Raises Unreadable.
    """
    pixels, warning = _decode(data, header, divisor)
    if warning:
        cleaned = strip(data)
        pixels, warning = _decode(cleaned, header, divisor)
        if warning and not _is_padded(cleaned, warning):
            raise Unreadable("damaged")
    return pixels


def _decode(data: bytes, header: Header, divisor: int) -> tuple[np.ndarray, str]:
    """The picture and libjpeg's first warning or error, empty when there is none."""
    height, width = -(-header.height // divisor), -(-header.width // divisor)
    is_ink = header.mode == "CMYK"
    pixels = np.empty((height, width, 4 if is_ink else 3), np.uint8)
    try:
        # The smallest scale at which both sides are large enough is 1 / divisor.
        decoded = simplejpeg.decode_jpeg(
            data,
            "CMYK" if is_ink else "RGB",
            min_height=height,
            min_width=width,
            min_factor=divisor,
            buffer=pixels,
            strict=True,
        )
    except ValueError as error:
        return pixels, str(error)
    return pixels, "" if decoded.shape == pixels.shape else "other size"


def _is_padded(data: bytes, warning: str) -> bool:
    """Whether the picture is whole and only padded: all its blocks were decoded, and bytes are left
    over.

    Zeros in the place of lost data decode too. They differ from padding in that many of them were
    used up.
    """
    found = _PADDED.search(warning)
    if not found:
        return False
    left = int(found[1])
    blocks = data.removesuffix(END_MARK)
    equal = len(blocks) - len(blocks.rstrip(blocks[-1:]))
    return left <= MAX_PADDING or left <= equal <= left + MAX_BLIND
