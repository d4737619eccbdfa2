"""Files that jobs made about single students: archives of portraits, exports of lists.

They can be made again, so they are kept for days only, and none outlives the erasure of a student it may hold.
"""

import datetime as dt

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from portal import files, history
from portal.background import jobs
from portal.changes import states
from portal.models import Job


def _of_students() -> QuerySet[Job]:
    kinds = [kind for kind, handler in jobs.HANDLERS.items() if handler.holds_students]
    return Job.objects.filter(kind__in=kinds)


def old(before: dt.datetime) -> QuerySet[Job]:
    """The jobs that ended before this moment and still have their file."""
    return _of_students().filter(finished_at__lt=before).exclude(artefact="").exclude(artefact=None)


def delete_old(before: dt.datetime) -> int:
    rows = list(old(before))
    for row in rows:
        files.delete([row.artefact.name])
        Job.objects.filter(pk=row.pk).update(artefact="", artefact_size=0)
    return len(rows)


def withdraw(*, school_id: int, season_id: int) -> int:
    """End what may hold a student of this school and season who is being erased: finished files are deleted after the
    commit, jobs at work fail. Each job says why. Returns how many."""
    with transaction.atomic():
        found = _of_students().filter(Q(school=school_id) | Q(school=None), season=season_id)
        has_file = Q(status=Job.Status.DONE) & ~Q(artefact="") & Q(artefact__isnull=False)
        rows = list(
            found.filter(has_file | Q(status=Job.Status.RUNNING))
            .select_for_update(of=("self",), no_key=True)
            .order_by("pk")
        )
        for row in rows:
            message = _("A student was erased. This file may have held the student and was deleted: ask for it again.")
            if row.status == Job.Status.RUNNING:
                states.change(row, Job.Status.FAILED, by=history.SYSTEM, message=message, claimed_at=None)
                continue
            files.delete_after_commit([row.artefact.name])
            Job.objects.filter(pk=row.pk).update(artefact="", artefact_size=0, message=message)
    return len(rows)
