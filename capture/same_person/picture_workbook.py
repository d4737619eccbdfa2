"""A workbook with a picture a row: which picture belongs to which row, and what stands in the row.

The pictures stay in the archive, and are read from it one by one; a process of its own opens the rest of the workbook.
"""

import io
import json
import zipfile
from collections.abc import Iterator

from capture.same_person.picture_archive import ENDINGS, Entry, PictureArchive, RefusedPicture
from portal.untrusted import process, workbooks

PROGRAM = "capture.same_person.read_picture_places"
BOOK, MEDIA = "xl/workbook.xml", "xl/media/"
SECONDS = 90
MAX_PARTS, MAX_BYTES = 2000, 64 * 1024 * 1024  # of all but the pictures, unpacked: a process of ours holds them
LONGEST_ROW = 500  # characters in which numbers are looked for


def is_workbook(archive: PictureArchive) -> bool:
    return any(entry.info.filename == BOOK for entry in archive.entries)


def entries_of(archive: PictureArchive) -> list[Entry]:
    """An entry for each picture in a row, with the texts of the row as its stem. Raises PortalError."""
    content = _without_pictures(archive)
    media = {entry.info.filename.lower(): entry for entry in archive.entries}
    places = _places(content)
    with workbooks.opened(content) as book:
        names = [sheet.name for sheet in book.sheets]
        wanted = {index for index, _row, _picture in places if index < len(names)}
        texts = {(index, row): " ".join(cells) for index, row, cells in book.rows(wanted)}
    return [
        Entry(
            entry.info,
            f"{names[index]} {row}",
            texts.get((index, row), "")[:LONGEST_ROW],
            entry.name.lower().endswith(ENDINGS),
        )
        for index, row, picture in places
        if index in wanted and (entry := media.get(picture))
    ]


def _without_pictures(archive: PictureArchive) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for entry, content in _parts(archive):
            packed.writestr(entry.info.filename, content)
    return file.getvalue()


def _parts(archive: PictureArchive) -> Iterator[tuple[Entry, bytes]]:
    others = [entry for entry in archive.entries if not entry.info.filename.lower().startswith(MEDIA)]
    left = MAX_BYTES if len(others) <= MAX_PARTS else 0
    for entry in others:
        try:
            content = archive.read(entry, most=left)
        except RefusedPicture as refused:
            raise workbooks.UnreadableSheet(workbooks.refusal(refused.code, {})) from refused
        left -= len(content)
        yield entry, content


def _places(content: bytes) -> list[tuple[int, int, str]]:
    try:
        with process.reading(PROGRAM, content, seconds=SECONDS, held_by=None) as reader:
            answer = json.loads(reader.line())
    except process.Lost as error:
        raise workbooks.UnreadableSheet(workbooks.refusal("lost", {})) from error
    if "refused" in answer:
        raise workbooks.UnreadableSheet(workbooks.refusal(answer["refused"], {}))
    return [(index, row, picture) for index, row, picture in answer["places"]]
