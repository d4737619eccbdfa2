"""A roster file after it was read: its right rows, checked, encrypted and as the staging table copies them.

Reading and checking take most of an import and ask nothing of the students who are on the roster. So the job that reads a file
keeps this with the import, compressed and encrypted; whoever writes it copies the rows and compares them again, and no cell is
checked twice. It goes with the file, and is made anew from it when the key or the columns are others since.
"""

import json
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from django.conf import settings

from portal.security import encryption
from students.identity import id_encryption
from students.lists import pinyin
from students.models import RosterImport
from students.roster import excerpt
from students.roster.cell_problems import Problem
from students.roster.headings import Headings, RawRow
from students.roster.spreadsheet_reader import Roster
from students.roster.staging import COPIED, PLAIN_FIELDS
from students.roster.validation import Problems, Row, RowValidator

_plain = itemgetter(*PLAIN_FIELDS)
MOST_CELLS = 4000  # rows whose cells are kept: more than are shown
_TEXTS = len(PLAIN_FIELDS) + 2
_SPECIAL = re.compile(r"[\\\r\n]").search
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@dataclass
class CheckedFile:
    """`blocks`: the right rows as COPY takes them, each block compressed. `wrong` and `warned`: {row number: {field: Problem}}.
    `wrong_numbers`: student numbers in wrong rows. `revoked`: rows of the blocks that are wrong because of a later one.
    `cells`: of wrong rows, as typed, as far as they are known; they are kept in the excerpt."""

    roster: Roster
    wrong: dict[int, Problems] = field(default_factory=dict)
    warned: dict[int, Problems] = field(default_factory=dict)
    wrong_numbers: list[str] = field(default_factory=list)
    revoked: list[int] = field(default_factory=list)
    blocks: list[bytes] = field(default_factory=list)
    cells: dict[int, RawRow] = field(default_factory=dict)


class Checker:
    """Checks rows in the order of a file, and packs those that are right."""

    def __init__(self, place: Callable[[int], int | str], *, school_id: int, season_id: int) -> None:
        self.validator = RowValidator(place)
        self._keys = {"school_id": school_id, "season_id": season_id}
        self._version = encryption.current_version()
        self._is_rotating = len(settings.ID_NUMBER_KEYS) > 1
        self._encrypted = encryption.encryptor(id_encryption.student_place(**self._keys, student_no="").column)
        self._blocks: list[bytes] = []
        self._cells: dict[int, RawRow] = {}

    def add(self, rows: list[tuple[int, RawRow]]) -> None:
        """Check rows, (number, texts in the order of COLUMNS) each, and pack them as one block."""
        wrong = self.validator.wrong
        before = len(wrong)
        lines = [self._line(row) for row in self.validator.valid_rows(rows)]
        if lines:
            self._blocks.append(zlib.compress("".join(lines).encode(), 1))
        if len(wrong) > before and len(self._cells) < MOST_CELLS:
            self._cells |= {number: texts for number, texts in rows if number in wrong}

    def finish(self, roster: Roster) -> CheckedFile:
        """After the last row."""
        found = self.validator
        found.reject_suspects()
        numbers = [number for number, row in found.student_numbers.items() if row in found.wrong]
        return CheckedFile(roster, found.wrong, found.warned, numbers, sorted(found.revoked), self._blocks, self._cells)

    def _line(self, row: Row) -> str:
        number = row.values["id_number"]
        texts = "\t".join((*pinyin.spell(row.values["name"]), *_plain(row.values)))
        if _SPECIAL(texts) or texts.count("\t") >= _TEXTS:
            cells = (*pinyin.spell(row.values["name"]), *_plain(row.values))
            texts = "\t".join(cell.translate(_ESCAPES) for cell in cells)
        if not number:  # masked: the one on the roster stays
            return f"{row.number}\t\t{{}}\t\\N\t\\N\t{texts}\n"
        place = id_encryption.student_place(**self._keys, student_no=row.values["student_no"])
        old = id_encryption.digests(number)[1:] if self._is_rotating else ()
        tail = id_encryption.tail_bucket(number, season_id=self._keys["season_id"], version=self._version)
        return (
            f"{row.number}\t{id_encryption.stored_digest(row.digest, self._version)}\t{{{','.join(old)}}}"
            f"\t\\\\x{self._encrypted(number, place.row).hex()}\t{tail}\t{texts}\n"
        )


def sealed(row: RosterImport, file: CheckedFile) -> bytes:
    """For `RosterImport.checked`."""
    roster = file.roster
    head = {
        "columns": COPIED,
        "roster": {name: getattr(roster, name) for name in ("sheets", "left_out", "total", "hidden", "headings_again")},
        "ignored": roster.ignored,
        "notes": roster.notes,
        "wrong": list(file.wrong.items()),
        "warned": list(file.warned.items()),
        "wrong_numbers": file.wrong_numbers,
        "revoked": file.revoked,
        "sizes": [len(block) for block in file.blocks],
    }
    content = b"\n".join((json.dumps(head, ensure_ascii=False).encode(), b"".join(file.blocks)))
    return encryption.encrypt_bytes(content, id_encryption.checked_place(row.pk))


def of_import(row: RosterImport) -> CheckedFile | None:
    """What was kept of an import; None where its file has to be read."""
    if encryption.version_of(row.checked) != encryption.current_version():
        return None
    content = encryption.decrypt_bytes(bytes(row.checked), id_encryption.checked_place(row.pk))
    first, _line_end, packed = content.partition(b"\n")
    head = json.loads(first)
    if head["columns"] != list(COPIED):
        return None
    kept = excerpt.excerpt_of(row)
    return CheckedFile(
        Roster(
            **head["roster"],
            headings=[Headings(0, [], ignored=head["ignored"])],
            tables=kept.tables,
            notes=[(place, text) for place, text in head["notes"]],
        ),
        _problems(head["wrong"]),
        _problems(head["warned"]),
        head["wrong_numbers"],
        head["revoked"],
        _divided(packed, head["sizes"]),
        kept.wrong,
    )


def _problems(stored: list[Any]) -> dict[int, Problems]:
    return {row: {name: Problem(*problem) for name, problem in cells.items()} for row, cells in stored}


def _divided(packed: bytes, sizes: list[int]) -> list[bytes]:
    blocks, start = [], 0
    for size in sizes:
        blocks.append(packed[start : start + size])
        start += size
    return blocks
