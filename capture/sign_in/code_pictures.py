"""The text of the one QR code in a picture that a visitor sends. Every picture is hostile: a process of its own reads it."""

import json
from typing import Any

from django.utils.translation import gettext as _

from portal.errors import PortalError
from portal.untrusted import brake, process
from vision.errors import SENTENCES

SECONDS = 8
LARGEST = 12 * 1024 * 1024  # bytes: a saved code has a few thousand, the photo of a phone a few million
DARK = 25  # of 255: half of the picture is darker


class NoCode(PortalError):
    """The picture has no code that can be read, or more than one. The sentence says what to do."""


def text_of(picture: bytes) -> str:
    """Raises NoCode or Busy."""
    if len(picture) > LARGEST:
        raise NoCode(_("The picture is too big. Send the code itself, as you saved it by a long press."))
    answer = _read(picture)
    if code := answer.get("refused"):
        raise NoCode(SENTENCES.get(code) or SENTENCES["damaged"])
    texts = answer["texts"]
    if len(texts) > 1:
        raise NoCode(_("There are several codes in this picture. Send one that shows your capture code alone."))
    if not texts:
        raise NoCode(_no_code(answer["light"]))
    return str(texts[0])


def _no_code(light: int) -> str:
    if light < DARK:
        return _(
            "The picture is too dark to read a code in it. Turn the screen brighter, or save the code by a long press."
        )
    return _(
        "No code can be read in this picture. A screenshot often cannot be read: on the registry's page, press and hold"
        " the code, choose “Save picture”, and send that picture."
    )


def _read(picture: bytes) -> dict[str, Any]:
    try:
        with process.reading("capture.sign_in.read_code", picture, seconds=SECONDS, held_by=brake.CODES) as reader:
            answer: dict[str, Any] = json.loads(reader.line())
            return answer
    except process.Lost:
        return {"refused": "damaged"}
