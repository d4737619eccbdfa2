"""The numbers of faces: stored encrypted, searched in memory.

A worker keeps the faces of the schools it worked for last as a matrix: 15 MB for 30,000. What was added since is
read before each search; when something was deleted, all is read anew. Nothing of it is written anywhere.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection

from capture.models import FaceNumbers, Photo
from portal.security import encryption
from portal.security.encryption import Place
from students.models import Student
from students.privacy import rotation
from vision.likeness import face_embedding

KEPT_SCHOOLS = 3
BATCH = 500


def place_of(student_id: int, photo_id: int | None) -> Place:
    return Place("facenumbers.sealed", f"{student_id}/{photo_id or 'admission'}")


def store(numbers: np.ndarray, *, student: Student, photo: Photo | None) -> FaceNumbers:
    """Keep the numbers of a photo, or (None) of the admission photo, in place of earlier ones."""
    FaceNumbers.objects.filter(student=student, photo=photo).delete()
    sealed = encryption.encrypt_bytes(
        face_embedding.to_bytes(numbers), place_of(student.pk, photo.pk if photo else None)
    )
    return FaceNumbers.objects.create(
        student=student, school_id=student.school_id, season_id=student.season_id, photo=photo, sealed=sealed
    )


def stored(student_id: int, photo_id: int | None) -> np.ndarray | None:
    row = FaceNumbers.objects.filter(student=student_id, photo=photo_id).first()
    return None if row is None else _opened([(row.sealed, student_id, photo_id)])[0]


def _opened(rows: Sequence[tuple[bytes | memoryview, int, int | None]]) -> np.ndarray:
    """float32 (n, 128)."""
    return face_embedding.from_bytes(
        *(encryption.decrypt_bytes(bytes(sealed), place_of(student, photo)) for sealed, student, photo in rows)
    )


def count_by_version() -> dict[int, int]:
    """{version of the key: faces}."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT get_byte(sealed, 0), count(*) FROM capture_facenumbers GROUP BY 1 ORDER BY 1")
        return dict(cursor.fetchall())


def rewrite() -> list[int]:
    """Encrypt with the newest key what older ones have written; the ids of rows that cannot be read."""
    damaged: list[int] = []
    after, current = 0, encryption.current_version()
    while rows := list(FaceNumbers.objects.filter(pk__gt=after).order_by("pk")[:BATCH]):
        after = rows[-1].pk
        new = []
        for row in rows:
            if encryption.version_of(row.sealed) == current:
                continue
            place = place_of(row.student_id, row.photo_id)
            try:
                row.sealed = encryption.encrypt_bytes(encryption.decrypt_bytes(bytes(row.sealed), place), place)
            except encryption.Unreadable:
                damaged.append(row.pk)
            else:
                new.append(row)
        FaceNumbers.objects.bulk_update(new, ["sealed"])
    return damaged


rotation.registers("faces", count_by_version, rewrite)


@dataclass
class Faces:
    """The faces of a school in a season. `photos`: 0 for an admission photo.

    The arrays are views of larger ones, so that a face more does not copy all of them.
    """

    students: np.ndarray
    photos: np.ndarray
    numbers: np.ndarray
    newest: int = 0

    @classmethod
    def none(cls) -> "Faces":
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, face_embedding.NUMBERS), np.float32))

    def add(self, rows: Sequence[tuple[int, bytes | memoryview, int, int | None]]) -> None:
        self.students = _grown(self.students, np.array([row[2] for row in rows], np.int64))
        self.photos = _grown(self.photos, np.array([row[3] or 0 for row in rows], np.int64))
        self.numbers = _grown(self.numbers, _opened([row[1:] for row in rows]))
        self.newest = max(self.newest, *(row[0] for row in rows))

    def nearest_admission(self, numbers: np.ndarray, *, but: int) -> tuple[int, float] | None:
        """(student, distance) of the nearest admission photo of another student."""
        return self._nearest(numbers, (self.photos == 0) & (self.students != but))

    def nearest_photos(self, numbers: np.ndarray, *, but: int, limit: float, most: int) -> list[tuple[int, int, float]]:
        """(student, photo, distance) of other students' photos within the limit, one a student, the nearest first."""
        distances = self._distances(numbers)
        candidates = np.flatnonzero((self.photos != 0) & (self.students != but) & (distances < limit))
        found: dict[int, tuple[int, int, float]] = {}
        for row in candidates[np.argsort(distances[candidates])]:
            student = int(self.students[row])
            found.setdefault(student, (student, int(self.photos[row]), float(distances[row])))
            if len(found) == most:
                break
        return list(found.values())

    def of_photos(self, student: int) -> np.ndarray:
        """The numbers of a student's photos."""
        return self.numbers[(self.students == student) & (self.photos != 0)]

    def _nearest(self, numbers: np.ndarray, among: np.ndarray) -> tuple[int, float] | None:
        rows = np.flatnonzero(among)
        if not len(rows):
            return None
        distances = self._distances(numbers)[rows]
        best = int(distances.argmin())
        return int(self.students[rows[best]]), float(distances[best])

    def _distances(self, numbers: np.ndarray) -> np.ndarray:
        """Of vectors of length 1."""
        found: np.ndarray = np.sqrt(np.maximum(2 - 2 * (self.numbers @ numbers), 0))
        return found


def _grown(known: np.ndarray, added: np.ndarray) -> np.ndarray:
    """Both behind each other, in the array of which `known` is the beginning, or in one twice as long."""
    size, whole = len(known) + len(added), known.base
    if whole is None or len(whole) < size:
        whole = np.empty((2 * size, *known.shape[1:]), known.dtype)
        whole[: len(known)] = known
    whole[len(known) : size] = added
    return whole[:size]


_kept: OrderedDict[tuple[int, int], Faces] = OrderedDict()


def faces_of(school_id: int, season_id: int) -> Faces:
    """All faces of a school, as they are in the database now."""
    key = (school_id, season_id)
    rows = FaceNumbers.objects.filter(school=school_id, season=season_id)
    faces = _kept.pop(key, None) or Faces.none()
    now = rows.filter(pk__lte=faces.newest).count()
    if now != len(faces.students):
        faces = Faces.none()
    added = list(rows.filter(pk__gt=faces.newest).order_by("pk").values_list("pk", "sealed", "student_id", "photo_id"))
    if added:
        faces.add(added)
    _kept[key] = faces
    while len(_kept) > KEPT_SCHOOLS:
        _kept.popitem(last=False)
    return faces
