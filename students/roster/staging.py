"""The clean rows of a roster beside the school's own, in a temporary table: what is new, changed, impossible; then written.

One `Staging` lives for one reading. Rows come in by COPY, are compared by joins, and go out by one
INSERT ... ON CONFLICT with its history. SQL instead of the ORM because 30,000 rows must take a second.
"""
# ruff: noqa: S608 - the SQL is put together from the constants of this module alone

import json
from collections.abc import Iterable
from operator import itemgetter
from types import TracebackType
from typing import Any, Self

from django.db import IntegrityError, connection
from django.utils.translation import gettext as _

from portal import history
from portal.errors import Conflict
from portal.tenancy import across_schools
from schools.models import School, Season
from students import id_encryption
from students.models import Student
from students.roster.problems import Problem
from students.roster.rows import Row

# What a roster may write beside the document, in the order of the COPY.
PLAIN = ("student_no", "name", "id_type", "gender", "level", "college", "major", "class_name", "phone", "email")
COPIED = ("row_no", "id_hash", "id_sealed", *PLAIN)
# What is shown by value in the history; of the others only the name.
SHOWN = ("student_no", "name", "gender", "level", "college", "major", "class_name")
HIDDEN = "•••"
IDENTITY = ("name", "id_type", "id_hash", "gender")
PRINTED_FIELDS = (*IDENTITY, "college", "major", "class_name")
FIXED_STAGES = (Student.Stage.PRINTED.value, Student.Stage.DELIVERED.value)

_plain = itemgetter(*PLAIN)
_CREATE = """
CREATE TEMPORARY TABLE roster_stage (
    row_no integer NOT NULL, id_hash varchar(64) NOT NULL, id_sealed bytea,
    student_no varchar(32) NOT NULL, name varchar(60) NOT NULL, id_type varchar(12) NOT NULL, gender varchar(6) NOT NULL,
    level varchar(20) NOT NULL, college varchar(60) NOT NULL, major varchar(60) NOT NULL, class_name varchar(60) NOT NULL,
    phone varchar(20) NOT NULL, email varchar(254) NOT NULL
);
GRANT ALL ON roster_stage TO PUBLIC;
"""
_DIFFERS = "(" + ", ".join(f"own.{f}" for f in ("id_hash", *PLAIN[1:])) + ") IS DISTINCT FROM ("
_DIFFERS += ", ".join(f"stage.{f}" for f in ("id_hash", *PLAIN[1:])) + ")"
_OWN = "students_student own ON own.season_id = %(season)s AND own.school_id = %(school)s AND own.student_no = stage.student_no"


def _facts() -> str:
    """SQL of {field: [old, new]} of one changed row; values that are nobody's business stay dots."""
    pairs = ", ".join(
        f"'{_fact_name(f)}', CASE WHEN own.{f} <> stage.{f} THEN jsonb_build_array({_shown(f)}) END"
        for f in ("id_hash", *PLAIN[1:])
    )
    return f"jsonb_strip_nulls(jsonb_build_object({pairs}))"


def _fact_name(column: str) -> str:
    return "id_number" if column == "id_hash" else column


def _shown(column: str) -> str:
    return f"own.{column}, stage.{column}" if column in SHOWN else f"'{HIDDEN}', '{HIDDEN}'"


_DIFF = f"""
CREATE TEMPORARY TABLE roster_diff AS
SELECT own.id, own.student_no, own.stage, {_facts()} AS facts,
       own.id_hash <> stage.id_hash AS moves,
       ({" OR ".join(f"own.{f} <> stage.{f}" for f in IDENTITY)}) AS identity,
       ({" OR ".join(f"own.{f} <> stage.{f}" for f in PRINTED_FIELDS)}) AS printed
FROM roster_stage stage JOIN {_OWN} WHERE {_DIFFERS};
GRANT ALL ON roster_diff TO PUBLIC;
"""
_TAKEN_HERE = """
SELECT stage.row_no, other.student_no
FROM roster_stage stage
JOIN students_student other ON other.season_id = %(season)s AND other.school_id = %(school)s AND other.id_hash = stage.id_hash
WHERE other.student_no <> stage.student_no
  AND NOT EXISTS (SELECT 1 FROM roster_stage moved WHERE moved.student_no = other.student_no AND moved.id_hash <> other.id_hash)
"""
_TAKEN_ELSEWHERE = """
SELECT stage.row_no FROM roster_stage stage
JOIN students_student other ON other.season_id = %(season)s AND other.id_hash = stage.id_hash
WHERE other.school_id <> %(school)s
"""
_FIXED = f"SELECT stage.row_no FROM roster_stage stage JOIN {_OWN} WHERE own.stage = ANY(%(fixed)s) AND {_DIFFERS}"
_COUNTS = f"""
SELECT count(*) FILTER (WHERE own.id IS NULL), count(own.id)
FROM roster_stage stage LEFT JOIN {_OWN}
"""
_AFTER_PHOTO = """
SELECT student_no, stage FROM roster_diff WHERE identity AND stage <> 'waiting' ORDER BY student_no
"""
_MISSING = """
SELECT own.student_no, own.name FROM students_student own
WHERE own.season_id = %(season)s AND own.school_id = %(school)s AND own.student_no <> ALL(%(seen)s)
  AND NOT EXISTS (SELECT 1 FROM roster_stage stage WHERE stage.student_no = own.student_no)
ORDER BY own.student_no
"""
# A number that moves from one student to another in the same file must be free before the other takes it.
_FREE_MOVING = """
UPDATE students_student own SET id_hash = 'moving:' || own.id
FROM roster_diff diff WHERE diff.id = own.id AND diff.moves
"""
_FILLED = ("id_hash", "id_sealed", *PLAIN)
_UPSERT = f"""
WITH written AS (
    INSERT INTO students_student AS own (school_id, season_id, stage, fee_state, lock_reason, created_at, updated_at,
                                         import_no, {", ".join(_FILLED)})
    SELECT %(school)s, %(season)s, 'waiting', 'unpaid', '', now(), now(), %(import_no)s, {", ".join(f"stage.{f}" for f in _FILLED)}
    FROM roster_stage stage LEFT JOIN {_OWN}
    WHERE own.id IS NULL OR EXISTS (SELECT 1 FROM roster_diff diff WHERE diff.id = own.id)
    ON CONFLICT (season_id, school_id, student_no) DO UPDATE
    SET updated_at = now(), {", ".join(f"{f} = EXCLUDED.{f}" for f in _FILLED if f != "student_no")}
    RETURNING own.id
)
INSERT INTO portal_event (at, kind, school_id, season_id, object_type, object_id, actor_key, actor_name,
                           before, after, facts, source)
SELECT now(), 'student.changed', %(school)s, %(season)s, 'students.student', written.id, %(actor_key)s, %(actor_name)s,
       '', '', diff.facts || %(facts)s::jsonb, %(source)s
FROM written JOIN roster_diff diff USING (id)
"""


