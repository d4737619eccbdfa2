import datetime as dt

import pytest

from portal.errors import Conflict, PortalError
from portal.models import Notification
from portal.tenancy import center_scope
from printing import delivery, print_runs
from printing.models import PrintRun, Shipment
from schools.models import Enrolment
from students.models import Student
from tests.support.letters import letter
from tests.support.school_papers import with_portrait
from tests.support.words import said

pytestmark = pytest.mark.django_db
DAY = dt.date(2022, 7, 1)


def ship(run, by):
    return delivery.ship(run, carrier=" SF Express ", tracking_no="SF100", shipped_on=DAY, by=by)


def state(enrolment):
    return Enrolment.objects.get(pk=enrolment.pk).status


def test_shipping_prints_the_students_and_tells_the_school(printed, accepted, center_admin, owner, scoped):
    scoped.address = "1 Lake Road"
    scoped.save()
    shipment = ship(printed, center_admin)
    assert (shipment.carrier, shipment.address, shipment.status) == (
        "SF Express",
        "1 Lake Road",
        Shipment.Status.SHIPPED,
    )
    assert state(accepted) == Enrolment.Status.SHIPPED
    assert set(Student.objects.values_list("stage", flat=True)) == {Student.Stage.PRINTED}
    assert PrintRun.objects.get().printed_at is not None
    assert "SF100" in letter(Notification.objects.get(kind="shipment.shipped", recipient_key=owner.actor_key)).body


def test_a_run_is_shipped_once(printed, center_admin):
    ship(printed, center_admin)
    with pytest.raises(PortalError, match=said("This print run has been shipped already.")):
        ship(printed, center_admin)


def test_run_without_sheets_is_not_shipped(accepted, center_admin):
    with pytest.raises(PortalError, match=said("The sheets have not been built yet.")):
        ship(print_runs.create(accepted, by=center_admin), center_admin)


def test_receipt_delivers_the_students_and_ends_the_school_s_way(printed, accepted, center_admin, owner):
    shipment = delivery.receive(ship(printed, center_admin), received_by="", by=owner)
    assert (shipment.status, shipment.received_by_name) == (Shipment.Status.RECEIVED, owner.actor_name)
    assert set(Student.objects.values_list("stage", flat=True)) == {Student.Stage.DELIVERED}
    assert state(accepted) == Enrolment.Status.RECEIVED
    notified = Notification.objects.filter(kind="shipment.received")
    assert set(notified.values_list("recipient_key", flat=True)) == {s.actor_key for s in Student.objects.all()}
    with pytest.raises(Conflict):
        delivery.receive(shipment, received_by="", by=owner)


def test_what_is_missing_in_a_parcel_is_told_to_who_ships(printed, accepted, center_admin, owner):
    delivery.receive(ship(printed, center_admin), received_by="", by=owner, remarks=" Page 3 is torn. ")
    with center_scope():
        told = Notification.objects.get(kind="shipment.remarked", recipient_key=center_admin.actor_key)
        assert "Page 3 is torn." in letter(told).body
    assert told.link.endswith(f"/printing/{printed.pk}/")


def test_supplement_on_its_way_keeps_the_school_waiting(printed, accepted, center_admin, owner, scoped, season):
    first = ship(printed, center_admin)
    with_portrait(scoped, season, stage=Student.Stage.PROOFED)
    supplement = print_runs.create(Enrolment.objects.get(pk=accepted.pk), by=center_admin)
    from portal.background import jobs

    jobs.run(supplement.job_id)
    second = ship(supplement, center_admin)
    delivery.receive(first, received_by="", by=owner)
    assert state(accepted) == Enrolment.Status.SHIPPED
    delivery.receive(second, received_by="", by=owner)
    assert state(accepted) == Enrolment.Status.RECEIVED
