"""Telling students of the center's notices, and reminding those who have not read them."""

import datetime as dt
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext_lazy

from portal import history, notifications
from portal.background import jobs
from portal.models import Job, User
from schools.models import Notice, NoticeAddressee, NoticeReceipt
from schools.notices import publishing, reading
from students.announcing import telling
from students.models import Student, StudentsByStage
from students.privacy import erasure
from students.progress import STAGES_OF


@receiver(publishing.published)
def tell(notice: Notice, by: User, **_signal: Any) -> None:
    if notice.for_students:
        _start(notice, by=by, is_reminder=False)


@receiver(reading.reminded)
def remind(notice: Notice, by: User | history.System, **_signal: Any) -> None:
    if notice.for_students:
        _start(notice, by=by, is_reminder=True)


def _start(notice: Notice, *, by: User | history.System, is_reminder: bool) -> None:
    params = {"notice": notice.pk, "reminder": is_reminder, "day": timezone.localdate().isoformat()}
    schools = NoticeAddressee.objects.filter(notice=notice).values("school")
    total = StudentsByStage.number_of(season=notice.season, school__in=schools, stage__in=STAGES_OF["roster"])
    jobs.create("notice_students", by=by, season=notice.season, total=total, params=params)


@jobs.handler("notice_students", label=gettext_lazy("Telling students of a notice"), queue="bulk")
def tell_students(job: Job) -> None:
    notice = Notice.objects.select_related("season").get(pk=job.params["notice"])
    _begin(job, notice)
    if notice.status == Notice.Status.PUBLISHED:
        students = _students(notice).filter(school__in=job.result["schools"])
        telling.tell_in_turns(job, students, partial(_tell, notice, is_reminder=job.params["reminder"]))


def _begin(job: Job, notice: Notice) -> None:
    """Note the schools whose students are told: a reminder leaves out those that had one on its day."""
    if job.result:
        return
    with transaction.atomic():
        rows = NoticeAddressee.objects.filter(notice=notice)
        if job.params["reminder"]:
            day = dt.date.fromisoformat(job.params["day"])
            rows = rows.select_for_update(no_key=True, of=("self",))
            ids = [row.pk for row in rows if row.students_reminded_on != day]
            rows = NoticeAddressee.objects.filter(pk__in=ids)
            rows.update(students_reminded_on=day)
        telling.begin(job, schools=list(rows.order_by("school_id").values_list("school_id", flat=True)))


def _tell(notice: Notice, students: list[Student], *, is_reminder: bool) -> dict[str, Any]:
    kind = "notice_students_reminder" if is_reminder else "notice_students"
    told = _waiting(notice, students) if is_reminder else students
    notifications.notify_many(told, school=None, kind=kind, parameters={"title": notice.title})
    return {}


def _students(notice: Notice) -> QuerySet[Student]:
    found = Student.objects.filter(season=notice.season_id)
    return found.exclude(student_no__startswith=Student.ERASED_NUMBER).exclude(stage=Student.Stage.LEFT)


def _waiting(notice: Notice, students: list[Student]) -> list[Student]:
    """Those who have not read the newest version, or not confirmed it where that is asked."""
    keys = [student.actor_key for student in students]
    receipts = NoticeReceipt.objects.filter(notice=notice, reader_key__in=keys, number__gte=notice.number)
    if notice.asks_confirmation:
        receipts = receipts.filter(confirmed_number__gte=notice.counts_from)
    answered = set(receipts.values_list("reader_key", flat=True))
    return [student for student in students if student.actor_key not in answered]


@erasure.registers_eraser
def erase_receipts(student: Student, whole: bool) -> None:
    NoticeReceipt.objects.filter(reader_key=student.actor_key).delete()
