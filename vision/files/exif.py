"""Reads one field of EXIF: the orientation of the picture.

A general EXIF reader can be kept busy by the file: 65,535 entries that all point to the same 20 MB.
This reader reads no other value.
"""

from __future__ import annotations

from typing import Literal

ORIENTATION_TAG = 0x0112
MAX_ENTRIES = 1000
BYTE_ORDERS: dict[bytes, Literal["little", "big"]] = {b"II": "little", b"MM": "big"}
SIZES = {1: 1, 3: 2, 4: 4}  # bytes of each type: byte; short, as the standard asks; long, as some devices write


def orientation(exif: bytes | None) -> int:
    """The orientation (1-8) from the first directory; 1 when it is missing or wrong, because a
    sound picture is not refused for it.
    """
    tiff = (exif or b"").removeprefix(b"Exif\0\0")
    order = BYTE_ORDERS.get(tiff[:2])
    if order is None:
        return 1
    at = int.from_bytes(tiff[4:8], order)
    count = int.from_bytes(tiff[at : at + 2], order)
    for place in range(at + 2, at + 2 + 12 * min(count, MAX_ENTRIES), 12):
        if int.from_bytes(tiff[place : place + 2], order) == ORIENTATION_TAG:
            size = SIZES.get(int.from_bytes(tiff[place + 2 : place + 4], order), 0)
            value = int.from_bytes(tiff[place + 8 : place + 8 + size], order)
            return value if value in range(1, 9) else 1
    return 1
