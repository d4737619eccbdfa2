"""Files that the center attaches to a notice: PDF, Word and Excel, checked before they are stored."""

import posixpath
import re

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from portal import files, history
from portal.errors import PortalError
from portal.models import User
from portal.untrusted import scans
from portal.untrusted.archive import Archive, Handler
from portal.untrusted.limits import Refused
from schools.models import Notice, NoticeFile
from schools.notices.publishing import require_editable

PDF = "application/pdf"
OFFICE = "application/vnd.openxmlformats-officedocument"
MEDIA_TYPES = {
    "pdf": PDF,
    "docx": f"{OFFICE}.wordprocessingml.document",
    "xlsx": f"{OFFICE}.spreadsheetml.sheet",
}
MAIN_PARTS = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml"}
MOST = 10  # files of a notice
_ON_THIS_MACHINE = re.compile(
    r"(file:///)?[a-z]:[\\/]|[^:/\\]+\Z", re.IGNORECASE
)  # C:\x.dotm, file:///C:/x.dotm, x.dotm


class _Loads(Handler):
    """Whether a document loads something from another machine when it is opened. A link waits for a click, and Word names
    the template of the machine where the document was written.
    """

    from_elsewhere = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        is_foreign = name == "Relationship" and attributes.get("TargetMode", "").lower() == "external"
        is_loaded = is_foreign and not attributes.get("Type", "").endswith("/hyperlink")
        if is_loaded and not _ON_THIS_MACHINE.match(attributes.get("Target", "")):
            self.from_elsewhere = True


def attach(notice: Notice, *, name: str, data: bytes, by: User) -> NoticeFile:
    """Add a file to the draft. Raises PortalError for a file that is not taken."""
    require_editable(notice)
    ending = _checked(name, data)
    if notice.files.filter(is_dropped=False).count() >= MOST:
        raise PortalError(_("A notice has at most %(n)d files.") % {"n": MOST})
    row = NoticeFile(notice=notice, name=_short(name, ending), media_type=MEDIA_TYPES[ending])
    with files.writing() as write:  # before the transaction
        for field, value in write.store(row, {"file": data}, filename=f"notice.{ending}").items():
            setattr(row, field, value)
        with transaction.atomic():
            row.save()
            history.record("notice.file_added", notice, by=by, facts={"file": row.name})
    return row


def drop(row: NoticeFile, *, by: User) -> None:
    """Take a file off the draft. What was published keeps it; else it is deleted."""
    require_editable(row.notice)
    with transaction.atomic():
        row.is_dropped = True
        if not row.notice.versions.filter(files__contains=[row.pk]).exists():
            files.delete_after_commit([row.file.name])
            row.file = ""
        row.save()
        history.record("notice.file_dropped", row.notice, by=by, facts={"file": row.name})


def refuse_size(size: int) -> None:
    """Raise PortalError above the limit. The view calls it before it reads the file."""
    limit = settings.UPLOAD_MAX_BYTES["notice"]
    if size > limit:
        raise PortalError(_("The file is too large: at most %(mb)d MB.") % {"mb": limit // 2**20})


def _checked(name: str, data: bytes) -> str:
    """The ending that the content answers to."""
    refuse_size(len(data))
    ending = posixpath.splitext(name)[1].lower().lstrip(".")
    if ending not in MEDIA_TYPES:
        raise PortalError(_("Attach a PDF, a Word document (.docx) or an Excel workbook (.xlsx)."))
    if ending == "pdf":
        scans.check_pdf(data)
    else:
        _check_office(ending, data)
    return ending


def _check_office(ending: str, data: bytes) -> None:
    """Only the directory of the archive is read, and what its parts load from elsewhere."""
    try:
        archive = Archive(data)
        loads = _Loads()
        for part in archive.parts:
            if part.endswith(".rels"):
                archive.parse(part, "other", loads)
    except Refused as error:
        raise PortalError(_("This file is damaged, or has a password. Save it again without one.")) from error
    if MAIN_PARTS[ending] not in archive:
        raise PortalError(_("The content of this file is not what its name says. Save it again as .docx or .xlsx."))
    if any(part.endswith("vbaproject.bin") for part in archive.parts):
        raise PortalError(_("This file has macros. Save it without them."))
    if loads.from_elsewhere:
        raise PortalError(
            _(
                "This file loads a template, picture or object from elsewhere when it is opened. Save it with all of them inside."
            )
        )


def _short(name: str, ending: str) -> str:
    stem = posixpath.splitext(posixpath.basename(name.replace("\\", "/")))[0].strip() or "file"
    return f"{stem[:100]}.{ending}"
