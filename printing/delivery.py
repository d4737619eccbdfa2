"""Delivery (寄送): the center ships a school's sheets in one or several parcels; the school confirms each, and says whose
sheet is missing or damaged.
"""

import datetime as dt
from collections.abc import Collection

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.accounts import owing
from portal import history, notifications
from portal.changes import states
from portal.errors import Conflict, PortalError
from portal.models import User
from printing import print_runs
from printing.models import Again, PrintItem, PrintRun, SheetReport, Shipment, Volume
from schools.models import Enrolment
from students.correcting import corrections
from students.models import Student

# What the history says of the student, and of the parcel.
REPORTED_KINDS = {
    Again.MISSING: ("student.sheet_missing", "shipment.sheets_missing"),
    Again.DAMAGED: ("student.sheet_damaged", "shipment.sheets_damaged"),
}
# Of runs with their parcels: printed, and not all of it is in a parcel.
TO_SHIP = Q(printed_at__isnull=False) & (Q(has_unsent=True) | Q(has_parcel=False))


def with_parcels(runs: QuerySet[PrintRun]) -> QuerySet[PrintRun]:
    """The runs with `has_parcel`, `is_on_the_way` (one of its parcels) and `has_unsent` (a volume that is in no parcel)."""
    parcels = Shipment.objects.filter(run=OuterRef("pk"))
    return runs.annotate(
        has_parcel=Exists(parcels),
        is_on_the_way=Exists(parcels.filter(status=Shipment.Status.SHIPPED)),
        has_unsent=Exists(Volume.objects.filter(run=OuterRef("pk"), shipment=None)),
    )


def ship(
    run: PrintRun,
    *,
    carrier: str,
    tracking_no: str,
    shipped_on: dt.date,
    by: User,
    address: str = "",
    remarks: str = "",
    reason: str = "",
    volumes: Collection[int] | None = None,
) -> Shipment:
    """Record that sheets of a run were shipped: the volumes with these numbers, or all that are in no parcel yet.

    A run that is not marked as printed is marked now.

    `address` is the school's own when empty. Raises PortalError when they have been shipped, and for a school that
    owes as the season's rule says; `reason` is why its parcel goes all the same.
    """
    with transaction.atomic():
        run = PrintRun.objects.select_for_update(of=("self",), no_key=True).select_related("school").get(pk=run.pk)
        if run.printed_at is not None and not run.volumes.filter(shipment=None).exists():
            raise PortalError(_("This print run has been shipped already."))
        enrolment = Enrolment.objects.select_related("school", "season").get(pk=run.enrolment_id)
        owed = owing.check(enrolment, reason=reason)
        if run.printed_at is None:
            print_runs.mark_printed(run, by=by)
        sent = run.volumes.filter(shipment=None)
        if volumes is not None:
            sent = sent.filter(number__in=volumes)
            if not volumes or sent.count() != len(set(volumes)):
                raise Conflict(_("Choose volumes that are in no parcel yet."))
        shipment = Shipment.objects.create(
            school_id=run.school_id,
            season_id=run.season_id,
            run=run,
            carrier=carrier.strip(),
            tracking_no=tracking_no.strip(),
            address=address.strip() or run.school.address,
            shipped_on=shipped_on,
            remarks=remarks.strip(),
        )
        sent.update(shipment=shipment)
        history.record("shipment.shipped", shipment, by=by, after=shipment.status, facts={"run": run.pk} | owed)
        _move_on(run, Enrolment.Status.SHIPPED, by=by)
        _notify_school(shipment)
    return shipment


def _notify_school(shipment: Shipment) -> None:
    parcel = {"carrier": shipment.carrier, "number": shipment.tracking_no}
    notifications.notify_school(shipment.school, season=shipment.season, kind="shipment.shipped", parameters=parcel)


def items_of(shipment: Shipment) -> QuerySet[PrintItem]:
    """The students whose sheets are in this parcel."""
    numbers = Volume.objects.filter(shipment=shipment).values("number")
    return PrintItem.objects.filter(run=shipment.run_id, volume__in=numbers)


