"""Hostile WebPs: chunks that lie, frames beyond their canvas, coded data of nonsense."""

import random
import struct

from tests.support.hostile_photos.sound import SMALL, sound
from tests.support.hostile_photos.writers import random_profile, random_tiff, rearranged

KINDS = (b"VP8X", b"VP8 ", b"VP8L", b"ANIM", b"ANMF", b"ALPH", b"ICCP", b"EXIF", b"XMP ", b"JUNK")


def base(chance: random.Random) -> bytes:
    return chance.choice([data for name, data in sound() if "webp" in name])


def chunks_of(data: bytes) -> list[tuple[bytes, bytes]]:
    at, found = 12, []
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        found.append((data[at : at + 4], data[at + 8 : at + 8 + length]))
        at += 8 + length + (length & 1)
    return found


def riff(kind: bytes, body: bytes, length: int | None = None) -> bytes:
    return kind + struct.pack("<I", len(body) if length is None else length) + body + bytes(len(body) & 1)


def written(chunks: list[bytes], length: int | None = None) -> bytes:
    return riff(b"RIFF", b"WEBP" + b"".join(chunks), length)


def three(number: int) -> bytes:
    return (number % 2**24).to_bytes(3, "little")


def canvas(chance: random.Random, flags: int = 0) -> bytes:
    width, height = (side - 1 for side in SMALL)
    if chance.random() < 0.4:
        width, height = (chance.choice((0, 198, 4998, 16_383, 2**24 - 1)) for _ in range(2))
    flags = flags if chance.random() < 0.7 else chance.choice((0, 2, 18, 62, 255))
    return bytes([flags, 0, 0, 0]) + three(width) + three(height)


def frame(chance: random.Random) -> bytes:
    """Of an animation: its place, sides and duration, then a picture."""
    numbers = [0, 0, SMALL[0] - 1, SMALL[1] - 1, 100]
    if chance.random() < 0.5:
        numbers[chance.randrange(5)] = chance.choice((0, 1, 5000, 2**24 - 1))
    inner = [part for part in chunks_of(base(chance)) if part[0] in (b"VP8 ", b"VP8L", b"ALPH")]
    body = b"".join(three(number) for number in numbers) + bytes([chance.randrange(4)])
    return body + b"".join(riff(*one) for one in inner)


def added(chance: random.Random) -> tuple[bytes, bytes]:
    return chance.choice(
        (
            (b"VP8X", canvas(chance)),
            (b"ANIM", chance.randbytes(6)),
            (b"ANMF", frame(chance)),
            (b"ALPH", bytes([chance.choice((0, 1, 2, 3, 13, 255))]) + chance.randbytes(chance.choice((0, 50, 80_000)))),
            (b"ICCP", random_profile(chance)),
            (b"EXIF", chance.choice((b"", b"Exif\0\0")) + random_tiff(chance)),
            (b"XMP ", b"<x>" * 20_000),
            (b"VP8L", b"\x2f" + chance.randbytes(300)),
            (b"VP8 ", chance.randbytes(3) + b"\x9d\x01\x2a\xf0\0\x40\1" + chance.randbytes(3000)),
            (chance.choice(KINDS), chance.randbytes(chance.choice((0, 3, 900)))),
        )
    )


def chunks(chance: random.Random) -> bytes:
    """Left out, doubled, exchanged, added, renamed, of other lengths or with other content."""
    parts = rearranged(chunks_of(base(chance)), chance, added)
    lies = chance.randrange(len(parts)) if chance.random() < 0.3 else -1
    lengths = (0, 1, 10, 65_535, 2**31, 2**32 - 1)
    packed = [riff(*part, chance.choice(lengths) if n == lies else None) for n, part in enumerate(parts)]
    return written(packed, chance.choice(lengths) if chance.random() < 0.15 else None)


def built(chance: random.Random) -> bytes:
    """A canvas and a picture or an animation, with anything between."""
    picture = [part for part in chunks_of(base(chance)) if part[0] in (b"VP8 ", b"VP8L")]
    film = [(b"ANIM", bytes(6)), *((b"ANMF", frame(chance)) for _ in range(chance.choice((1, 2, 9, 200))))]
    is_film = chance.random() < 0.6
    parts = [(b"VP8X", canvas(chance, 2 if is_film else 0)), *(film if is_film else picture)]
    for _ in range(chance.choice((0, 0, 1, 1, 3, 400))):
        parts.insert(chance.randrange(1, len(parts) + 1), added(chance))
    return written([riff(*part) for part in parts])


def picture_data(chance: random.Random) -> bytes:
    """Bits turned, or stretches replaced, in the coded picture only."""
    parts = chunks_of(base(chance))
    out = []
    for kind, body in parts:
        data = bytearray(body)
        if kind in (b"VP8 ", b"VP8L", b"ALPH", b"ANMF") and len(data) > 40:
            for _ in range(chance.choice((1, 5, 200))):
                at = chance.randrange(10, len(data))
                data[at] ^= 1 << chance.randrange(8)
            if chance.random() < 0.3:
                at = chance.randrange(10, len(data))
                data[at : at + 60] = chance.choice((bytes(60), chance.randbytes(60), b""))
        out.append(riff(kind, bytes(data)))
    return written(out)


FAMILIES = {"webp chunks": chunks, "webp built": built, "webp picture data": picture_data}
