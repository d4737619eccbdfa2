"""Jobs of a roster import."""

from django.utils import translation
from django.utils.translation import gettext_lazy

from portal import history
from portal.background import jobs
from portal.models import Job
from students.models import RosterImport
from students.roster import roster_imports


def _import_of(job: Job) -> RosterImport:
    return RosterImport.objects.select_related("school", "season").get(pk=job.params["roster"])


def _handle_failure(job: Job) -> None:
    with translation.override(job.params.get("language")):
        roster_imports.handle_failed_job(_import_of(job), message=job.message)


def _say_cancelled(job: Job, row: RosterImport) -> None:
    if row.status == RosterImport.Status.CANCELLED:
        job.message = row.message


@jobs.handler("roster_read", label=gettext_lazy("Reading a roster"), queue="imports", on_failure=_handle_failure)
def read_roster(job: Job) -> None:
    with translation.override(job.params.get("language")):
        row = roster_imports.read_import(_import_of(job), progress=lambda done, total: jobs.progress(job, done, total))
        _say_cancelled(job, row)


@jobs.handler("roster_apply", label=gettext_lazy("Importing a roster"), queue="imports", on_failure=_handle_failure)
def apply_roster(job: Job) -> None:
    by = job.created_by or history.SYSTEM
    with translation.override(job.params.get("language")):
        row = roster_imports.write_import(
            _import_of(job), by=by, progress=lambda done, total: jobs.progress(job, done, total)
        )
        _say_cancelled(job, row)
