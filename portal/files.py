"""Private files: storing them with the row that names them, deleting them, and sending them to
people.

Nothing else writes or deletes a stored file. A transaction that fails restores rows but not files, so files are written
inside `writing()`; and before the transaction, because a bucket may take seconds and whoever needs a locked row would
wait as long:

    with files.writing() as write:
        new = write.store(photo, {"portrait": jpeg})  # {"portrait": its name, "portrait_size": its bytes}
        with transaction.atomic():
            Photo.objects.filter(pk=photo.pk).update(**new)
            files.delete_after_commit([photo.portrait.name])
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import IO, Any, cast

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage, default_storage
from django.db import transaction
from django.db.models import FileField, Model
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpResponse
from django.utils.http import content_disposition_header

from portal import history
from portal.storages import PrivateStorage

AT_ONCE = 8  # files that are written at the same time


def storage() -> PrivateStorage:
    return cast(PrivateStorage, default_storage)


class Writer:
    """Keeps a list of the files it has written, to delete them when the transaction fails."""

    def __init__(self) -> None:
        self._written: list[tuple[Model, str, Storage, str]] = []

    def store(
        self, row: Model, contents: Mapping[str, bytes | IO[bytes]], *, filename: str = "picture.jpg"
    ) -> dict[str, Any]:
        """Write {file field: content}; return the new values for the row, which is not changed
        itself.

        The values are the stored name of each file, and its size in bytes as `<field>_size`.
        """
        values: dict[str, Any] = {}
        for name, content in contents.items():
            field: FileField = type(row)._meta.get_field(name)  # type: ignore[assignment]
            file: File = ContentFile(content) if isinstance(content, bytes) else File(content)
            size = len(content) if isinstance(content, bytes) else content.seek(0, os.SEEK_END)
            path = field.storage.save(field.generate_filename(row, filename), file, max_length=field.max_length)
            self._written.append((row, name, field.storage, path))
            values |= {name: path, f"{name}_size": size}
        return values

    def store_each(
        self, contents: Sequence[tuple[Model, Mapping[str, bytes | IO[bytes]]]], *, filename: str = "picture.jpg"
    ) -> list[dict[str, Any]]:
        """As `store`, for many rows: what the disk or the bucket takes for one file, it takes for several at once."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(lambda each: self.store(*each, filename=filename), contents))

    def delete_written(self) -> None:
        """Delete what no row names.

        What failed after the commit, such as deleting a replaced file, undoes nothing.
        """
        while self._written:
            row, name, storage, path = self._written.pop()
            if row.pk is None or not type(row)._base_manager.filter(pk=row.pk, **{name: path}).exists():
                storage.delete(path)


@contextmanager
def writing() -> Iterator[Writer]:
    """Delete the files written inside the block if it raises.

    Put it around the outermost transaction: it does not notice when an outer transaction fails
    later.
    """
    writer = Writer()
    try:
        yield writer
    except BaseException:
        writer.delete_written()
        raise


def put_back(name: str, content: IO[bytes]) -> None:
    """Store a copy under the name that it had, for the rows that name it."""
    default_storage.save(name, File(content))


def delete(names: Iterable[str | None]) -> None:
    for name in names:
        if name:
            default_storage.delete(name)


def delete_after_commit(names: Iterable[str | None]) -> None:
    """Delete files that this transaction replaces. Until the commit the row still names them."""
    transaction.on_commit(lambda kept=list(names): delete(kept))  # type: ignore[misc]


def read(name: str) -> bytes:
    """What is in a stored file. Raises FileNotFoundError."""
    return storage().read(name)


@contextmanager
def reading_ahead(names: Iterable[str]) -> Iterator[Callable[[str], bytes]]:
    """A `read` for whoever asks for these files in this order. From a bucket the next few are read meanwhile, so that
    nobody waits for each answer; no more than these few are in memory.
    """
    together = storage().together
    if together < 2:
        yield read
        return
    coming, waiting = iter(names), deque[tuple[str, Future[bytes]]]()
    pool = ThreadPoolExecutor(together, thread_name_prefix="reading ahead")

    def begin() -> None:
        for name in islice(coming, together - len(waiting)):
            waiting.append((name, pool.submit(read, name)))

    def read_next(name: str) -> bytes:
        begin()
        if not waiting or waiting[0][0] != name:
            return read(name)
        _name, answer = waiting.popleft()
        begin()
        return answer.result()

    try:
        yield read_next
    finally:
        pool.shutdown(cancel_futures=True)


def content_of(name: str | None) -> bytes | None:
    """The same; None where there is none (any more)."""
    try:
        return read(name) if name else None
    except FileNotFoundError:
        return None


def beginning_of(name: str | None) -> bytes | None:
    """The first byte of a stored file; None where there is none (any more)."""
    if not name:
        return None
    try:
        content, _size = storage().stream(name)
    except FileNotFoundError:
        return None
    with content:
        return content.read(1)


def send(file: FieldFile, *, filename: str, content_type: str, download: bool = True) -> HttpResponse:
    """The response with a private file, sent by nginx (X-Accel-Redirect) or by Django.

    Raises Http404 without a file.

    The caller must have checked that the person may have it.
    """
    if not file.name:
        raise Http404
    response: Any
    try:
        if settings.X_ACCEL_PREFIX:
            response = HttpResponse(content_type=content_type)
            storage().tell_nginx(response, file.name)
        else:
            content, size = storage().stream(file.name)
            response = FileResponse(content, content_type=content_type)
            response["Content-Length"] = str(size)
    except FileNotFoundError as error:
        raise Http404 from error
    response["Content-Disposition"] = content_disposition_header(download, filename)
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def attachment(content: bytes, *, filename: str, content_type: str) -> HttpResponse:
    """The response that downloads `content`, which is made for this request and not stored."""
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(True, filename)
    response["Cache-Control"] = "private, no-store"
    return response


def download(
    file: FieldFile, *, of: Any, by: history.Actor, filename: str, content_type: str, kind: str = ""
) -> HttpResponse:
    """Send a private file as a download, and record in the history who downloaded it."""
    response = send(file, filename=filename, content_type=content_type)
    history.record(kind or f"{of._meta.model_name}.downloaded", of, by=by, facts={"file": filename})
    return response
