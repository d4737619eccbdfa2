"""Opening photos: what phones and scanners send, the right way up and in the right colours."""

from __future__ import annotations

import io

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from tests.vision.pictures import STORED, encode, jpeg, turned
from vision import Unreadable, open_photo
from vision.source import turn_upright

RED, GREEN, BLUE, WHITE = (220, 40, 40), (40, 200, 40), (40, 40, 220), (240, 240, 240)


def corners(rgb: np.ndarray) -> list[tuple[int, ...]]:
    """Colours of the four quarters, clockwise from the upper left."""
    height, width = rgb.shape[:2]
    places = [(0.25, 0.25), (0.25, 0.75), (0.75, 0.75), (0.75, 0.25)]
    return [tuple(int(v) for v in rgb[int(y * height), int(x * width)]) for y, x in places]


def assert_quarters(rgb: np.ndarray, tolerance: int = 8) -> None:
    np.testing.assert_allclose(corners(rgb), [RED, GREEN, WHITE, BLUE], atol=tolerance)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_exif_orientation_is_honoured(pixels, orientation, kind):
    source = open_photo(turned(pixels, orientation, kind))

    assert (source.width, source.height) == (400, 300)
    assert source.work.shape == (300, 400, 3)
    assert_quarters(source.work, 20)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_honoured_in_reduced_decodes(pixels, orientation):
    large = np.kron(pixels, np.ones((8, 8, 1), np.uint8))
    source = open_photo(turned(large, orientation))

    assert source.work.shape == (1200, 1600, 3)
    assert_quarters(source.work)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_undoes_every_orientation(pixels, orientation):
    stored = np.ascontiguousarray(STORED[orientation](pixels))

    np.testing.assert_array_equal(turn_upright(stored, orientation), pixels)


def test_nonsense_orientation_is_ignored(pixels):
    exif = Image.Exif()
    exif[0x0112] = 99

    assert_quarters(open_photo(jpeg(pixels, exif=exif.tobytes())).work)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"quality": 95}),
        ("JPEG", {"quality": 95, "progressive": True}),
        ("PNG", {}),
        ("WEBP", {"quality": 95}),
        ("WEBP", {"lossless": True}),
    ],
)
def test_common_kinds_open(pixels, kind, options):
    assert_quarters(open_photo(encode(pixels, kind, **options)).work, 20)


def test_heic_opens(pixels):
    file = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(pixels)).save(file, quality=95)

    assert_quarters(open_photo(file.getvalue()).work, 12)


@pytest.mark.parametrize("mode", ["L", "CMYK", "P", "RGBA", "1"])
def test_every_mode_becomes_rgb(pixels, mode):
    kind = {"CMYK": "JPEG", "L": "JPEG"}.get(mode, "PNG")
    source = open_photo(encode(Image.fromarray(pixels).convert(mode), kind))

    assert source.work.shape == (300, 400, 3)
    assert source.work.dtype == np.uint8
    if mode in ("CMYK", "RGBA"):
        assert_quarters(source.work, 12)


def test_sixteen_bits_keep_their_lightness():
    values = np.full((300, 400), 40000, np.uint16)
    values[:, 200:] = 10000

    work = open_photo(encode(Image.fromarray(values), "PNG")).work

    assert abs(int(work[10, 10, 0]) - 156) <= 1
    assert abs(int(work[10, 390, 0]) - 39) <= 1


def test_transparency_shows_white(pixels):
    rgba = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    rgba[:150, :200, 3] = 0

    assert corners(open_photo(encode(rgba, "PNG")).work)[0] == (255, 255, 255)


@pytest.mark.parametrize(
    "options", [{"quality": 80}, {"lossless": True, "exact": True}, {"save_all": True, "duration": 100}]
)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_webp_is_what_libwebp_shows_to_pillow(draw, mode, options):
    person = draw().convert(mode)
    if mode == "RGBA":
        person.putalpha(draw().convert("L"))
    if "save_all" in options:
        options = {**options, "append_images": [Image.new(mode, person.size)]}
    data = encode(person, "WEBP", method=0, **options)
    shown = Image.open(io.BytesIO(data)).convert("RGBA")
    expected = Image.alpha_composite(Image.new("RGBA", shown.size, "white"), shown).convert("RGB")

    assert np.abs(open_photo(data).at_least(1200).astype(int) - np.asarray(expected)).max() <= 1


@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
def test_animations_show_their_first_frame(pixels, kind):
    second = Image.fromarray(np.zeros_like(pixels))
    options = {"save_all": True, "append_images": [second], "duration": 100}
    if kind == "WEBP":
        options["lossless"] = True

    assert_quarters(open_photo(encode(pixels, kind, **options)).work)


def test_profile_is_converted_to_srgb(pixels):
    """A profile whose red and blue are swapped shows at once whether it was applied."""
    swapped = swapped_profile()

    for kind in ("JPEG", "PNG"):
        work = open_photo(encode(pixels[..., ::-1], kind, icc_profile=swapped)).work
        red = corners(work)[0]
        assert red[0] > 150, kind
        assert red[2] < 110, kind


def test_srgb_profile_changes_nothing(pixels):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

    np.testing.assert_array_equal(open_photo(encode(pixels, "PNG", icc_profile=srgb)).work, pixels)


def test_broken_profile_is_ignored(pixels):
    assert_quarters(open_photo(jpeg(pixels, icc_profile=b"no profile at all")).work)


def test_wide_pictures_decode_no_finer_than_needed(pixels):
    large = np.kron(pixels, np.ones((13, 10, 1), np.uint8))
    source = open_photo(jpeg(large))

    assert source.work.shape[:2] == (975, 1000)
    assert source.at_least(3000).shape[:2] == (3900, 4000)
    assert source.work.shape[:2] == (975, 1000)


def test_path_and_bytes_are_the_same(tmp_path, photo):
    path = tmp_path / "photo.txt"
    path.write_bytes(photo)

    np.testing.assert_array_equal(open_photo(path).work, open_photo(photo).work)


def swapped_profile() -> bytes:
    """The sRGB profile with its red and blue colorants exchanged."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    names = {
        bytes(profile[132 + 12 * i : 136 + 12 * i]): 132 + 12 * i
        for i in range(int.from_bytes(profile[128:132], "big"))
    }
    red, blue = names[b"rXYZ"], names[b"bXYZ"]
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(profile).replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be")).replace(b"sRGB", b"swap")


def test_text_chunks_of_a_png_are_no_danger(pixels):
    info = PngImagePlugin.PngInfo()
    info.add_text("note", "x" * 100_000, zip=True)

    assert_quarters(open_photo(encode(pixels, "PNG", pnginfo=info)).work)


def test_a_png_with_thousands_of_profiles_is_refused_before_they_are_unpacked(pixels):
    """It may have one."""
    whole = encode(pixels, "PNG", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    start = whole.index(b"iCCP") - 4
    profile = whole[start : start + 12 + int.from_bytes(whole[start : start + 4], "big")]
    assert_quarters(open_photo(whole[:start] + profile * 2 + whole[start:]).work)
    with pytest.raises(Unreadable):
        open_photo(whole[:start] + profile * 9000 + whole[start:])
