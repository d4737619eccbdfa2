"""Accidents of sound files, whatever their format."""

import random
from collections.abc import Callable, Iterator

from tests.support.hostile_photos.sound import Named, sound
from tests.support.hostile_photos.writers import PNG


def cuts(chance: random.Random) -> Iterator[Named]:
    """Sound files that end at, before or after every mark of their structure, and somewhere in the picture."""
    for kind, data in sound():
        marks = {place + shift for place in structure(data) for shift in (-1, 0, 1, 3)}
        marks |= {chance.randrange(len(data)) for _ in range(6)}
        yield from ((f"cut {kind} at {mark}", data[:mark]) for mark in sorted(marks) if 0 < mark < len(data))


def cut(data: bytes, chance: random.Random) -> bytes:
    if chance.random() < 0.5:
        return data[: chance.randrange(len(data))]
    return data[: max(0, chance.choice(structure(data)) + chance.choice((-1, 0, 1, 3)))]


def filled(data: bytes, chance: random.Random) -> bytes:
    """The rest, or a part in the middle, is lost, and something stands in its place."""
    start = len(data) * chance.choice((5, 20, 40, 60, 75, 90, 99)) // 100
    end = chance.choice((len(data), chance.randrange(start, len(data))))
    lost = end - start
    fillings = (b"\xff\xd9", bytes(lost), b"\xff" * lost, chance.randbytes(lost), data[:lost], data[-64:], b"")
    return data[:start] + chance.choice(fillings) + data[end:]


def spliced(data: bytes, chance: random.Random) -> bytes:
    """The start of one file and the rest of another, at marks of their structures or anywhere."""
    _, other = chance.choice(sound())
    if chance.random() < 0.5:
        return data[: chance.choice(structure(data))] + other[chance.choice(structure(other)) :]
    return data[: chance.randrange(len(data))] + other[chance.randrange(len(other)) :]


def structure(data: bytes) -> list[int]:
    """Where segments, chunks and boxes start."""
    if data[:2] == b"\xff\xd8":
        return [at for at in range(2, len(data) - 1) if data[at] == 0xFF and data[at + 1] not in {0, 0xFF}][:60]
    if data[:4] == b"RIFF":
        return _steps(data, 12, lambda at: 8 + int.from_bytes(data[at + 4 : at + 8], "little"))
    if data[:8] == PNG:
        return _steps(data, 8, lambda at: 12 + int.from_bytes(data[at : at + 4], "big"))
    return _steps(data, 0, lambda at: max(8, int.from_bytes(data[at : at + 4], "big")))


def _steps(data: bytes, at: int, step: Callable[[int], int]) -> list[int]:
    places = []
    while at < len(data) and len(places) < 60:
        places.append(at)
        at += step(at)
    return places


def fuzzed(data: bytes, chance: random.Random) -> bytes:
    """Bytes changed, taken out, doubled or set to their ends, mostly in the head."""
    out = bytearray(data.ljust(80, b"\0"))
    reach = chance.choice((64, 700, len(data)))
    for _ in range(chance.choice((1, 2, 4, 12, 60))):
        if len(out) < 60:
            break
        at = chance.randrange(4, max(5, min(reach, len(out) - 50)))
        how = chance.randrange(5)
        if how == 0:
            out[at] = chance.randrange(256)
        elif how == 1:
            out[at : at + 4] = chance.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\1"))
        elif how == 2:
            out[at] ^= 1 << chance.randrange(8)
        elif how == 3:
            del out[at : at + chance.randrange(1, 9)]
        else:
            out[at:at] = out[at : at + chance.randrange(1, 40)]
    return bytes(out)
