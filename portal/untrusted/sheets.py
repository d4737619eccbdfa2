"""What a reader of workbooks hands on: sheets of rows of texts, within bounds.

A text that begins with NUL is a cell without a plain text: its kind and what the program shows,
"\\0formula", "\\0date 2026-03-01", "\\0error #N/A", "\\0number NaN", "\\0truth TRUE". No file can hold such a text.
"""

import json
from dataclasses import dataclass, field

from portal.untrusted.limits import Refused

HEAD = 30  # rows handed on beforehand, in which headings are searched
MAX_SHEETS = 250
MAX_ROW, MAX_COLUMN = 149_999, 52  # the last row and the number of columns that may hold something
MAX_CELL = 32_767  # characters, as in Excel
MAX_CHARACTERS = 32_000_000  # of all cells of a workbook
MAX_MERGES = 60_000
_ROWS, _CHARACTERS = 500, 200_000  # of one chunk
TEXT_SHEET = "CSV"  # name of the only sheet of delimited text
FORMULA, DATE, ERROR, NUMBER, TRUTH = "\0formula", "\0date ", "\0error ", "\0number ", "\0truth "


class Budget:
    """Characters that the sheets of a workbook may still hold."""

    left = MAX_CHARACTERS

    def take(self, characters: int) -> None:
        self.left -= characters
        if self.left < 0:
            raise Refused("too_large")


@dataclass
class Sheet:
    """Collects the rows of a sheet. `merges`: (top, left, bottom, right), rows from 1, columns from 0."""

    name: str
    budget: Budget
    visible: bool = True
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden: list[int] = field(default_factory=list)  # numbers of hidden rows that hold something
    last: int = 0  # the highest row that holds something
    head: list[tuple[int, list[str]]] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)
    _rows: list[tuple[int, list[str]]] = field(default_factory=list)
    _characters: int = 0

    def add(self, number: int, cells: list[str], *, hidden: bool = False) -> None:
        """Add a row. `cells` from the first column on; at least one is not empty."""
        if number > MAX_ROW or len(cells) > MAX_COLUMN:
            raise Refused("far", row=MAX_ROW + 1)
        size = sum(map(len, cells))
        self.budget.take(size + 8)
        if number <= HEAD:
            self.head.append((number, cells))
        if hidden:
            self.hidden.append(number)
        self.last = max(self.last, number)
        self._rows.append((number, cells))
        self._characters += size
        if len(self._rows) >= _ROWS or self._characters >= _CHARACTERS:
            self.close()

    def merge(self, top: int, left: int, bottom: int, right: int) -> None:
        """Note cells that are merged over several rows."""
        if 0 < top < bottom and 0 <= left <= right and left < MAX_COLUMN:
            if len(self.merges) >= MAX_MERGES:
                raise Refused("too_large")
            self.merges.append((top, left, min(bottom, MAX_ROW), min(right, MAX_COLUMN - 1)))

    def close(self) -> None:
        """Pack the rows that were added since."""
        if self._rows:
            self.chunks.append(json.dumps(self._rows, ensure_ascii=False, separators=(",", ":")).encode())
            self._rows, self._characters = [], 0

    @property
    def facts(self) -> dict[str, object]:
        return {
            "name": self.name[:120],
            "visible": self.visible,
            "merges": self.merges,
            "hidden": self.hidden,
            "last": self.last,
            "head": self.head,
            "chunks": len(self.chunks),
        }


def plain(text: str) -> str:
    """The text of a cell without white space around it, as one that never looks like a marked one."""
    if len(text) > MAX_CELL:
        raise Refused("too_large")
    return unwrap(text.replace("\0", "\ufffd").strip())


def unwrap(text: str) -> str:
    """The text in ="…" or after an apostrophe: both protect numbers from rounding, in a CSV or in what was pasted from one."""
    if text.startswith('="') and text.endswith('"') and len(text) > 2:
        return text[2:-1].strip()
    is_guarded = text.startswith("'") or (text[:1] in ("‘", "’", "`") and text[1:2].isdigit())
    return text[1:].strip() if is_guarded else text


def truth(value: bool) -> str:
    return TRUTH + ("TRUE" if value else "FALSE")
