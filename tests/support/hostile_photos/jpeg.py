"""Hostile JPEGs: segments that lie, scans out of order, tables of nonsense, pictures that few programs write."""

import io
import random
import struct

import numpy as np
from PIL import Image

from tests.support.hostile_photos.sound import SMALL, encoded, portrait, sound
from tests.support.hostile_photos.writers import random_profile, random_tiff, segment
from vision.files.jpeg_segments import EOI, SOI, SOS

START, END = bytes([0xFF, SOI]), bytes([0xFF, EOI])
XMP = b"http://ns.adobe.com/xap/1.0/\0"
MARKERS = [*range(0xC0, 0xFF), 1]


def base(chance: random.Random) -> bytes:
    return chance.choice([data for name, data in sound() if name.startswith("jpeg")])


def parts_of(data: bytes) -> list[bytes]:
    """The segments between start and end; the picture data belong to their scan."""
    at, found = 2, []
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != EOI:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] == SOS:
            while end + 1 < len(data) and not (data[end] == 0xFF and data[end + 1] not in {0, *range(0xD0, 0xD8)}):
                end += 1
        found.append(data[at:end])
        at = end
    return found


def segments(chance: random.Random) -> bytes:
    """Left out, doubled, exchanged, of other lengths, of other kinds, with other content."""
    parts = parts_of(base(chance))
    for _ in range(chance.choice((1, 1, 2, 5))):
        at, other = chance.randrange(len(parts)), chance.randrange(len(parts))
        part = parts[at]
        match chance.randrange(8):
            case 0:
                del parts[at]
                parts = parts or [part]
            case 1:
                parts.insert(other, part)
            case 2:
                parts[at], parts[other] = parts[other], parts[at]
            case 3:
                parts[at] = part[:2] + struct.pack(">H", chance.choice((0, 1, 2, 3, 255, 65535))) + part[4:]
            case 4:
                parts[at] = part[:1] + bytes([chance.choice(MARKERS)]) + part[2:]
            case 5:
                place = chance.randrange(4, max(5, min(len(part), 60)))
                parts[at] = (
                    part[:place] + chance.choice((b"\0", b"\xff", b"\x11", chance.randbytes(1))) + part[place + 1 :]
                )
            case 6:
                parts[at] = part[:4] + chance.randbytes(max(0, min(len(part), 70) - 4)) + part[70:]
            case _:
                parts.insert(at, segment(chance.choice(MARKERS), chance.randbytes(chance.choice((0, 1, 6, 64, 5000)))))
    return START + b"".join(parts) + END


