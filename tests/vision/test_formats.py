"""The formats of pictures: what is read, and what is refused by its name."""

from __future__ import annotations

import io
import zlib
from functools import cache

import numpy as np
import pillow_heif
import pytest
from django.utils.translation import override
from PIL import Image

from capture.upload.normalising import NotAPhoto, normalise
from demo.drawn_people import Person, draw_portrait
from tests.vision.pictures import TRANSFERS, encode, heic, high_dynamic_avif, high_dynamic_heic
from vision import Checked, Unreadable, check, open_photo
from vision.files.header import read_header

MAX_BYTES = 20 * 1024 * 1024
MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0isommp42"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"GIF89a" + bytes(100), "GIF"),
        (encode(Image.new("RGB", (9, 9)), "BMP"), "BMP"),
        (encode(Image.new("RGB", (9, 9)), "TIFF"), "TIFF"),
        (encode(Image.new("RGB", (99, 99)), "JPEG2000"), "JPEG 2000"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(40), "JPEG XL"),
        (b"\xff\x0a" + bytes(40), "JPEG XL"),
        (b"II*\0\x08\0\0\0\x01\0\x12\xc6\x01\0\x04\0\0\0\x01\x04\0\0" + bytes(40), "DNG"),
        (b"II*\0\x10\0\0\0CR\x02\0" + bytes(40), "CR2"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"PK\x03\x04" + bytes(100), "ZIP"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b'<?xml version="1.0"?>\n<svg/>', "SVG"),
        (b"\n<!DOCTYPE html><html>", "HTML"),
        (MP4, "MP4"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  " + bytes(40), "QuickTime"),
        (b"\x1aE\xdf\xa3" + bytes(40), "WebM"),
    ],
)
def test_a_format_that_is_not_read_is_refused_by_its_name(data, name):
    with override("zh-hans"), pytest.raises(NotAPhoto) as refused:
        normalise(data, max_bytes=MAX_BYTES)

    assert refused.value.code == "not_a_photo"
    assert name in str(refused.value)
    assert "。" in str(refused.value)


# --- AVIF ------------------------------------------------------------------------------------------------------------


@cache
def person() -> Image.Image:
    return draw_portrait(Person.random(3), size=(900, 1200))


def test_avif_is_judged_like_the_jpeg(checked):
    data = encode(person(), "AVIF", quality=90, speed=9)

    assert check(data).verdict.outcome == checked.verdict.outcome == "green"
    assert normalise(data, max_bytes=MAX_BYTES).width == 900


def test_avif_of_too_many_pixels_is_refused_by_its_header():
    data = encode(Image.new("L", (5001, 5001)), "AVIF", quality=30, speed=10)

    with pytest.raises(Unreadable) as refused:
        open_photo(data)
    assert refused.value.code == "too_many_pixels"


# --- high dynamic range ----------------------------------------------------------------------------------------------

TO_BT2020 = np.array(((0.6274, 0.3293, 0.0433), (0.0691, 0.9195, 0.0114), (0.0164, 0.0880, 0.8956)))


def nits(rgb: np.ndarray) -> np.ndarray:
    """sRGB as linear BT.2020 light, with white at 203 nits."""
    values = rgb / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return 203 * linear @ TO_BT2020.T


def judged(data: bytes) -> tuple[Checked, set[str]]:
    found = check(data)
    return found, {finding.rule for finding in found.verdict.findings}


@pytest.mark.parametrize("transfer", TRANSFERS)
@pytest.mark.parametrize("kind", [high_dynamic_heic, high_dynamic_avif])
def test_high_dynamic_range_is_judged_like_the_same_shot_without(checked, kind, transfer):
    data = kind(nits(np.asarray(person())), transfer)
    found, rules = judged(data)
    room = 0.05 if kind is high_dynamic_heic else 0.16  # the steps of 8 bits show in hue and fine detail

    assert read_header(data).transfer == TRANSFERS[transfer]
    assert rules == set()
    assert np.abs(found.source.work.astype(int) - np.asarray(person())).mean() < 2.5  # 2.2 at 8 bits
    for measure in ("skin_chroma", "skin_hue", "skin_detail", "sharpness"):
        assert found.measures[measure] == pytest.approx(checked.measures[measure], rel=room), measure


@pytest.mark.parametrize("transfer", TRANSFERS)
@pytest.mark.parametrize("kind", [high_dynamic_heic, high_dynamic_avif])
def test_a_lamp_brighter_than_white_leaves_the_face_as_it_is(checked, kind, transfer):
    light = nits(np.asarray(person()))
    light[:200, :200] = 900
    found, rules = judged(kind(light, transfer))

    assert rules & {"colour", "beautified", "underexposed", "overexposed", "sharpness"} == set()
    assert found.source.work[100, 100].min() > 245
    assert found.measures["face_light"] == pytest.approx(checked.measures["face_light"], abs=6)


