"""The words that a student or a school adds to an appeal or an exemption."""

from django.utils.translation import gettext as _

from portal.errors import PortalError


def clean_words(words: str, most: int) -> str:
    """`words` on one line. Raises PortalError above `most` characters."""
    words = " ".join(words.split())
    if len(words) > most:
        raise PortalError(_("Please use at most %(n)d characters.") % {"n": most})
    return words
