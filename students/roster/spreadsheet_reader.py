"""Reading a roster file: its sheets with the headings of a roster, then their rows.

The file is opened by `portal.untrusted.workbooks`; the values are checked in `validation`.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

from django.utils.translation import gettext as _

from portal.untrusted import workbooks
from portal.untrusted.workbooks import UnreadableSheet
from students.roster import cells
from students.roster.columns import COLUMNS, OWN_EXTRAS, REQUIRED, Column, column_of, plain, rank

MAX_ROWS = 60_000
SHEET_STEP = 100_000  # the numbers of the second sheet's rows begin after it, and so on
EXAMPLE = "示例"
_FIELDS = [column.field for column in COLUMNS]
_STUDENT_NO, _NAME, _DOCUMENT = (_FIELDS.index(name) for name in ("student_no", "name", "id_number"))
_REQUIRED_PLACES = [_FIELDS.index(column.field) for column in REQUIRED]

RawRow = list[str]


@dataclass
class Headings:
    """The heading row. `row`: its number, from 1. `places`: {field: index in the row}."""

    row: int
    places: dict[str, int]
    ignored: list[str]
    twice: list[str] = field(default_factory=list)

    @property
    def missing(self) -> list[Column]:
        return [column for column in REQUIRED if column.field not in self.places]


@dataclass
class Roster:
    """A readable roster. `rows` yields (row number, texts in the order of COLUMNS), no empty rows.

    A class may have its own sheet: all with the headings are read. Rows of the second one have numbers
    from SHEET_STEP on; `place` names them. `left_out`: visible sheets without the headings, and hidden ones.
    `total`: the number of rows, headings and notes included. The rest is counted while rows are read:
    `hidden` students in rows that a filter hides, repeated `headings_again`, and `notes` such as a sum.
    """

    sheets: list[str]
    headings: list[Headings]
    left_out: list[str]
    total: int
    rows: Iterator[tuple[int, list[str]]] = field(default_factory=lambda: iter(()))
    hidden: int = 0
    headings_again: int = 0
    notes: list[tuple[int | str, str]] = field(default_factory=list)

    def place(self, number: int) -> int | str:
        """What a person calls a row: its number, with the sheet before it when there are several."""
        return place(number, self.sheets)

    @property
    def ignored(self) -> list[str]:
        """Headings of columns that are not kept."""
        return list(dict.fromkeys(name for headings in self.headings for name in headings.ignored))


def place(number: int, sheets: list[str]) -> int | str:
    """As `Roster.place`."""
    return number if len(sheets) < 2 else f"{sheets[number // SHEET_STEP]}!{number % SHEET_STEP}"


@contextmanager
def open_roster(content: bytes) -> Iterator[Roster]:
    """Find the sheets and their headings. Raises UnreadableSheet, whose sentence says what to do."""
    if not content.strip(b"\0 \r\n\t"):
        raise UnreadableSheet(_("The file is empty. Fill the template with your students and upload it."))
    with workbooks.opened(content) as book:
        yield roster_of(book)


def roster_of(book: workbooks.Workbook) -> Roster:
    """As `open_roster`."""
    found: dict[int, Headings] = {}
    for index, sheet in enumerate(book.sheets):
        headings = find_headings(sheet.head_rows()) if sheet.visible else None
        if headings:
            found[index] = headings
    if not found:
        raise UnreadableSheet(_no_headings([sheet.name for sheet in book.sheets]))
    complete = {index: headings for index, headings in found.items() if not headings.missing}
    if not complete:
        index, headings = max(found.items(), key=lambda item: len(item[1].places))
        raise UnreadableSheet(_missing(headings, book.sheets[index].name))
    twice = list(dict.fromkeys(name for headings in complete.values() for name in headings.twice))
    if twice:
        raise UnreadableSheet(
            _("These columns come twice: %(columns)s. Keep one of each.") % {"columns": "、".join(twice)}
        )
    roster = Roster(
        sheets=[book.sheets[index].name for index in complete],
        headings=list(complete.values()),
        left_out=[sheet.name for index, sheet in enumerate(book.sheets) if index not in complete],
        total=min(
            sum(max(book.sheets[index].last - headings.row, 0) for index, headings in complete.items()), MAX_ROWS
        ),
    )
    roster.rows = _rows(roster, book, list(complete))
    return roster


def _missing(headings: Headings, sheet: str) -> str:
    return _(
        "These columns are missing: %(columns)s. Headings were found in row %(row)d of “%(sheet)s”. Compare with the template."
    ) % {"columns": "、".join(c.heading for c in headings.missing), "row": headings.row, "sheet": sheet}


def _rows(roster: Roster, book: workbooks.Workbook, indexes: list[int]) -> Iterator[tuple[int, list[str]]]:
    positions = {index: position for position, index in enumerate(indexes)}
    places = [[headings.places.get(column.field, -1) for column in COLUMNS] for headings in roster.headings]
    count = 0
    for index, number, row in book.rows(set(indexes)):
        position = positions[index]
        if number <= roster.headings[position].row:
            continue
        texts = _texts(row, places[position])
        if not any(texts) or texts[0].startswith(EXAMPLE):
            continue
        key = position * SHEET_STEP + number
        if is_headings(texts):
            roster.headings_again += 1
            continue
        if is_note(texts):
            roster.notes.append((roster.place(key), " ".join(filter(None, texts))[:60]))
            continue
        count += 1
        if count > MAX_ROWS:
            raise UnreadableSheet(
                _("More than %(limit)d rows. Upload the roster in parts, by college for example.") % {"limit": MAX_ROWS}
            )
        roster.hidden += number in book.sheets[index].hidden
        yield key, texts


def _texts(row: RawRow, places: list[int]) -> list[str]:
    width = len(row)
    return [row[place] if 0 <= place < width else "" for place in places]


def is_headings(texts: list[str]) -> bool:
    """Whether a row repeats the headings, as printed lists do on every page."""
    if column_of(texts[0]) is not COLUMNS[0]:
        return False
    return all(not text or column_of(text) is column for column, text in zip(COLUMNS, texts, strict=True))


def is_note(texts: list[str]) -> bool:
    """Whether a row is a sum, a signature or a remark below the list, and no student."""
    number, document = texts[_STUDENT_NO], texts[_DOCUMENT]
    if document:
        return False
    first = number or next(filter(None, texts))
    if cells.NOTE(first):
        return True
    filled = Counter(bool(texts[at]) for at in _REQUIRED_PLACES)[True]
    return bool(number) and filled == 1 and not texts[_NAME] and not isinstance(cells.student_no(number), str)


# headings and rows


def find_headings(head: list[RawRow]) -> Headings | None:
    """The row with the most known headings, or None. Headings may be merged over two rows."""
    found = [_headings_of(number, row) for number, row in enumerate(head, 1)]
    found += [_headings_of(number, _merged(above, row)) for number, (above, row) in enumerate(pairwise(head), 2)]
    best = max(found, key=lambda headings: (len(headings.places), -len(headings.ignored)), default=None)
    return best if best and len(best.places) >= 2 else None


def _merged(above: RawRow, row: RawRow) -> RawRow:
    """Two rows as one: an empty cell of the lower row takes the text above it."""
    width = max(len(above), len(row))
    upper, lower = (list(part) + [""] * (width - len(part)) for part in (above, row))
    return [low or high for high, low in zip(upper, lower, strict=True)]


def _headings_of(number: int, row: RawRow) -> Headings:
    """The headings of a row. Where two name the same column, the one nearer to the template's is kept."""
    headings = Headings(number, {}, [])
    for index, label in enumerate(row):
        column = column_of(label)
        if column is None:
            if plain(label) and label not in OWN_EXTRAS:
                headings.ignored.append(" ".join(label.split())[:30])
            continue
        before = headings.places.get(column.field)
        if before is None:
            headings.places[column.field] = index
        elif rank(column, label) == rank(column, row[before]):
            headings.twice.append(column.heading)
        else:
            if rank(column, label) < rank(column, row[before]):
                headings.places[column.field], before = index, headings.places[column.field]
                headings.ignored.append(row[before][:30])
            else:
                headings.ignored.append(label[:30])
    return headings


def _no_headings(sheets: list[str]) -> str:
    wanted = "、".join(column.heading for column in REQUIRED)
    if sheets in ([], [workbooks.TEXT_SHEET]):
        return _("No row with the headings %(wanted)s was found. Use the template.") % {"wanted": wanted}
    return _("No sheet with the headings %(wanted)s was found in: %(sheets)s. Use the template.") % {
        "wanted": wanted,
        "sheets": ", ".join(sheets[:8]),
    }
