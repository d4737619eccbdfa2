import datetime as dt

import pytest

from portal.models import Role
from portal.tenancy import center_scope
from printing import delivery, next_step
from proofing import disputes, feedback
from schools.models import Enrolment
from schools.notices import publishing, reading
from students.models import Student
from tests import factories
from tests.support.addresses import dated
from tests.support.school_papers import STAMPED, confirm, with_portrait
from tests.support.words import said

pytestmark = pytest.mark.django_db
Status = Enrolment.Status


def step(enrolment, status=None):
    if status:
        Enrolment.objects.filter(pk=enrolment.pk).update(status=status)
    return next_step.find_next_step(Enrolment.objects.select_related("season", "school").get(pk=enrolment.pk))


def test_before_the_capture_roster_then_stations(enrolment, scoped, season):
    assert step(enrolment, Status.PREPARING).text == said("Import the roster of your graduates.")
    factories.student(scoped, season)
    assert step(enrolment).text.startswith(
        said("Name your stations and write a notice to the students before the first day.")
    )


def test_during_the_capture_review_then_missing_then_proofreading(enrolment, scoped, season):
    student = factories.student(scoped, season, stage=Student.Stage.REVIEW)
    assert step(enrolment).text == said("%(n)s photo waits for your review.", n=1)
    Student.objects.filter(pk=student.pk).update(stage=Student.Stage.WAITING)
    assert step(enrolment).text == said("%(n)s student has not been photographed yet.", n=1)
    Student.objects.filter(pk=student.pk).update(stage=Student.Stage.APPROVED)
    found = step(enrolment)
    assert found.text.startswith(said("Everybody has been photographed. Open the proofreading."))
    assert found.url == dated("/school/proofs/")


def test_while_proofreading_corrections_then_students_then_the_form(pair, proofreading, owner):
    asked = disputes.ask(pair[0], field="major", wanted="会计学", explanation="", by=pair[0])
    assert step(proofreading).url == dated("/school/corrections/")
    disputes.decline(asked, by=owner, answer="As registered")
    assert step(proofreading).text == said("%(n)s students have not proofread yet.", n=2)
    for student in pair:
        confirm(student)
    assert step(proofreading).text == said("Everybody has been confirmed. Make the feedback form.")
    made = feedback.make(proofreading, by=owner)
    assert step(proofreading).text == said("Have the feedback form stamped and send it here.")
    feedback.send(made, data=STAMPED, by=owner)
    assert (step(proofreading).text, step(proofreading).tone) == (
        said("The feedback form is with the center."),
        "ok",
    )


def test_form_sent_back_says_why(accepted, center_admin):
    form = accepted.feedback
    type(form).objects.filter(pk=form.pk).update(status="sent_back", reason="No stamp")
    found = step(accepted, Status.PROOFREADING)
    assert (found.text, found.detail) == (said("The center has sent the feedback form back."), "No stamp")


def test_parcel_on_its_way_is_to_be_confirmed(printed, center_admin):
    delivery.ship(printed, carrier="SF", tracking_no="SF1", shipped_on="2022-06-01", by=center_admin)
    found = step(printed.enrolment)
    assert found.text.startswith(said("The photos are on their way. Confirm once the parcel has arrived."))
    assert found.detail == "SF SF1"


def test_student_to_proofread_anew_comes_first_even_while_printing(printed, scoped, season):
    with_portrait(scoped, season)
    assert step(printed.enrolment).text == said("%(n)s student has not proofread yet.", n=1)


def test_end_of_the_way(printed):
    assert step(printed.enrolment, Status.RECEIVED).text.startswith(
        said("All done: the photos have arrived. Hand them out by class.")
    )


def test_what_blocks_and_by_when(enrolment, scoped, season):
    Enrolment.objects.filter(pk=enrolment.pk).update(status="capturing", payment_mode="student")
    for stage, locked in (("ready", None), ("waiting", "2026-11-01T00:00Z")):
        student = factories.student(scoped, season, stage=stage)
        Student.objects.filter(pk=student.pk).update(locked_at=locked)
    row = Enrolment.objects.select_related("season", "school").get(pk=enrolment.pk)
    assert [point.url.partition("?")[2] for point in next_step.obstacles(row)] == [
        "locked=yes",
        "stage=ready&fee_state=unpaid",
    ]
    row.status, row.proof_due_on = "proofreading", dt.date(2026, 12, 1)
    assert next_step.by_when(row, dt.date(2026, 11, 1)) == dt.date(2026, 12, 1)


def test_list_for_the_first_day(enrolment, scoped, season, center_admin, owner):
    Enrolment.objects.filter(pk=enrolment.pk).update(status="preparing")
    row = Enrolment.objects.select_related("season", "school").get(pk=enrolment.pk)
    done = [point.is_done for point in next_step.first_day(row)]
    assert done[1:3] == [False, False]
    factories.student(scoped, season)
    factories.person("second", Role.SCHOOL_ADMIN, scoped)
    assert [point.is_done for point in next_step.first_day(row)][:3] == [done[0], True, True]


def test_a_notice_to_confirm_stands_on_the_list_until_it_is_confirmed(enrolment, scoped, season, center_admin, owner):
    Enrolment.objects.filter(pk=enrolment.pk).update(status="preparing")
    row = Enrolment.objects.select_related("season", "school").get(pk=enrolment.pk)
    with center_scope():
        notice = publishing.create(season, by=center_admin, title="通知", body="x", for_schools=True)
        publishing.publish(notice, by=center_admin)

    def is_done() -> bool:
        (found,) = [point.is_done for point in next_step.first_day(row) if point.url == dated("/school/notices/")]
        return found

    assert not is_done()
    reading.confirm(notice, 1, reader=owner, school=scoped)
    assert is_done()
