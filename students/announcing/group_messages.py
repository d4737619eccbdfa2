"""A message to the students of a filtered list, written by the center or a school and sent by a job."""

from collections import Counter
from functools import partial
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
from students.announcing import telling
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
    """The history of each school says how many of its students were told."""
    if not job.result:
        telling.begin(job, told={})
    sender = job.created_by.actor_name if job.created_by else ""
    text = {"subject": job.params["subject"], "body": job.params["body"], "sender": sender}
    telling.tell_in_turns(job, selection.students_of(job), partial(_tell, job, text))
    with transaction.atomic():
        if telling.locked_result(job).get("is_recorded"):
            return
        told = job.result["told"]
        enrolments = Enrolment.objects.filter(season=job.season, school__in=told)
        lines = [(row, {"count": told[str(row.school_id)], "job": job.pk}) for row in enrolments]
        history.record_each("student.messaged_many", lines, by=job.created_by or history.SYSTEM)
        telling.note(job, job.result | {"is_recorded": True})


def _tell(job: Job, text: dict[str, str], students: list[Student]) -> dict[str, Any]:
    notifications.notify_many(students, school=None, kind="message", parameters=text)
    told = Counter(job.result["told"]) + Counter(str(student.school_id) for student in students)
    return {"told": dict(told)}
