"""A process that reads the QR codes of one picture: `python -m capture.sign_in.read_code < file`.

It writes a line of JSON, {"refused": code of vision.errors} or {"texts": [text …], "light": 0 black to 255 white}.
"""

import json
import sys
from collections.abc import Iterator

import cv2
import numpy as np
import zxingcpp

from portal.untrusted.limits import MB, confine
from vision.errors import Unreadable
from vision.files.header import read_header
from vision.source import MAX_SIDE, Source, max_pixels

MEMORY, CPU_SECONDS = 1200 * MB, 4  # the photo of a phone takes a quarter of a second
LONG_SIDE = 2000  # px; the photo of a phone is halved until it fits
QR = zxingcpp.barcode_formats_from_str("QRCode")
LONGEST_TEXT = 4000  # characters; the largest QR code holds 4,296


def texts_in(grey: np.ndarray) -> list[str]:
    """The texts of the QR codes in a grey picture: by the first way of looking at it that finds one."""
    for seen in _ways_to_look(grey):
        found = zxingcpp.read_barcodes(np.ascontiguousarray(seen), formats=QR)
        texts = list(dict.fromkeys(code.text for code in found if code.text and len(code.text) <= LONGEST_TEXT))
        if texts:
            return texts
    return []


def _ways_to_look(grey: np.ndarray) -> Iterator[np.ndarray]:
    """The picture as it is; with even light and smoothed, for the dark; larger and sharper, for what is far away."""
    yield grey
    even = cv2.createCLAHE(clipLimit=3.0, tileGridSize=(8, 8)).apply(grey)
    yield cv2.GaussianBlur(even, (0, 0), 1.6)
    large = cv2.resize(grey, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    yield cv2.addWeighted(large, 3.0, cv2.GaussianBlur(large, (0, 0), 2.0), -2.0, 0)


def grey_of(data: bytes) -> np.ndarray:
    header = read_header(data)
    if header.width * header.height > max_pixels(header) or max(header.width, header.height) > MAX_SIDE:
        raise Unreadable("too_many_pixels")
    source = Source(data, header)
    pixels = source.at_least(min(LONG_SIDE, max(source.width, source.height)))
    factor = LONG_SIDE / max(pixels.shape[:2])
    if factor < 1:
        pixels = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)


def main() -> None:
    cv2.setNumThreads(1)
    confine(memory=MEMORY, seconds=CPU_SECONDS, has_threads=True)
    out = sys.stdout.buffer
    try:
        grey = grey_of(sys.stdin.buffer.read())
        answer = {"texts": texts_in(grey), "light": round(float(np.median(grey)))}
    except (Unreadable, MemoryError) as error:
        answer = {"refused": error.code if isinstance(error, Unreadable) else "too_many_pixels"}
    out.write(json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    main()
