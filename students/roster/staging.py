"""A temporary table of the clean rows of a roster file, to compare and to write them.

COPY fills the table, joins compare it, an INSERT adds the new students and an UPDATE changes the
others. It is SQL instead of the ORM because 30,000 rows must take about a second.
"""
# ruff: noqa: S608 - the SQL is put together from the constants of this module alone

import json
import zlib
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Self

from django.conf import settings
from django.db import IntegrityError, connection
from django.utils.translation import gettext as _

from portal import history
from portal.errors import Conflict
from portal.tenancy import across_schools, outside_scopes
from schools.models import School, Season
from students.models import Student
from students.roster.cell_problems import Problem

# The fields of a roster except the document number, in the order of the COPY.
PLAIN_FIELDS = ("student_no", "name", "id_type", "gender", "level", "college", "major", "class_name", "phone", "email")
COPIED = ("row_no", "id_hash", "old_hashes", "id_sealed", "id_tail", "pinyin", "initials", *PLAIN_FIELDS)
# Fields whose values stand in the history; for the others it says HIDDEN. It cannot be erased, so it has
# no names.
PUBLIC_FIELDS = ("student_no", "gender", "level", "college", "major", "class_name")
HIDDEN = "•••"
IDENTITY = ("name", "id_type", "id_hash", "gender")
PRINTED_FIELDS = (*IDENTITY, "college", "major", "class_name")
# Before a photo is taken the roster says who a student is. From then on a portrait belongs to these data:
# they change through a correction only (decision 65).
UNPROTECTED_STAGES = (Student.Stage.WAITING.value, Student.Stage.LEFT.value)
FIXED_STAGES = (Student.Stage.PRINTED.value, Student.Stage.DELIVERED.value)

_CREATE = """
CREATE TEMPORARY TABLE roster_stage (
    row_no integer NOT NULL, id_hash varchar(70) NOT NULL, old_hashes varchar(70)[] NOT NULL, id_sealed bytea,
    id_tail smallint, pinyin varchar(60) COLLATE "C" NOT NULL, initials varchar(60) COLLATE "C" NOT NULL,
    student_no varchar(32) COLLATE "C" NOT NULL, name varchar(60) NOT NULL, id_type varchar(12) NOT NULL, gender varchar(6) NOT NULL,
    level varchar(20) NOT NULL, college varchar(60) COLLATE "C" NOT NULL, major varchar(60) COLLATE "C" NOT NULL,
    class_name varchar(60) COLLATE "C" NOT NULL,
    phone varchar(20) NOT NULL, email varchar(254) NOT NULL, kept boolean NOT NULL DEFAULT false
);
CREATE TEMPORARY TABLE roster_diff (
    id bigint NOT NULL, student_no varchar(32) COLLATE "C" NOT NULL, stage varchar(10) NOT NULL, facts jsonb NOT NULL,
    moves boolean NOT NULL, printed boolean NOT NULL
);
GRANT ALL ON roster_stage, roster_diff TO PUBLIC;
"""
_DIFFERS = "(" + ", ".join(f"own.{f}" for f in ("id_hash", *PLAIN_FIELDS[1:])) + ") IS DISTINCT FROM ("
_DIFFERS += ", ".join(f"stage.{f}" for f in ("id_hash", *PLAIN_FIELDS[1:])) + ")"
_OWN = "students_student own ON own.season_id = %(season)s AND own.school_id = %(school)s AND own.student_no = stage.student_no"


def _facts(*, clear: bool = False) -> str:
    """SQL for {field: [old, new]} of a changed row; private values are HIDDEN, `clear`: the document number alone."""
    pairs = ", ".join(
        f"'{_fact_name(f)}', CASE WHEN own.{f} <> stage.{f} THEN jsonb_build_array({_shown(f, clear)}) END"
        for f in ("id_hash", *PLAIN_FIELDS[1:])
    )
    return f"jsonb_strip_nulls(jsonb_build_object({pairs}))"


