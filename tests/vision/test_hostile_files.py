"""Whatever is sent, the answer is a photo or a sentence, never a trace."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image

from bench.hostile_files import answer, judged_photo
from capture.upload.normalising import normalise
from tests.support.hostile_photos import photos
from tests.support.hostile_photos.made import bombs, scan_bomb
from tests.support.hostile_photos.writers import box
from tests.vision.pictures import encode, jpeg, jpeg_claiming, png_header, webp_claiming
from tests.vision.profiles import display_p3
from vision import Unreadable, check, open_photo
from vision.files.heif_boxes import read_boxes
from vision.files.jpeg_segments import read_segments

MAX_BYTES = 20 * 1024 * 1024


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


def test_hostile_files_get_a_verdict_or_a_sentence():
    """A sample of `bench/hostile_files.py`, on the way of an upload."""
    answers = [answer(name, make(), judged_photo, idle=0) for name, make in photos(3, 60, heavy=False)]

    assert [found for found in answers if found.fault == "exception"] == []
    assert [found.name for found in answers if not found.words and found.outcome != "green"] == []


@pytest.mark.parametrize(
    "name",
    [
        "jpeg fill bytes",
        "jpeg comments",
        "jpeg of 1000 scans 2000",
        "png chunks",
        "png data in crumbs",
        "webp chunks",
        "webp chunks in a frame",
        "heic of places without bytes",
        "heic of one tile named often",
        "heic of units of one byte",
        "heic of boxes in containers",
    ],
)
def test_files_of_too_many_parts_are_not_walked_to_their_end(name):
    assert refusal(dict(bombs())[name]) == "damaged"


def test_fill_bytes_in_a_scan_cost_no_more_than_their_number(photo):
    """A pattern that can backtrack took ten seconds for 50 kB of them."""
    spoilt = photo[:-2] + b"\xff" * 2_000_000 + b"\0" + photo[-2:]

    assert normalise(spoilt, max_bytes=MAX_BYTES).width == 900


def test_progressive_pictures_of_many_pixels_are_refused():
    """They are held whole while they are decoded, at a fraction of their size too."""
    assert refusal(scan_bomb(9900, 12)) == "too_many_pixels"
    assert open_photo(scan_bomb(2000, 12)).work.shape == (1000, 1000, 3)


@pytest.mark.parametrize(("kind", "side"), [("PNG", 5001), ("WEBP", 5001)])
def test_flat_pictures_of_many_pixels_are_refused(kind, side):
    """Next to no bytes, and several copies in memory."""
    assert refusal(encode(Image.new("1" if kind == "PNG" else "L", (side, side)), kind, quality=0)) == "too_many_pixels"


def test_avif_whose_seconds_have_no_parts_is_damaged(pixels):
    """Pillow divides by them."""
    frames = [Image.fromarray(pixels), Image.fromarray(pixels[::-1])]
    data = encode(frames[0], "AVIF", save_all=True, append_images=frames[1:], speed=10)
    at = data.index(b"mdhd") + 8 + 16

    assert refusal(data[:at] + bytes(4) + data[at + 4 :]) == "damaged"


def test_exif_of_the_same_bytes_a_thousand_times_is_not_read(photo):
    entries = b"II*\0\x08\0\0\0\xff\xff" + b"\x0f\x01\x02\0\x60\xea\0\0\x08\0\0\0" * 5000
    piece = b"\xff\xe1" + (len(entries) + 8).to_bytes(2, "big") + b"Exif\0\0" + entries

    assert open_photo(photo[:2] + piece * 12 + photo[2:]).header.orientation == 1


def test_a_profile_larger_than_any_device_has_is_ignored(pixels, monkeypatch):
    monkeypatch.setattr("vision.colour.MAX_PROFILE", 100)
    profile = display_p3()

    np.testing.assert_array_equal(open_photo(encode(pixels, "PNG", icc_profile=profile)).work, pixels)


def test_a_picture_of_nothing_gets_a_verdict():
    verdict = check(jpeg(np.full((600, 800, 3), 127, np.uint8))).verdict

    assert verdict.outcome == "red"
    assert [finding.rule for finding in verdict.findings] == ["one_face"]


def progressive(width: int, height: int, scans: int) -> bytes:
    """The segments of a JPEG of so many passes, with hardly any picture data."""
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    frame = b"\xff\xc2\x00\x11\x08" + size + b"\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01"
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x01\x3f\x00\x7f"
    return b"\xff\xd8" + frame + scan * scans + b"\xff\xd9"


def test_passes_over_a_large_picture_have_a_limit():
    """48 MP in the twelve passes of a phone are a picture; forty over 49 MP are seconds of work in a few bytes."""
    assert len(list(read_segments(progressive(8064, 6048, 12)))) == 14
    assert len(list(read_segments(progressive(1200, 1600, 40)))) == 42
    with pytest.raises(Unreadable):
        list(read_segments(progressive(7000, 7000, 13)))


def test_a_grid_names_each_tile_once_and_nothing_but_tiles():
    """A HEIC of 98 KB that names one tile 729 times decodes for 20 s; one of overlays of grids, for hours."""
    one_tile = heic_of_items([(1, b"grid", [2] * 4), (2, b"hvc1", [])])
    overlay = heic_of_items([(1, b"iovl", [2]), (2, b"hvc1", [])])
    nested = heic_of_items([(1, b"grid", [2]), (2, b"grid", [3]), (3, b"hvc1", [])])
    for data in (one_tile, overlay, nested):
        with pytest.raises(Unreadable):
            read_boxes(data)
    whole = heic_of_items([(1, b"grid", [2, 3]), (2, b"hvc1", []), (3, b"hvc1", [])])
    assert len(read_boxes(whole).coded) == 2


def heic_of_items(items: list[tuple[int, bytes, list[int]]]) -> bytes:
    """A HEIC of items (number, kind, what it is derived from); the first is the picture."""
    infos = b"".join(
        box(b"infe", bytes([2, 0, 0, 0]) + struct.pack(">HH", item, 0) + kind + b"\0") for item, kind, _ in items
    )
    links = b"".join(box(b"dimg", struct.pack(f">HH{len(to)}H", item, len(to), *to)) for item, _, to in items if to)
    places = b"".join(struct.pack(">HHHII", item, 0, 1, 8 + item, 4) for item, _, _ in items)
    meta = [
        box(b"pitm", bytes(4) + struct.pack(">H", items[0][0])),
        box(b"iloc", bytes(4) + struct.pack(">BBH", 0x44, 0, len(items)) + places),
        box(b"iinf", bytes(4) + struct.pack(">H", len(items)) + infos),
        box(b"iref", bytes(4) + links),
        box(b"iprp", box(b"ipco", b"")),
    ]
    return box(b"ftyp", b"heic" + bytes(4) + b"mif1heic") + box(b"meta", bytes(4) + b"".join(meta))
