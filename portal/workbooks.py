"""Checks of an uploaded .xlsx before a reader opens it: inflated sizes, cells far out, formulas
without a result.

The directory of a zip file can give wrong sizes. So every part that the reader will inflate is
inflated here first, in pieces of 1 MB that are not kept, and refused at its limit.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import TypeVar
from xml.etree import ElementTree

import python_calamine
from django.utils.translation import gettext as _

from portal.errors import PortalError

Read = TypeVar("Read")
CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"  # of .xlsx
MB = 1024 * 1024
MAX_PARTS = 2000
# Inflated bytes. A sheet may be long: a million empty rows that carry a format take some 300 MB.
MAX_SHEETS, MAX_STRINGS, MAX_OTHER = 512 * MB, 96 * MB, 16 * MB
MAX_CELL = 1 * MB
_LOCAL_HEADER = struct.Struct("<4s22xHH")

# A cell with content in a column beyond AZ or a row of six digits: the reader lays out the whole
# rectangle in memory.
_CELL = rb'<c [^>]*?\br="%s"[^>]*?(?<!/)>(?!</c>)'
_FAR_PLACE = rb"(?:[A-Z]{3,}\d+|[B-Z][A-Z]\d+|[A-Z]+\d{6,})"
_FAR_ANYWHERE = re.compile(rb' r="' + _FAR_PLACE)  # five times as fast, and all that most sheets need
_FAR = re.compile(_CELL % _FAR_PLACE)
_EMPTY_FORMULA = re.compile(
    _CELL % rb"([A-Z]{1,2})(\d+)" + rb"<f(?: ?/>|[ >][^<]*(?:</f>|(?<=/)>|))(?:<v ?/>|<v></v>)?</c>"
)
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


class UnreadableSheet(PortalError):
    """The file is not a sheet that we can read. The sentence says why and what to do."""


@dataclass
class Inspection:
    """`formulas` holds, by the name of the sheet, (row, column) of formulas without a result, both
    from 0.
    """

    formulas: dict[str, set[tuple[int, int]]] = field(default_factory=dict)


def inspect(content: bytes) -> Inspection:
    """Inspect an .xlsx file. Raises UnreadableSheet if it must not be opened."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            return _inspect(content, archive.infolist())
    except (zipfile.BadZipFile, zlib.error, struct.error, ElementTree.ParseError, ValueError, KeyError) as error:
        raise UnreadableSheet(damaged_message()) from error


def read_safely(action: Callable[[], Read]) -> Read:
    """Run the reader.

    Any exception of it, including a panic of its Rust code, becomes UnreadableSheet.
    """
    try:
        return action()
    except python_calamine.PasswordError as error:
        raise UnreadableSheet(password_message()) from error
    except Exception as error:
        raise UnreadableSheet(damaged_message()) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise UnreadableSheet(damaged_message()) from error


def password_message() -> str:
    return _("The workbook is protected by a password. Remove the password and upload it again.")


def damaged_message() -> str:
    return _("The file is damaged. Open it in Excel or WPS, save it as .xlsx and upload it again.")


def too_large_message() -> str:
    return _("The workbook is too large once unpacked. Copy the list alone into the template and upload that.")


def _inspect(content: bytes, parts: list[zipfile.ZipInfo]) -> Inspection:
    names = {part.filename for part in parts}
    if "xl/workbook.xml" not in names:
        raise UnreadableSheet(
            _("This is no .xlsx workbook. Open it in Excel or WPS, save it as .xlsx and upload it again.")
        )
    if len(parts) > MAX_PARTS or len(names) != len(parts):
        raise UnreadableSheet(damaged_message())
    sheets = _Quota(MAX_SHEETS)
    strings, others = _Quota(MAX_STRINGS), _Quota(MAX_OTHER)
    kept: dict[str, bytes] = {}
    formulas: dict[str, set[tuple[int, int]]] = {}
    for part in parts:
        name = part.filename
        if name.startswith("xl/worksheets/") and name.endswith(".xml"):
            formulas[name] = _find_empty_formulas(sheets.limited(inflate(content, part)))
        elif name == "xl/sharedStrings.xml":
            strings.consume(inflate(content, part))
        elif name in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
            kept[name] = b"".join(others.limited(inflate(content, part)))
        elif name.endswith((".xml", ".rels")):
            others.consume(inflate(content, part))
    found = {name: cells for name, cells in formulas.items() if cells}
    return Inspection(_by_sheet_name(found, kept) if found else {})


@dataclass
class _Quota:
    """How many bytes the parts of one sort may still inflate to. Raises UnreadableSheet beyond."""

    left: int

    def limited(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self.left -= len(piece)
            if self.left < 0:
                raise UnreadableSheet(too_large_message())
            yield piece

    def consume(self, pieces: Iterator[bytes]) -> None:
        for _piece in self.limited(pieces):
            pass


def inflate(content: bytes, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """The inflated bytes of a part, in pieces of at most 1 MB. The size in the zip directory is
    ignored.
    """
    magic, name_length, extra_length = _LOCAL_HEADER.unpack_from(content, part.header_offset)
    if (
        magic != b"PK\x03\x04"
        or part.flag_bits & 1
        or part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    ):
        raise UnreadableSheet(damaged_message())
    start = part.header_offset + _LOCAL_HEADER.size + name_length + extra_length
    raw = content[start : start + part.compress_size]
    if part.compress_type == zipfile.ZIP_STORED:
        yield raw
        return
    stream = zlib.decompressobj(-15)
    while raw and not stream.eof:
        yield stream.decompress(raw, MB)
        raw = stream.unconsumed_tail
    yield stream.flush()


def _find_empty_formulas(pieces: Iterator[bytes]) -> set[tuple[int, int]]:
    """(row, column) of formulas without a result, from 0.

    Raises UnreadableSheet for content in cells far out.
    """
    found: set[tuple[int, int]] = set()
    for text in _whole_cells(pieces):
        if _FAR_ANYWHERE.search(text) and _FAR.search(text):
            raise UnreadableSheet(
                _(
                    "There is something in a cell far to the right or below row 100,000. Copy the list alone into the template."
                )
            )
        if b"<f" in text:
            found.update((int(row) - 1, _column_index(letters)) for letters, row in _EMPTY_FORMULA.findall(text))
    return found


def _whole_cells(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes, in pieces that begin with a cell, so that no cell is cut."""
    rest = b""
    for piece in pieces:
        text = rest + piece
        cut = text.rfind(b"<c ")
        if cut < 0 or len(text) - cut > MAX_CELL:
            if len(text) > 2 * MAX_CELL:
                raise UnreadableSheet(too_large_message())
            rest = text
            continue
        yield text[:cut]
        rest = text[cut:]
    yield rest


def _column_index(letters: bytes) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + letter - 64
    return index - 1


def _by_sheet_name(
    formulas: dict[str, set[tuple[int, int]]], kept: dict[str, bytes]
) -> dict[str, set[tuple[int, int]]]:
    relations = ElementTree.fromstring(kept["xl/_rels/workbook.xml.rels"])  # noqa: S314 - at most 16 MB, entities limited by expat
    targets = {node.get("Id"): node.get("Target", "").removeprefix("/xl/") for node in relations}
    names = {}
    for node in ElementTree.fromstring(kept["xl/workbook.xml"]).iter():  # noqa: S314
        if node.tag.endswith("}sheet"):
            names[f"xl/{targets.get(node.get(_RELATION))}"] = node.get("name", "")
    return {names[path]: cells for path, cells in formulas.items() if path in names}
