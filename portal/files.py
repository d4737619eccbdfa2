"""Private files: checked, recorded, then served by nginx (X-Accel-Redirect) or by Django."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import Model
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpResponse
from django.utils.http import content_disposition_header

from portal import history


@contextmanager
def kept_or_deleted() -> Iterator[list[FieldFile]]:
    """Files put into this list are deleted again when what follows fails: around a transaction, which only takes rows back."""
    saved: list[FieldFile] = []
    try:
        yield saved
    except BaseException:
        for file in saved:
            if file.name:
                file.storage.delete(file.name)
        raise


def store(row: Model, contents: Mapping[str, bytes], saved: list[FieldFile]) -> dict[str, str]:
    """Write each content as the file field of its name; the names under which they lie. The row itself is not changed, and what
    is written joins `saved` (of `kept_or_deleted`) at once."""
    fresh = type(row)(school_id=row.school_id)  # type: ignore[attr-defined]
    for name, content in contents.items():
        file: FieldFile = getattr(fresh, name)
        file.save("picture.jpg", ContentFile(content), save=False)
        saved.append(file)
    return {name: getattr(fresh, name).name for name in contents}


def delete(names: Iterable[str]) -> None:
    for name in names:
        if name:
            default_storage.delete(name)


def send(file: FieldFile, *, filename: str, content_type: str, download: bool = True) -> HttpResponse:
    """The response that carries a private file. The caller has checked that the person may have it."""
    if not file.name or not file.storage.exists(file.name):
        raise Http404
    response: Any
    if settings.X_ACCEL_PREFIX:
        response = HttpResponse(content_type=content_type)
        response["X-Accel-Redirect"] = settings.X_ACCEL_PREFIX + quote(file.name)
    else:
        response = FileResponse(file.open("rb"), content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(download, filename)
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def download(
    file: FieldFile, *, of: Any, by: history.Actor, filename: str, content_type: str, kind: str = ""
) -> HttpResponse:
    """Send a private file as a download, and record who took it."""
    response = send(file, filename=filename, content_type=content_type)
    history.record(kind or f"{of._meta.model_name}.downloaded", of, by=by, facts={"file": filename})
    return response
