"""How the jobs of the roster run, and what the timetable calls."""

import datetime as dt

from celery import shared_task
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy

from portal import history, jobs
from portal.models import Job
from portal.tenancy import system_scope
from students.models import RosterImport
from students.roster import import_jobs

FILE_DAYS = 30  # how long the file of an import is kept for mending its wrong rows


@shared_task
def purge_rosters() -> None:
    with system_scope():
        import_jobs.purge(older_than=timezone.now() - dt.timedelta(days=FILE_DAYS))


def _import_of(job: Job) -> RosterImport:
    return RosterImport.objects.select_related("school", "season").get(pk=job.params["roster"])


def _give_back(job: Job) -> None:
    with translation.override(job.params.get("language")):
        import_jobs.give_back(_import_of(job), message=job.message)


@jobs.handler("roster_read", label=gettext_lazy("Reading a roster"), on_failure=_give_back)
def read_roster(job: Job) -> None:
    with translation.override(job.params.get("language")):
        import_jobs.read(_import_of(job), progress=lambda done, total: jobs.progress(job, done, total))


@jobs.handler("roster_apply", label=gettext_lazy("Importing a roster"), on_failure=_give_back)
def apply_roster(job: Job) -> None:
    by = job.created_by or history.SYSTEM
    with translation.override(job.params.get("language")):
        import_jobs.write(_import_of(job), by=by, progress=lambda done, total: jobs.progress(job, done, total))
