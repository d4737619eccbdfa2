"""Whatever is sent, the answer is a photo or a sentence, never a trace."""

from __future__ import annotations

import contextlib
import random

import numpy as np
import pytest
from PIL import Image

from capture.vision import Unreadable, check, open_photo
from tests.capture.vision.pictures import encode, jpeg, jpeg_claiming, png_header, webp_claiming


def refusal(data: bytes) -> str:
    with pytest.raises(Unreadable) as refused:
        open_photo(data)
    assert str(refused.value)
    return refused.value.code


def test_empty_file():
    assert refusal(b"") == "empty"


@pytest.mark.parametrize(
    "data",
    [
        b"hello, I am a text that calls itself photo.jpg",
        b"%PDF-1.7 ...",
        b"PK\x03\x04" + b"\0" * 100,
        b"GIF89a" + b"\0" * 100,
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\xff",
        b"\x00" * 4096,
    ],
)
def test_other_files_are_no_photos(data):
    assert refusal(data) == "not_a_photo"


def test_animated_gif_is_refused(pixels):
    frames = [Image.fromarray(pixels), Image.fromarray(pixels[::-1])]

    assert refusal(encode(frames[0], "GIF", save_all=True, append_images=frames[1:])) == "not_a_photo"


def test_too_many_bytes(photo):
    with pytest.raises(Unreadable) as refused:
        open_photo(photo, max_bytes=1000)
    assert refused.value.code == "too_many_bytes"


def test_too_many_bytes_are_not_read_from_disk(tmp_path, photo):
    path = tmp_path / "large.jpg"
    path.write_bytes(photo)

    with pytest.raises(Unreadable) as refused:
        open_photo(path, max_bytes=1000)
    assert refused.value.code == "too_many_bytes"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_one_pixel(kind):
    assert refusal(encode(np.zeros((1, 1, 3), np.uint8), kind)) == "too_small"


@pytest.mark.parametrize("size", [(40_000, 40_000), (65_000, 10), (12_000, 12_000)])
def test_bombs_are_refused_by_their_header(photo, size):
    assert refusal(jpeg_claiming(photo, *size)) == "too_many_pixels"
    assert refusal(png_header(*size)) == "too_many_pixels"


def test_webp_bomb_is_refused_before_its_canvas_is_made():
    assert refusal(webp_claiming(16_000, 16_000)) == "too_many_pixels"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_pictures_are_damaged(draw, kind, share):
    data = encode(draw(), kind)

    assert refusal(data[: int(len(data) * share)]) == "damaged"


def test_truncated_jpeg_with_a_whole_thumbnail_is_damaged(draw):
    """The end marker of an embedded preview must not pass for that of the picture."""
    whole = jpeg(draw(), exif=b"Exif\0\0" + jpeg(np.zeros((60, 80, 3), np.uint8)))

    assert refusal(whole[: len(whole) // 2]) == "damaged"


def test_jpeg_with_something_behind_it_opens(photo):
    """Phones append a film or a second picture."""
    assert open_photo(photo + b"\0\0\0\x18ftypmp42" + b"\0" * 500).width == 900


def test_png_header_with_nothing_in_it_is_damaged():
    assert refusal(png_header(1000, 1000)) == "damaged"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_fuzzed_files_never_raise_anything_else(pixels, kind):
    """Random bytes written into the head and the body of sound files."""
    sound = encode(pixels, kind)
    chance = random.Random(7)
    for round_ in range(100):
        data = bytearray(sound)
        reach = 64 if round_ % 2 else len(data)
        for _ in range(chance.randint(1, 12)):
            data[chance.randrange(4, reach)] = chance.randrange(256)
        assert_photo_or_sentence(bytes(data))


def assert_photo_or_sentence(data: bytes) -> None:
    with contextlib.suppress(Unreadable):
        assert open_photo(data).work.ndim == 3


def test_a_picture_of_nothing_gets_a_verdict():
    verdict = check(jpeg(np.full((600, 800, 3), 127, np.uint8))).verdict

    assert verdict.outcome == "red"
    assert [finding.rule for finding in verdict.findings] == ["one_face"]
