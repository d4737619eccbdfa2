"""The content of a hand-over package: a ZIP, the same bytes each time. Each portrait is checked on the way.

`portraits/<document number>.jpg` (of a school without a list: the registry's number of the student), the list, `manifest.json` (of whom, how many), and `SHA256SUMS` with the hash of every
other file, as `sha256sum --check` reads it.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import IO, Any
from zipfile import ZIP_STORED, ZipFile

from django.utils.translation import gettext_lazy as _

from capture.portraits.standard import is_standard
from printing.handover import registry_list
from printing.handover.registry_list import Handed, Row
from schools.models import School

FOLDER, MANIFEST, SUMS = "portraits", "manifest.json", "SHA256SUMS"
PROBLEMS = {
    "no_number": _("The document number, or the registry's number, has been deleted."),
    "number_twice": _("Another student of the package has the same number."),
    "no_file": _("The file of the portrait is missing."),
    "not_standard": _("The portrait is not in the standard: JPEG of 480 × 640 px, 24 bit, 300 dpi, at most 40 KB."),
    "portrait_twice": _("Another student of the package has the same picture."),
}


class Doubtful(Exception):
    """Some students cannot be handed over as they are: [(student, key of PROBLEMS)]."""

    def __init__(self, problems: list[tuple[int, str]]) -> None:
        super().__init__(f"{len(problems)} students")
        self.problems = problems


@dataclass
class _Sum:
    """A file that is written from its beginning to its end, with the hash and the number of what went through."""

    out: IO[bytes]
    hash: Any = field(default_factory=hashlib.sha256)
    size: int = 0

    def write(self, data: bytes) -> int:
        self.out.write(data)
        self.hash.update(data)
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        self.out.flush()


def write(
    out: IO[bytes],
    students: Iterable[Handed],
    *,
    school: School,
    graduating_class: int,
    facts: dict[str, Any],
    read: Callable[[str], bytes],
    progress: Callable[[int], None],
) -> tuple[str, int]:
    """Write the ZIP; return its SHA-256 and its size in bytes.

    `facts` stand in the manifest. `read` returns a stored file. Raises Doubtful after the last student: then `out` holds
    nothing to use.
    """
    summed, rows = _Sum(out), _Rows()
    with ZipFile(summed, "w", ZIP_STORED) as archive:  # type: ignore[call-overload]
        for done, student in enumerate(students, start=1):
            data = rows.checked(student, read)
            if data is not None and not rows.problems:  # what is not used any more is not written
                _put(archive, rows.found[-1].file, data)
            progress(done)
        if rows.problems:
            raise Doubtful(rows.problems)
        with registry_list.write(rows.found, school=school, graduating_class=graduating_class) as file:
            listed = file.read()
        manifest = json.dumps(facts | rows.told(), ensure_ascii=False, indent=1).encode()
        sums = [(row.sha256, row.file) for row in rows.found]
        for name, content in ((registry_list.NAME, listed), (MANIFEST, manifest)):
            _put(archive, name, content)
            sums.append((hashlib.sha256(content).hexdigest(), name))
        _put(archive, SUMS, "".join(f"{digest}  {name}\n" for digest, name in sums).encode())
    return summed.hash.hexdigest(), summed.size


def _put(archive: ZipFile, name: str, data: bytes) -> None:
    with archive.open(name, "w") as entry:  # `writestr` would put the time of day into the file
        entry.write(data)


class _Rows:
    """The students so far; each is compared with those before."""

    def __init__(self) -> None:
        self.found: list[Row] = []
        self.problems: list[tuple[int, str]] = []
        self._files: dict[str, int] = {}
        self._pictures: dict[str, int] = {}

    def checked(self, student: Handed, read: Callable[[str], bytes]) -> bytes | None:
        """The portrait; None with a problem, which is remembered."""
        before = len(self.problems)
        file = f"{FOLDER}/{re.sub(r'[^0-9A-Za-z-]', '_', student.id_number)}.jpg"
        if not student.id_number:
            self._say(student.student, "no_number")
        else:
            self._once(self._files, file.casefold(), student.student, "number_twice")
        try:
            data = read(student.portrait)
        except FileNotFoundError:
            self._say(student.student, "no_file")
            return None
        if not is_standard(data):
            self._say(student.student, "not_standard")
        digest = hashlib.sha256(data).hexdigest()
        self._once(self._pictures, digest, student.student, "portrait_twice")
        if len(self.problems) > before:
            return None
        self.found.append(Row(student, file, digest))
        return data

    def told(self) -> dict[str, Any]:
        """How many, by which number their files are named, and which columns of the list are in stars or empty."""
        coded = sum(bool(row.handed.id_masked) for row in self.found)
        found: dict[str, Any] = {"students": len(self.found)}
        if coded:
            found |= {"named_by_registry_number": coded, "in_stars": ["姓名", "证件号码"]}
        columns = {heading: value for heading, _width, value in registry_list.COLUMNS if heading != "变更"}
        return found | {"empty": [name for name, value in columns.items() if not any(map(value, self.found))]}

    def _once(self, seen: dict[str, int], key: str, student: int, problem: str) -> None:
        """Both students are named when a second one has the same."""
        if key in seen:
            self._say(seen[key], problem)
            self._say(student, problem)
        seen.setdefault(key, student)

    def _say(self, student: int, problem: str) -> None:
        if (student, problem) not in self.problems:
            self.problems.append((student, problem))