def frames(chance: random.Random) -> bytes:
    """The frame says another coding, size, number of bits or of components, other factors of sampling; some are
    arithmetic, for which any bytes are a picture.
    """
    parts = parts_of(base(chance))
    at = next(n for n, part in enumerate(parts) if part[1] in (0xC0, 0xC2))
    body = bytearray(parts[at][4:])
    coding = parts[at][1]
    if chance.random() < 0.5:
        coding = chance.choice((0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xC9, 0xC9, 0xCA, 0xCB, 0xC5, 0xF7))
    for _ in range(chance.choice((0, 1, 1, 1, 3))):
        match chance.randrange(5):
            case 0:
                body[0] = chance.choice((0, 1, 7, 12, 16, 255))
            case 1:
                sides = (0, 1, 8, 199, 200, 640, 5000, 20000, 65535)
                body[1:5] = struct.pack(">HH", chance.choice(sides), chance.choice(sides))
            case 2:
                body[5] = chance.choice((0, 1, 2, 3, 4, 5, 255))
            case 3:
                body[7 + 3 * chance.randrange((len(body) - 6) // 3)] = chance.choice(
                    (0, 0x11, 0x14, 0x41, 0x44, 0x55, 0x31, 0xFF)
                )
            case _:
                body[8 + 3 * chance.randrange((len(body) - 6) // 3)] = chance.randrange(6)
    parts[at] = segment(coding, bytes(body))
    if chance.random() < 0.3:
        parts.insert(at, segment(0xDD, struct.pack(">H", chance.choice((0, 1, 3, 65535)))))
    if chance.random() < 0.2:
        parts.append(
            segment(0xDC, struct.pack(">H", chance.choice((0, 1, 320, 65535))))
        )  # the number of lines, afterwards
    return START + b"".join(parts) + END


def scans(chance: random.Random) -> bytes:
    """Those of a progressive picture out of order, missing, repeated, cut or of other coefficients."""
    data = encoded(portrait(SMALL), "JPEG", quality=chance.choice((20, 75, 95)), progressive=True)
    parts = parts_of(data)
    head, found = [p for p in parts if p[1] != SOS], [p for p in parts if p[1] == SOS]
    tables = [p for p in head if p[1] == 0xC4]
    for _ in range(chance.choice((1, 1, 1, 3))):
        at = chance.randrange(len(found))
        scan = bytearray(found[at])
        match chance.randrange(6):
            case 0:
                chance.shuffle(found)
            case 1:
                found[at:at] = [bytes(scan)] * chance.choice((1, 5, 20, 36, 300))
            case 2:
                del found[at]
                found = found or [bytes(scan)]
            case 3:
                found[at] = bytes(scan[: chance.randrange(10, len(scan) + 1)])
            case 4:
                length = int.from_bytes(scan[2:4], "big")
                scan[2 + length - 3 : 2 + length] = bytes(chance.choice((0, 1, 5, 63, 64, 255)) for _ in range(3))
                found[at] = bytes(scan)
            case _:
                scan[4] = chance.choice((0, 1, 2, 4, 255))
                found[at] = bytes(scan)
    # All tables before all scans: a later table of the same number replaces an earlier one.
    return START + b"".join(head + (tables if chance.random() < 0.5 else []) + found) + END


def many_segments(chance: random.Random) -> bytes:
    """Hundreds to a million of them, or stuffing of one kind."""
    parts = parts_of(base(chance))
    number = chance.choice((300, 1990, 2010, 30_000, 250_000))
    kind = chance.choice((0xFE, 0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xDB, 0xC4, 0xDD, 0xDC, 0xD0, 0x01, 0xD8))
    body = chance.choice((b"", b"\0", b"\0\0", b"Exif\0\0", b"ICC_PROFILE\0\1\1", b"Photoshop 3.0\0" + b"8BIM" * 9))
    one = bytes([0xFF, kind]) if kind in (0xD0, 0xD8, 0x01) else segment(kind, body)
    at = chance.randrange(len(parts) + 1)
    many = one * min(number, 4_000_000 // len(one))
    return START + b"".join(parts[:at]) + many + b"".join(parts[at:]) + END


def metadata(chance: random.Random) -> bytes:
    """EXIF of random directories, profiles cut into pieces that do not fit, XMP bombs, directories of further pictures."""
    added = []
    for _ in range(chance.choice((1, 1, 3, 40))):
        match chance.randrange(6):
            case 0:
                added.append(segment(0xE1, (b"Exif\0\0" + random_tiff(chance))[:65533]))
            case 1:
                profile = random_profile(chance)
                pieces = chance.choice((1, 2, 7, 200))
                size = max(1, -(-len(profile) // pieces))
                cut = [profile[at : at + size] for at in range(0, len(profile), size)]
                numbered = [bytes([(n + 1) % 256, len(cut) % 256]) + piece[:65000] for n, piece in enumerate(cut)]
                if chance.random() < 0.4:
                    chance.shuffle(numbered)
                    numbered[-1:] = [chance.randbytes(200)]
                added += [segment(0xE2, b"ICC_PROFILE\0" + piece) for piece in numbered]
            case 2:
                depth = chance.choice((3, 2000))
                xml = b"<!DOCTYPE a [<!ENTITY b 'lollol'><!ENTITY c '&b;&b;&b;&b;'>]>" + b"<x>" * depth + b"&c;" * 500
                added.append(segment(0xE1, (XMP + xml)[:65533]))
            case 3:
                entries = [
                    (
                        chance.choice((0xB000, 0xB001, 0xB002)),
                        chance.randrange(14),
                        chance.choice((0, 1, 48, 2**32 - 1)),
                        chance.getrandbits(32),
                    )
                    for _ in range(5)
                ]
                directory = struct.pack(">H", len(entries)) + b"".join(
                    struct.pack(">HHII", *entry) for entry in entries
                )
                added.append(
                    segment(0xE2, b"MPF\0MM\0*\0\0\0\x08" + directory + struct.pack(">I", chance.getrandbits(32)))
                )
            case 4:
                added.append(segment(0xEE, b"Adobe" + chance.randbytes(7)))
            case _:
                added.append(
                    segment(
                        0xE0,
                        chance.choice((b"JFIF\0", b"JFXX\0\x10")) + chance.randbytes(chance.choice((0, 3, 9, 400))),
                    )
                )
    data = base(chance)
    return data[:2] + b"".join(added) + data[2:]


def rare_pictures(chance: random.Random) -> bytes:
    """Whole pictures of any size, mode, quality and sampling: nothing of them is hostile."""
    width, height = chance.choice(
        ((1, 900), (900, 1), (200, 200), (201, 333), (200, 20_000), (8000, 203), (255, 257), (600, 800))
    )
    mode = chance.choice(("L", "RGB", "RGB", "CMYK"))
    pixels = np.random.default_rng(chance.getrandbits(32)).integers(
        0, 256, (9, 9, len(Image.new(mode, (1, 1)).getbands())), np.uint8
    )
    image = Image.fromarray(pixels.squeeze(), mode).resize((width, height))
    if chance.random() < 0.5 and min(width, height) >= 200:
        image = portrait().convert(mode).resize((width, height))
    options = {
        "quality": chance.choice((1, 5, 50, 95, 100)),
        "progressive": chance.random() < 0.4,
        "optimize": chance.random() < 0.4,
    }
    if mode == "RGB":
        options["subsampling"] = chance.randrange(3)
    if chance.random() < 0.4:
        options["restart_marker_blocks"] = chance.choice((1, 7, 1000))
    if chance.random() < 0.3:
        options["icc_profile"] = random_profile(chance)
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


def picture_data(chance: random.Random) -> bytes:
    """Bits turned, bytes lost, doubled or replaced in the coded picture only."""
    data = bytearray(base(chance))
    start = data.index(b"\xff\xda") + 14
    for _ in range(chance.choice((1, 2, 20, 300))):
        at = chance.randrange(start, len(data) - 2)
        match chance.randrange(5):
            case 0:
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                del data[at : at + chance.randrange(1, 40)]
            case 2:
                data[at:at] = data[at : at + chance.randrange(1, 400)]
            case 3:
                length = chance.choice((1, 16, 300))
                data[at : at + length] = chance.choice((bytes(length), b"\xff" * length, chance.randbytes(length)))
            case _:
                data[at : at + 2] = bytes([0xFF, chance.choice(MARKERS)])
        if len(data) < start + 40:
            break
    return bytes(data)


FAMILIES = {
    "jpeg segments": segments,
    "jpeg frames": frames,
    "jpeg scans": scans,
    "jpeg of many segments": many_segments,
    "jpeg metadata": metadata,
    "jpeg rare pictures": rare_pictures,
    "jpeg picture data": picture_data,
}
