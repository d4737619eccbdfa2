"""Private files: checked, recorded, then served by nginx (X-Accel-Redirect) or by Django."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpResponse
from django.utils.http import content_disposition_header

from schools import history


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
