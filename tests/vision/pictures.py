"""Files of every kind, made from pixels."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image

ORIENTATION = 0x0112
TRANSFERS = {"pq": 16, "hlg": 18}  # of ITU-T H.273
# What EXIF orientation 1-8 says about stored pixels, undone: how to store an upright picture under it.
STORED = {
    1: lambda rgb: rgb,
    2: lambda rgb: rgb[:, ::-1],
    3: lambda rgb: rgb[::-1, ::-1],
    4: lambda rgb: rgb[::-1],
    5: lambda rgb: rgb.transpose(1, 0, 2),
    6: lambda rgb: np.rot90(rgb, 1),
    7: lambda rgb: rgb[::-1, ::-1].transpose(1, 0, 2),
    8: lambda rgb: np.rot90(rgb, -1),
}


def encode(picture: Image.Image | np.ndarray, kind: str, **options: Any) -> bytes:
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(np.ascontiguousarray(picture))
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def jpeg(picture: Image.Image | np.ndarray, **options: Any) -> bytes:
    return encode(picture, "JPEG", **{"quality": 92, **options})


def turned(rgb: np.ndarray, orientation: int, kind: str = "JPEG") -> bytes:
    """An upright picture stored as a phone held that way would store it."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return encode(STORED[orientation](rgb), kind, exif=exif.tobytes(), **({"quality": 95} if kind != "PNG" else {}))


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""
    claim = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", claim)
        + _chunk(b"IDAT", zlib.compress(b"\0" * 64))
        + _chunk(b"IEND", b"")
    )


def jpeg_claiming(data: bytes, width: int, height: int) -> bytes:
    """A sound JPEG whose frame header claims another size."""
    at = next(data.index(marker) for marker in (b"\xff\xc0", b"\xff\xc2") if marker in data)
    return data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :]


def webp_claiming(width: int, height: int) -> bytes:
    body = (
        b"VP8X"
        + struct.pack("<I", 10)
        + b"\0\0\0\0"
        + (width - 1).to_bytes(3, "little")
        + (height - 1).to_bytes(3, "little")
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body + b"\0" * 64


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


FAST = {"preset": "ultrafast"}  # x265's own choice takes eight times as long for the same picture


def heic(picture: Image.Image | np.ndarray, **options: Any) -> bytes:
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(np.ascontiguousarray(picture))
    file = io.BytesIO()
    pillow_heif.from_pillow(image).save(file, **{"quality": 95, "enc_params": FAST, **options})
    return file.getvalue()


def interlaced_png(picture: Image.Image) -> bytes:
    """RGB in the seven passes of Adam7; no package that we use writes them."""
    pixels = np.asarray(picture.convert("RGB"))
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    rows = [pixels[y::down, x::right] for x, y, right, down in passes]
    data = b"".join(b"\0" + row.tobytes() for part in rows if part.size for row in part)
    head = struct.pack(">IIBBBBB", picture.width, picture.height, 8, 2, 0, 0, 1)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(data, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, body) for name, body in chunks)


def high_dynamic_heic(nits: np.ndarray, transfer: str) -> bytes:
    """Linear BT.2020 light (h, w, 3) as a 10-bit HEIC; `transfer` is "pq" or "hlg"."""
    height, width = nits.shape[:2]
    stored = np.round(_signal(nits, transfer) * 1023).astype(np.uint16) << 6
    file = io.BytesIO()
    pillow_heif.from_bytes("RGB;16", (width, height), stored.tobytes()).save(
        file,
        quality=95,
        enc_params=FAST,
        color_primaries=9,
        transfer_characteristics=TRANSFERS[transfer],
        matrix_coefficients=9,
        full_range_flag=1,
    )
    return file.getvalue()


def high_dynamic_avif(nits: np.ndarray, transfer: str) -> bytes:
    """The same as an 8-bit AVIF, all that Pillow writes: the colours that its box nclx names are
    exchanged.
    """
    data = bytearray(encode(np.round(_signal(nits, transfer) * 255).astype(np.uint8), "AVIF", quality=95, speed=9))
    at = data.index(b"colrnclx") + 8
    data[at : at + 4] = struct.pack(">HH", 9, TRANSFERS[transfer])
    return bytes(data)


def _signal(nits: np.ndarray, transfer: str) -> np.ndarray:
    """0-1."""
    if transfer == "pq":
        power = (nits / 10_000) ** 0.1593017578125
        signal = ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375
    else:  # the light of the scene, from that of a display of 1,000 nits with the gamma 1.2
        shown = nits / 1000
        luminance = np.maximum(shown @ (0.2627, 0.6780, 0.0593), 1e-9)[..., None]
        scene = shown * luminance ** (1 / 1.2 - 1)
        bright = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
        signal = np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright)
    return np.clip(signal, 0, 1)
