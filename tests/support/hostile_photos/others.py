"""Hostile files of formats that are not taken, and files that are several things at once."""

import io
import random
import struct
from collections.abc import Callable
from functools import cache

from PIL import Image

from tests.support.hostile_photos.damage import cut, filled, fuzzed, spliced
from tests.support.hostile_photos.made import bombs, disguises
from tests.support.hostile_photos.sound import SMALL, encoded, plain, portrait, sound
from tests.support.hostile_photos.writers import random_tiff

TAKEN = ("JPEG", "JPEG", "PNG", "WEBP", "HEIC", "AVIF")
REFUSED = (
    "GIF",
    "TIFF",
    "BMP",
    "ICO",
    "PPM",
    "TGA",
    "PCX",
    "JPEG2000",
    "SGI",
    "DDS",
    "ICNS",
    "PDF",
    "EPS",
    "MSP",
    "XBM",
)
HEADS = (
    b"\xff\xd8\xff\xe0", b"\xff\xd8\xff\xe1", b"\x89PNG\r\n\x1a\n", b"RIFF\xff\xff\0\0WEBPVP8X", b"RIFF\xff\xff\0\0WEBPVP8L",
    b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", b"\0\0\0\x18ftypavif\0\0\0\0mif1avif", b"\0\0\0\x18ftypmif1\0\0\0\0msf1hevc",
    b"GIF89a", b"II*\0\x08\0\0\0", b"MM\0+\0\x08\0\0", b"BM", b"\0\0\1\0\1\0", b"%PDF-1.7\n", b"PK\3\4", b"\xff\x0a",
    b"8BPS\0\1", b"<svg ", b"\0\0\0\x0cjP  \r\n\x87\n", b"\x1aE\xdf\xa3", b"v/1\1", b"#?RADIANCE\n", b"SIMPLE  =",
)  # fmt: skip


def any_sound(chance: random.Random) -> bytes:
    return chance.choice(sound())[1]


@cache
def refused() -> tuple[bytes, ...]:
    """A sound picture of each format that is not taken."""
    found = []
    for kind in REFUSED:
        mode = {"MSP": "1", "XBM": "1", "GIF": "P"}.get(kind, "RGB")
        found.append(encoded(portrait((96, 128)).convert(mode), kind))
    file = io.BytesIO()
    portrait((96, 128)).save(file, "TIFF", big_tiff=True)
    frames = [Image.new("P", SMALL, n) for n in range(40)]
    return (*found, file.getvalue(), encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))


def other_formats(chance: random.Random) -> bytes:
    data = chance.choice(refused())
    return data if chance.random() < 0.3 else chance.choice((fuzzed, filled))(data, chance)


def directories(chance: random.Random) -> bytes:
    """TIFF, BigTIFF and raw files of directories that loop."""
    data = random_tiff(chance)
    name = chance.choice((b"", b"CR\2\0", b"NIKON", b"SONY", b"\x12\xc6\1\0"))
    place = chance.choice((8, 16, len(data)))
    return data[:place] + name + data[place:] + bytes(chance.choice((0, 100, 1_000_000)))


def several_at_once(chance: random.Random) -> bytes:
    """One file before, behind or inside another."""
    data, other = any_sound(chance), chance.choice((*refused(), any_sound(chance)))
    html, archive = b"<html><script>alert(1)</script>", b"PK\3\4" + chance.randbytes(500)
    other = chance.choice((other, other, html, archive, b"%PDF-1.4\n", b"GIF89a", b"#!/bin/sh\n", b"MZ" + bytes(200)))
    at = chance.choice((0, 2, 4, 12, len(data), len(data), chance.randrange(len(data))))
    return data[:at] + other + data[at:] + chance.choice((b"", other, data))


def noise_behind_a_head(chance: random.Random) -> bytes:
    rest = chance.choice((0, 1, 30, 3000, 200_000))
    pattern = chance.randbytes(chance.choice((1, 4, 90)))
    return chance.choice(HEADS) + chance.choice((chance.randbytes(rest), (pattern * rest)[:rest]))


def claims(chance: random.Random) -> bytes:
    """Sound files whose first pair of sides says something else."""
    data = any_sound(chance)
    sides = tuple(struct.pack(order, *SMALL) for order in (">HH", ">II", "<HH"))
    jpeg = struct.pack(">HH", *reversed(SMALL))
    at, found = min(((data.find(one), one) for one in (jpeg, *sides) if one in data), default=(20, b"    "))
    numbers = (0, 1, 199, 200, 5000, 9999, 20_000, 20_001, 65_535)
    wide = ">II" if len(found) == 8 else ">HH"
    return data[:at] + struct.pack(wide, chance.choice(numbers), chance.choice(numbers)) + data[at + len(found) :]


def damaged(how: Callable[[bytes, random.Random], bytes]) -> Callable[[random.Random], bytes]:
    return lambda chance: how(any_sound(chance), chance)


@cache
def known() -> tuple[bytes, ...]:
    return tuple(data for _, data in (*disguises(), *bombs()) if len(data) < 500_000)


FAMILIES = {
    "other formats": other_formats,
    "directories": directories,
    "several at once": several_at_once,
    "noise behind a head": noise_behind_a_head,
    "claims": claims,
    "cut": damaged(cut),
    "filled": damaged(filled),
    "spliced": damaged(spliced),
    "fuzzed": damaged(fuzzed),
    "large fuzzed": lambda chance: fuzzed(plain(chance.choice(TAKEN)), chance),
    "known ones fuzzed": lambda chance: fuzzed(chance.choice(known()), chance),
}
