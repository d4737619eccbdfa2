"""Hostile PNGs: chunks that lie under right checksums, every depth of every colour, animations, data of other lengths."""

import random
import struct
import zlib

from tests.support.hostile_photos.sound import SMALL, sound
from tests.support.hostile_photos.writers import PNG, chunk, random_profile, random_tiff, rearranged

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
SIDES = (0, 1, 7, 199, 200, 333, 5000, 20_000, 2**31 - 1, 2**32 - 1)


def base(chance: random.Random) -> bytes:
    return chance.choice([data for name, data in sound() if "png" in name])


def chunks_of(data: bytes) -> list[tuple[bytes, bytes]]:
    at, found = 8, []
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def written(chunks: list[tuple[bytes, bytes]]) -> bytes:
    return PNG + b"".join(chunk(name, body) for name, body in chunks)


def chunks(chance: random.Random) -> bytes:
    """Left out, doubled, exchanged, added, renamed or with other content; the checksums are right."""
    parts = rearranged(chunks_of(base(chance)), chance, added)
    data = written(parts)
    if chance.random() < 0.15:  # a length that is not that of the chunk
        at = 8 + 12 + 13 if chance.random() < 0.5 else 8
        return data[:at] + struct.pack(">I", chance.choice((0, 12, 2**31 - 1, 2**32 - 1))) + data[at + 4 :]
    return data


def added(chance: random.Random) -> tuple[bytes, bytes]:
    bomb = zlib.compress(bytes(chance.choice((9, 100_000, 3_000_000))), 9)
    return chance.choice(
        (
            (b"PLTE", chance.randbytes(chance.choice((0, 1, 3, 765, 768, 771, 3000)))),
            (b"tRNS", chance.randbytes(chance.choice((0, 1, 2, 6, 256, 300)))),
            (b"gAMA", struct.pack(">I", chance.choice((0, 1, 45455, 2**32 - 1)))),
            (b"cHRM", chance.randbytes(32)),
            (b"sRGB", b"\xff"),
            (b"cICP", bytes(chance.choice((0, 1, 9, 12, 16, 18, 255)) for _ in range(chance.choice((3, 4, 4))))),
            (b"iCCP", b"a\0\0" + bomb),
            (b"iCCP", b"a\0\0" + zlib.compress(random_profile(chance))),
            (b"eXIf", random_tiff(chance)),
            (b"zTXt", b"a\0\0" + bomb),
            (b"iTXt", b"a\0\1\0en\0a\0" + bomb),
            (b"tEXt", b"a" * chance.choice((0, 79, 500, 100_000))),
            (b"pHYs", chance.randbytes(9)),
            (b"bKGD", chance.randbytes(6)),
            (b"IDAT", chance.choice((b"", chance.randbytes(50), bomb))),
            (b"acTL", struct.pack(">II", chance.choice((0, 1, 2**31)), 0)),
            (b"fcTL", frame(chance)),
            (b"fdAT", chance.randbytes(60)),
            (b"IEND", b""),
            (b"CgBI", b"\x50\0\x20\2"),  # of a phone maker's own PNG
            (chance.randbytes(4), chance.randbytes(chance.choice((0, 8, 4000)))),
        )
    )


def frame(chance: random.Random) -> bytes:
    places = [chance.choice((0, 1, SMALL[0], *SIDES)) % 2**32 for _ in range(4)]
    return struct.pack(
        ">IIIIIHHBB", chance.randrange(4), *places, 0, chance.randrange(3), chance.randrange(5), chance.randrange(4)
    )


def colours_and_depths(chance: random.Random) -> bytes:
    """Any colour at any depth, mostly the allowed ones, interlaced or not, with any filters and any amount of data."""
    colour, depth = chance.choice(
        ((0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (3, 1), (3, 2), (3, 4), (3, 8))
    )
    if chance.random() < 0.5:
        colour, depth = chance.choice(((4, 8), (4, 16), (6, 8), (6, 16), (0, 16), (2, 16)))
    if chance.random() < 0.1:
        colour, depth = chance.choice((1, 3, 5, 7)), chance.choice((0, 1, 3, 16, 32))
    width, height = (chance.choice((200, 201, 333, 640)) for _ in range(2))
    row = -(-width * CHANNELS.get(colour, 3) * depth // 8)
    filters = chance.choice((range(1), range(5), range(5), range(5), range(8)))
    noise = chance.randbytes(row)
    raw = b"".join(bytes([chance.choice(filters)]) + noise for _ in range(height))
    raw = chance.choice((raw, raw, raw, raw, raw, raw[: len(raw) // 2], raw + bytes(3_000_000), b""))
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, chance.choice((0, 0, 0, 1, 1, 2)))
    parts = [(b"IHDR", head)]
    if colour == 3 or chance.random() < 0.2:
        parts.append((b"PLTE", chance.randbytes(3 * chance.choice((1, 2, 16, 255, 256)))))
    if chance.random() < 0.4:
        parts.append(added(chance))
    packed = zlib.compress(raw, 1)
    return written(
        [*parts, (b"IDAT", packed[: len(packed) if chance.random() < 0.85 else len(packed) // 2]), (b"IEND", b"")]
    )


def packed_data(chance: random.Random) -> bytes:
    """Bytes changed in the compressed stream, in crumbs or in one piece, under right checksums."""
    parts = chunks_of(base(chance))
    packed = bytearray(b"".join(body for name, body in parts if name == b"IDAT"))
    for _ in range(chance.choice((1, 3, 60))):
        packed[chance.randrange(len(packed))] = chance.randrange(256)
    step = chance.choice((len(packed), 8192, 200, 7))
    data = [(b"IDAT", bytes(packed[at : at + step])) for at in range(0, len(packed), step)]
    before, after = [p for p in parts if p[0] not in (b"IDAT", b"IEND")], [(b"IEND", b"")]
    return written([*before, *data, *after])


def many_chunks(chance: random.Random) -> bytes:
    data = base(chance)
    one = chunk(*added(chance))[:200_000]
    at = chance.choice((33, len(data) - 12, len(data)))
    return data[:at] + one * min(chance.choice((50, 9000, 200_000)), 4_000_000 // len(one)) + data[at:]


FAMILIES = {
    "png chunks": chunks,
    "png colours and depths": colours_and_depths,
    "png packed data": packed_data,
    "png of many chunks": many_chunks,
}
