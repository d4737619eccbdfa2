"""What is kept of a photo: the picture alone."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from capture.upload.normalising import NotAPhoto, TooBig, normalise, strip
from tests.support.words import said

LIMIT = 20 * 2**20


def picture(width=400, height=300) -> Image.Image:
    rows = np.linspace(0, 255, height, dtype=np.uint8)[:, None].repeat(width, 1)
    columns = np.linspace(0, 255, width, dtype=np.uint8)[None, :].repeat(height, 0)
    return Image.fromarray(np.dstack([rows, columns, 255 - rows]))


def saved(image: Image.Image, kind: str = "JPEG", **how) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def exif(orientation: int = 1) -> Image.Exif:
    data = Image.Exif()
    data[0x0112] = orientation
    data[0x010F] = "Secret Phone Maker"
    return data


def segments(jpeg: bytes) -> set[int]:
    at, found = 2, set()
    while jpeg[at + 1] != 0xDA:
        found.add(jpeg[at + 1])
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return found


def test_upright_jpeg_keeps_its_picture_bit_for_bit_and_loses_its_metadata():
    data = saved(picture(), exif=exif(), comment=b"taken at home", quality=83)
    kept = normalise(data, max_bytes=LIMIT)
    assert b"Secret Phone Maker" not in kept.jpeg
    assert b"taken at home" not in kept.jpeg
    assert not segments(kept.jpeg) & {0xE1, 0xE2, 0xED, 0xFE}
    assert (np.asarray(Image.open(io.BytesIO(kept.jpeg))) == np.asarray(Image.open(io.BytesIO(data)))).all()
    assert (kept.width, kept.height) == (400, 300)


def test_cleaning_what_is_clean_changes_no_byte():
    once = normalise(saved(picture(), exif=exif()), max_bytes=LIMIT).jpeg
    assert normalise(once, max_bytes=LIMIT).jpeg == once


def test_what_follows_the_end_of_a_jpeg_is_cut_off():
    data = saved(picture())
    kept = strip(data + b"MotionPhoto" + saved(picture(), exif=exif()))
    assert b"MotionPhoto" not in kept
    assert b"Secret" not in kept


def test_progressive_jpeg_with_many_scans_stays_whole():
    data = saved(picture(), progressive=True, exif=exif())
    kept = normalise(data, max_bytes=LIMIT).jpeg
    assert (np.asarray(Image.open(io.BytesIO(kept))) == np.asarray(Image.open(io.BytesIO(data)))).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_comes_out_upright(orientation):
    turned_back = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]
    upright = picture()
    stored = upright if turned_back is None else upright.transpose(Image.Transpose(turned_back))
    kept = normalise(saved(stored, exif=exif(orientation), quality=95), max_bytes=LIMIT)
    assert (kept.width, kept.height) == (400, 300)
    shown = np.asarray(Image.open(io.BytesIO(kept.jpeg))).astype(int)
    assert np.abs(shown - np.asarray(upright).astype(int)).mean() < 4


def test_huge_picture_that_has_to_be_turned_is_halved():
    kept = normalise(saved(picture(8000, 2000), exif=exif(6)), max_bytes=LIMIT)
    assert (kept.width, kept.height) == (1000, 4000)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_other_kinds_become_jpeg(kind):
    kept = normalise(saved(picture(), kind), max_bytes=LIMIT)
    assert kept.jpeg[:3] == b"\xff\xd8\xff"
    assert segments(kept.jpeg) & {0xE1, 0xE2} == set()


def test_heic_becomes_jpeg():
    import pillow_heif

    file = io.BytesIO()
    pillow_heif.from_pillow(picture()).save(file, quality=90)
    assert normalise(file.getvalue(), max_bytes=LIMIT).jpeg[:3] == b"\xff\xd8\xff"


def test_picture_of_another_colour_space_is_converted_and_loses_the_profile():
    lab = ImageCms.createProfile("XYZ")
    profile = ImageCms.ImageCmsProfile(lab).tobytes()
    kept = normalise(saved(picture(), icc_profile=profile), max_bytes=LIMIT)
    assert "icc_profile" not in Image.open(io.BytesIO(kept.jpeg)).info


EMPTY = "The file is empty. Please choose the photo again."
NOT_A_PHOTO = "This file is not a photo. Please send a JPEG, PNG, WebP, HEIC or AVIF picture."
DAMAGED = "The picture is damaged or incomplete. Please send it again or take a new one."


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", EMPTY),
        (b"no photo", NOT_A_PHOTO),
        (b"\xff\xd8\xff" + b"\0" * 100, DAMAGED),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, DAMAGED),
    ],
)
def test_what_is_no_photo_gets_a_sentence(data, message):
    with pytest.raises(NotAPhoto) as refused:
        normalise(data, max_bytes=LIMIT)
    assert str(refused.value) == said(message)


def test_truncated_jpeg_is_refused():
    data = saved(picture())
    with pytest.raises(NotAPhoto):
        normalise(data[: len(data) // 2], max_bytes=LIMIT)


def test_one_pixel_is_refused():
    with pytest.raises(NotAPhoto):
        normalise(saved(picture().resize((1, 1))), max_bytes=LIMIT)


def test_header_of_a_huge_picture_is_refused_before_decoding():
    header = bytearray(saved(picture()))
    start = header.index(b"\xff\xc0")
    header[start + 5 : start + 9] = (40_000).to_bytes(2, "big") * 2
    with pytest.raises(NotAPhoto) as refused:
        normalise(bytes(header), max_bytes=LIMIT)
    assert said("The picture has too many pixels. Please send it as the phone camera took it.") in str(refused.value)


def test_file_over_the_limit_is_refused():
    with pytest.raises(TooBig) as refused:
        normalise(b"\xff\xd8\xff" + b"\0" * 2**20, max_bytes=2**20)
    assert "1 MB" in str(refused.value)
