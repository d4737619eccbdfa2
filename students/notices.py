"""Telling students of the center's notices, and reminding those who have not read them."""

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Value
from django.db.models.fields import CharField
from django.db.models.functions import Cast, Concat
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext_lazy

from portal import history, notifications
from portal.background import jobs
from portal.models import Job, User
from portal.tenancy import school_scope
from schools.models import Notice, NoticeAddressee, NoticeReceipt
from schools.notices import publishing, reading
from students.models import Student
from students.privacy import erasure


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
    total = NoticeAddressee.objects.filter(notice=notice).count()
    jobs.create("notice_students", by=by, season=notice.season, total=total, params=params)


@jobs.handler("notice_students", label=gettext_lazy("Telling students of a notice"), queue="bulk")
def tell_students(job: Job) -> None:
    """School after school, in turns. Each is told in one transaction that also notes that it is done."""
    give_way = jobs.turn()
    notice = Notice.objects.get(pk=job.params["notice"])
    rows = NoticeAddressee.objects.filter(notice=notice).select_related("school").order_by("school_id")
    for done, row in enumerate(rows, start=1):
        if row.school_id > job.result.get("school", 0) and notice.status == Notice.Status.PUBLISHED:
            _tell_school(job, notice, row)
            jobs.progress(job, done)
            give_way()


def _tell_school(job: Job, notice: Notice, row: NoticeAddressee) -> None:
    is_reminder, day = job.params["reminder"], dt.date.fromisoformat(job.params["day"])
    with transaction.atomic():
        if not is_reminder or _is_first_today(row, day):
            kind = "notice_students_reminder" if is_reminder else "notice_students"
            with school_scope(row.school):
                told = waiting(notice, row) if is_reminder else _students(notice, row)
                parameters = {"title": notice.title}
                notifications.notify_many(told.iterator(), school=row.school, kind=kind, parameters=parameters)
        job.result = {"school": row.school_id}
        Job.objects.filter(pk=job.pk).update(result=job.result)


def _is_first_today(row: NoticeAddressee, day: dt.date) -> bool:
    rows = NoticeAddressee.objects.filter(pk=row.pk).exclude(students_reminded_on=day)
    return rows.update(students_reminded_on=day) == 1


def _students(notice: Notice, row: NoticeAddressee) -> QuerySet[Student]:
    found = Student.objects.filter(school=row.school_id, season=notice.season_id)
    return found.exclude(student_no__startswith=Student.ERASED_NUMBER).exclude(stage=Student.Stage.LEFT)


def waiting(notice: Notice, row: NoticeAddressee) -> QuerySet[Any]:
    """The students of the school who have not read the newest version, or not confirmed it where that is asked."""
    key = Concat(Value(reading.STUDENTS), Cast(OuterRef("pk"), CharField()))
    receipts = NoticeReceipt.objects.filter(notice=notice, reader_key=key, number__gte=notice.number)
    if notice.asks_confirmation:
        receipts = receipts.filter(confirmed_number__gte=notice.counts_from)
    return _students(notice, row).filter(~Exists(receipts))


@erasure.registers_eraser
def erase_receipts(student: Student, whole: bool) -> None:
    NoticeReceipt.objects.filter(reader_key=student.actor_key).delete()
