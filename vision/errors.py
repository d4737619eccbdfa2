"""Why the engine refuses to open a file, in sentences that a student can act on."""

from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "empty": _("The file is empty. Please choose the photo again."),
    "too_many_bytes": _("The file is too big. Please send a photo of at most 25 MB."),
    "not_a_photo": _("This file is not a photo. Please send a JPEG, PNG, WebP or HEIC picture."),
    "too_many_pixels": _("The picture has too many pixels. Please send it as the phone camera took it."),
    "too_small": _("The picture is too small. Please send the original photo, not a thumbnail."),
    "damaged": _("The picture is damaged or incomplete. Please send it again or take a new one."),
}


class Unreadable(Exception):
    """The bytes are no photo that the engine can judge. `code` is a key of SENTENCES."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.sentence = SENTENCES[code]
        super().__init__(self.sentence)

    def __str__(self) -> str:
        return str(self.sentence)
