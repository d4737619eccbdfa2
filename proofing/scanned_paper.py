"""A scan or a photo of a sheet of paper that people send becomes one picture; nothing else of the file is kept."""

from django.conf import settings
from django.utils.translation import gettext as _

from capture.upload.normalising import NotAPhoto, normalise
from portal.errors import PortalError
from portal.untrusted import scans


def picture_of(data: bytes, *, purpose: str) -> bytes:
    """A JPEG, whatever the file is called: of a PDF, its pages below each other.

    `purpose`: a key of settings.UPLOAD_MAX_BYTES. Raises PortalError for a file that is too large, damaged, or
    neither PDF nor picture.
    """
    check_size(len(data), purpose=purpose)
    if data[:1024].lstrip().startswith(b"%PDF-"):
        return scans.picture_of_pdf(data)
    try:
        return normalise(data, max_bytes=settings.UPLOAD_MAX_BYTES[purpose]).jpeg
    except NotAPhoto as error:
        raise PortalError(
            _("This is neither a PDF nor a picture. Send the scan as PDF, or a photo of the sheet as JPEG or PNG.")
        ) from error


def check_size(size: int, *, purpose: str) -> None:
    """A view asks before it reads the file."""
    limit = settings.UPLOAD_MAX_BYTES[purpose]
    if size > limit:
        raise PortalError(_("The file is too large: at most %(mb)d MB.") % {"mb": limit // 2**20})
