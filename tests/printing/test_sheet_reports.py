"""Missing and damaged sheets, reported by the school and printed again; a run that goes in several parcels."""

import datetime as dt

import pytest
from django.urls import reverse

from billing.accounts import fee_accounts
from portal.background import jobs
from portal.errors import Conflict, PortalError
from portal.models import Job, Notification
from portal.tenancy import center_scope, school_scope
from printing import delivery, print_orders, print_runs, reprints, volume_numbers
from printing.models import Again, PrintItem, PrintRun, SheetReport, Shipment, Volume
from proofing import disputes
from schools.models import Enrolment
from students import student_history
from students.models import Student
from tests.conftest import client_of
from tests.support.corrections import accept
from tests.support.school_papers import with_portrait
from tests.support.words import said

pytestmark = pytest.mark.django_db
Stage = Student.Stage
Reported = SheetReport.Status


def sent(run, by, **more):
    return delivery.ship(run, carrier="EMS", tracking_no="1", shipped_on=dt.date(2026, 9, 1), by=by, **more)


def stages(students):
    return [Student.objects.get(pk=student.pk).stage for student in students]


def enrolment_of(run):
    return Enrolment.objects.select_related("school", "season").get(pk=run.enrolment_id)


def report(parcel, student, by, reason=Again.DAMAGED):
    return delivery.report(parcel, students=[student.pk], reason=reason, by=by)


def test_a_damaged_sheet_from_the_parcel_to_a_parcel_of_its_own(
    printed, pair, season, scoped, owner, center_admin, django_capture_on_commit_callbacks
):
    """The whole way by its pages: reported before the receipt, listed, ordered alone, sent, received; nobody owes more."""
    broken, fine = pair
    parcel = sent(printed, center_admin)
    school, center = client_of(owner), client_of(center_admin)
    owed = fee_accounts.statement(enrolment_of(printed)).due_fen
    page = reverse("printing:parcel", args=[parcel.pk])
    assert broken.student_no in school.get(page, {"q": broken.student_no}).content.decode()
    assert broken.student_no not in school.get(page, {"class_name": "elsewhere"}).content.decode()
    assert said("Pick at least one student.") in school.post(page, {"reason": "damaged"}).content.decode()
    school.post(page, {"pick": [broken.pk], "reason": "damaged"})
    assert stages(pair) == [Stage.PROOFED, Stage.PRINTED]
    with center_scope():
        told = Notification.objects.get(kind="shipment.lacking", recipient_key=center_admin.actor_key)
    assert told.parameters == {"school": scoped.name, "n": 1}

    school.post(reverse("printing:receive", args=[parcel.pk]), {"received_by": "Zhou"})
    assert stages(pair) == [Stage.PROOFED, Stage.DELIVERED]
    notified = Notification.objects.filter(kind="shipment.received").values_list("recipient_key", flat=True)
    assert list(notified) == [fine.actor_key]
    prints = school.get(reverse("printing:prints")).content.decode()
    assert said("%(number)s sheet reported", number=1) in prints
    assert said("Found after all") in prints

    late = with_portrait(scoped, season, stage=Stage.PROOFED)  # is not printed along
    listed = center.get(reverse("printing:again"), {"state": "waiting", "reason": "damaged"}).content.decode()
    assert f'value="{broken.pk}"' in listed
    assert late.student_no not in listed
    order = reverse("printing:order_again")
    assert (
        said("%(number)s student would be printed", number=1) in center.get(order, {"pick": broken.pk}).content.decode()
    )
    with django_capture_on_commit_callbacks():
        center.post(order, {"pick": [broken.pk, late.pk]})
        with center_scope():
            job = Job.objects.get(kind=print_orders.KIND)
        jobs.run(job.pk)
    again = PrintRun.objects.latest("pk")
    assert list(again.items.values_list("student", "again")) == [(broken.pk, Again.DAMAGED)]
    jobs.run(again.job_id)
    assert (
        said("Printed again: %(reason)s", reason=said("damaged"))
        in center.get(reverse("printing:center_run", args=[again.pk])).content.decode()
    )

    second = sent(PrintRun.objects.get(pk=again.pk), center_admin)
    made = SheetReport.objects.get()
    assert (made.status, made.run_id, made.reported_by_name) == (Reported.PRINTED, again.pk, owner.actor_name)
    delivery.receive(second, received_by="", by=owner)
    assert stages([broken, fine, late]) == [Stage.DELIVERED, Stage.DELIVERED, Stage.PROOFED]
    assert enrolment_of(printed).status == Enrolment.Status.RECEIVED
    assert fee_accounts.statement(enrolment_of(printed)).due_fen == owed + 1500  # of the late one alone
    lines = [line.text.sentence for line in student_history.lines_of(broken, member=owner.membership)]
    assert any(said("To be printed again: the sheet is damaged") in line for line in lines)


def test_a_sheet_reported_after_the_receipt_takes_the_student_back(printed, pair, owner, center_admin):
    parcel = delivery.receive(sent(printed, center_admin), received_by="", by=owner)
    report(parcel, pair[0], owner, reason=Again.MISSING)
    assert stages(pair) == [Stage.PROOFED, Stage.DELIVERED]
    with pytest.raises(
        PortalError,
        match=said("None of these students has a sheet in this parcel that can be reported; see its state."),
    ):
        report(parcel, pair[0], owner)
    assert SheetReport.objects.get().reason == Again.MISSING


