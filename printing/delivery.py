"""Delivery (寄送): the center ships a school's sheets, and the school confirms that they arrived."""

import datetime as dt

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.accounts import owing
from portal import history, notifications
from portal.changes import states
from portal.errors import PortalError
from portal.models import User
from printing import print_runs
from printing.models import PrintItem, PrintRun, Shipment
from schools.models import Enrolment
from students.models import Student


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
) -> Shipment:
    """Record that the sheets of a run were shipped.

    A run that is not marked as printed is marked now.

    `address` is the school's own when empty. Raises PortalError when the run has been shipped, and for a school that
    owes as the season's rule says; `reason` is why its parcel goes all the same.
    """
    with transaction.atomic():
        run = PrintRun.objects.select_for_update(of=("self",), no_key=True).select_related("school").get(pk=run.pk)
        if Shipment.objects.filter(run=run).exists():
            raise PortalError(_("This print run has been shipped already."))
        enrolment = Enrolment.objects.select_related("school", "season").get(pk=run.enrolment_id)
        owed = owing.check(enrolment, reason=reason)
        if run.printed_at is None:
            print_runs.mark_printed(run, by=by)
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
        history.record("shipment.shipped", shipment, by=by, after=shipment.status, facts={"run": run.pk} | owed)
        _move_on(run, Enrolment.Status.SHIPPED, by=by)
        _notify_school(shipment)
    return shipment


def _notify_school(shipment: Shipment) -> None:
    parcel = {"carrier": shipment.carrier, "number": shipment.tracking_no}
    notifications.notify_school(shipment.school, season=shipment.season, kind="shipment.shipped", parameters=parcel)


def receive(shipment: Shipment, *, received_by: str, by: User, remarks: str = "") -> Shipment:
    """The school confirms the parcel. Its students' photos are delivered from then on; `remarks` of what is missing or
    damaged go to who ships.
    """
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
        # Not who is printed again meanwhile: the sheet in this parcel is not the one that counts.
        later = PrintItem.objects.filter(student=OuterRef("pk"), run__gt=shipment.run_id)
        students = Student.objects.filter(prints__run=shipment.run_id).exclude(Exists(later))
        delivered = states.change_many(students, Student.Stage.DELIVERED, by=by, facts={"shipment": shipment.pk})
        told = Student.objects.filter(pk__in=delivered)
        notifications.notify_many(told, school=shipment.school, kind="shipment.received")
        if not Shipment.objects.filter(
            run__enrolment=shipment.run.enrolment_id, status=Shipment.Status.SHIPPED
        ).exists():
            _move_on(shipment.run, Enrolment.Status.RECEIVED, by=by)
    return shipment


def _move_on(run: PrintRun, to: str, *, by: User) -> None:
    """Change the enrolment's state, unless it has a later one already (a supplement)."""
    enrolment = Enrolment.objects.get(pk=run.enrolment_id)
    if states.may(enrolment, to):
        states.change(enrolment, to, by=by)
