"""Reading a roster file: its sheets with the headings of a roster, then their rows.

The file is opened by `portal.untrusted.workbooks`; the values are checked in `validation`.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from portal.untrusted import workbooks
from portal.untrusted.workbooks import UnreadableSheet
from students.roster import cells
from students.roster.columns import COLUMNS, REQUIRED, column_of, plain
from students.roster.headings import CLASS, UNASSIGNED, Assignment, Headings, RawRow, find_headings

MAX_ROWS = 60_000
MAX_BUNDLE_ROWS = 120_000  # in a workbook of several schools
MAX_HEAD_TEXT = 200  # characters
SHEET_STEP = 1_000_000  # the numbers of the second sheet's rows begin after it, and so on
EXAMPLE = "示例"
_FIELDS = [column.field for column in COLUMNS]
_STUDENT_NO, _NAME, _DOCUMENT, _CLASS = (_FIELDS.index(name) for name in ("student_no", "name", "id_number", CLASS))
_REQUIRED_PLACES = [_FIELDS.index(column.field) for column in REQUIRED]


@dataclass(frozen=True)
class Table:
    """A visible sheet with columns enough for a roster. `head`: its first rows without gaps, cells cut to MAX_HEAD_TEXT."""

    name: str
    head: list[RawRow]


class UnassignedHeadings(UnreadableSheet):
    """The file is a table whose headings say too little: a person may assign them in one of the `tables`."""

    def __init__(self, sentence: str, tables: list[Table]) -> None:
        super().__init__(sentence)
        self.tables = tables


@dataclass
class Roster:
    """A readable roster. `rows` yields (row number, texts in the order of COLUMNS), no empty rows.

    A class may have its own sheet: all with the headings are read, or those that a person chose. Rows of the second one have numbers
    from SHEET_STEP on; `place` names them. `left_out`: the other sheets.
    `total`: the number of rows, headings and notes included. The rest is counted while rows are read:
    `hidden` students in rows that a filter hides, repeated `headings_again`, and `notes` such as a sum.
    `tables`: the sheets in which a person may look for other headings.
    """

    sheets: list[str]
    headings: list[Headings]
    left_out: list[str]
    total: int
    tables: list[Table]
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
def open_roster(content: bytes, assignment: Assignment = UNASSIGNED) -> Iterator[Roster]:
    """Find the sheets and their headings. Raises UnreadableSheet, whose sentence says what to do."""
    if not content.strip(b"\0 \r\n\t"):
        raise UnreadableSheet(_("The file is empty. Fill the template with your students and upload it."))
    with workbooks.opened(content) as book:
        yield roster_of(book, assignment)


def roster_of(
    book: workbooks.Workbook,
    assignment: Assignment = UNASSIGNED,
    *,
    most: int | None = None,
    beside: Collection[str] = (),
) -> Roster:
    """As `open_roster`. `most`: rows that are taken. `beside`: headings of a column that the file must have besides; its
    text comes last in each row."""
    tables = tables_of(book)
    found: dict[int, Headings] = {}
    for index, sheet in enumerate(book.sheets):
        row = assignment.row if sheet.name == assignment.sheet else None
        is_read = sheet.visible and assignment.reads(sheet.name)
        headings = find_headings(sheet.head_rows(), assignment.fields, row=row) if is_read else None
        if headings:
            headings.class_from_sheet = assignment.class_from_sheet
            found[index] = headings
    complete = {index: headings for index, headings in found.items() if not headings.missing}
    twice = list(dict.fromkeys(name for headings in complete.values() for name in headings.twice))
    if twice or not complete:
        sentence = _twice(twice) if twice else _incomplete(book, found)
        raise UnassignedHeadings(sentence, tables) if tables else UnreadableSheet(sentence)
    roster = Roster(
        sheets=[book.sheets[index].name for index in complete],
        headings=list(complete.values()),
        left_out=[sheet.name for index, sheet in enumerate(book.sheets) if index not in complete],
        total=min(
            sum(max(book.sheets[index].last - headings.row, 0) for index, headings in complete.items()),
            most or MAX_ROWS,
        ),
        tables=tables,
    )
    extra = [_place_of(headings, beside) for headings in roster.headings] if beside else None
    if extra and None in extra:
        raise UnreadableSheet(
            _("Each sheet needs a column that names the school: %(headings)s.")
            % {"headings": "、".join(list(beside)[:4])}
        )
    roster.rows = _rows(roster, book, list(complete), most or MAX_ROWS, extra)
    return roster


def _place_of(headings: Headings, names: Collection[str]) -> int | None:
    wanted = {plain(name) for name in names}
    return next((index for index, label in enumerate(headings.labels) if plain(label) in wanted), None)


def tables_of(book: workbooks.Workbook) -> list[Table]:
    return [
        Table(sheet.name, [cut(row) for row in sheet.head_rows()])
        for sheet in book.sheets
        if sheet.visible and any(sum(map(bool, row)) >= len(REQUIRED) for _number, row in sheet.head)
    ]


def cut(row: RawRow) -> RawRow:
    """As a row stands in a `Table`."""
    return [" ".join(text.split())[:MAX_HEAD_TEXT] for text in row]


def _twice(columns: list[str]) -> str:
    return _("These columns come twice: %(columns)s. Keep one of each.") % {"columns": "、".join(columns)}


def _incomplete(book: workbooks.Workbook, found: dict[int, Headings]) -> str:
    if not found:
        return _no_headings([sheet.name for sheet in book.sheets])
    index, headings = max(found.items(), key=lambda item: len(item[1].places))
    return _(
        "These columns are missing: %(columns)s. Headings were found in row %(row)d of “%(sheet)s”. Compare with the template."
    ) % {
        "columns": "、".join(c.heading for c in headings.missing),
        "row": headings.row,
        "sheet": book.sheets[index].name,
    }


def _rows(
    roster: Roster, book: workbooks.Workbook, indexes: list[int], most: int, beside: list[int | None] | None
) -> Iterator[tuple[int, list[str]]]:
    positions = {index: position for position, index in enumerate(indexes)}
    places = [[headings.places.get(column.field, -1) for column in COLUMNS] for headings in roster.headings]
    labels = [_texts(headings.labels, own) for headings, own in zip(roster.headings, places, strict=True)]
    count = 0
    for index, number, row in book.rows(set(indexes)):
        position = positions[index]
        if number <= roster.headings[position].row:
            continue
        texts = _texts(row, places[position])
        if not any(texts) or texts[0].startswith(EXAMPLE):
            continue
        key = position * SHEET_STEP + number
        if texts == labels[position] or is_headings(texts):
            roster.headings_again += 1
            continue
        if is_note(texts):
            roster.notes.append((roster.place(key), " ".join(filter(None, texts))[:60]))
            continue
        count += 1
        if count > most:
            raise UnreadableSheet(
                _("More than %(limit)d rows. Upload the roster in parts, by college for example.") % {"limit": most}
            )
        if roster.headings[position].class_from_sheet and not texts[_CLASS]:
            texts[_CLASS] = " ".join(roster.sheets[position].split())
        roster.hidden += number in book.sheets[index].hidden
        if beside:
            texts += _texts(row, [beside[position] or 0])
        yield key, texts


def _texts(row: RawRow, places: list[int]) -> list[str]:
    width = len(row)
    return [row[place] if 0 <= place < width else "" for place in places]


def is_headings(texts: list[str]) -> bool:
    """Whether a row repeats the headings, as printed lists do on every page."""
    if texts[0][:1].isdigit() or column_of(texts[0]) is not COLUMNS[0]:
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


def _no_headings(sheets: list[str]) -> str:
    wanted = "、".join(column.heading for column in REQUIRED)
    if sheets in ([], [workbooks.TEXT_SHEET]):
        return _("No row with the headings %(wanted)s was found. Use the template.") % {"wanted": wanted}
    return _("No sheet with the headings %(wanted)s was found in: %(sheets)s. Use the template.") % {
        "wanted": wanted,
        "sheets": ", ".join(sheets[:8]),
    }