def test_who_is_in_no_volume_of_the_parcel_is_not_reported(printed, pair, season, scoped, owner, center_admin):
    parcel = sent(printed, center_admin)
    other = with_portrait(scoped, season, stage=Stage.PRINTED)
    assert delivery.report(parcel, students=[pair[0].pk, other.pk], reason=Again.MISSING, by=owner) == 1
    assert stages([other]) == [Stage.PRINTED]


@pytest.mark.parametrize("received", [False, True])
def test_a_sheet_that_is_found_is_not_printed_again(printed, pair, owner, center_admin, received):
    parcel = sent(printed, center_admin)
    if received:
        delivery.receive(parcel, received_by="", by=owner)
    report(parcel, pair[0], owner)
    row = SheetReport.objects.get()
    client_of(owner).post(reverse("printing:withdraw", args=[row.pk]))
    row.refresh_from_db()
    assert (row.status, stages(pair[:1])) == (Reported.WITHDRAWN, [Stage.DELIVERED if received else Stage.PRINTED])
    assert not print_runs.printable_portraits(enrolment_of(printed)).exists()
    with pytest.raises(Conflict):
        delivery.withdraw(row, by=owner)


def test_a_sheet_that_is_in_a_run_already_is_not_withdrawn(printed, pair, owner, center_admin):
    report(sent(printed, center_admin), pair[0], owner)
    print_runs.create(enrolment_of(printed), by=center_admin)
    with pytest.raises(
        PortalError, match=said("This sheet is being printed already. Destroy the one that is not needed.")
    ):
        delivery.withdraw(SheetReport.objects.get(), by=owner)


def test_who_was_corrected_after_the_report_is_printed_again_in_any_case(printed, pair, owner, colleague, center_admin):
    report(sent(printed, center_admin), pair[0], owner)
    student = Student.objects.select_related("school", "season").get(pk=pair[0].pk)
    accept(
        disputes.ask(student, by=student, explanation="", field="name", wanted="李壹"), first=colleague, second=owner
    )
    assert reprints.reasons(enrolment_of(printed)) == {student.pk: Again.DAMAGED}
    with pytest.raises(
        PortalError, match=said("The student's data were corrected meanwhile: the sheet is printed again for that.")
    ):
        delivery.withdraw(SheetReport.objects.select_related("shipment").get(), by=owner)


# parcels


@pytest.fixture
def in_two_volumes(printed, pair):
    """The run's second student has a volume of their own."""
    first = printed.volumes.get()
    Volume.objects.create(school=printed.school, run=printed, number=2, students=1, pages=1, file=first.file.name)
    PrintItem.objects.filter(run=printed, student=pair[1]).update(volume=2)
    return printed


def test_a_run_goes_in_several_parcels_each_received_for_itself(in_two_volumes, pair, owner, center_admin, scoped):
    run, center = in_two_volumes, client_of(center_admin)
    parcel = {"carrier": "SF", "tracking_no": "SF1", "shipped_on": "2022-06-01"}
    assert said("Volumes in this parcel") in center.get(reverse("printing:ship", args=[run.pk])).content.decode()
    center.post(reverse("printing:ship", args=[run.pk]), parcel | {"volumes": "1"})
    first = Shipment.objects.get()
    assert [item.student_id for item in delivery.items_of(first)] == [pair[0].pk]
    assert said("Partly sent") in center.get(reverse("printing:center_runs"), {"state": "to_ship"}).content.decode()
    with pytest.raises(Conflict):
        sent(run, center_admin, volumes=[1, 2])

    delivery.receive(first, received_by="", by=owner)
    assert stages(pair) == [Stage.DELIVERED, Stage.PRINTED]
    assert enrolment_of(run).status == Enrolment.Status.SHIPPED  # the other parcel is still to come
    page = client_of(owner).get(reverse("printing:prints")).content.decode()
    assert said("The other volumes come in another parcel.") in page

    center.post(reverse("printing:ship", args=[run.pk]), parcel | {"tracking_no": "SF2"})
    second = Shipment.objects.get(tracking_no="SF2")
    assert list(second.volumes.values_list("number", flat=True)) == [2]
    with pytest.raises(PortalError, match=said("This print run has been shipped already.")):
        sent(run, center_admin)
    with school_scope(scoped):
        delivery.receive(second, received_by="", by=owner)
    assert stages(pair) == [Stage.DELIVERED, Stage.DELIVERED]
    assert enrolment_of(run).status == Enrolment.Status.RECEIVED
    shown = center.get(reverse("printing:center_run", args=[run.pk])).content.decode()
    assert "SF1" in shown
    assert "SF2" in shown


def test_a_parcel_holds_volumes_that_are_not_sent_yet(in_two_volumes, center_admin):
    center, address = client_of(center_admin), reverse("printing:ship", args=[in_two_volumes.pk])
    parcel = {"carrier": "SF", "tracking_no": "SF1", "shipped_on": "2022-06-01"}
    for wrong in ("2–3", "one", "2-1", ""):
        assert center.post(address, parcel | {"volumes": wrong}).status_code in (200, 422), wrong
    assert not Shipment.objects.exists()


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("1–3, 5", [1, 2, 3, 5]), ("2", [2]), ("1 - 2，4、6至7", [1, 2, 4, 6, 7]), ("3 1", [1, 3])],
)
def test_numbers_of_volumes_are_read_as_people_write_them(text, numbers):
    assert volume_numbers.read(text) == numbers
    assert volume_numbers.read(volume_numbers.written(numbers)) == numbers
