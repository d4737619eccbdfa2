"""What a roster changes, student by student and field by field, for its preview.

The job that reads the file keeps it in the row of the import, compressed and encrypted, because names and phones are
in it; it goes with the file. A document number is never in it, only that it changes.
"""

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import IO, NamedTuple

from django.utils.translation import gettext as _

from portal import text_workbooks
from portal.security import encryption
from students.identity import id_encryption
from students.models import RosterImport, Student
from students.roster.cells import GENDER_HEADINGS, ID_TYPE_HEADINGS
from students.roster.columns import BY_FIELD, FIELDS

Raw = tuple[int, str, str, str, str]  # as of `staging.changes`
_WORDS = {"gender": GENDER_HEADINGS, "id_type": ID_TYPE_HEADINGS}


class FieldChange(NamedTuple):
    field: str
    old: str
    new: str

    @property
    def heading(self) -> str:
        return BY_FIELD[self.field].heading


class Change(NamedTuple):
    """One student. `student`: the id; number and name are those before the import."""

    student: int
    student_no: str
    name: str
    stage: str
    fields: list[FieldChange]

    @property
    def stage_label(self) -> str:
        return str(Student.Stage(self.stage).label)

    @property
    def is_photographed(self) -> bool:
        return self.stage not in (Student.Stage.WAITING, Student.Stage.LEFT)


def count_fields(rows: Iterable[Raw]) -> dict[str, int]:
    """{field: how many students it changes for}, in the order of the roster."""
    counted = Counter(field for *_student, facts in rows for field in json.loads(facts))
    return {field: counted[field] for field in FIELDS if field in counted}


def sealed(row: RosterImport, rows: list[Raw]) -> bytes:
    """For `RosterImport.changes`."""
    if not rows:
        return b""
    content = json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()
    return encryption.encrypt_bytes(zlib.compress(content, 6), id_encryption.changes_place(row.pk))


def changes_of(row: RosterImport) -> list[Change]:
    """In the order of the student numbers; none when they are deleted, with the file."""
    if not row.changes:
        return []
    content = zlib.decompress(encryption.decrypt_bytes(bytes(row.changes), id_encryption.changes_place(row.pk)))
    return [
        Change(student, student_no, name, stage, _fields_of(json.loads(facts)))
        for student, student_no, name, stage, facts in json.loads(content)
    ]


def _fields_of(facts: dict[str, list[str]]) -> list[FieldChange]:
    return [
        FieldChange(field, *(_WORDS.get(field, {}).get(value, value) for value in facts[field]))
        for field in FIELDS
        if field in facts
    ]


def workbook(changes: Iterable[Change]) -> IO[bytes]:
    """The open file: a row for each changed field of a student."""
    columns = [("学号", 16.0), ("姓名", 14.0), (_("Column"), 14.0), (_("So far"), 28.0), (_("After the import"), 28.0)]
    return text_workbooks.write(_("Changes"), [*columns, (_("Stage"), 14.0)], _lines(changes))


def _lines(changes: Iterable[Change]) -> Iterator[list[str]]:
    stages = {stage.value: str(stage.label) for stage in Student.Stage}
    for change in changes:
        for field in change.fields:
            yield [change.student_no, change.name, field.heading, field.old, field.new, stages[change.stage]]
