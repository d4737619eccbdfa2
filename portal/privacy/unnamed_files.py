"""Stored files that no row names any more.

A process that is killed between writing a file and the commit leaves one. No page, no erasure and no
retention reaches it, so a job of the night deletes it.
"""

import datetime as dt
import heapq
from collections.abc import Iterable, Iterator

from django.apps import apps
from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models import FileField, Model
from django.db.models.functions import Collate
from django.utils import timezone
from django.utils.translation import gettext_lazy

from portal import files, history
from portal.background import jobs
from portal.models import Job
from portal.tenancy import system_scope

KIND = "unnamed_files"


def start() -> Job:
    with system_scope():
        return jobs.create(KIND, by=history.SYSTEM)


@jobs.handler(KIND, label=gettext_lazy("Deleting files that nothing names"), queue="build")
def run(job: Job) -> None:
    with system_scope():  # in a school's, the files of all others would be unnamed
        job.result = {"files": delete(before=timezone.now() - dt.timedelta(days=settings.KEEP_UNNAMED_FILES_DAYS))}


def delete(*, before: dt.datetime) -> int:
    """Delete the unnamed files that were written before this moment; return how many."""
    found = 0
    for name in unnamed():
        if default_storage.get_modified_time(name) < before and not _is_named(name):
            files.delete([name])
            found += 1
    return found


def unnamed() -> Iterator[str]:
    """The names of stored files that no row has: two sorted lists, merged. Needs a scope of all schools."""
    named = heapq.merge(*(_names_in_rows(model, field) for model, field in file_fields()))
    wanted = next(named, None)
    for name in stored():
        while wanted is not None and wanted < name:
            wanted = next(named, None)
        if wanted != name:
            yield name


def file_fields() -> list[tuple[type[Model], str]]:
    return [
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, FileField)
    ]


def _names_in_rows(model: type[Model], field: str) -> Iterable[str]:
    """In the order of their bytes, which is that of Python's characters too."""
    rows = model._base_manager.exclude(**{field: ""}).exclude(**{field: None})
    return rows.order_by(Collate(field, "C")).values_list(field, flat=True).iterator(chunk_size=5000)


def _is_named(name: str) -> bool:
    """Asked once more, of the few: what is deleted does not come back."""
    return any(model._base_manager.filter(**{field: name}).exists() for model, field in file_fields())


def stored(folder: str = "") -> Iterator[str]:
    """The names of all stored files, sorted."""
    if not default_storage.exists(folder):  # nothing was stored there yet
        return
    folders, names = default_storage.listdir(folder)
    for name in sorted([*names, *(f"{inner}/" for inner in folders)]):
        if name.endswith("/"):
            yield from stored(f"{folder}{name}")
        else:
            yield f"{folder}{name}"
