"""The same drawn person in every kind of file that is taken."""

import io
from functools import cache

import numpy as np
import pillow_heif
from PIL import Image, ImageCms

from demo.drawn_people import Person, draw_portrait
from tests.vision.pictures import high_dynamic_heic, interlaced_png

Named = tuple[str, bytes]
Size = tuple[int, int]
SIZE: Size = (810, 1080)
SMALL: Size = (240, 320)
QUICKLY: dict[str, dict[str, object]] = {"PNG": {"compress_level": 1}, "WEBP": {"method": 0}, "AVIF": {"speed": 10}}


@cache
def portrait(size: Size = SIZE) -> Image.Image:
    return draw_portrait(Person.random(5), size=size)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    if kind == "HEIC":
        pillow_heif.from_pillow(image).save(file, enc_params={"preset": "ultrafast"}, **options)
    else:
        image.save(file, kind, **options)
    return file.getvalue()


@cache
def plain(kind: str) -> bytes:
    """Large enough to be made a portrait, nothing special."""
    return encoded(portrait(), kind, **QUICKLY.get(kind, {}))


@cache
def sound() -> tuple[Named, ...]:
    """A SMALL one of every kind that is taken: its face is too small for a portrait, so it is judged in a tenth of the time."""
    person = portrait(SMALL)
    frames = {"save_all": True, "append_images": [Image.new("RGB", SMALL)], "duration": 100}
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return (
        ("jpeg", encoded(person, "JPEG", quality=90, exif=exif(6), icc_profile=profile)),
        ("jpeg progressive", encoded(person, "JPEG", quality=90, progressive=True)),
        ("jpeg grey", encoded(person.convert("L"), "JPEG")),
        ("jpeg cmyk", encoded(person.convert("CMYK"), "JPEG")),
        ("jpeg mpo", encoded(person, "MPO", save_all=True, append_images=[person])),
        ("png", encoded(person, "PNG", exif=exif(3), icc_profile=profile, compress_level=1)),
        ("png palette", encoded(person.quantize(64), "PNG")),
        ("png 16 bits", encoded(Image.fromarray(np.asarray(person.convert("L"), np.uint16) * 257), "PNG")),
        ("png alpha", encoded(person.convert("RGBA"), "PNG", compress_level=1)),
        ("apng", encoded(person, "PNG", compress_level=1, **frames)),
        ("webp", encoded(person, "WEBP", quality=80, exif=exif(8), icc_profile=profile)),
        ("webp lossless", encoded(person, "WEBP", lossless=True, quality=0, method=0)),
        ("webp animated", encoded(person, "WEBP", method=0, **frames)),
        ("webp metadata behind", encoded(person, "WEBP", quality=80, method=0, exif=exif(1))),
        ("heic", encoded(person, "HEIC", quality=80)),
        ("heic of tiles", encoded(person, "HEIC", quality=80, tile_size=256)),
        ("heic pq", high_dynamic_heic(200 * (np.asarray(person) / 255) ** 2.2, "pq")),
        ("heic hlg", high_dynamic_heic(200 * (np.asarray(person) / 255) ** 2.2, "hlg")),
        ("avif", encoded(person, "AVIF", quality=70, speed=10, exif=exif(6))),
        ("avif animated", encoded(person, "AVIF", quality=50, speed=10, **frames)),
        ("png interlaced", interlaced_png(person)),
        ("jpeg restarts", encoded(person, "JPEG", quality=85, restart_marker_rows=1)),
        ("jpeg lying", encoded(person.rotate(90, expand=True), "JPEG", quality=85)),
    )


def exif(orientation: int) -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()
