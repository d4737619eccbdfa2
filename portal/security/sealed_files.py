"""Files that lie encrypted on the disk, each bound to its place: read, counted by key, and written with a new one."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Model, QuerySet
from django.db.models.fields.files import FieldFile

from portal import files
from portal.security import encryption


@dataclass(frozen=True)
class SealedFiles:
    """The files in one field of a model. `rows` is asked in the scope of whoever calls."""

    rows: Callable[[], QuerySet[Any]]
    field: str
    place_of: Callable[[Any], encryption.Place]

    def store(self, row: Model, content: bytes, *, write: files.Writer, filename: str) -> dict[str, Any]:
        """Write the file; the new values of the row."""
        return write.store(row, {self.field: encryption.encrypt_bytes(content, self.place_of(row))}, filename=filename)

    def store_each(
        self, contents: Sequence[tuple[Model, bytes]], *, write: files.Writer, filename: str
    ) -> list[dict[str, Any]]:
        """The same for many rows."""
        sealed = [(row, {self.field: encryption.encrypt_bytes(each, self.place_of(row))}) for row, each in contents]
        return write.store_each(sealed, filename=filename)

    def content_of(self, row: Model) -> bytes:
        """What is in it; empty where there is none (any more)."""
        sealed = files.content_of(self._file(row).name)
        return b"" if sealed is None else encryption.decrypt_bytes(sealed, self.place_of(row))

    def version_of(self, row: Model) -> int | None:
        """The version of the key that wrote it; None without a file."""
        begin = files.beginning_of(self._file(row).name)
        return encryption.version_of(begin) if begin else None

    def count_by_version(self) -> dict[int, int]:
        """{version of the key: files}."""
        found = Counter(version for row in self._kept() if (version := self.version_of(row)))
        return dict(sorted(found.items()))

    def rewrite(self) -> list[int]:
        """Encrypt with the newest key what older ones have written; the ids of rows whose file cannot be read.

        A file that is replaced or deleted meanwhile is left as it is then.
        """
        damaged = []
        for row in self._kept():
            if self.version_of(row) in (None, encryption.current_version()):
                continue
            try:
                content = self.content_of(row)
            except encryption.Unreadable:
                damaged.append(row.pk)
                continue
            name = self._file(row).name
            with files.writing() as write:
                new = self.store(row, content, write=write, filename=self.field)
                with transaction.atomic():
                    mine = self.rows().filter(pk=row.pk, **{self.field: name})
                    replaced = name if mine.update(**new) else new[self.field]
                    files.delete_after_commit([replaced])
        return damaged

    def _file(self, row: Model) -> FieldFile:
        file: FieldFile = getattr(row, self.field)
        return file

    def _kept(self) -> Iterator[Any]:
        return self.rows().exclude(**{self.field: ""}).order_by("pk").iterator()
