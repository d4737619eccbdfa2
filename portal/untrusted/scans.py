"""PDFs that people upload: drawn in a process of its own, and kept as a picture only."""

import json
from typing import Any

from django.utils.translation import gettext_lazy as _

from portal.errors import PortalError
from portal.untrusted import process

SECONDS = 40  # on the clock: a busy machine needs several times the processor time
REFUSALS: dict[str, Any] = {
    "no_pdf": _("This file is no PDF. Send the scan as PDF, or a photo of the sheet as JPEG or PNG."),
    "damaged": _("This PDF is not complete. Scan or save it again."),
    "password": _("This PDF is protected by a password. Save it without one, or send a photo of the sheet."),
    "many_pages": _("This PDF has more than %(limit)d pages. Send the stamped sheet alone."),
    "lost": _(
        "This PDF cannot be drawn: it took too much memory or time. Scan the sheet again, or send a photo of it."
    ),
}


def picture_of_pdf(content: bytes) -> bytes:
    """A JPEG of the pages below each other, 200 dots an inch of A4. Raises PortalError with what to do."""
    try:
        with process.reading("portal.untrusted.render_pdf", content, seconds=SECONDS) as reader:
            answer = json.loads(reader.line())
            if "refused" not in answer:
                return reader.bytes(answer["size"])
    except process.Lost as error:
        raise PortalError(str(REFUSALS["lost"])) from error
    text = str(REFUSALS.get(answer["refused"], REFUSALS["lost"]))
    raise PortalError(text % answer["params"] if answer["params"] else text)


def check_pdf(content: bytes) -> None:
    """Raise PortalError with what to do, unless it is a PDF that opens without a password; of any number of pages."""
    try:
        with process.reading("portal.untrusted.render_pdf", content, seconds=SECONDS) as reader:
            code = json.loads(reader.line()).get("refused", "")
    except process.Lost as error:
        raise PortalError(str(REFUSALS["lost"])) from error
    if code not in ("", "many_pages"):
        raise PortalError(str(REFUSALS.get(code, REFUSALS["lost"])))
