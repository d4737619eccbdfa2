"""Jobs of a roster import."""

from django.utils import translation
from django.utils.translation import gettext_lazy

from portal import history
from portal.background import jobs
from portal.models import Job
from students.models import RosterBundle, RosterImport
from students.roster import bundles, roster_imports


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


def _refuse_bundle(job: Job) -> None:
    row = RosterBundle.objects.get(pk=job.params["bundle"])
    if row.status == RosterBundle.Status.READING:
        bundles.refuse(row, message=job.message)


@jobs.handler(
    bundles.KIND, label=gettext_lazy("Dividing a roster of several schools"), queue="imports", on_failure=_refuse_bundle
)
def divide_roster(job: Job) -> None:
    row = RosterBundle.objects.select_related("season").get(pk=job.params["bundle"])
    assert job.created_by
    with translation.override(job.params.get("language")):
        bundles.divide(row, by=job.created_by, progress=lambda done, total: jobs.progress(job, done, total))


@jobs.handler("roster_apply", label=gettext_lazy("Importing a roster"), queue="imports", on_failure=_handle_failure)
def apply_roster(job: Job) -> None:
    by = job.created_by or history.SYSTEM
    with translation.override(job.params.get("language")):
        row = roster_imports.write_import(
            _import_of(job), by=by, progress=lambda done, total: jobs.progress(job, done, total)
        )
        _say_cancelled(job, row)
