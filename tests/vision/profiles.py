"""Colour profiles as phones, cameras and printing presses attach them, made from littlecms's own sRGB."""

from __future__ import annotations

import struct

import numpy as np
from PIL import Image, ImageCms

# Colorants adapted to D50, as the public profiles of these spaces hold them.
DISPLAY_P3 = ((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407))
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
PROPHOTO = ((0.79767, 0.28804, 0.0), (0.13519, 0.71187, 0.0), (0.03134, 0.00009, 0.82491))
CORNERS = 2  # of each ink in the table of the press: none and all


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def display_p3() -> bytes:
    """The curve of sRGB with wider colorants."""
    return _with_colorants(DISPLAY_P3, "Display P3")


def adobe_rgb() -> bytes:
    """A plain gamma of 563/256."""
    return _with_gamma(_with_colorants(ADOBE_RGB, "Adobe RGB"), 563)


def prophoto() -> bytes:
    """A plain gamma of 1.8; its green and blue are colours that no eye sees."""
    return _with_gamma(_with_colorants(PROPHOTO, "ProPhoto RGB"), 461)


def press() -> bytes:
    """Four inks by a table of their sixteen corners in Lab: each ink and black multiply the light of the paper."""
    inks = np.array([(1.0, 0.62, 0.2), (0.25, 0.9, 0.85), (0.9, 0.3, 0.5), (0.2, 0.2, 0.2)])
    corners = [
        [round(255 * float(light)) for light in np.prod(np.where(mask[:, None], inks, 1.0), axis=0) * 0.97]
        for mask in (np.array([(n >> bit) & 1 for bit in (3, 2, 1, 0)], bool) for n in range(CORNERS**4))
    ]
    to_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB", 5000), "RGB", "LAB", 1
    )
    colours = Image.fromarray(np.array([corners], np.uint8))
    lab = np.frombuffer(ImageCms.applyTransform(colours, to_lab).tobytes(), np.uint8).reshape(-1, 3)
    lab = (lab.astype(int) + (0, 128, 128)) % 256  # Pillow holds a and b as signed bytes
    straight = bytes(range(256))
    matrix = struct.pack(">9i", *(65536 if n % 4 == 0 else 0 for n in range(9)))
    table = (
        b"mft1"
        + bytes(4)
        + bytes([4, 3, CORNERS, 0])
        + matrix
        + straight * 4
        + bytes(lab.ravel().tolist())
        + straight * 3
    )
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"desc": _description("A press"), b"A2B0": table})


def _with_colorants(colorants: tuple[tuple[float, ...], ...], name: str) -> bytes:
    profile = bytearray(srgb())
    for tag, values in zip((b"rXYZ", b"gXYZ", b"bXYZ"), colorants, strict=True):
        offset, _ = _place(profile, tag)
        profile[offset + 8 : offset + 20] = struct.pack(">3i", *(round(value * 65536) for value in values))
    renamed = name.ljust(4)[:4]  # as long as "sRGB", so that nothing moves
    return bytes(profile).replace("sRGB".encode("utf-16-be"), renamed.encode("utf-16-be"))


def _with_gamma(data: bytes, gamma: int) -> bytes:
    """`gamma` in 256ths, in place of all three curves."""
    profile = bytearray(data)
    for name in (b"rTRC", b"gTRC", b"bTRC"):
        offset, _ = _place(profile, name)
        profile[offset : offset + 16] = b"curv" + bytes(4) + struct.pack(">IHH", 1, gamma, 0)
    return bytes(profile)


def _place(profile: bytearray, name: bytes) -> tuple[int, int]:
    """(offset, size) of a tag."""
    count = int.from_bytes(profile[128:132], "big")
    rows = (struct.unpack_from(">4sII", profile, 132 + 12 * n) for n in range(count))
    return next((offset, size) for tag, offset, size in rows if tag == name)


def _description(text: str) -> bytes:
    return b"desc" + bytes(4) + struct.pack(">I", len(text) + 1) + text.encode() + bytes(1 + 78)


def _profile(kind: bytes, space: bytes, between: bytes, tags: dict[bytes, bytes]) -> bytes:
    offset, rows, bodies = 132 + 12 * len(tags), b"", b""
    for name, body in tags.items():
        rows += struct.pack(">4sII", name, offset + len(bodies), len(body))
        bodies += body + bytes(-len(body) % 4)
    white = struct.pack(">3i", 63190, 65536, 54061)
    head = struct.pack(">I4s4s4s4s4s", offset + len(bodies), bytes(4), b"\2\x40\0\0", kind, space, between)
    head = (head + bytes(12) + b"acsp").ljust(68, b"\0") + white
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + rows + bodies
