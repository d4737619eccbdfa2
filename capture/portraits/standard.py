"""Whether a stored portrait is as the national standard asks, before it leaves the product."""

from io import BytesIO

from PIL import Image, UnidentifiedImageError

from vision.portrait.crop import HEIGHT, WIDTH
from vision.portrait.encoding import DPI, MAX_BYTES


def is_standard(data: bytes) -> bool:
    """A JPEG of 480 x 640 px, 24 bit, 300 dpi, at most 40,960 bytes. The head of the file alone is read."""
    try:
        with Image.open(BytesIO(data), formats=["JPEG"]) as picture:
            found = (picture.size, picture.mode, tuple(round(n) for n in picture.info.get("dpi", (0, 0))))
    except (UnidentifiedImageError, OSError):
        return False
    return found == ((WIDTH, HEIGHT), "RGB", DPI) and len(data) <= MAX_BYTES
