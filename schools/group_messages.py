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
        raise PortalError(_("Nobody matches these filters. Choose others."))
    notifications.TO_MANY.count(by.pk)
    params = {"schools": ids, "subject": subject, "body": body}
    return jobs.create_alone(KIND, among=(KIND,), by=by, total=len(ids), params=params)


@jobs.handler(KIND, label=gettext_lazy("Message to schools"), queue="bulk")
def send(job: Job) -> None:
    """All schools are told and noted in one transaction, so that a second run tells nobody twice."""
    with transaction.atomic():
        row = Job.objects.select_for_update(of=("self",), no_key=True).get(pk=job.pk)
        if row.params.get("is_told"):
            return
        by = job.created_by or history.SYSTEM
        text = {"subject": row.params["subject"], "body": row.params["body"], "sender": by.actor_name}
        schools = School.objects.in_bulk(row.params["schools"])
        told = notifications.notify_schools(schools.values(), kind="message", season=job.season, parameters=text)
        facts = [(school, {"count": told.get(pk, 0), "job": job.pk}) for pk, school in schools.items()]
        history.record_each("school.messaged", facts, by=by)
        Job.objects.filter(pk=job.pk).update(params=row.params | {"is_told": True})
