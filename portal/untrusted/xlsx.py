"""Reading .xlsx (ECMA-376, transitional or strict) as a stream: no cell is laid out that holds nothing."""

import math
import re
from collections.abc import Callable

from portal.untrusted import number_formats, sheets
from portal.untrusted.archive import Archive, Element, Handler, local_name, resolve
from portal.untrusted.limits import Refused
from portal.untrusted.sheets import Budget, Sheet

MAX_STRINGS, MAX_STYLES = 2_000_000, 66_000
_STRINGS, _SHEET = frozenset({"sst"}), frozenset({"sheetData", "mergeCells"})
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_CONSTANT = re.compile(r'"([^"]*)"').fullmatch  # ="0123", as programs without a calculator of their own write it
_RANGE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7}):\$?([A-Z]{1,3})\$?(\d{1,7})").fullmatch


def read(content: bytes) -> list[Sheet]:
    """The sheets in their order; hidden ones have no rows. Raises Refused."""
    archive = Archive(content)
    book = _find_book(archive)
    relations = _relations(archive, book)
    info = _Book()
    archive.parse(book, "other", info)
    if len(info.sheets) > sheets.MAX_SHEETS:
        raise Refused("many_sheets", limit=sheets.MAX_SHEETS)
    strings: list[str] = []
    formats = _Styles()
    if part := relations.part("sharedStrings", archive):
        strings = _read_strings(archive, part)
    if part := relations.part("styles", archive):
        archive.parse(part, "other", formats)
    budget = Budget()
    found = []
    for name, relation, state in info.sheets:
        path = relations.worksheet(relation)
        if path is None:
            continue
        sheet = Sheet(name, budget, visible=state == "visible")
        if sheet.visible:
            rows = _Rows(sheet, strings, formats, from_1904=info.from_1904)
            for element in archive.children(path, "sheets", _SHEET):
                if local_name(element) == "row":
                    rows.add_row(element)
                elif local_name(element) == "mergeCell":
                    rows.add_merge(element)
            sheet.close()
        found.append(sheet)
    return found


def _find_book(archive: Archive) -> str:
    if "_rels/.rels" in archive:
        name = _relations(archive, "").part("officeDocument", archive)
        if name and name.lower().endswith(".xml"):
            return name
    if "xl/workbook.xml" in archive:
        return "xl/workbook.xml"
    raise Refused("no_xlsx")


class _Relations(Handler):
    def __init__(self, base: str) -> None:
        self.base = base
        self.found: dict[str, tuple[str, str]] = {}  # id: (kind, name of the part)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            kind = attributes.get("Type", "").rpartition("/")[2]
            target = resolve(self.base, attributes.get("Target", "").replace("\\", "/"))
            self.found[attributes.get("Id", "")] = kind, target

    def part(self, kind: str, archive: Archive) -> str | None:
        """The part of this kind that is in the archive."""
        return next((name for other, name in self.found.values() if other == kind and name in archive), None)

    def worksheet(self, relation: str) -> str | None:
        kind, name = self.found.get(relation, ("", ""))
        return name if kind == "worksheet" else None


def _relations(archive: Archive, base: str) -> _Relations:
    folder, _slash, name = base.rpartition("/")
    path = f"{folder}/_rels/{name}.rels".lstrip("/")
    found = _Relations(base)
    archive.parse(path, "other", found)
    return found


class _Book(Handler):
    """The workbook: its sheets as (name, relation, state), and where its calendar begins."""

    def __init__(self) -> None:
        self.sheets: list[tuple[str, str, str]] = []
        self.from_1904 = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            state = attributes.get("state", "visible")
            self.sheets.append((attributes.get("name", ""), attributes.get("id", ""), state))
        elif name == "workbookPr":
            self.from_1904 = attributes.get("date1904") in ("1", "true")


def _read_strings(archive: Archive, name: str) -> list[str]:
    """The shared strings."""
    texts: list[str] = []
    for item in archive.children(name, "strings", _STRINGS):
        if len(texts) >= MAX_STRINGS:
            raise Refused("too_large")
        texts.append(_text_of(item))
    return texts


def _text_of(item: Element) -> str:
    """The text of a string, without the reading of East Asian text (rPh)."""
    if len(item) == 1 and item[0].tag.endswith("}t"):
        text = item[0].text or ""
        if len(text) < sheets.MAX_CELL and text[:1] not in "'‘’`= " and "_x" not in text:  # XML has no NUL
            return text.strip()
    else:
        parts: list[str] = []
        _collect(item, parts)
        text = "".join(parts)
    return _plain(text)


def _plain(text: str) -> str:
    """As `sheets.plain`. A character that XML does not take stands as _x000D_ (ECMA-376 part 1, 22.9.2.19)."""
    return sheets.plain(_ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text)


def _collect(item: Element, parts: list[str]) -> None:
    for child in item:
        name = local_name(child)
        if name == "t":
            parts.append(child.text or "")
        elif name == "r":
            parts.extend(text.text or "" for text in child if local_name(text) == "t")


