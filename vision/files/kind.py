"""What kind of file some bytes are, by their first ones. Names and declared types are not used."""

from __future__ import annotations

import re

from vision.errors import Unreadable, other_format

HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
AVIF_BRANDS = {b"avif", b"avis"}
MAX_BRANDS = 64
# (first bytes, name, group of vision.errors.OTHER_FORMATS)
OTHERS = (
    (rb"GIF8", "GIF", "picture"),
    (rb"BM.{4}\0{4}", "BMP", "picture"),
    (rb"\0{3}\x0cjP  |\xff\x4f\xff\x51", "JPEG 2000", "picture"),
    (rb"\0{3}\x0cJXL |\xff\x0a", "JPEG XL", "picture"),
    (rb"8BPS", "Photoshop", "picture"),
    (rb"\x00\x00\x01\x00", "ICO", "picture"),
    (rb"(II\*\0|MM\0\*).{0,4096}?(\x12\xc6\x01\x00|\xc6\x12\x00\x01)", "DNG", "raw"),
    (rb"II\*\0.{4}CR", "CR2", "raw"),
    (rb"(II\*\0|MM\0\*).{0,2048}?(NIKON|SONY|PENTAX)", "RAW", "raw"),
    (rb"IIR[OS]|IIU\0|FUJIFILMCCD-RAW|.{4}ftypcrx", "RAW", "raw"),
    (rb"II\*\0|MM\0\*|II\+\0|MM\0\+", "TIFF", "picture"),
    (rb"%PDF-", "PDF", "document"),
    (rb"PK\x03\x04|PK\x05\x06", "ZIP", "document"),
    (rb"Rar!", "RAR", "document"),
    (rb"7z\xbc\xaf", "7z", "document"),
    (rb"\xd0\xcf\x11\xe0", "Office", "document"),
    (rb"(\xef\xbb\xbf)?\s*(<!doctype html|<html)", "HTML", "document"),
    (rb"(\xef\xbb\xbf)?\s*<(.{0,1024}<)?svg[\s/>]", "SVG", "picture"),
    (rb".{4}ftypqt  |.{4}(moov|mdat|wide)", "QuickTime", "film"),
    (rb".{4}ftyp3g", "3GP", "film"),
    (rb".{4}ftyp", "MP4", "film"),
    (rb"RIFF.{4}AVI ", "AVI", "film"),
    (rb"\x1aE\xdf\xa3", "WebM", "film"),
)
_OTHERS = [(re.compile(start, re.DOTALL | re.IGNORECASE), name, group) for start, name, group in OTHERS]


def kind_of(data: bytes) -> str:
    """jpeg, png, webp, heif or avif. Raises Unreadable, which names the format where it is known."""
    if data[:3] == b"\xff\xd8\xff":
        return "jpeg"
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[4:8] == b"ftyp" and (brands := _brands(data)) & (HEIF_BRANDS | AVIF_BRANDS):
        return "avif" if brands & AVIF_BRANDS else "heif"
    head = data[:8192]
    for start, name, group in _OTHERS:
        if start.match(head):
            raise other_format(name, group)
    raise Unreadable("not_a_photo")


def _brands(data: bytes) -> set[bytes]:
    """The main brand and the compatible ones of a file of boxes; only the main one where that is a
    film's.
    """
    main = data[8:12]
    if main not in HEIF_BRANDS | AVIF_BRANDS:
        return {main}
    size = min(int.from_bytes(data[:4], "big"), 16 + 4 * MAX_BRANDS)
    return {main, *(data[at : at + 4] for at in range(16, size, 4))}
