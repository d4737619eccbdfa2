"""Files that nobody sends by accident, each written once."""

import random
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

from tests.support.hostile_photos.damage import fuzzed
from tests.support.hostile_photos.sound import QUICKLY, SIZE, Named, encoded, exif, plain, portrait
from tests.support.hostile_photos.writers import PNG, box, chunk, huffman, png, segment, tiff, webp
from tests.vision.profiles import display_p3

BOMB_BYTES = 4_000_000
ORIENTATIONS = (0, 9, 99, 65535)


# --- other files under a photo's name --------------------------------------------------------------------------------


def disguises() -> Iterator[Named]:
    person, sound_jpeg = portrait(), plain("JPEG")
    html = b"<!doctype html><script>alert(1)</script>"
    yield "nothing", b""
    yield "one byte", b"\xff"
    yield "html", html
    yield "svg", b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
    yield (
        "xml bomb",
        b'<!DOCTYPE a [<!ENTITY a "' + b"lol" * 9 + b'"><!ENTITY b "' + b"&a;" * 99 + b'">]><svg>&b;</svg>',
    )
    yield "pdf", b"%PDF-1.7\n" + b"\0" * 400
    yield "zip", b"PK\x03\x04" + b"\0" * 400
    yield "raw", b"II*\0\x10\0\0\0CR\x02\0" + bytes(400)
    yield "jpeg xl", b"\xff\x0a" + bytes(400)
    yield "webm", b"\x1aE\xdf\xa3" + bytes(400)
    yield "angle brackets", b"<" * 100_000
    yield "tiff of nothing", b"II*\0" + b"\x12" * 100_000
    for kind in ("GIF", "TIFF", "BMP", "ICO", "PPM", "TGA", "PCX", "JPEG2000"):
        yield kind.lower(), encoded(person.resize((96, 128)), kind)
    yield "gif animated", encoded(Image.new("P", SIZE), "GIF", save_all=True, append_images=[Image.new("P", SIZE, 9)])
    yield "film", b"\0\0\0\x18ftypmp42" + b"\0" * 900
    yield "film branded heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0\0\0\x08moov" * 50
    yield "avif branded mif1", b"\0\0\0\x18ftypmif1\0\0\0\0avifmif1" + b"\0" * 900
    yield "jpeg and zip", sound_jpeg + b"PK\x03\x04" + bytes(range(256)) * 40
    yield "jpeg and html", sound_jpeg[:2] + segment(0xFE, html) + sound_jpeg[2:] + html
    yield "html and jpeg", html + sound_jpeg
    yield "jpeg and film", sound_jpeg + b"\0\0\0\x18ftypmp42" + random.Random(3).randbytes(200_000)
    yield "jpeg that is its head", sound_jpeg[:20] * 40
    yield "png named in a jpeg", b"\xff\xd8\xff" + plain("PNG")
    yield "jpeg twice", sound_jpeg * 2


# --- bombs -----------------------------------------------------------------------------------------------------------