class _Styles(Handler):
    """The number format of each cell style."""

    def __init__(self) -> None:
        self._codes: dict[str, str] = {}
        self._ids: list[str] = []
        self._in_cells = False
        self._kinds: dict[str, str | tuple[str, ...]] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "xf" and self._in_cells:
            self._ids.append(attributes.get("numFmtId", "0"))
        elif name == "cellXfs":
            self._in_cells = True
        elif name == "numFmt":
            self._codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        if len(self._ids) > MAX_STYLES or len(self._codes) > MAX_STYLES:
            raise Refused("too_large")

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._in_cells = False

    def kind(self, style: str) -> str | tuple[str, ...]:
        """As of `number_formats.kind_of`. `style`: the attribute s of a cell."""
        found = self._kinds.get(style)
        if found is None:
            self._kinds[style] = found = self._find(style)
        return found

    def _find(self, style: str) -> str | tuple[str, ...]:
        number = self._ids[int(style)] if style.isdecimal() and int(style) < len(self._ids) else "0"
        if number in self._codes:
            return number_formats.kind_of(self._codes[number])
        return number_formats.DATE if number.isdecimal() and int(number) in number_formats.DATE_IDS else ""


class _Rows:
    """The rows of a sheet. `add_row` runs over every cell, up to some million times."""

    def __init__(self, sheet: Sheet, strings: list[str], formats: _Styles, *, from_1904: bool) -> None:
        self.sheet, self.strings, self.formats, self.from_1904 = sheet, strings, formats, from_1904
        self.row = 0
        self.columns: dict[str, int] = {}
        self.names: dict[str, str] = {}
        self.reading: dict[str, Callable[[str], str]] = {
            "s": self._shared, "b": self._truth, "e": self._error, "d": self._date,
        }  # fmt: skip

    def add_row(self, row: Element) -> None:
        place = row.get("r")
        self.row = self.row + 1 if place is None else _whole(place)
        cells: list[str] = []
        column = -1
        for cell in row:
            place = cell.get("r")
            if place is None:
                column += 1
            else:
                letters = place.rstrip("0123456789")
                column = self.columns[letters] if letters in self.columns else self._column(letters)
            if len(cell) and (text := self._text(cell)):
                if column >= sheets.MAX_COLUMN:
                    raise Refused("far", row=sheets.MAX_ROW + 1)
                if column < len(cells):  # cells that do not stand in their order
                    cells[column] = text
                else:
                    if column > len(cells):
                        cells.extend([""] * (column - len(cells)))
                    cells.append(text)
        if cells:
            self.sheet.add(self.row, cells, hidden=row.get("hidden") in ("1", "true"))

    def _column(self, letters: str) -> int:
        column = column_index(letters)
        if len(self.columns) < 1000:
            self.columns[letters] = column
        return column

    def _text(self, cell: Element) -> str:
        kind = cell.get("t", "n")
        if (
            kind == "inlineStr" and len(cell) == 1 and self.names.get(cell[0].tag) == "is"
        ):  # as other programs write them
            return _text_of(cell[0])
        text, formula = "", None
        for child in cell:
            tag = child.tag
            name = self.names[tag] if tag in self.names else self._name(child)
            if name == "v":
                text = (child.text or "").strip()
            elif name == "f":
                formula = child.text or ""
            elif name == "is":
                return _text_of(child)
        if not text and formula is not None:
            constant = _CONSTANT(formula)
            return _plain(constant[1]) if constant else sheets.FORMULA
        if not text:
            return ""
        if len(text) > sheets.MAX_CELL:
            raise Refused("too_large")
        if kind == "n":
            return self._number(text, cell.get("s", ""))
        return self.reading[kind](text) if kind in self.reading else _plain(text)

    def _name(self, element: Element) -> str:
        name = local_name(element)
        if len(self.names) < 1000:
            self.names[element.tag] = name
        return name

    def _shared(self, text: str) -> str:
        index = _whole(text)
        if index >= len(self.strings):
            raise Refused("damaged")
        return self.strings[index]

    def _truth(self, text: str) -> str:
        return sheets.truth(text in ("1", "true"))

    def _error(self, text: str) -> str:
        return sheets.ERROR + text[:40]

    def _date(self, text: str) -> str:
        return sheets.DATE + text[:40]

    def _number(self, text: str, style: str) -> str:
        try:
            value = float(text)
        except ValueError:
            return text
        if not math.isfinite(value):
            return sheets.NUMBER + text[:40]
        kind = self.formats.kind(style) if style else ""
        if kind == number_formats.DATE:
            return sheets.DATE + number_formats.date_text(value, from_1904=self.from_1904)
        return number_formats.show(value, kind)

    def add_merge(self, merge: Element) -> None:
        if match := _RANGE(merge.get("ref", "")):
            left, top, right, bottom = match.groups()
            self.sheet.merge(int(top), column_index(left), int(bottom), column_index(right))


def column_index(letters: str) -> int:
    """0 of "A". Raises Refused for what is no name of a column."""
    if not (1 <= len(letters) <= 3 and letters.isascii() and letters.isalpha()):
        raise Refused("damaged")
    index = 0
    for letter in letters.upper():
        index = index * 26 + ord(letter) - 64
    return index - 1


def _whole(text: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Refused("damaged")
    return int(text)
