"""Stored files that no row names any more.

A process that is killed between writing a file and the commit leaves one. No page, no erasure and no
retention reaches it, so a job of the night deletes it.
"""

import datetime as dt
import heapq
from collections.abc import Iterable, Iterator

from django.apps import apps
from django.conf import settings
from django.db.models import FileField, Model
from django.db.models.functions import Collate
from django.utils import timezone
from django.utils.translation import gettext_lazy

from portal import files, history
from portal.background import jobs
from portal.models import Job
from portal.storages import Stored
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
    found = files.storage().drop_unfinished(before=before)
    for stored in unnamed():
        if stored.written_at < before and not _is_named(stored.name):
            files.delete([stored.name])
            found += 1
    return found


def unnamed() -> Iterator[Stored]:
    """The stored files that no row names: two sorted lists, merged. Needs a scope of all schools."""
    named = heapq.merge(*(_names_in_rows(model, field) for model, field in file_fields()))
    wanted = next(named, None)
    for stored in files.storage().listing():
        while wanted is not None and wanted < stored.name:
            wanted = next(named, None)
        if wanted != stored.name:
            yield stored


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