class Staging:
    """The temporary table of one reading; a context manager that drops it."""

    def __init__(self, *, school: School, season: Season) -> None:
        self.keys: dict[str, Any] = {"school": school.pk, "season": season.pk, "fixed": list(FIXED_STAGES)}
        self.school = school

    def __enter__(self) -> Self:
        self.drop()
        with connection.cursor() as cursor:
            cursor.execute(_CREATE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # In a broken transaction nothing can be dropped, and its rollback takes the table along.
        if not connection.needs_rollback:
            self.drop()

    def drop(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS pg_temp.roster_stage, pg_temp.roster_diff")

    def add(self, rows: Iterable[Row], *, seal: bool) -> None:
        """Copy rows in; `seal` when they are going to be written, since encrypting for a preview is for nothing."""
        with connection.cursor() as cursor, cursor.copy(f"COPY roster_stage ({', '.join(COPIED)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(_copied(row, seal))

    def remove(self, row_numbers: Iterable[int]) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM roster_stage WHERE row_no = ANY(%s)", [list(row_numbers)])

    def compare(self) -> dict[int, dict[str, Problem]]:
        """Compare with the season's rows; the rows that cannot be written are taken out and returned with their reason."""
        wrong: dict[int, dict[str, Problem]] = {}
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE roster_stage")
        for row_no, *_rest in self._ask(_FIXED):
            wrong.setdefault(row_no, {})["student_no"] = Problem("printed")
        with across_schools():
            for row_no, *_rest in self._ask(_TAKEN_ELSEWHERE):
                wrong.setdefault(row_no, {})["id_number"] = Problem("taken_elsewhere")
        self.remove(wrong)
        # Taking a row out may leave a number with its old owner: look again until nothing falls out.
        while taken := self._ask(_TAKEN_HERE):
            found = {row_no: {"id_number": Problem("taken_here", {"student_no": owner})} for row_no, owner in taken}
            self.remove(found)
            wrong.update(found)
        self._run(_DIFF)
        return wrong

    def counts(self) -> tuple[int, int, int]:
        """Rows that are new, changed, unchanged; after `compare`."""
        new, known = self._ask(_COUNTS)[0]
        changed = self._ask("SELECT count(*) FROM roster_diff")[0][0]
        return new, changed, known - changed

    def changed_after_photo(self) -> list[tuple[str, str]]:
        """(student number, stage) of students already photographed whose name, document or gender changes."""
        return self._ask(_AFTER_PHOTO)

    def changed_after_proof(self) -> list[int]:
        """Ids of students who confirmed data that now change."""
        rows = self._ask(
            "SELECT id FROM roster_diff WHERE printed AND stage = %(proofed)s", proofed=Student.Stage.PROOFED.value
        )
        return [row[0] for row in rows]

    def missing(self, seen: Iterable[str]) -> list[tuple[str, str]]:
        """(student number, name) of the school's students that are not in the file; `seen`: numbers of its wrong rows."""
        return self._ask(_MISSING, seen=list(seen))

    def write(self, *, by: history.Actor, import_no: int | None, source: str) -> None:
        """Upsert what is new or changed and append the history of what changed. Raises Conflict if a number was taken.

        Runs in the caller's transaction, in which the caller appends the event of the import.
        """
        facts = {"import": import_no} if import_no else {}
        try:
            self._run(_FREE_MOVING)
            self._run(
                _UPSERT,
                actor_key=by.actor_key,
                actor_name=by.actor_name,
                import_no=import_no,
                facts=json.dumps(facts),
                source=source,
            )
        except IntegrityError as error:
            raise Conflict(_("The roster changed while the file was imported. Import it again.")) from error

    def _ask(self, sql: str, **more: Any) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(sql, self.keys | more)
            return cursor.fetchall()

    def _run(self, sql: str, **more: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, self.keys | more)


def _copied(row: Row, seal: bool) -> tuple[Any, ...]:
    values = row.values
    sealed = id_encryption.encrypt(values["id_number"]) if seal else None
    return (row.number, row.digest.hex(), sealed, *_plain(values))
