"""Whose sheet is printed once more (重印), and why: corrected after printing, or reported as missing or damaged."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from printing.models import Again, SheetReport
from schools.models import Enrolment, Season
from students.correcting import corrections
from students.models import Correction, Student

PRINT_ORDER = ("student__college", "student__major", "student__class_name", "student__student_no", "id")


def corrections_waiting(enrolment: Enrolment) -> QuerySet[Correction]:
    """The corrections of printed students whose sheet is not printed again yet, in the order of the sheets."""
    rows = corrections.waiting_for_print().filter(
        student__school=enrolment.school_id, student__season=enrolment.season_id
    )
    return rows.order_by(*PRINT_ORDER)


def reports_waiting(enrolment: Enrolment) -> QuerySet[SheetReport]:
    """The missing and damaged sheets that are not printed again yet, in the order of the sheets."""
    rows = SheetReport.objects.filter(
        school=enrolment.school_id, season=enrolment.season_id, status=SheetReport.Status.REPORTED
    )
    return rows.order_by(*PRINT_ORDER)


def reasons(enrolment: Enrolment) -> dict[int, str]:
    """{student: why the sheet is printed again}. A correction counts before a report."""
    reported = dict(reports_waiting(enrolment).values_list("student", "reason"))
    return reported | dict.fromkeys(corrections_waiting(enrolment).values_list("student", flat=True), Again.CORRECTED)


def students_waiting(season: Season) -> Any:
    """The ids of the students whose sheet is not printed again yet, for `pk__in`."""
    reported = SheetReport.objects.filter(season=season, status=SheetReport.Status.REPORTED)
    corrected = corrections.waiting_for_print().filter(student__season=season)
    return corrected.order_by().values("student").union(reported.order_by().values("student"))


def students(season: Season | None) -> QuerySet[Student]:
    """All whose sheet is to be printed again or was: `is_waiting`, and `is_missing`, `is_damaged`, `is_corrected`."""
    reports = SheetReport.objects.exclude(status=SheetReport.Status.WITHDRAWN).filter(season=season).order_by()
    corrected = Correction.objects.filter(student__season=season, to_print_again=True).order_by()
    rows = Student.objects.filter(pk__in=corrected.values("student").union(reports.values("student")))
    of_this = reports.filter(student=OuterRef("pk"))
    waiting_report = Exists(of_this.filter(status=SheetReport.Status.REPORTED))
    waiting_correction = Exists(corrections.waiting_for_print().filter(student=OuterRef("pk")))
    return rows.annotate(
        is_waiting=waiting_report | waiting_correction,
        is_missing=Exists(of_this.filter(reason=Again.MISSING)),
        is_damaged=Exists(of_this.filter(reason=Again.DAMAGED)),
        is_corrected=Exists(corrected.filter(student=OuterRef("pk"))),
    )


@dataclass(frozen=True)
class Cause:
    """One reason why a student's sheet is printed again. `field`: what was corrected."""

    student: int
    reason: Again
    at: dt.datetime
    is_done: bool
    field: str = ""
    by: str = ""


def causes(ids: Collection[int]) -> dict[int, list[Cause]]:
    """{student: its causes, the newest first}. Two queries."""
    found = [
        Cause(
            row.student_id, Again.CORRECTED, row.decided_at, row.printed_again_at is not None, row.get_field_display()
        )
        for row in Correction.objects.filter(student__in=ids, to_print_again=True)
        if row.decided_at
    ]
    reports = SheetReport.objects.filter(student__in=ids).exclude(status=SheetReport.Status.WITHDRAWN)
    found += [
        Cause(
            row.student_id,
            Again(row.reason),
            row.reported_at,
            row.status == SheetReport.Status.PRINTED,
            by=row.reported_by_name,
        )
        for row in reports
    ]
    grouped: dict[int, list[Cause]] = {}
    for cause in sorted(found, key=lambda cause: cause.at, reverse=True):
        grouped.setdefault(cause.student, []).append(cause)
    return grouped
