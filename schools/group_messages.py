"""A message of the center to the schools of a filtered list, sent by a job to those at each who read messages."""

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import history, notifications, permissions
from portal.background import jobs
from portal.errors import NotAllowed, PortalError
from portal.models import Job, User
from schools.models import School

KIND = "schools_message"


def start(schools: Iterable[School], *, subject: str, body: str, by: User) -> Job:
    if not permissions.may(by.membership, "schools.message"):
        raise NotAllowed(_("You may not write to many schools."))
    ids = sorted(school.pk for school in schools)
    if not ids:
        raise PortalError(_("Nobody fits these filters. Choose others."))
    params = {"schools": ids, "subject": subject, "body": body}
    return jobs.create_alone(KIND, among=(KIND,), by=by, total=len(ids), params=params)


@jobs.handler(KIND, label=gettext_lazy("Message to schools"), queue="build")
def send(job: Job) -> None:
    """Each school is told and noted in one transaction, so that a second run tells nobody twice."""
    for done, pk in enumerate(job.params["schools"], start=1):
        _tell(job, School.objects.get(pk=pk))
        jobs.progress(job, done)


def _tell(job: Job, school: School) -> None:
    with transaction.atomic():
        row = Job.objects.select_for_update(of=("self",), no_key=True).get(pk=job.pk)
        told: list[int] = row.params.get("told", [])
        if school.pk in told:
            return
        by = job.created_by or history.SYSTEM
        text = {"subject": row.params["subject"], "body": row.params["body"], "sender": by.actor_name}
        number = len(notifications.notify_school(school, kind="message", season=job.season, parameters=text))
        history.record("school.messaged", school, by=by, facts={"count": number, "job": job.pk})
        job.params = row.params | {"told": [*told, school.pk]}
        Job.objects.filter(pk=job.pk).update(params=job.params)
