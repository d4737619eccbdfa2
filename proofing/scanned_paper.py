"""A scan or a photo of a sheet of paper that people send becomes one picture; nothing else of the file is kept."""

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from capture.upload.normalising import NotAPhoto, redrawn
from portal.errors import PortalError
from portal.history import Actor
from portal.models import User
from portal.security.rate_limits import Daily
from portal.untrusted import scans

_TOO_MANY = gettext_lazy("You have sent %(n)d files, the most for one day. You can go on in %(hours)d h.")
OWN_PAPERS = Daily("own papers", 20, _TOO_MANY)
PAPERS = Daily("papers", 600, _TOO_MANY)


def picture_of(data: bytes, *, purpose: str, by: Actor) -> bytes:
    """A JPEG, whatever the file is called: of a PDF, its pages below each other. A limited process of its own draws it.

    `purpose`: a key of settings.UPLOAD_MAX_BYTES. Raises PortalError for a file that is too large, damaged, or
    neither PDF nor picture, and RateLimited: each file is counted, since each is opened.
    """
    check_size(len(data), purpose=purpose)
    (PAPERS if isinstance(by, User) else OWN_PAPERS).count(by.actor_key)
    if data[:1024].lstrip().startswith(b"%PDF-"):
        return scans.picture_of_pdf(data)
    try:
        return redrawn(data, max_bytes=settings.UPLOAD_MAX_BYTES[purpose]).jpeg
    except NotAPhoto as error:
        if error.code != "not_a_photo":
            raise
        raise PortalError(
            _("This is neither a PDF nor a picture. Send the scan as PDF, or a photo of the sheet as JPEG or PNG.")
        ) from error


def check_size(size: int, *, purpose: str) -> None:
    """A view asks before it reads the file."""
    limit = settings.UPLOAD_MAX_BYTES[purpose]
    if size > limit:
        raise PortalError(_("The file is too large: at most %(mb)d MB.") % {"mb": limit // 2**20})