def _fact_name(column: str) -> str:
    return "id_number" if column == "id_hash" else column


def _shown(column: str, clear: bool) -> str:
    is_shown = column != "id_hash" if clear else column in PUBLIC_FIELDS
    return f"own.{column}, stage.{column}" if is_shown else f"'{HIDDEN}', '{HIDDEN}'"


_DIFF = f"""
INSERT INTO roster_diff
SELECT own.id, own.student_no, own.stage, {_facts()} AS facts,
       own.id_hash <> stage.id_hash AS moves,
       ({" OR ".join(f"own.{f} <> stage.{f}" for f in PRINTED_FIELDS)}) AS printed
FROM roster_stage stage JOIN {_OWN} WHERE {_DIFFERS}
"""
_IN_USE_HERE = """
SELECT stage.row_no, other.student_no
FROM roster_stage stage
JOIN students_student other ON other.season_id = %(season)s AND other.school_id = %(school)s AND other.id_hash = stage.id_hash
WHERE other.student_no <> stage.student_no
  AND NOT EXISTS (SELECT 1 FROM roster_stage moved WHERE moved.student_no = other.student_no AND moved.id_hash <> other.id_hash)
"""
_IN_USE_ELSEWHERE = """
SELECT stage.row_no, other.id FROM roster_stage stage
JOIN students_student other ON other.season_id = %(season)s AND other.id_hash = stage.id_hash
WHERE other.school_id <> %(school)s
"""
# While keys are rotated, numbers are stored under hashes of several keys: take the one in use in the season.
_USE_STORED_HASH = """
UPDATE roster_stage stage SET id_hash = student.id_hash FROM students_student student
WHERE student.season_id = %(season)s AND student.id_hash = ANY(stage.old_hashes)
"""
# A masked number: the one on the roster stays, and what is checked against it.
_KEEP_NUMBER = f"""
UPDATE roster_stage stage SET id_hash = own.id_hash, id_sealed = own.id_sealed, id_tail = own.id_tail, id_type = own.id_type, gender = own.gender
FROM {_OWN.replace(" ON ", " WHERE ", 1)} AND stage.id_hash = ''
"""
# Who a photographed student is changes through a correction only (decision 65): what is on the roster stays, all of
# it together, since number and gender are held against each other. An empty cell is no other value.
_KEEP_IDENTITY = f"""
UPDATE roster_stage stage
SET name = own.name, pinyin = own.pinyin, initials = own.initials, id_type = own.id_type, gender = own.gender,
    id_hash = own.id_hash, id_sealed = own.id_sealed, id_tail = own.id_tail,
    kept = (own.name, own.id_type, own.id_hash) IS DISTINCT FROM (stage.name, stage.id_type, stage.id_hash)
        OR stage.gender <> ''
FROM {_OWN.replace(" ON ", " WHERE ", 1)} AND own.stage <> ALL(%(unprotected)s)
  AND ((own.name, own.id_type, own.id_hash) IS DISTINCT FROM (stage.name, stage.id_type, stage.id_hash)
       OR own.gender <> '' AND own.gender <> stage.gender)
"""
_FIXED = f"SELECT stage.row_no FROM roster_stage stage JOIN {_OWN} WHERE own.stage = ANY(%(fixed)s) AND {_DIFFERS}"
_COUNTS = f"""
SELECT count(*) FILTER (WHERE own.id IS NULL), count(own.id)
FROM roster_stage stage LEFT JOIN {_OWN}
"""
_KEPT = f"SELECT own.id FROM roster_stage stage JOIN {_OWN} WHERE stage.kept ORDER BY own.student_no"
_MISSING = """
SELECT own.id, own.stage, own.fee_state FROM students_student own
WHERE own.season_id = %(season)s AND own.school_id = %(school)s AND own.student_no <> ALL(%(wrong)s)
  AND own.stage <> 'left' AND own.student_no NOT LIKE 'erased-%%'
  AND NOT EXISTS (SELECT 1 FROM roster_stage stage WHERE stage.student_no = own.student_no)
ORDER BY own.student_no
"""
# What the preview shows: {field: [old, new]} in clear, but for the document number.
_CHANGES = f"""
SELECT own.id, own.student_no, own.name, own.stage, {_facts(clear=True)}::text
FROM roster_diff diff JOIN students_student own USING (id) JOIN roster_stage stage ON stage.student_no = own.student_no
ORDER BY own.student_no
"""
_RETURNING = f"SELECT own.id FROM roster_stage stage JOIN {_OWN} WHERE own.stage = 'left' ORDER BY own.id"
# When a document number moves to another student in the same file, its old row is freed first.
_FREE_MOVING = """
UPDATE students_student own SET id_hash = 'moving:' || own.id
FROM roster_diff diff WHERE diff.id = own.id AND diff.moves
"""
_FILLED = ("id_hash", "id_sealed", "id_tail", "pinyin", "initials", *PLAIN_FIELDS)
# No ON CONFLICT: who was added since the comparison is told (`write`), not overwritten. In the order of the numbers the indexes
# that begin with them grow at one place.
_ADD = f"""
INSERT INTO students_student (school_id, season_id, stage, fee_state, lock_reason, created_at, updated_at, import_no, {", ".join(_FILLED)})
SELECT %(school)s, %(season)s, 'waiting', 'unpaid', '', now(), now(), %(import_no)s, {", ".join(f"stage.{f}" for f in _FILLED)}
FROM roster_stage stage LEFT JOIN {_OWN} WHERE own.id IS NULL ORDER BY stage.student_no
"""
_CHANGE = f"""
UPDATE students_student own SET updated_at = now(), {", ".join(f"{f} = stage.{f}" for f in _FILLED if f != "student_no")}
FROM roster_diff diff JOIN roster_stage stage USING (student_no) WHERE diff.id = own.id RETURNING own.id, diff.facts
"""


