"""The electronic portraits of a school (电子版照片) as a ZIP.

A file's name is the student number, or the document number where somebody who may have it asked for it.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.core.files.storage import FileSystemStorage, default_storage, storages
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from capture.models import Photo
from portal import history
from portal.errors import PortalError
from printing import zip_archive
from proofing.proofs import WITH_PORTRAIT
from schools.models import Enrolment
from students import id_encryption

MISSING_LIST = "缺失照片名单.txt"


@dataclass(frozen=True)
class Archive:
    """A ZIP that is created while `chunks` is read; `length` is its size in bytes."""

    filename: str
    students: int
    length: int
    chunks: Iterator[bytes]


def approved_portraits(enrolment: Enrolment) -> QuerySet[Photo]:
    """The approved portraits of the school, in the order of the sheets."""
    return Photo.objects.filter(
        school=enrolment.school_id,
        season=enrolment.season_id,
        is_current=True,
        status=Photo.Status.APPROVED,
        student__stage__in=WITH_PORTRAIT,
    ).order_by("student__college", "student__major", "student__class_name", "student__student_no")


def download(enrolment: Enrolment, *, by: history.Actor, folders: bool = False, by_document: bool = False) -> Archive:
    """The archive of all approved portraits. The download is recorded in the history.

    `folders` puts the files into folders by college and major. `by_document` names them by document
    number; the caller has checked that the person may have the numbers. A portrait whose file is missing is
    left out; a text file in the archive lists the student numbers. Raises PortalError when there is
    no portrait.
    """
    entries, missing = _entries(enrolment, folders, by_document)
    if not entries and not missing:
        raise PortalError(_("No student of the school has an approved portrait yet."))
    count = len(entries)
    if missing:
        text = "\r\n".join(missing).encode("utf-8-sig")
        entries.append(zip_archive.Entry(MISSING_LIST, len(text), lambda: text))
    facts = {"students": count, "in_clear": by_document} | ({"missing": missing} if missing else {})
    history.record("portraits.downloaded", enrolment, by=by, facts=facts)
    made = zip_archive.build_zip(entries)
    return Archive(
        filename=f"{enrolment.school.code}-{enrolment.season.graduating_class}.zip",
        students=count,
        length=len(made),
        chunks=zip_archive.stream_zip(made),
    )


def _entries(enrolment: Enrolment, folders: bool, by_document: bool) -> tuple[list[zip_archive.Entry], list[str]]:
    """The files of the archive, and the student numbers whose file is missing."""
    size_of, read = _reader()
    entries, missing = [], []
    rows = approved_portraits(enrolment).values_list(
        "portrait", "student__id_sealed", "student__college", "student__major", "student__student_no"
    )
    for portrait, sealed, college, major, student_no in rows.iterator(chunk_size=5000):
        try:
            size = size_of(portrait)
        except OSError:
            missing.append(student_no)
            continue
        number = student_no
        if by_document:
            place = id_encryption.student_place(
                season_id=enrolment.season_id, school_id=enrolment.school_id, student_no=student_no
            )
            number = id_encryption.decrypt(sealed, place)
        name = zip_archive.entry_name(number, folders=(college, major) if folders else ())
        entries.append(zip_archive.Entry(name, size, lambda portrait=portrait: read(portrait)))  # type: ignore[misc]
    return entries, missing


def _reader() -> tuple[Callable[[str], int], Callable[[str], bytes]]:
    """Two functions of a stored file's name: its size in bytes, its content.

    On a local disk they skip the path checks of the storage, since the names come from our own
    database.
    """
    storage = storages["default"]
    if isinstance(storage, FileSystemStorage):
        root = storage.location
        return (lambda name: os.path.getsize(f"{root}/{name}")), (lambda name: _read_file(f"{root}/{name}"))
    return storage.size, _read_stored


def _read_file(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _read_stored(name: str) -> bytes:
    with default_storage.open(name, "rb") as file:
        return file.read()
