"""Reading .ods (OpenDocument 1.2 and later) as a stream. Repeated rows and cells without content cost nothing."""

import math

from portal.untrusted import number_formats, sheets
from portal.untrusted.archive import Archive, Finished, Handler
from portal.untrusted.limits import Refused
from portal.untrusted.sheets import Budget, Sheet

CONTENT, MANIFEST = "content.xml", "META-INF/manifest.xml"


def read(content: bytes) -> list[Sheet]:
    """The sheets in their order; hidden ones have no rows. Raises Refused."""
    archive = Archive(content)
    if MANIFEST in archive:
        archive.parse(MANIFEST, "other", _Manifest())
    tables = _Tables()
    archive.parse(CONTENT, "sheets", tables)
    return tables.sheets


class _Manifest(Handler):
    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "encryption-data":
            raise Refused("password")


class _Tables(Handler):
    def __init__(self) -> None:
        self.sheets: list[Sheet] = []
        self.budget = Budget()
        self.hidden_styles: set[str] = set()
        self.style = ""
        self.row = self.row_repeat = 0
        self.row_hidden = False
        self.cells: list[str] = []
        self.column = self.column_repeat = 0
        self.cell: dict[str, str] = {}
        self.parts: list[str] = []
        self.length = self.depth = self.aside = 0
        self.in_cell = self.in_text = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self.aside or name in ("annotation", "tracked-changes", "shapes", "dde-links"):
            self.aside += 1  # comments and drawings hold paragraphs too
        elif name == "p":
            self.in_text = self.in_cell
            if self.parts:
                self.data("\n")
        elif name in ("s", "tab", "line-break") and self.in_text:
            count = _repeat(attributes.get("c", "1")) if name == "s" else 1
            self.data(" " * min(count, sheets.MAX_CELL + 1))
        elif name in ("table-cell", "covered-table-cell"):
            self._start_cell(attributes)
        elif name == "table-row":
            self.row += self.row_repeat
            self.row_repeat = _repeat(attributes.get("number-rows-repeated", "1"))
            self.row_hidden = attributes.get("visibility", "visible") != "visible"
            self.cells, self.column, self.column_repeat = [], 0, 0
        elif name == "table":
            self._start_table(attributes)
        elif name == "style":
            self.style = attributes.get("name", "")
        elif name == "table-properties" and attributes.get("display") == "false" and len(self.hidden_styles) < 1000:
            self.hidden_styles.add(self.style)

    def _start_table(self, attributes: dict[str, str]) -> None:
        if len(self.sheets) >= sheets.MAX_SHEETS:
            raise Refused("many_sheets", limit=sheets.MAX_SHEETS)
        visible = attributes.get("style-name") not in self.hidden_styles
        self.sheets.append(Sheet(attributes.get("name", ""), self.budget, visible=visible))
        self.row, self.row_repeat = 1, 0

    def _start_cell(self, attributes: dict[str, str]) -> None:
        self.column += self.column_repeat
        self.column_repeat = _repeat(attributes.get("number-columns-repeated", "1"))
        self.cell, self.parts, self.length = attributes, [], 0
        self.in_cell = True
        if "number-rows-spanned" in attributes and self.sheets:
            bottom = self.row + _repeat(attributes["number-rows-spanned"]) - 1
            right = self.column + _repeat(attributes.get("number-columns-spanned", "1")) - 1
            self.sheets[-1].merge(self.row, self.column, bottom, right)

    def data(self, text: str) -> None:
        if self.in_text and not self.aside:
            self.length += len(text)
            if self.length > sheets.MAX_CELL:
                raise Refused("too_large")
            self.parts.append(text)

    def end(self, name: str) -> None:
        if self.aside:
            self.aside -= 1
        elif name == "p":
            self.in_text = False
        elif name in ("table-cell", "covered-table-cell"):
            self._end_cell()
        elif name == "table-row":
            self._end_row()
        elif name == "table" and self.sheets:
            self.sheets[-1].close()
        elif name == "spreadsheet":
            raise Finished

    def _end_cell(self) -> None:
        text = self._value()
        self.in_cell = False
        if text:
            last = self.column + self.column_repeat
            if last > sheets.MAX_COLUMN:
                raise Refused("far", row=sheets.MAX_ROW + 1)
            self.cells.extend([""] * (self.column - len(self.cells)))
            self.cells.extend([text] * self.column_repeat)

    def _end_row(self) -> None:
        if not self.cells or not self.sheets or not self.sheets[-1].visible:
            return
        if self.row + self.row_repeat - 1 > sheets.MAX_ROW:
            raise Refused("far", row=sheets.MAX_ROW + 1)
        for number in range(self.row, self.row + self.row_repeat):
            self.sheets[-1].add(number, self.cells, hidden=self.row_hidden)

    def _value(self) -> str:
        shown = "".join(self.parts).strip()
        kind = self.cell.get("value-type", "")
        if shown.startswith("Err:") and "formula" in self.cell:
            return sheets.ERROR + shown[:40]
        if kind == "date":
            return sheets.DATE + self.cell.get("date-value", shown)[:40]
        if kind == "time":
            return sheets.DATE + shown[:40]
        if kind == "boolean":
            return sheets.truth(self.cell.get("boolean-value", shown).lower() == "true")
        if kind in ("float", "percentage", "currency") and not shown.startswith("#"):
            return _number(self.cell.get("value", ""), shown)
        if not shown and "formula" in self.cell:
            return sheets.FORMULA
        return sheets.unwrap(shown)


def _number(text: str, shown: str) -> str:
    """A number as it is shown when that adds zeros or text to its digits, otherwise its value."""
    try:
        value = float(text)
    except ValueError:
        return sheets.NUMBER + text[:40]
    if not math.isfinite(value):
        return sheets.NUMBER + text[:40]
    plain = number_formats.show(value, "")
    padded = shown.lstrip("0")
    return shown if "E" not in plain and shown.isdigit() and (padded or "0") == plain else plain


def _repeat(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < len(text) <= 9 and int(text)):
        raise Refused("damaged")
    return int(text)