def receive(shipment: Shipment, *, received_by: str, by: User, remarks: str = "") -> Shipment:
    """The school confirms the parcel. Its students' photos are delivered from then on; `remarks` go to who ships."""
    with transaction.atomic():
        states.change(
            shipment,
            Shipment.Status.RECEIVED,
            by=by,
            received_at=timezone.now(),
            received_by_name=received_by.strip() or by.actor_name,
            remarks=remarks.strip() or shipment.remarks,
        )
        if remarks.strip():
            notifications.notify_center(
                kind="shipment.remarked",
                season=shipment.season,
                parameters={"school": shipment.school.name, "remarks": remarks.strip()},
                link=f"/center/printing/{shipment.run_id}/",
            )
        delivered = _deliver(shipment, Student.objects.filter(pk__in=_counting(shipment).values("student")), by=by)
        told = Student.objects.filter(pk__in=delivered).only("school", "email", "phone", "language")
        notifications.notify_many(told, school=shipment.school, kind="shipment.received")
        on_the_way = Shipment.objects.filter(
            run__enrolment=shipment.run.enrolment_id, status=Shipment.Status.SHIPPED
        ).exists()
        if not on_the_way and not Volume.objects.filter(run=shipment.run_id, shipment=None).exists():
            _move_on(shipment.run, Enrolment.Status.RECEIVED, by=by)
    return shipment


def _deliver(shipment: Shipment, students: QuerySet[Student], *, by: User) -> list[int]:
    return states.change_many(students, Student.Stage.DELIVERED, by=by, facts={"shipment": shipment.pk})


def _counting(shipment: Shipment) -> QuerySet[PrintItem]:
    """The sheets of a parcel that no later run replaces."""
    # Later runs of a school are few and small. Asked once and not for each sheet: of a run that was just made PostgreSQL
    # does not know yet how many sheets it has, and would read all of them for each one.
    later = PrintItem.objects.filter(run__enrolment=shipment.run.enrolment_id, run__gt=shipment.run_id)
    return items_of(shipment).exclude(student__in=later.values("student"))


def reportable(shipment: Shipment) -> QuerySet[PrintItem]:
    """The sheets of a parcel that may be reported: not whose student waits for another sheet already."""
    stages = (Student.Stage.PRINTED, Student.Stage.DELIVERED)
    return _counting(shipment).filter(student__stage__in=stages)


def report(shipment: Shipment, *, students: Collection[int], reason: str, by: User) -> int:
    """Say that the sheets of these students are missing in the parcel or damaged, before or after it is confirmed.

    Each is printed again with the next run that holds the student. Returns how many. Raises PortalError when none of
    them has a sheet in it that counts.
    """
    with transaction.atomic():
        found = reportable(shipment).filter(student__in=list(students)).values("student")
        rows = Student.objects.filter(pk__in=found)
        kind, of_parcel = REPORTED_KINDS[Again(reason)]
        told = states.change_many(
            rows, Student.Stage.PROOFED, by=by, kind=kind, facts={"shipment": shipment.pk, "run": shipment.run_id}
        )
        if not told:
            raise PortalError(
                _("None of these students has a sheet in this parcel that can be reported; see its state.")
            )
        SheetReport.objects.bulk_create(
            SheetReport(
                school_id=shipment.school_id,
                season_id=shipment.season_id,
                shipment=shipment,
                student_id=student,
                reason=reason,
                reported_by_name=by.actor_name,
            )
            for student in told
        )
        history.record(of_parcel, shipment, by=by, facts={"students": len(told)})
        notifications.notify_center(
            kind="shipment.lacking",
            season=shipment.season,
            parameters={"school": shipment.school.name, "n": len(told)},
        )
    return len(told)


def withdraw(report: SheetReport, *, by: User) -> SheetReport:
    """The sheet was found: it is not printed again.

    Raises PortalError once it stands in a run, and when the student's data were corrected meanwhile.
    """
    with transaction.atomic():
        student = Student.objects.select_for_update(of=("self",), no_key=True).get(pk=report.student_id)
        if PrintItem.objects.filter(student=student, run__printed_at=None).exists():
            raise PortalError(_("This sheet is being printed already. Destroy the one that is not needed."))
        since = corrections.accepted_since(report.reported_at, school=report.school, season=report.season)
        if since.filter(student=student).exists():
            raise PortalError(_("The student's data were corrected meanwhile: the sheet is printed again for that."))
        states.change(report, SheetReport.Status.WITHDRAWN, by=by)
        one, facts = Student.objects.filter(pk=student.pk), {"run": report.shipment.run_id}
        if not states.change_many(one, Student.Stage.PRINTED, by=by, kind="student.sheet_found", facts=facts):
            raise Conflict
        if report.shipment.status == Shipment.Status.RECEIVED:
            _deliver(report.shipment, one, by=by)
    return report


def _move_on(run: PrintRun, to: str, *, by: User) -> None:
    """Change the enrolment's state, unless it has a later one already (a supplement)."""
    enrolment = Enrolment.objects.get(pk=run.enrolment_id)
    if states.may(enrolment, to):
        states.change(enrolment, to, by=by)
