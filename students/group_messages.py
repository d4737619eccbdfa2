"""A message to the students of a filtered list, written by the center or a school and sent by a job."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import history, notifications, permissions
from portal.background import jobs
from portal.errors import NotAllowed, PortalError
from portal.models import Job, User
from schools.models import Enrolment, School, Season
from students.lists import selection
from students.models import Student

KIND = "students_message"


def start(
    students: QuerySet[Student],
    asked: Any,
    *,
    subject: str,
    body: str,
    school: School | None,
    season: Season,
    by: User,
) -> Job:
    """The job that tells `students`, whom the filters `asked` find. Without a school, those of all schools."""
    if not permissions.may(by.membership, "students.message"):
        raise NotAllowed(_("You may not write to many students."))
    total = students.count()
    if not total:
        raise PortalError(_("Nobody matches these filters. Choose others."))
    notifications.TO_MANY.count(by.pk)
    whom = selection.as_params(students, asked, total)
    text = {"subject": subject, "body": body}
    return jobs.create_alone(KIND, among=(KIND,), by=by, school=school, season=season, total=total, params=whom | text)


@jobs.handler(KIND, label=gettext_lazy("Message to students"), queue="bulk")
def send(job: Job) -> None:
    """School by school, in turns. Each school is told and noted in one transaction, so that a second run tells nobody twice."""
    assert job.season
    students, give_way = selection.students_of(job), jobs.turn()
    for pk in students.order_by("school_id").values_list("school_id", flat=True).distinct():
        if str(pk) not in job.params.get("told", {}):
            _tell_school(job, School.objects.get(pk=pk), students.filter(school_id=pk))
            jobs.progress(job, min(_count_told(job), job.total))
            give_way()
    job.result = {"told": _count_told(job)}


def _count_told(job: Job) -> int:
    told: dict[str, int] = job.params.get("told", {})
    return sum(told.values())


def _tell_school(job: Job, school: School, students: QuerySet[Student]) -> None:
    with transaction.atomic():
        row = Job.objects.select_for_update(of=("self",), no_key=True).get(pk=job.pk)
        told: dict[str, int] = row.params.get("told", {})
        if str(school.pk) in told:  # by another worker, which was thought lost
            job.params = row.params
            return
        sender = job.created_by.actor_name if job.created_by else ""
        text = {"subject": row.params["subject"], "body": row.params["body"], "sender": sender}
        number = notifications.notify_many(students.iterator(2000), school=school, kind="message", parameters=text)
        enrolment = Enrolment.objects.get(school=school, season=job.season)
        facts = {"count": number, "job": job.pk}
        history.record("student.messaged_many", enrolment, by=job.created_by or history.SYSTEM, facts=facts)
        told |= {str(school.pk): number}
        Job.objects.filter(pk=job.pk).update(params=row.params | {"told": told})
        job.params = row.params | {"told": told}
