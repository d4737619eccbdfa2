"""A file is whole, or it is refused: whatever was put in the place of the data that are missing."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import pytest
from PIL import Image

from capture.upload.normalising import NotAPhoto, normalise
from demo.drawn_people import Person, draw_portrait
from tests.vision.pictures import ORIENTATION, encode, heic, interlaced_png
from vision import Unreadable, open_photo
from vision.files.heif_boxes import read_boxes

MAX_BYTES = 20 * 1024 * 1024
END_MARK = b"\xff\xd9"
SHARES = (0.05, 0.3, 0.45, 0.6, 0.8, 0.95, 0.99)


@cache
def person() -> Image.Image:
    """With the grain of a camera, so that no two parts of the file are alike."""
    drawn = np.asarray(draw_portrait(Person.random(3), size=(450, 600))).astype(np.int16)
    grain = np.random.default_rng(1).normal(0, 5, drawn.shape)
    return Image.fromarray(np.clip(drawn + grain, 0, 255).astype(np.uint8))


def exif(orientation: int) -> bytes:
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    return tags.tobytes()


JPEGS: dict[str, Callable[[], bytes]] = {
    "baseline": lambda: encode(person(), "JPEG", quality=88),
    "baseline 4:4:4": lambda: encode(person(), "JPEG", quality=95, subsampling=0, optimize=True),
    "progressive": lambda: encode(person(), "JPEG", quality=88, progressive=True),
    "grey": lambda: encode(person().convert("L"), "JPEG", quality=88),
    "grey progressive": lambda: encode(person().convert("L"), "JPEG", quality=88, progressive=True),
    "ink": lambda: encode(person().convert("CMYK"), "JPEG", quality=88),
    "restart markers": lambda: encode(person(), "JPEG", quality=88, restart_marker_rows=1),
    "turned": lambda: encode(person(), "JPEG", quality=88, exif=exif(6)),
}


def is_refused(data: bytes) -> bool:
    """On the way of an upload, and opened as it is: both say so, or neither does."""
    answers = []
    for way in (lambda: normalise(data, max_bytes=MAX_BYTES), lambda: open_photo(data)):
        try:
            way()
            answers.append("")
        except (NotAPhoto, Unreadable) as refusal:
            answers.append(refusal.code)
    assert answers in (["", ""], ["damaged", "damaged"]), answers
    return bool(answers[0])


def ends(lost: int) -> Iterator[tuple[str, bytes]]:
    """What stands in the place of `lost` bytes at the end of a file."""
    yield "nothing", b""
    yield "an end mark", END_MARK
    for name, byte in {"zeros": b"\0", "ones": b"\xff", "a byte": b"\x55"}.items():
        yield name, byte * lost
        yield f"{name} and an end mark", byte * lost + END_MARK
    yield "noise and an end mark", np.random.default_rng(lost).bytes(lost) + END_MARK
    yield "a film", film()
    yield "another picture", encode(person().resize((90, 120)), "JPEG")
    yield "Samsung's blocks", samsung_blocks()


def film() -> bytes:
    return b"\0\0\0\x18ftypmp42\0\0\0\0isommp42" + b"\0\0\x40\x08mdat" + np.random.default_rng(2).bytes(16384)


def samsung_blocks() -> bytes:
    """Blocks of data, then a directory that says how far before it each of them starts."""
    block = b"\0\0\x01\x0a\x0e\0\0\0Image_UTC_Data1626000000000"
    entry = struct.pack("<HHII", 0, 0x0A01, len(block), len(block))
    directory = b"SEFH" + struct.pack("<II", 107, 1) + entry
    return block + directory + struct.pack("<I", len(directory)) + b"SEFT"


@pytest.mark.parametrize("kind", JPEGS)
def test_jpeg_whose_data_end_early_is_damaged_whatever_follows(kind):
    data = JPEGS[kind]()
    start = data.rindex(b"\xff\xda") if "progressive" in kind else data.index(b"\xff\xda") + 14
    passed = []
    for share in SHARES:
        cut = data[: start + int((len(data) - start) * share)]
        passed += [(share, name) for name, end in ends(len(data) - len(cut)) if not is_refused(cut + end)]

    assert passed == []


@pytest.mark.parametrize("kind", ["progressive", "grey progressive"])
def test_progressive_jpeg_that_lacks_scans_is_damaged(kind):
    """Without its last scans a picture is coarse, and decodes without complaint."""
    data = JPEGS[kind]()
    scans = [at for at in range(len(data) - 1) if data[at : at + 2] == b"\xff\xda"]

    assert [at for at in scans[1:] if not is_refused(data[:at] + END_MARK)] == []


@pytest.mark.parametrize("kind", JPEGS)
@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda: b"", id="nothing"),
        pytest.param(film, id="a film"),
        pytest.param(lambda: encode(person().resize((90, 120)), "JPEG"), id="another picture"),
        pytest.param(samsung_blocks, id="Samsung's blocks"),
        pytest.param(lambda: bytes(3) + END_MARK, id="three zeros before the mark"),
        pytest.param(lambda: bytes(700) + END_MARK, id="a block of zeros before the mark"),
        pytest.param(lambda: bytes(700), id="a block of zeros"),
        pytest.param(lambda: END_MARK[:1], id="half of the mark"),
    ],
)
def test_jpeg_that_lacks_only_its_end_mark_is_whole(kind, end):
    whole = JPEGS[kind]()
    shown = open_photo(whole)
    opened = open_photo(whole.removesuffix(END_MARK) + end())
    kept = normalise(whole.removesuffix(END_MARK) + end(), max_bytes=MAX_BYTES)

    np.testing.assert_array_equal(opened.work, shown.work)
    assert kept.jpeg.endswith(END_MARK)
    assert (kept.width, kept.height) == (shown.width, shown.height)
    assert not is_refused(kept.jpeg)


@pytest.mark.parametrize("follows", [film, samsung_blocks, JPEGS["progressive"]])
def test_what_phones_append_to_a_whole_jpeg_is_cut_off(follows):
    whole = JPEGS["baseline"]()

    assert normalise(whole + follows(), max_bytes=MAX_BYTES) == normalise(whole, max_bytes=MAX_BYTES)


def oddities() -> Iterator[tuple[str, bytes]]:
    """What encoders write and libjpeg warns of, though the picture is whole."""
    data = JPEGS["baseline"]()
    tables, scan = data.index(b"\xff\xdb"), data.index(b"\xff\xda")
    yield "stray bytes between segments", data[:tables] + bytes(5) + data[tables:]
    yield "fill bytes before a marker", data[:tables] + b"\xff" * 9 + data[tables:]
    version = data.index(b"JFIF\0") + 5
    yield "an unknown version of JFIF", data[:version] + b"\2\0" + data[version + 2 :]
    spectral = scan + 2 + int.from_bytes(data[scan + 2 : scan + 4], "big") - 3
    yield "scan parameters of zero", data[:spectral] + bytes(3) + data[spectral + 3 :]
    adobe = b"\xff\xee\x00\x0eAdobe\x00\x64\0\0\0\0\x07"
    yield "an unknown transform of Adobe's", data[:tables] + adobe + data[tables:]
    grey = bytearray(JPEGS["grey"]())
    grey[grey.index(b"\xff\xc0") + 11] = 0x22
    yield "grey with a sampling factor", bytes(grey)


def test_what_encoders_do_oddly_is_no_damage():
    for name, data in oddities():
        assert not is_refused(data), name
        assert not is_refused(normalise(data, max_bytes=MAX_BYTES).jpeg), name


def test_an_oddity_does_not_hide_that_data_are_missing():
    for name, data in oddities():
        assert is_refused(data[: len(data) * 3 // 4] + END_MARK), name


OTHERS: dict[str, Callable[[], bytes]] = {
    "png": lambda: encode(person(), "PNG", compress_level=1),
    "png interlaced": lambda: interlaced_png(person()),
    "webp": lambda: encode(person(), "WEBP", quality=90),
    "webp lossless": lambda: encode(person(), "WEBP", lossless=True, quality=0, method=0),
    "webp with metadata": lambda: encode(person(), "WEBP", quality=90, exif=exif(6)),
    "heic": lambda: heic(person(), quality=80),
    "heic of tiles": lambda: heic(person(), quality=80, tile_size=256),
    "avif": lambda: encode(person(), "AVIF", quality=80, speed=9),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_other_pictures_whose_data_end_early_are_damaged(kind):
    data = OTHERS[kind]()
    passed = []
    for share in (0.3, 0.6, 0.9):
        cut = data[: int(len(data) * share)]
        lost = len(data) - len(cut)
        tails = {"nothing": b"", "zeros": bytes(lost), "ones": b"\xff" * lost, "the last bytes": data[-40:]}
        if kind != "webp lossless":  # where a flat area holds as many zeros
            tails["zeros and two other bytes"] = bytes(lost - 2) + END_MARK
        passed += [(share, name) for name, tail in tails.items() if not is_refused(cut + tail)]

    assert passed == []


def test_webp_whose_sizes_were_made_to_fit_what_is_left_is_damaged():
    data = OTHERS["webp"]()
    cut = bytearray(data[: len(data) // 2])
    cut[4:8] = struct.pack("<I", len(cut) - 8)
    cut[16:20] = struct.pack("<I", len(cut) - 20)

    assert is_refused(bytes(cut))


@pytest.mark.parametrize("bit", [0, 7])
def test_png_with_a_wrong_byte_is_damaged(bit):
    data = bytearray(OTHERS["png"]())
    data[len(data) // 2] ^= 1 << bit

    assert is_refused(bytes(data))


@pytest.mark.parametrize("kind", ["png", "png interlaced"])
@pytest.mark.parametrize("lost", [1, 12])
def test_png_that_lacks_only_its_end_mark_is_whole(kind, lost):
    data = OTHERS[kind]()

    np.testing.assert_array_equal(open_photo(data[:-lost]).work, open_photo(data).work)


def test_the_first_picture_of_an_animation_is_enough():
    frames = {"save_all": True, "append_images": [person().rotate(180)], "duration": 100}
    data = encode(person(), "WEBP", quality=90, method=0, **frames)

    assert not is_refused(data[: len(data) * 3 // 4] + bytes(len(data) - len(data) * 3 // 4))
    assert is_refused(data[: len(data) // 4] + bytes(len(data) - len(data) // 4))


def test_heic_that_lacks_a_tile_is_damaged():
    """The place of the tile says that it has no bytes."""
    data = OTHERS["heic of tiles"]()
    boxes = read_boxes(data)
    at = data.index(struct.pack(">I", len(boxes.coded[2])), data.index(b"iloc"))

    assert len(boxes.coded) == 6
    assert is_refused(data[:at] + bytes(4) + data[at + 4 :])
