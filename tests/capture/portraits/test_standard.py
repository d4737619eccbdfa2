from io import BytesIO

import pytest
from PIL import Image

from capture.portraits.standard import is_standard
from tests.support.school_papers import picture, small_jpeg


def saved(image, form="JPEG", **options) -> bytes:
    file = BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def test_a_portrait_of_the_standard():
    assert is_standard(small_jpeg())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8 no picture",
        small_jpeg()[:30],
        saved(Image.new("RGB", (480, 640)), "PNG", dpi=(300, 300)),
        saved(Image.new("L", (480, 640)), dpi=(300, 300)),
        saved(Image.new("RGB", (480, 640)), dpi=(72, 72)),
        saved(Image.new("RGB", (481, 640)), dpi=(300, 300)),
        picture(quality=97),  # more than 40,960 bytes
    ],
)
def test_what_is_not_of_the_standard(data):
    assert not is_standard(data)
