"""A printed student is corrected: the sheet is printed again and goes in a second parcel."""

import dataclasses
import datetime as dt
import io
import zipfile

import pytest
from django.urls import reverse

from portal.background import jobs
from portal.models import Notification
from printing import delivery, portrait_archive, print_runs, reprints
from printing.models import PrintItem
from printing.sheets import SheetStudent
from proofing import disputes, feedback
from proofing.models import Feedback
from schools.models import Enrolment
from students import records
from students.models import Correction, Student
from tests.conftest import client_of
from tests.support.corrections import accept
from tests.support.words import said

pytestmark = pytest.mark.django_db
Stage = Student.Stage


@pytest.fixture
def delivered(printed, center_admin, owner):
    """Printed, shipped and received."""
    parcel = delivery.ship(printed, carrier="EMS", tracking_no="1", shipped_on=dt.date(2026, 9, 1), by=center_admin)
    delivery.receive(parcel, received_by="", by=owner)
    return printed


def corrected(student, owner, colleague, **values):
    row = disputes.ask(student, by=student, explanation="", **values)
    return accept(row, first=colleague, second=owner)


def again(enrolment, center_admin, callbacks):
    with callbacks():
        run = print_runs.create(enrolment, by=center_admin)
    jobs.run(run.job_id)
    run.refresh_from_db()
    return run


def test_what_stands_on_a_sheet_is_known_where_data_change():
    taken = {field.name for field in dataclasses.fields(SheetStudent)} - {"portrait", "school"}
    assert {"id_number" if name == "id_hash" else name for name in records.ON_SHEETS} == taken


def test_a_delivered_student_gets_a_second_sheet_and_a_second_parcel(
    delivered, pair, owner, colleague, center_admin, django_capture_on_commit_callbacks
):
    student = Student.objects.select_related("school", "season").get(pk=pair[0].pk)
    assert corrected(student, owner, colleague, field="name", wanted="李壹").waits_for_print
    student.refresh_from_db()
    assert (student.stage, student.name) == (Stage.PROOFED, "李壹")
    enrolment = Enrolment.objects.select_related("school", "season").get(pk=delivered.enrolment_id)
    assert [row.student for row in reprints.corrections_waiting(enrolment)] == [student]
    runs = client_of(center_admin).get(reverse("printing:center_runs")).content.decode()
    assert (
        said("%(number)s student waits for a sheet to be printed again: corrected, missing or damaged.", number=1)
        in runs
    )
    assert said("To be printed again") in client_of(owner).get(reverse("printing:prints")).content.decode()

    run = again(enrolment, center_admin, django_capture_on_commit_callbacks)
    assert [item.student_id for item in run.items.all()] == [student.pk]
    assert not print_runs.printable_portraits(enrolment).exists()
    in_run = client_of(center_admin).get(reverse("printing:again"), {"state": "in_run"}).content.decode()
    assert said("Batch %(n)s", n=run.pk) in in_run
    parcel = delivery.ship(run, carrier="EMS", tracking_no="2", shipped_on=dt.date(2026, 10, 1), by=center_admin)
    assert Enrolment.objects.get(pk=enrolment.pk).status == Enrolment.Status.SHIPPED
    assert not reprints.corrections_waiting(enrolment).exists()
    assert Correction.objects.get().printed_again_at is not None
    assert Notification.objects.filter(recipient_key=student.actor_key, kind="correction.printed_again").count() == 1
    delivery.receive(parcel, received_by="", by=owner)
    assert set(Student.objects.filter(pk__in=[s.pk for s in pair]).values_list("stage", flat=True)) == {Stage.DELIVERED}
    assert Enrolment.objects.get(pk=enrolment.pk).status == Enrolment.Status.RECEIVED


def test_the_first_parcel_does_not_deliver_whose_sheet_is_printed_again(
    printed, pair, owner, colleague, center_admin, django_capture_on_commit_callbacks
):
    first = delivery.ship(printed, carrier="EMS", tracking_no="1", shipped_on=dt.date(2026, 9, 1), by=center_admin)
    student = Student.objects.select_related("school", "season").get(pk=pair[0].pk)
    corrected(student, owner, colleague, field="name", wanted="李壹")
    enrolment = Enrolment.objects.select_related("school", "season").get(pk=printed.enrolment_id)
    print_runs.mark_printed(again(enrolment, center_admin, django_capture_on_commit_callbacks), by=center_admin)
    delivery.receive(first, received_by="", by=owner)
    assert Student.objects.get(pk=pair[0].pk).stage == Stage.PRINTED
    assert Student.objects.get(pk=pair[1].pk).stage == Stage.DELIVERED
    assert PrintItem.objects.filter(student=student).count() == 2


def test_what_no_sheet_bears_changes_without_a_new_one(delivered, pair, owner, colleague):
    student = Student.objects.select_related("school", "season").get(pk=pair[0].pk)
    Student.objects.filter(pk=student.pk).update(id_type="passport", gender="male")
    student.refresh_from_db()
    row = corrected(student, owner, colleague, field="gender", wanted="female")
    assert not row.to_print_again
    student.refresh_from_db()
    assert (student.gender, student.stage) == ("female", Stage.DELIVERED)


def test_archive_and_form_name_who_was_corrected_after_the_form(delivered, pair, owner, colleague):
    student = Student.objects.select_related("school", "season").get(pk=pair[0].pk)
    corrected(student, owner, colleague, field="name", wanted="李壹")
    enrolment = Enrolment.objects.select_related("school", "season").get(pk=delivered.enrolment_id)
    portrait_archive.write(content := io.BytesIO(), enrolment, by=owner)
    listed = zipfile.ZipFile(content).read(portrait_archive.CORRECTED_LIST).decode("utf-8-sig")
    assert listed.startswith(f"{student.student_no}\t姓名\t")
    form = Feedback.objects.select_related("school", "season").get()
    assert feedback.form_data(enrolment, form).corrected == (student.student_no,)
    page = client_of(owner).get(reverse("proofing:feedback")).content.decode()
    assert said("%(n)s correction was accepted after this form.", n=1) in page