def bombs() -> Iterator[Named]:
    """Small files that claim much: memory by size, time by the number of parts."""
    person = plain("JPEG")
    for width, height in (
        (65535, 65535),
        (40000, 40000),
        (65500, 10),
        (20000, 5500),
        (10000, 10000),
        (0, 0),
        (1, 60000),
    ):
        yield f"jpeg claims {width} x {height}", _claiming(person, width, height)
        yield f"png claims {width} x {height}", png(width, height, zlib.compress(b"\0" * 64))
        yield f"webp claims {width} x {height}", webp(max(1, width), max(1, height))
    for side in (2000, 7000, 9900):
        for scans in (12, 38, 1000):
            yield f"jpeg of {scans} scans {side}", scan_bomb(side, scans)
    yield "jpeg fill bytes", person[:2] + b"\xff" * BOMB_BYTES + person[2:]
    yield "jpeg fill in the scan", person[:-2] + b"\xff" * BOMB_BYTES + b"\0" + person[-2:]
    yield "jpeg comments", person[:2] + b"\xff\xfe\x00\x02" * (BOMB_BYTES // 4) + person[2:]
    yield "jpeg restarts", person[:-2] + b"\xff\xd0" * (BOMB_BYTES // 2) + person[-2:]
    yield "jpeg resource blocks", person[:2] + segment(0xED, b"Photoshop 3.0\0" + b"8BIM" * 16000) * 60 + person[2:]
    yield "jpeg profile of 16 MB", person[:2] + b"".join(_profile_pieces(255, 64000)) + person[2:]
    yield "jpeg profile without an end", person[:2] + b"".join(list(_profile_pieces(9, 100))[:5]) + person[2:]
    yield "png chunks", _with_chunks(chunk(b"prVt", b"") * (BOMB_BYTES // 12))
    yield "png texts", _with_chunks(chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1_000_000), 9)) * 300)
    yield "png profile bomb", _with_chunks(chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(20_000_000), 9)))
    yield "png data in crumbs", _crumbled(900)
    yield "webp chunks", _with_riff(b"JUNK\0\0\0\0" * (BOMB_BYTES // 8))
    yield "heic boxes", plain("HEIC") + b"\0\0\0\x08free" * (BOMB_BYTES // 8)
    yield "avif boxes", plain("AVIF") + b"\0\0\0\x08free" * (BOMB_BYTES // 8)
    yield "webp chunks in a frame", _with_riff(b"", _frame(b"JUNK\0\0\0\0" * (BOMB_BYTES // 8)))
    yield "heic boxes in boxes", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + _nested(20_000)
    yield "heic of places without bytes", _heic_of(struct.pack(">HHH", 1, 0, 0xFFFF) * 20_000, sizes=0)
    yield "heic of one tile named often", _heic_of(_place(BOMB_BYTES), tiles=0xFFFF, coded=b"\x01" * BOMB_BYTES)
    yield (
        "heic of units of one byte",
        _heic_of(_place(BOMB_BYTES), coded=b"\x01\x02" * (BOMB_BYTES // 2), length_size=1),
    )
    yield "heic of boxes in containers", _heic_of(_place(8), properties=_boxes_in_containers(40))
    yield "jpeg of many appended blocks", scan_bomb(400, 38) + _appended_blocks(BOMB_BYTES)
    yield "spaces", b" " * 100_000


def heavy_bombs() -> Iterator[Named]:
    """Sound files as large as is taken, or a little larger, of next to no bytes."""
    for side in (3500, 4999, 7000):
        yield f"png flat {side}", png(side, side, zlib.compress(bytes(side * (side * 3 + 1)), 9))
        yield f"png flat alpha {side}", png(side, side, zlib.compress(bytes(side * (side * 4 + 1)), 9), colour=6)
        yield f"webp flat {side}", encoded(Image.new("RGB", (side, side)), "WEBP", lossless=True, quality=0, method=0)
        yield f"jpeg flat {side}", encoded(Image.new("L", (side, side)), "JPEG")
    for side in (4999, 7000):
        yield f"avif flat {side}", encoded(Image.new("RGB", (side, side)), "AVIF", quality=10, speed=10)
    glass, film = Image.new("RGBA", (4999, 4999), (9, 9, 9, 128)), [Image.new("RGBA", (4999, 4999), (90, 9, 9, 30))]
    for kind in ("PNG", "WEBP", "AVIF"):
        options = {**QUICKLY[kind], "icc_profile": display_p3()}
        yield f"{kind.lower()} flat alpha and profile", encoded(glass, kind, **options)
    yield "webp flat film", encoded(glass, "WEBP", save_all=True, append_images=film, duration=99, method=0)
    yield "avif that claims to be small", _smaller(encoded(Image.new("RGB", (9000, 9000)), "AVIF", quality=9, speed=10))
    yield "heic that claims to be small", _smaller(encoded(Image.new("RGB", (9000, 9000)), "HEIC", quality=9))
    yield "heic flat 7000", encoded(Image.new("RGB", (7000, 7000)), "HEIC", quality=10)
    yield "heic flat 9000", encoded(Image.new("RGB", (9000, 9000)), "HEIC", quality=10)
    yield "webp of 2000 frames", _long_film()
    yield "png text bomb", _with_chunks(chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(200_000_000), 9)))
    yield "png data bomb", png(300, 300, zlib.compress(bytes(200_000_000), 9))


def _smaller(data: bytes) -> bytes:
    """Boxes that claim 900 x 900 px for a picture that has more."""
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", 900, 900) + data[at + 8 :]


def scan_bomb(side: int, scans: int) -> bytes:
    """A progressive JPEG of one flat colour: each further scan says 'nothing new' over the whole picture."""
    blocks = (-(-side // 8)) ** 2
    frame = segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\1\x11\0")
    tables = segment(0xDB, b"\0" + b"\1" * 64) + huffman(0x00, [0]) + huffman(0x10, [0xE0])
    first = segment(0xDA, b"\1\1\0\0\0\0") + bytes(-(-blocks // 8))
    # End-of-band runs of 16,384 blocks: code "0" and fourteen bits that are all 0.
    again = segment(0xDA, b"\1\1\0\1\x3f\0") + bytes(-(-blocks // 16384) * 15 // 8 + 1)
    return b"\xff\xd8" + frame + tables + first + again * (scans - 1) + b"\xff\xd9"


def _claiming(data: bytes, width: int, height: int) -> bytes:
    at = data.index(b"\xff\xc0")
    return data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :]


def _profile_pieces(number: int, size: int) -> Iterator[bytes]:
    for place in range(1, number + 1):
        yield segment(0xE2, b"ICC_PROFILE\0" + bytes([place, number]) + bytes(size))


def _with_chunks(chunks: bytes) -> bytes:
    data = plain("PNG")
    return data[:33] + chunks + data[33:]


def _crumbled(side: int) -> bytes:
    packed = zlib.compress(bytes(side * (side * 3 + 1)), 0)
    crumbs = b"".join(chunk(b"IDAT", packed[at : at + 6]) for at in range(0, len(packed), 6))
    return PNG + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)) + crumbs + chunk(b"IEND", b"")


def _with_riff(chunks: bytes, before: bytes = b"") -> bytes:
    """A WebP with chunks behind those of the picture, or `before` them."""
    data = encoded(portrait(), "WEBP", exif=exif(1)) + chunks
    return data[:4] + struct.pack("<I", len(data) + len(before) - 8) + data[8:30] + before + data[30:]


def _frame(chunks: bytes) -> bytes:
    body = bytes(24) + chunks
    return b"ANMF" + struct.pack("<I", len(body)) + body


def _long_film() -> bytes:
    frames = [Image.new("RGB", (240, 320), (n % 250, 0, 0)) for n in range(2000)]
    return encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=20, method=0, quality=0)


def _appended_blocks(size: int) -> bytes:
    """A directory of blocks as Samsung's phones append it, whose entries say nothing."""
    directory = (b"SEFH" + struct.pack("<II", 107, size // 12)).ljust(size, b"\0")
    return directory + struct.pack("<I", size) + b"SEFT"


def _heic_of(
    places: bytes,
    *,
    sizes: int = 0x4400,
    tiles: int = 1,
    coded: bytes = b"",
    length_size: int = 4,
    properties: bytes = b"",
) -> bytes:
    """A grid of `tiles`, all of them item 1. `places`: the entries of its table of places, with numbers of `sizes`."""
    kinds = b"".join(
        box(b"infe", b"\2\0\0\0" + struct.pack(">HH", item, 0) + kind + b"\0")
        for item, kind in ((1, b"hvc1"), (2, b"grid"))
    )
    count = len(places) // (6 if sizes == 0 else 14)
    tables = (
        box(b"pitm", b"\0\0\0\0\0\2")
        + box(b"iinf", b"\0\0\0\0\0\2" + kinds)
        + box(b"iref", b"\0\0\0\0" + box(b"dimg", struct.pack(">HH", 2, tiles) + b"\0\1" * tiles))
        + box(b"iloc", b"\0\0\0\0" + struct.pack(">HH", sizes, count) + places)
        + box(b"iprp", box(b"ipco", box(b"hvcC", bytes(21) + bytes([length_size - 1])) + properties))
    )
    start = box(b"ftyp", b"heic\0\0\0\0mif1heic") + box(b"mdat", coded)
    return start + box(b"meta", b"\0\0\0\0" + tables)


def _place(length: int) -> bytes:
    """Item 1 lies in one piece at the start of the coded data."""
    return struct.pack(">HHHII", 1, 0, 1, 32, length)


def _boxes_in_containers(number: int) -> bytes:
    return box(b"ipco", b"\0\0\0\x08free" * 19_000) * number


def _nested(depth: int) -> bytes:
    return b"".join(struct.pack(">I", 8 * (depth - n)) + b"moov" for n in range(depth))


# --- metadata that lies ----------------------------------------------------------------------------------------------


def metadata() -> Iterator[Named]:
    for value in ORIENTATIONS:
        yield f"exif orientation {value}", _with_exif(tiff([(0x0112, 3, 1, value)]))
    yield "exif orientation long", _with_exif(tiff([(0x0112, 4, 1, 6)]))
    yield "exif orientation as text", _with_exif(tiff([(0x0112, 2, 4, 0x41414141)]))
    yield "exif loop", _with_exif(tiff([(0x8769, 4, 1, 8), (0x0112, 3, 1, 1)], following=8))
    yield "exif offset beyond", _with_exif(b"II*\0\xff\xff\xff\x7f")
    yield "exif 65535 entries", _with_exif(b"II*\0\x08\0\0\0\xff\xff" + b"\x0f\x01\x02\0\0\xf0\0\0\x08\0\0\0" * 5000)
    yield "exif the same bytes 60 MB", _pieces_of_exif()
    yield "exif without a head", _with_exif(b"")
    yield "profile of nonsense", _with_profile(random.Random(1).randbytes(5000))
    yield "profile cut", _with_profile(_srgb()[:200])
    for seed in range(12):
        yield f"profile fuzzed {seed}", _with_profile(_renamed(fuzzed(_srgb(), random.Random(seed))))
    yield "profile of grey on colour", _with_profile(_srgb().replace(b"RGB ", b"GRAY"))
    yield "text 16 MB", _with_chunks(chunk(b"tEXt", b"a\0" + b"x" * 16_000_000))
    info = PngImagePlugin.PngInfo()
    info.add_text("note", "x" * 100_000, zip=True)
    yield "text", encoded(portrait(), "PNG", pnginfo=info)


def _with_exif(tiff: bytes) -> bytes:
    data = plain("JPEG")
    return data[:2] + segment(0xE1, (b"Exif\0\0" + tiff)[:65000]) + data[2:]


def _pieces_of_exif() -> bytes:
    """Readers join the pieces: thousands of entries, each the same sixty thousand bytes."""
    data = plain("JPEG")
    entries = b"II*\0\x08\0\0\0\xff\xff" + b"\x0f\x01\x02\0\x60\xea\0\0\x08\0\0\0" * 5000
    return data[:2] + segment(0xE1, b"Exif\0\0" + entries) * 12 + data[2:]


def _srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _renamed(profile: bytes) -> bytes:
    """One that does not call itself sRGB is really used."""
    return profile.replace("sRGB".encode("utf-16-be"), "mine".encode("utf-16-be")).replace(b"sRGB", b"mine")


def _with_profile(profile: bytes) -> bytes:
    return encoded(portrait(), "JPEG", icc_profile=profile)


# --- sound files of odd pictures -------------------------------------------------------------------------------------


def odd_pictures() -> Iterator[Named]:
    person = portrait()
    chance = np.random.default_rng(0)
    yield "black", encoded(Image.new("RGB", SIZE), "JPEG")
    yield "white", encoded(Image.new("RGB", SIZE, (255, 255, 255)), "JPEG")
    yield "noise", encoded(Image.fromarray(chance.integers(0, 256, (*SIZE, 3), np.uint8)), "JPEG")
    yield "a thread", encoded(Image.new("RGB", (200, 20_000)), "JPEG")
    yield "smallest", encoded(person.resize((200, 200)), "JPEG")
    yield "too small", encoded(person.resize((199, 260)), "JPEG")
    for degrees in (90, 180, 270):
        yield f"lying {degrees}", encoded(person.rotate(degrees, expand=True), "JPEG")
    yield "mirrored down", encoded(person.transpose(Image.Transpose.FLIP_TOP_BOTTOM), "JPEG")
    for name, part in {
        "left half": (0, 0, 300, 800),
        "upper half": (0, 0, 600, 330),
        "mouth": (150, 350, 450, 600),
    }.items():
        yield name, encoded(person.crop(part), "JPEG")
    yield "face at the edge", encoded(person.crop((250, 100, 600, 700)), "JPEG")
    for count in (2, 5, 12):
        yield f"crowd of {count * count}", encoded(_crowd(count), "JPEG")
    yield "far away", encoded(_far_away(), "JPEG")
    yield "squeezed", encoded(person.resize((1200, 300)), "JPEG")
    yield "drawn out", encoded(person.resize((250, 1400)), "JPEG")
    for name in ("L", "1"):
        yield f"mode {name}", encoded(person.convert(name), "PNG")


def _crowd(count: int) -> Image.Image:
    whole = Image.new("RGB", (1800, 2400))
    width, height = 1800 // count, 2400 // count
    for place in range(count * count):
        other = portrait().resize((width, height))
        whole.paste(other, (place % count * width, place // count * height))
    return whole


def _far_away() -> Image.Image:
    wide = Image.new("RGB", (4000, 3000), (205, 206, 204))
    wide.paste(portrait().resize((150, 200)), (3000, 2000))
    return wide
