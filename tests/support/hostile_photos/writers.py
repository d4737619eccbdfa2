"""Parts of files, written by hand: what no encoder would write."""

import random
import struct
import zlib
from collections.abc import Callable

from PIL import ImageCms

PNG = b"\x89PNG\r\n\x1a\n"


def png(width: int, height: int, packed: bytes, *, colour: int = 2) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0))
    return PNG + head + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def webp(width: int, height: int) -> bytes:
    size = ((width - 1) & 0xFFFFFF).to_bytes(3, "little") + ((height - 1) & 0xFFFFFF).to_bytes(3, "little")
    body = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + size
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body + bytes(64)


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def huffman(kind: int, values: list[int]) -> bytes:
    """A table whose codes are 0 and so on, all as short as can be."""
    return segment(0xC4, bytes([kind, len(values), *[0] * 15, *values]))


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + kind + content


def tiff(entries: list[tuple[int, int, int, int]], following: int = 0) -> bytes:
    directory = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + directory + struct.pack("<I", following)


# --- metadata of no sense ---------------------------------------------------------------------------------------------


def random_tiff(chance: random.Random) -> bytes:
    """Directories of random entries, which may point to themselves, to each other or beyond the end. Some are BigTIFF."""
    order = chance.choice("<>")
    is_big = chance.random() < 0.2
    head = {"<": b"II", ">": b"MM"}[order] + struct.pack(order + "H", 43 if is_big else 42)
    head += struct.pack(order + "HHQ", 8, 0, 16) if is_big else struct.pack(order + "I", 8)
    entry, number = ("HHQQ", "Q") if is_big else ("HHII", "H")
    following = "Q" if is_big else "I"
    out = head
    for _ in range(chance.choice((1, 1, 2, 5))):
        entries = [
            (
                chance.choice(
                    (0x0112, 0x8769, 0x8825, 0xA005, 0x927C, 0x014A, 0x0111, 0x0117, 0x0201, chance.getrandbits(16))
                ),
                chance.choice((1, 2, 3, 4, 5, 7, 9, 13, 0, 99)),
                chance.choice((0, 1, 1, 2, 60_000, 2**31, 2**32 - 1)),
                chance.choice((0, 1, 6, 8, 8, len(out), 2**31, 2**32 - 1, chance.getrandbits(16))),
            )
            for _ in range(chance.choice((0, 1, 3, 12, 400)))
        ]
        claimed = chance.choice((len(entries), len(entries), 0, 65535))
        out += struct.pack(order + number, claimed) + b"".join(struct.pack(order + entry, *one) for one in entries)
        out += struct.pack(order + following, chance.choice((0, 8, len(out), 2**32 - 1)))
    return out


def random_profile(chance: random.Random) -> bytes:
    """An ICC profile: a sound one with bytes of nonsense, one of another colour space, or none at all."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile(chance.choice(("sRGB", "LAB", "XYZ")))).tobytes())
    how = chance.randrange(4)
    if how == 0:
        return chance.randbytes(chance.choice((0, 3, 128, 5000)))
    data = bytearray(
        bytes(data).replace(b"sRGB", b"mine").replace("sRGB".encode("utf-16-be"), "mine".encode("utf-16-be"))
    )
    if how == 1:
        data[16:20] = chance.choice((b"GRAY", b"CMYK", b"Lab ", b"XYZ ", b"2CLR", b"FCLR", b"\0\0\0\0"))
    if how == 2:
        data[12:16] = chance.choice((b"link", b"abst", b"nmcl", b"prtr", b"spac"))
    for _ in range(chance.choice((0, 1, 4, 40))):
        at = chance.randrange(len(data) - 4)
        data[at : at + 4] = chance.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", chance.randbytes(4)))
    return bytes(data) + bytes(chance.choice((0, 0, 100_000, 5_000_000)) if chance.random() < 0.05 else 0)


Chunk = tuple[bytes, bytes]  # name and content


def rearranged(parts: list[Chunk], chance: random.Random, added: Callable[[random.Random], Chunk]) -> list[Chunk]:
    """The chunks of a file with some left out, doubled, exchanged, renamed, changed, shortened or `added`."""
    parts = list(parts)
    for _ in range(chance.choice((1, 1, 2, 6))):
        at, other = chance.randrange(len(parts)), chance.randrange(len(parts))
        name, body = parts[at]
        match chance.randrange(7):
            case 0:
                del parts[at]
                parts = parts or [(name, body)]
            case 1:
                parts.insert(other, (name, body))
            case 2:
                parts[at], parts[other] = parts[other], parts[at]
            case 3:
                parts[at] = (added(chance)[0], body)
            case 4 if body:
                place = chance.randrange(min(len(body), 40))
                wrong = chance.choice((b"\0", b"\xff", chance.randbytes(1)))
                parts[at] = (name, body[:place] + wrong + body[place + 1 :])
            case 5:
                parts[at] = (name, body[: chance.randrange(len(body) + 1)])
            case _:
                parts.insert(at, added(chance))
    return parts