def test_colours_beyond_srgb_keep_their_hue():
    light = np.zeros((300, 300, 3))
    light[..., 1] = 150  # the green of BT.2020, which no sRGB screen shows
    red, green, blue = (int(value) for value in open_photo(high_dynamic_heic(light, "pq")).work[150, 150])

    assert green > 150
    assert max(red, blue) < green - 80


@pytest.mark.parametrize("transfer", TRANSFERS)
@pytest.mark.parametrize(("mode", "most"), [("L", 255), ("I;16", 65535)])
def test_a_grey_picture_of_high_dynamic_range_stays_grey(mode, most, transfer):
    values = np.full((300, 300), {"pq": 0.58, "hlg": 0.75}[transfer] * most)  # of the signal: white
    stored = values.astype(np.uint8 if most == 255 else np.uint16)
    file = io.BytesIO()
    picture = pillow_heif.from_bytes(mode, (300, 300), stored.tobytes())
    picture.save(file, quality=95, transfer_characteristics=TRANSFERS[transfer], full_range_flag=1)
    shown = open_photo(file.getvalue()).work

    assert shown.shape == (300, 300, 3)
    assert shown.min() > 240
    assert np.ptp(shown, axis=2).max() <= 3


def test_pq_in_a_png_is_told_by_its_chunk():
    values = np.full((300, 300, 3), 148, np.uint8)  # 0.58 of the signal: 203 nits
    data = encode(values, "PNG")
    chunk = b"cICP\x09\x10\x00\x01"
    with_chunk = data[:33] + b"\0\0\0\x04" + chunk + zlib.crc32(chunk).to_bytes(4, "big") + data[33:]

    assert open_photo(with_chunk).work[0, 0].min() > 250
    assert open_photo(data).work[0, 0].max() == 148


# --- what phones add -------------------------------------------------------------------------------------------------


def quarters() -> np.ndarray:
    rgb = np.zeros((300, 400, 3), np.uint8)
    rgb[:150, :200], rgb[:150, 200:], rgb[150:, :200] = (220, 40, 40), (40, 200, 40), (40, 40, 220)
    rgb[150:, 200:] = 240
    return rgb


@pytest.mark.parametrize("kind", ["HEIC", "AVIF"])
@pytest.mark.parametrize(("angle", "turn"), [(1, 1), (2, 2), (3, 3)])
def test_the_turn_of_the_file_itself_is_honoured(kind, angle, turn):
    """The box irot turns against the clock."""
    data = heic(quarters()) if kind == "HEIC" else encode(quarters(), "AVIF", quality=95, speed=9)
    work = open_photo(with_property(data, b"irot", bytes([angle]))).work

    assert np.abs(work.astype(int) - np.rot90(quarters(), turn)).mean() < 6


@pytest.mark.parametrize("kind", ["HEIC", "AVIF"])
@pytest.mark.parametrize(("axis", "mirrored"), [(0, np.flipud), (1, np.fliplr)])
def test_the_mirror_of_the_file_itself_is_honoured(kind, axis, mirrored):
    """The box imir: axis 0 exchanges top and bottom, axis 1 left and right."""
    data = heic(quarters()) if kind == "HEIC" else encode(quarters(), "AVIF", quality=95, speed=9)
    work = open_photo(with_property(data, b"imir", bytes([axis]))).work

    assert np.abs(work.astype(int) - mirrored(quarters())).mean() < 6


def with_property(data: bytes, kind: bytes, body: bytes) -> bytes:
    """The file with one more property for its first item. All offsets behind it are moved."""
    box = (8 + len(body)).to_bytes(4, "big") + kind + body
    whole = bytearray(data)
    ipco, ipma = whole.index(b"ipco") - 4, whole.index(b"ipma") - 4
    number = _count(whole, ipco)
    whole[ipma + 18] += 1  # associations of the first item: after size, name, version, count and item
    at = ipma + 19 + whole[ipma + 18] - 1
    whole[at:at] = bytes([0x80 | (number + 1)])
    _grow(whole, ipma, 1)
    end = ipco + int.from_bytes(whole[ipco : ipco + 4], "big")
    whole[end:end] = box
    _grow(whole, ipco, len(box))
    for name in (b"iprp", b"meta"):
        _grow(whole, whole.index(name) - 4, len(box) + 1)
    _move(whole, data, len(box) + 1)
    return bytes(whole)


