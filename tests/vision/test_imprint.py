"""The imprint of a picture: the same under what cheats and phones do to it, another for another person."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image, ImageEnhance

from demo.drawn_people import Person, draw_portrait
from tests.vision.pictures import jpeg
from vision import measure, open_photo
from vision.crops.face import CROP_WIDTH
from vision.likeness import imprint
from vision.measures import crop_face, face_detection

SIZE = (900, 1200)
# Which landmark each one becomes in a mirror: those of the middle stay.
BESIDE = [place for place, (x, _y) in imprint.PLACES.items() if x != CROP_WIDTH // 2]
OTHER_SIDE = np.arange(478)
OTHER_SIDE[BESIDE[::2]], OTHER_SIDE[BESIDE[1::2]] = BESIDE[1::2], BESIDE[::2]
LIMIT = 72


def of(picture: Image.Image, **how) -> str:
    return measure(open_photo(jpeg(picture, **how)))["imprint"]


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    return Image.fromarray(np.asarray(draw_portrait(Person.random(7), size=SIZE)))


@pytest.fixture(scope="module")
def original(picture) -> str:
    return of(picture)


def turned(picture: Image.Image) -> Image.Image:
    return picture.rotate(4, resample=Image.Resampling.BICUBIC, fillcolor=(200, 200, 200))


def on_a_phone(picture: Image.Image) -> Image.Image:
    screen = Image.new("RGB", (1080, 2340), (12, 12, 12))
    screen.paste(picture.resize((1080, 1440)), (0, 450))
    return screen


ALTERATIONS = {
    "cropped": lambda p: p.crop((90, 60, 850, 1050)),
    "smaller": lambda p: p.resize((540, 720)),
    "brighter": lambda p: ImageEnhance.Brightness(p).enhance(1.25),
    "contrast": lambda p: ImageEnhance.Contrast(p).enhance(1.3),
    "warmer": lambda p: Image.fromarray((np.asarray(p) * [1.0, 0.95, 0.8]).astype(np.uint8)),
    "turned": turned,
    "screenshot": on_a_phone,
    "smoothed": lambda p: Image.fromarray(cv2.bilateralFilter(np.asarray(p), 9, 30, 9)),
}


@pytest.mark.parametrize("name", ALTERATIONS)
def test_an_altered_picture_keeps_its_imprint(picture, original, name):
    assert imprint.imprint_distance(original, of(ALTERATIONS[name](picture))) <= LIMIT


def test_saving_again_moves_a_few_bits(picture, original):
    assert imprint.imprint_distance(original, of(picture, quality=60)) <= LIMIT // 2


def test_a_mirrored_picture_is_found_by_the_mirrored_imprint(picture, original):
    source = open_photo(jpeg(picture))
    crop = crop_face(source, face_detection.detect_faces(source).main)
    points = (crop.points * [-1, 1] + [CROP_WIDTH - 1, 0])[OTHER_SIDE]
    turned = replace(crop, rgb=np.ascontiguousarray(crop.rgb[:, ::-1]), points=points)
    straight = (int(original, 16) ^ int(imprint.compute_imprint(turned), 16)).bit_count()
    assert straight > LIMIT
    assert imprint.imprint_distance(original, imprint.compute_imprint(turned)) <= LIMIT // 2
    assert imprint.mirror_imprint(imprint.mirror_imprint(original)) == original


def test_other_people_are_far_away(original):
    for seed in (1, 2, 5):
        assert imprint.imprint_distance(original, of(draw_portrait(Person.random(seed), size=SIZE))) > LIMIT


def test_words_are_the_imprint_with_their_places(original):
    words = imprint.split_words(original)
    assert [word >> 16 for word in words] == list(range(32))
    assert "".join(f"{word & 0xFFFF:04x}" for word in words) == original


def test_altered_pictures_share_a_word(picture, original):
    for alter in ALTERATIONS.values():
        assert set(imprint.split_words(original)) & set(imprint.split_words(of(alter(picture))))


def test_a_picture_of_nobody_has_none():
    assert "imprint" not in measure(open_photo(jpeg(Image.new("RGB", SIZE, (180, 200, 220)))))


def test_every_wave_has_its_middle():
    rows, columns = imprint.waves()
    assert len(set(zip(rows.tolist(), columns.tolist(), strict=True))) == imprint.BITS
    assert len(imprint.MEDIANS) == (columns % 2 == 0).sum()
