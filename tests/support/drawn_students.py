"""Drawn people who look different to the network, their pictures and archives of them."""

import functools
import io
import zipfile

from PIL import Image

from demo.drawn_people.person import Person
from demo.drawn_people.portrait import draw_portrait

# Drawn people are alike: these are among the least alike, and limits between them stand in LIMITS.
WOMAN, MAN, OLD = (3, "female"), (4, "male"), (11, "male")
LIMITS = {"same_person": {"warn": 0.45}, "same_face": {"warn": 0.3}}


@functools.cache
def picture(who: tuple[int, str], *, width: int = 480, light: int = 0) -> bytes:
    """A portrait; the same person in another size and light has another file."""
    drawn = draw_portrait(Person.random(who[0], gender=who[1]), size=(480, 640)).resize((width, width * 4 // 3))
    file = io.BytesIO()
    Image.eval(drawn, lambda value: max(0, value - light)).save(file, "JPEG", quality=90)
    return file.getvalue()


def archive(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return file.getvalue()