def _count(data: bytearray, ipco: int) -> int:
    at, end, number = ipco + 8, ipco + int.from_bytes(data[ipco : ipco + 4], "big"), 0
    while at < end:
        at += int.from_bytes(data[at : at + 4], "big")
        number += 1
    return number


def _grow(data: bytearray, at: int, by: int) -> None:
    data[at : at + 4] = (int.from_bytes(data[at : at + 4], "big") + by).to_bytes(4, "big")


def _move(data: bytearray, before: bytes, by: int) -> None:
    """The offset in iloc of the picture, which is the only item: it lies in the last box."""
    picture = before.rindex(b"mdat") + 4
    at = data.index(picture.to_bytes(4, "big"), data.index(b"iloc"))
    data[at : at + 4] = (picture + by).to_bytes(4, "big")


def test_a_second_picture_beside_the_main_one_is_left_alone(pixels):
    file = io.BytesIO()
    both = pillow_heif.from_pillow(Image.fromarray(pixels))
    both.add_from_pillow(Image.fromarray(pixels[..., 0]))
    both.save(file, quality=95, primary_index=0)

    assert open_photo(file.getvalue()).work.shape == (300, 400, 3)


def test_a_depth_image_is_left_alone(pixels):
    """The auxiliary picture of a HEIC with transparency, declared to be depth: it would show white otherwise."""
    depth = np.zeros(pixels.shape[:2], np.uint8)
    data = heic(np.dstack([pixels, depth])).replace(b":auxid:1", b":auxid:2").replace(b"iary:alpha", b"iary:depth")

    assert len(pillow_heif.open_heif(data).info["depth_images"]) == 1
    assert np.abs(open_photo(data).work.astype(int) - pixels).mean() < 6


def container(*items: tuple[str, str, int]) -> bytes:
    """XMP that lists what a JPEG holds: (meaning, type, bytes) of each, as Ultra HDR and motion photos do."""
    rows = "".join(
        f'<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="{meaning}" Item:Mime="{kind}"'
        f' Item:Length="{length}"/></rdf:li>'
        for meaning, kind, length in items
    )
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"'
        ' xmlns:Container="http://ns.google.com/photos/1.0/container/"'
        ' xmlns:Item="http://ns.google.com/photos/1.0/container/item/" hdrgm:Version="1.0">'
        f"<Container:Directory><rdf:Seq>{rows}</rdf:Seq></Container:Directory></rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def ultra_hdr() -> tuple[bytes, bytes]:
    """(the file, its gain map): the map is the second picture of its index, and named in the XMP."""
    gain = person().convert("L").resize((225, 300))
    about = container(("Primary", "image/jpeg", 0), ("GainMap", "image/jpeg", 9000))
    data = encode(person(), "MPO", quality=92, save_all=True, append_images=[gain], xmp=about)
    return data, data[data.rindex(b"\xff\xd8\xff") :]


def test_the_gain_map_of_an_ultra_hdr_jpeg_is_left_alone(checked):
    data, gain = ultra_hdr()
    kept = normalise(data, max_bytes=MAX_BYTES).jpeg

    assert b"MPF\0" in data
    assert b"GainMap" in data
    assert Image.open(io.BytesIO(gain)).size == (225, 300)
    assert check(data).verdict.outcome == check(kept).verdict.outcome == checked.verdict.outcome
    assert gain not in kept


FILM = MP4 + b"\0\0\x10\0mdat" + bytes(range(256)) * 16


@pytest.mark.parametrize("kind", ["JPEG", "HEIC"])
def test_the_film_of_a_motion_photo_is_left_alone(checked, kind):
    """Behind the picture of a JPEG, named in its XMP; in a box of its own at the end of a HEIC."""
    if kind == "JPEG":
        about = container(("Primary", "image/jpeg", 0), ("MotionPhoto", "video/mp4", len(FILM)))
        data = encode(person(), "JPEG", quality=92, xmp=about) + FILM
    else:
        data = heic(person()) + (8 + len(FILM)).to_bytes(4, "big") + b"mpvd" + FILM
    kept = normalise(data, max_bytes=MAX_BYTES)

    assert (kept.width, kept.height) == person().size
    assert FILM not in kept.jpeg
    assert check(data).verdict.outcome == checked.verdict.outcome


def test_a_gain_map_behind_a_jpeg_is_left_alone(checked):
    gain = encode(person().convert("L").resize((225, 300)), "JPEG")
    data = encode(person(), "JPEG", quality=92) + gain

    assert check(data).verdict.outcome == checked.verdict.outcome
    assert gain not in normalise(data, max_bytes=MAX_BYTES).jpeg
