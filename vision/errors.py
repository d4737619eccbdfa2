"""Why the engine refuses to open a file, in sentences that a student can act on."""

from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "empty": _("The file is empty. Please choose the photo again."),
    "too_many_bytes": _("The file is too big. Please send a photo of at most 25 MB."),
    "not_a_photo": _("This file is not a photo. Please send a JPEG, PNG, WebP, HEIC or AVIF picture."),
    "too_many_pixels": _("The picture has too many pixels. Please send it as the phone camera took it."),
    "too_small": _("The picture is too small. Please send the original photo, not a thumbnail."),
    "damaged": _("The picture is damaged or incomplete. Please send it again or take a new one."),
}
OTHER_FORMATS = {
    "picture": _("%(format)s pictures cannot be read here. Please save the photo as JPEG or take a new one."),
    "raw": _("This is a raw file of a camera (%(format)s). Please export the photo as JPEG and send that."),
    "film": _("This is a video (%(format)s), not a photo. Please send a photo."),
    "document": _(
        "This is a %(format)s file, not a photo. Please send the picture itself, as JPEG, PNG, WebP, HEIC or AVIF."
    ),
}


class Unreadable(Exception):
    """The bytes are no photo that the engine can judge. `code` is a key of SENTENCES."""

    def __init__(self, code: str, sentence: str = "") -> None:
        self.code = code
        self.sentence = sentence or SENTENCES[code]
        super().__init__(self.sentence)

    def __str__(self) -> str:
        return str(self.sentence)


def other_format(name: str, group: str) -> Unreadable:
    """A file of a known format that is no photo to be read. `group`: a key of OTHER_FORMATS."""
    return Unreadable("not_a_photo", str(OTHER_FORMATS[group]) % {"format": name})
