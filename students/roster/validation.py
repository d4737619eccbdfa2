"""Checking the rows of a roster file, one by one and against each other.

The comparison with the students in the database is in `staging`.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, NamedTuple

from portal.pdf import fonts
from students.identity import id_encryption, id_numbers
from students.models import Student
from students.roster import cells
from students.roster.cell_problems import Problem
from students.roster.columns import COLUMNS, FIELDS

Problems = dict[str, Problem]
EMPTY = Problem("empty")
MASKED_ALONE = {"id_number": Problem("masked")}
# Problems of optional cells that do not hold up a student: the cell is left empty, with a warning.
LEFT_EMPTY = frozenset(("filler", "phone_unclear"))
_PRINTED_PLACES = frozenset(("name", "major", "class_name"))  # what the caption of a photo shows
# Columns that say the same in many rows: each text is cleaned once.
_REPEATED = frozenset(("gender", "id_type", "level", "college", "major", "class_name"))
RESIDENT = Student.IdType.RESIDENT.value


class Row(NamedTuple):
    """A clean row. `number`: row of the spreadsheet, from 1. `digest`: of the document number; empty when the
    number is masked, as in our own exports: then the one on the roster stays."""

    number: int
    values: dict[str, str]
    digest: bytes


@dataclass
class RowValidator:
    """Checks rows in the order of the file, and remembers their keys to find duplicates.

    `warned` is {row number: {field: Problem}} of rows that are imported all the same.
    `place` is what a person calls a row. `wrong` is {row number: {field: Problem}}. When a duplicate follows, the earlier row is wrong
    too; if `valid_rows` has already yielded it, its number is in `revoked`.
    """

    place: Callable[[int], int | str] = int
    wrong: dict[int, Problems] = field(default_factory=dict)
    warned: dict[int, Problems] = field(default_factory=dict)
    revoked: set[int] = field(default_factory=set)
    student_numbers: dict[str, int] = field(default_factory=dict)
    documents: dict[bytes, int] = field(default_factory=dict)
    rounded: int = 0
    _digest: Callable[[str], bytes] = field(default_factory=id_encryption.digester)
    _suspects: list[int] = field(default_factory=list)

    def valid_rows(self, rows: Iterable[tuple[int, list[str]]]) -> Iterator[Row]:
        """Yield the rows without a problem. `rows`: (number, cells in the order of COLUMNS)."""
        for number, raw in rows:
            values, problems, warnings = clean_row(raw)
            if problems == MASKED_ALONE:
                warnings |= problems
                problems.clear()
            if warnings:
                self.warned[number] = warnings
            digest = self._check_duplicates(number, values, problems)
            if problems:
                self._add_wrong(number, problems)
            else:
                yield Row(number, values, digest)

    def _add_wrong(self, number: int, problems: Problems) -> None:
        self.wrong[number] = problems
        id_problem = problems.get("id_number")
        if id_problem and id_problem.code == "rounded":
            self.rounded += 1

    def _check_duplicates(self, number: int, values: dict[str, str], problems: Problems) -> bytes:
        """Add duplicates to `problems`. Returns the digest of the number, b"" if that is wrong."""
        student_no, document = values["student_no"], values["id_number"]
        if student_no and (first := self.student_numbers.setdefault(student_no, number)) != number:
            problems["student_no"] = self._mark_duplicate("twice_no", "student_no", first, number)
        if not document or "id_number" in problems:
            return b""
        if document.endswith("000") and id_numbers.ends_rounded(document):
            self._suspects.append(number)
        digest = self._digest(document)
        if (first := self.documents.setdefault(digest, number)) != number:
            problems["id_number"] = self._mark_duplicate("twice_id", "id_number", first, number)
        return digest

    def _mark_duplicate(self, code: str, column: str, first: int, number: int) -> Problem:
        """Mark both rows: only the clerk knows which of them is right."""
        if column not in self.wrong.setdefault(first, {}):
            self.wrong[first][column] = Problem(code, {"row": self.place(number)})
            self.revoked.add(first)
        return Problem(code, {"row": self.place(first)})

    def reject_suspects(self) -> None:
        """After the last row: reject numbers that end in 000 if the file has rounded numbers.

        The check character of such a number can be right by chance.
        """
        if not self.rounded:
            return
        for number in self._suspects:
            self.wrong.setdefault(number, {}).setdefault("id_number", Problem("rounded"))
            self.revoked.add(number)


def clean_row(raw: list[str]) -> tuple[dict[str, str], Problems, Problems]:
    """({field: clean value}, {field: Problem}, {field: warning}) of cells in the order of COLUMNS."""
    values = dict.fromkeys(FIELDS, "")
    problems: Problems = {}
    warnings: Problems = {}
    for (field_name, is_clean, clean, limit, required), value in zip(_CHECKS, raw, strict=True):
        if not value:
            if required:
                problems[field_name] = EMPTY
            continue
        cleaned = value if is_clean and is_clean(value) else clean(value)
        if type(cleaned) is not str:
            left_empty = not required and cleaned.code in LEFT_EMPTY  # type: ignore[union-attr]
            (warnings if left_empty else problems)[field_name] = cleaned  # type: ignore[assignment]
        elif len(cleaned) > limit:
            problems[field_name] = Problem("too_long", {"limit": limit})
        else:
            values[field_name] = cleaned
            if field_name in _PRINTED_PLACES and (missing := unprintable(cleaned)):
                warnings[field_name] = Problem("unprintable", {"characters": missing})
    _check_document(values, problems)
    return values, problems, warnings


def _clean(value: str, cleaner: Callable[[str], cells.Cleaned]) -> cells.Cleaned:
    if problem := cells.marked_problem(value):
        return problem
    if not value.isascii():
        value = cells.without_invisible(value)
    if not value:
        return EMPTY
    return Problem("filler", {"value": value}) if cells.is_filler(value) else cleaner(value)


# What most cells of a column look like; of these `_clean` would leave every character. No word for "there is none" does.
_CLEAN: dict[str, Callable[[str], Any]] = {
    "student_no": re.compile(r"[0-9]{2,32}").fullmatch,
    "id_number": re.compile(r"[0-9]{17}[0-9X]").fullmatch,
    "phone": re.compile(r"1[3-9][0-9]{9}").fullmatch,
    "email": re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+").fullmatch,
    "name": lambda text: cells.is_plain_name(text) and text not in cells.FILLERS,
}


def _cleaner(name: str) -> Callable[[str], cells.Cleaned]:
    clean = partial(_clean, cleaner=cells.CLEANERS[name])
    return lru_cache(maxsize=20_000)(clean) if name in _REPEATED else clean


# Looked up once: most time of an import goes into the loop over 30,000 x 11 cells.
_CHECKS = tuple((c.field, _CLEAN.get(c.field), _cleaner(c.field), c.limit, c.required) for c in COLUMNS)
_COMMON = re.compile(r"[ -~\u4e00-\u9fa5·（）、—-]*").fullmatch  # the fonts have all of these


@lru_cache(maxsize=20_000)
def unprintable(text: str) -> str:
    """The characters that no font of this installation has."""
    if _COMMON(text):
        return ""
    known = fonts.covered_code_points()
    return "、".join(dict.fromkeys(cells.named(c) for c in text if ord(c) not in known))


def _check_document(values: dict[str, str], problems: Problems) -> None:
    """Check the number by its type and the gender. An empty gender is filled from the number."""
    if not values["id_type"]:
        values["id_type"] = RESIDENT
    number = values["id_number"]
    if not number or "id_type" in problems:
        return
    problem = id_numbers.problem_of(number, values["id_type"], values["gender"])
    if problem:
        problems["id_number"] = problem
    elif not values["gender"] and "gender" not in problems and id_numbers.says_gender(values["id_type"]):
        values["gender"] = id_numbers.gender_of(number)