class Staging:
    """The temporary table for one file: a context manager that creates and drops it.

    The tables belong to the login of the workers, which alone may make them: outside of the scope of the import.
    """

    def __init__(self, *, school: School, season: Season) -> None:
        self.params: dict[str, Any] = {"school": school.pk, "season": season.pk, "fixed": list(FIXED_STAGES)}
        self.params["unprotected"] = list(UNPROTECTED_STAGES)
        self._keys = {"school_id": school.pk, "season_id": season.pk}
        self.removed: list[str] = []
        self._new = 0  # as `counts` found them

    def __enter__(self) -> Self:
        self.drop()
        with outside_scopes(), connection.cursor() as cursor:
            cursor.execute(_CREATE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A broken transaction cannot drop the table; its rollback does.
        if not connection.needs_rollback:
            self.drop()

    def drop(self) -> None:
        with outside_scopes(), connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS pg_temp.roster_stage, pg_temp.roster_diff")

    def copy(self, blocks: Iterable[bytes]) -> None:
        """Copy blocks of checked rows (`checked_rows`) into the table: 2 µs a row, and 1 ms each time that it is called."""
        with connection.cursor() as cursor, cursor.copy(f"COPY roster_stage ({', '.join(COPIED)}) FROM STDIN") as copy:
            for block in blocks:
                copy.write(zlib.decompress(block))

    def remove(self, row_numbers: Iterable[int]) -> None:
        """Remove rows that cannot be written; `removed` has their student numbers."""
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM roster_stage WHERE row_no = ANY(%s) RETURNING student_no", [list(row_numbers)])
            self.removed += [student_no for (student_no,) in cursor]

    def compare(self) -> dict[int, dict[str, Problem]]:
        """Compare with the students of the season.

        Rows that cannot be written are removed and returned: {row number: {field: Problem}}.
        """
        wrong: dict[int, dict[str, Problem]] = {}
        with outside_scopes(), connection.cursor() as cursor:  # of all eighteen columns it took four times as long
            cursor.execute("TRUNCATE roster_diff; ANALYZE roster_stage (row_no, student_no, id_hash)")
        self._execute(_KEEP_NUMBER)
        for (row_no,) in self._query("SELECT row_no FROM roster_stage WHERE id_hash = ''"):
            wrong[row_no] = {"id_number": Problem("masked")}
        for row_no, *_rest in self._query(_FIXED):
            wrong.setdefault(row_no, {})["student_no"] = Problem("printed")
        if len(settings.ID_NUMBER_KEYS) > 1:
            with across_schools():
                self._execute(_USE_STORED_HASH)
        self.remove(wrong)
        self._execute(_KEEP_IDENTITY)
        # A removed row may keep a document number in use: repeat until no row is removed.
        while in_use := self._query(_IN_USE_HERE):
            found = {row_no: {"id_number": Problem("taken_here", {"student_no": owner})} for row_no, owner in in_use}
            self.remove(found)
            wrong.update(found)
        self._execute(_DIFF)
        with outside_scopes(), connection.cursor() as cursor:
            cursor.execute("ANALYZE roster_diff")
        return wrong

    def remove_taken_elsewhere(self) -> dict[int, int]:
        """Remove the rows whose document number another school has: {row number: id of its student}.

        Only for what is written: a trial must not tell who is registered elsewhere.
        """
        with across_schools():
            found = dict(self._query(_IN_USE_ELSEWHERE))
        self.remove(found)
        return found

    def counts(self) -> tuple[int, int, int]:
        """Numbers of (new, changed, unchanged) rows. Call `compare` first."""
        new, known = self._query(_COUNTS)[0]
        self._new = new
        changed = self._query("SELECT count(*) FROM roster_diff")[0][0]
        return new, changed, known - changed

    def changed_after_photo(self) -> list[int]:
        """Ids of photographed students for whom the file has another name, document or gender, which stay."""
        return [pk for (pk,) in self._query(_KEPT)]

    def changed_after_proof(self) -> list[int]:
        """Ids of students who have confirmed data that the file changes."""
        rows = self._query(
            "SELECT id FROM roster_diff WHERE printed AND stage = %(proofed)s", proofed=Student.Stage.PROOFED.value
        )
        return [row[0] for row in rows]

    def missing(self, wrong: Iterable[str]) -> list[tuple[int, str, str]]:
        """(id, stage, fee state) of students not in the file. `wrong`: student numbers in rows that were never in the table."""
        return self._query(_MISSING, wrong=[*wrong, *self.removed])

    def changes(self) -> Iterator[tuple[int, str, str, str, str]]:
        """(id, student number, name, stage, JSON of {field: [old, new]}) of the changed rows."""
        yield from self._query(_CHANGES)

    def returning(self) -> list[int]:
        """Ids of students in the file who are marked as having left."""
        return [pk for (pk,) in self._query(_RETURNING)]

    def write(self, *, by: history.Actor, import_no: int | None) -> None:
        """Write new and changed students, and an event for each changed one. Call `counts` first.

        Runs in the caller's transaction; the caller records the event of the import. Raises
        Conflict when a student or document number is in use since the comparison.
        """
        changed_meanwhile = _("The roster changed while the file was imported. Import it again.")
        facts = {"import": import_no} if import_no else {}
        try:
            self._execute(_FREE_MOVING)
            changed = self._query(_CHANGE)
            added = self._execute(_ADD, import_no=import_no)
        except IntegrityError as error:
            raise Conflict(changed_meanwhile) from error
        if added != self._new:
            raise Conflict(changed_meanwhile)
        rows = ((Student(pk=pk, **self._keys), json.loads(found) | facts) for pk, found in changed)
        history.record_each("student.changed", rows, by=by)

    def _query(self, sql: str, **more: Any) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(sql, self.params | more)
            return cursor.fetchall()

    def _execute(self, sql: str, **more: Any) -> int:
        """The number of rows."""
        with connection.cursor() as cursor:
            cursor.execute(sql, self.params | more)
            return int(cursor.rowcount)
