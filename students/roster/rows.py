"""Judging the rows of a roster, one by one and against each other; the school's own rows are compared in `staging`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from students import id_encryption, id_numbers
from students.models import Student
from students.roster import cells
from students.roster.columns import COLUMNS, FIELDS
from students.roster.problems import Problem

Problems = dict[str, Problem]
EMPTY, FORMULA = Problem("empty"), Problem("formula")
# Looked up once: the loop over 30,000 x 11 cells is where the time of an import goes.
_PLAN = tuple((c.field, cells.CLEANERS[c.field], c.limit, c.required) for c in COLUMNS)
RESIDENT = Student.IdType.RESIDENT.value


class Row(NamedTuple):
    """A clean row; `number` is that of the spreadsheet, 1 for the first; `digest` that of the document number."""

    number: int
    values: dict[str, str]
    digest: bytes


@dataclass
class Judge:
    """Judges rows in the order of the file and remembers what was seen, to find what comes twice.

    `wrong` is {row number: {field: Problem}}. A row that was good may turn wrong when its like comes later: its number
    is then in `recalled` too.
    """

    wrong: dict[int, Problems] = field(default_factory=dict)
    recalled: set[int] = field(default_factory=set)
    student_numbers: dict[str, int] = field(default_factory=dict)
    documents: dict[bytes, int] = field(default_factory=dict)
    rounded: int = 0
    _suspects: list[int] = field(default_factory=list)

    def good(self, rows: Iterable[tuple[int, list[str]]]) -> Iterator[Row]:
        """The rows without a fault; `rows` are (number, cells in the order of COLUMNS)."""
        for number, raw in rows:
            values, problems = clean(raw)
            digest = self._look_for_twins(number, values, problems)
            if problems:
                self._refuse(number, problems)
            else:
                yield Row(number, values, digest)

    def _refuse(self, number: int, problems: Problems) -> None:
        self.wrong[number] = problems
        id_problem = problems.get("id_number")
        if id_problem and id_problem.code == "rounded":
            self.rounded += 1

    def _look_for_twins(self, number: int, values: dict[str, str], problems: Problems) -> bytes:
        """Add to `problems` what an earlier row has too; return the digest of the document number, b"" if that is wrong."""
        student_no, document = values["student_no"], values["id_number"]
        if student_no and (first := self.student_numbers.setdefault(student_no, number)) != number:
            problems["student_no"] = self._twice("twice_no", "student_no", first, number)
        if not document or "id_number" in problems:
            return b""
        if document.endswith("000") and id_numbers.ends_rounded(document):
            self._suspects.append(number)
        digest = id_encryption.digest_bytes(document)
        if (first := self.documents.setdefault(digest, number)) != number:
            problems["id_number"] = self._twice("twice_id", "id_number", first, number)
        return digest

    def _twice(self, code: str, column: str, first: int, number: int) -> Problem:
        """Both rows are wrong: only the clerk knows which of them to keep."""
        if column not in self.wrong.setdefault(first, {}):
            self.wrong[first][column] = Problem(code, {"row": number})
            self.recalled.add(first)
        return Problem(code, {"row": first})

    def doubt_rounded(self) -> None:
        """After the last row: where numbers were rounded, one that ends in 000 and fits its check by chance is no proof."""
        if not self.rounded:
            return
        for number in self._suspects:
            self.wrong.setdefault(number, {}).setdefault("id_number", Problem("rounded"))
            self.recalled.add(number)


def clean(raw: list[str]) -> tuple[dict[str, str], Problems]:
    """Clean values by field, and what is wrong with those that are not; `raw` in the order of COLUMNS."""
    values = dict.fromkeys(FIELDS, "")
    problems: Problems = {}
    for (field_name, cleaner, limit, required), value in zip(_PLAN, raw, strict=True):
        if not value:
            if required:
                problems[field_name] = EMPTY
            continue
        cleaned = FORMULA if value == cells.FORMULA else cleaner(value)
        if type(cleaned) is not str:
            problems[field_name] = cleaned  # type: ignore[assignment]
        elif len(cleaned) > limit:
            problems[field_name] = Problem("too_long", {"limit": limit})
        else:
            values[field_name] = cleaned
    _judge_document(values, problems)
    return values, problems


def _judge_document(values: dict[str, str], problems: Problems) -> None:
    """The number against its type and the gender; a gender left empty is taken from the number."""
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
