"""The heading row of a roster file: found by what is known of headings, or given by a person.

A heading is known by the names in `columns`, or because somebody of the school has said what it means
(`Assignment`).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from openpyxl.utils import get_column_letter

from students.roster.columns import BY_FIELD, OWN_EXTRAS, REQUIRED, Column, column_of, plain, rank

RawRow = list[str]
CLASS = "class_name"
NO_HEADINGS = 0  # the row of the headings of a file that has none: its columns go by their letters
_LONG_NUMBER = re.compile(r"[0-9]{8}").search
_ASSIGNED = -1  # ranks above every known name


@dataclass(frozen=True)
class Assignment:
    """What people have said about headings.

    `fields`: {key of a heading: field, or "" when the column is not imported}. `sheet` and `row`: where
    the headings of this file stand; without a row they are searched. `sheets`: the sheets that are read, all
    without a name; `class_from_sheet`: where a row has no class, the name of its sheet is the class.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    sheet: str = ""
    row: int | None = None
    sheets: tuple[str, ...] = ()
    class_from_sheet: bool = False

    def reads(self, sheet: str) -> bool:
        return not self.sheets or sheet in self.sheets

    @property
    def stored(self) -> dict[str, Any]:
        """JSON from which `of_stored` makes it again."""
        return {
            "fields": dict(self.fields),
            "sheet": self.sheet,
            "row": self.row,
            "sheets": list(self.sheets),
            "class_from_sheet": self.class_from_sheet,
        }


UNASSIGNED = Assignment()


def of_stored(stored: dict[str, Any]) -> Assignment:
    return Assignment(**stored | {"sheets": tuple(stored.get("sheets", ()))}) if stored else UNASSIGNED


@dataclass
class Headings:
    """The heading row. `row`: its number, from 1. `places`: {field: index in the row}."""

    row: int
    labels: RawRow
    places: dict[str, int] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    class_from_sheet: bool = False

    @property
    def missing(self) -> list[Column]:
        given = {CLASS} if self.class_from_sheet else set()
        return [column for column in REQUIRED if column.field not in self.places.keys() | given]


def keys_of(labels: RawRow) -> list[str]:
    """What each column goes by: its heading without white space.

    A heading that comes several times has its number behind it, a column without one has its letter,
    both after a space: no heading has that.
    """
    names = ["".join(unicodedata.normalize("NFKC", label).lower().split())[:60] for label in labels]
    times, seen = Counter(names), Counter[str]()
    keys = []
    for index, name in enumerate(names):
        seen[name] += 1
        again = f" {seen[name]}" if times[name] > 1 else ""
        keys.append(name + again if name else f" {get_column_letter(index + 1)}")
    return keys


def is_lasting(key: str) -> bool:
    """Whether the key names a heading, so that it means the same in the next file."""
    return " " not in key


def looks_like_data(labels: RawRow) -> bool:
    """Whether a row holds a long number: it is a student and no headings."""
    return any(_LONG_NUMBER(label) for label in labels)


def find_headings(head: list[RawRow], assigned: Mapping[str, str], *, row: int | None = None) -> Headings | None:
    """The row with the most known headings, or None; the given `row`, whatever it holds.

    Headings may be merged over two rows.
    """
    width = max(map(len, head), default=0)
    lines = [[*texts, *[""] * (width - len(texts))] for texts in head]
    if row == NO_HEADINGS:
        return _headings_of(row, [""] * width, assigned)
    found = [_headings_of(number, labels, assigned) for number, labels in _candidates(lines) if row in (None, number)]
    best = max(found, key=lambda headings: (len(headings.places), -len(headings.ignored)), default=None)
    return best if best and (row or len(best.places) >= 2) else None


def _candidates(lines: list[RawRow]) -> Iterator[tuple[int, RawRow]]:
    """Each row, then each with the text above it in its empty cells."""
    yield from enumerate(lines, 1)
    for number, (above, row) in enumerate(pairwise(lines), 2):
        yield number, [low or high for high, low in zip(above, row, strict=True)]


def _headings_of(number: int, labels: RawRow, assigned: Mapping[str, str]) -> Headings:
    """The headings of a row. Where two name the same column, the assigned one is kept, or the one nearer
    to the template's."""
    headings = Headings(number, labels)
    ranks: dict[str, int] = {}
    for index, (key, label) in enumerate(zip(keys_of(labels), labels, strict=True)):
        column = BY_FIELD.get(assigned[key]) if key in assigned else column_of(label)
        if column is None:
            if plain(label) and label not in OWN_EXTRAS:
                headings.ignored.append(_short(label))
            continue
        own = _ASSIGNED if key in assigned else rank(column, label)
        before = ranks.get(column.field)
        if before is None:
            headings.places[column.field], ranks[column.field] = index, own
        elif own == before:
            headings.twice.append(column.heading)
        elif own < before:
            headings.ignored.append(_short(labels[headings.places[column.field]]))
            headings.places[column.field], ranks[column.field] = index, own
        else:
            headings.ignored.append(_short(label))
    return headings


def _short(label: str) -> str:
    return " ".join(label.split())[:30]
