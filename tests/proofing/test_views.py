"""The pages of students, schools and center, from an approved portrait to an accepted form."""

import datetime as dt
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from capture.models import Photo
from portal.models import Event
from portal.tenancy import school_scope, system_scope
from proofing import disputes, feedback, proofs
from proofing.models import Feedback
from schools.models import Enrolment
from students.identity import student_access
from students.models import Correction, Student
from tests import factories
from tests.conftest import client_of
from tests.support.corrections import DOCUMENT, checked
from tests.support.database import let_delete
from tests.support.pages import words_of
from tests.support.school_papers import STAMPED, confirm, with_portrait
from tests.support.words import said

pytestmark = pytest.mark.django_db


@pytest.fixture
def student_client(client, school, season):
    """A signed-in student with an approved portrait."""
    student = with_portrait(school, season)
    session = client.session
    student_access.begin(session, student)
    session.save()
    client.student = student
    return client


def url(name, *args):
    return reverse(f"proofing:{name}", args=args)


def text(response) -> str:
    return response.content.decode()


# the student


def test_student_reads_portrait_and_data_and_confirms(student_client):
    student = student_client.student
    page = text(student_client.get(url("proof")))
    assert student.name in page
    assert student.masked_id in page
    assert student.id_number not in page
    with school_scope(student.school):
        photo = proofs.current_portrait(student)
    response = student_client.post(url("proof"), {"photo": photo.pk}, follow=True)
    assert said("Thank you. Portrait and data are confirmed.") in text(response)
    with school_scope(student.school):
        assert Student.objects.get().stage == Student.Stage.PROOFED


def test_student_looks_at_the_own_number_to_compare_it_and_the_look_is_recorded(student_client):
    student = student_client.student
    fragment = text(student_client.post(url("own_number"), headers={"HX-Request": "true"}))
    assert student.id_number in fragment
    assert "<h1" not in fragment
    assert student.id_number in text(student_client.post(url("own_number")))
    assert Event.objects.filter(kind="student.revealed", actor_key=student.actor_key).count() == 2


@pytest.mark.parametrize("shown", ["", "x", "99999999"])
def test_replayed_or_forged_confirmation_is_refused_with_a_sentence(student_client, shown):
    response = student_client.post(url("proof"), {"photo": shown})
    assert response.status_code == 409
    with school_scope(student_client.student.school):
        assert Student.objects.get().stage == Student.Stage.APPROVED


def test_student_asks_for_a_correction(student_client):
    asked = {"field": "gender", "wanted": "女", "explanation": "I am a woman"}
    with school_scope(student_client.student.school):
        Student.objects.update(gender="male")
    refused = student_client.post(url("correction"), asked)
    assert said("Add a photo of the document: without it nobody can decide.") in text(refused)
    card = SimpleUploadedFile("card.jpg", DOCUMENT)
    response = student_client.post(url("correction"), asked | {"evidence": card}, follow=True)
    assert said("Your school has been told and will answer here.") in text(response)
    with school_scope(student_client.student.school):
        row = Correction.objects.get()
        assert row.wanted == "female"
    assert student_client.get(url("own_evidence", row.pk)).content[:2] == b"\xff\xd8"
    student_client.post(url("own_evidence_add", row.pk), {"evidence": SimpleUploadedFile("b.jpg", DOCUMENT)})
    student_client.post(url("correction_withdraw", row.pk))
    page = text(student_client.get(url("proof")))
    assert said("Evidence provided") in page
    assert said("Withdrawn") in page


def test_correction_without_a_field_says_what_is_missing(student_client):
    response = student_client.post(url("correction"), {"wanted": "x"})
    assert response.status_code == 200
    assert "该字段是必填项" in text(response)


def test_student_without_portrait_reads_why_there_is_nothing_to_do(student_client):
    with school_scope(student_client.student.school):
        Student.objects.update(stage=Student.Stage.RETAKE)
        student_client.student.photos.update(is_current=False)
    assert said("Your portrait has not been approved yet. Once it is, you can check it here.") in text(
        student_client.get(url("proof"))
    )


# the school


def test_proofs_page_lists_filters_and_counts(owner_client, proofreading_school, season):
    one, two = (with_portrait(proofreading_school, season, name=name) for name in ("赵一", "钱二"))
    with school_scope(proofreading_school):
        confirm(one)
    page = text(owner_client.get(url("proofs")))
    assert "赵一" in page
    assert "钱二" in page
    assert "钱二" not in text(owner_client.get(url("proofs"), {"state": "proofed"}))
    assert "赵一" not in text(owner_client.get(url("proofs"), {"state": "to_confirm"}))
    assert "赵一" not in text(owner_client.get(url("proofs"), {"q": "钱"}))
    assert two.id_number not in page


@pytest.mark.parametrize("count", [1, 3])
def test_proofs_page_asks_the_same_queries_for_any_number(
    owner_client, proofreading_school, season, count, django_assert_max_num_queries
):
    for _ in range(count):
        with_portrait(proofreading_school, season)
    with django_assert_max_num_queries(16):
        owner_client.get(url("proofs"))


def test_school_confirms_for_the_picked_students_only(owner_client, proofreading_school, season):
    picked, other = with_portrait(proofreading_school, season), with_portrait(proofreading_school, season)
    response = owner_client.post(
        url("confirm_for_students"), {"pick": [picked.pk, "x"], "reason": "Checked"}, follow=True
    )
    assert said("%(n)d student confirmed.", n=1) in text(response)
    with school_scope(proofreading_school):
        assert Student.objects.get(pk=picked.pk).stage == Student.Stage.PROOFED
        assert Student.objects.get(pk=other.pk).stage == Student.Stage.APPROVED


def test_school_confirms_for_all(owner_client, proofreading_school, season):
    for _ in range(2):
        with_portrait(proofreading_school, season)
    response = owner_client.post(url("confirm_for_students"), {"all": "1", "reason": "Checked"}, follow=True)
    assert said("%(n)d student confirmed.", n=2) in text(response)


def test_school_compares_values_and_evidence_in_clear_and_the_looks_are_recorded(
    owner_client, owner, proofreading_school, season
):
    with school_scope(proofreading_school):
        student, wanted = with_portrait(proofreading_school, season), factories.id_number(77)
        asked = disputes.ask(student, field="id_number", wanted=wanted, explanation="", evidence=DOCUMENT, by=student)
    for page in (owner_client.get(url("corrections")), owner_client.get(url("correction_page", asked.pk))):
        assert wanted not in text(page)
        assert student.id_number not in text(page)
    page = text(owner_client.get(url("correction_compare", asked.pk)))
    assert wanted in page
    assert student.id_number in page
    assert owner_client.get(url("correction_picture", asked.pk)).content[:2] == b"\xff\xd8"
    kinds = Event.objects.filter(actor_key=owner.actor_key).values_list("kind", flat=True)
    assert {"student.revealed", "correction.evidence_seen"} <= set(kinds)


def test_school_checks_and_decides_corrections(owner_client, colleague, proofreading_school, season):
    student = with_portrait(proofreading_school, season)
    with school_scope(proofreading_school):
        major = disputes.ask(student, field="major", wanted="会计学", explanation="", by=student)
    opened = {"field": "name", "wanted": "王五", "evidence": SimpleUploadedFile("card.jpg", DOCUMENT)}
    assert owner_client.post(url("correction_ask", student.pk), opened).status_code == 302
    with school_scope(proofreading_school):
        name = Correction.objects.get(field="name")
    page = text(owner_client.get(url("corrections")))
    assert "会计学" in page
    assert "王五" in page
    assert "王五" not in text(owner_client.get(url("corrections"), {"age": "3"}))
    owner_client.post(url("correction_decide", major.pk), {"do": "decline", "answer": "Not in the register"})
    owner_client.post(url("correction_decide", name.pk), {"do": "check"})
    assert owner_client.post(url("correction_decide", name.pk), {"do": "accept"}).status_code == 403
    second = client_of(colleague)
    assert "王五" in text(second.get(url("corrections"), {"status": "checked"}))
    second.post(url("correction_decide", name.pk), {"do": "accept"})
    with school_scope(proofreading_school):
        row = Student.objects.get()
        assert (row.major, row.name) == (student.major, "王五")
    assert "Not in the register" in text(owner_client.get(url("correction_page", major.pk)))
    assert "会计学" in text(owner_client.get(url("corrections"), {"status": "declined"}))


def test_the_center_sees_all_schools_and_is_the_second_person(
    center_client, owner, proofreading_school, season, center_admin
):
    with school_scope(proofreading_school):
        student = with_portrait(proofreading_school, season)
        row = checked(disputes.ask(student, field="name", wanted="王五", explanation="", by=student), by=owner)
        photo = Photo.objects.get()
        Photo.objects.update(thumbnail=photo.portrait.name)
    callout = text(center_client.get(url("center_corrections"), headers={"HX-Request": "true"}))
    assert said("%(n)s correction waits for a second person, and the school has only one.", n=1) in callout
    assert proofreading_school.name in text(center_client.get(url("center_corrections")))
    page = text(center_client.get(url("center_correction_page", row.pk)))
    assert reverse("capture:center_picture", args=[photo.pk, "thumbnail"]) in page
    center_client.post(url("center_correction_decide", row.pk), {"do": "accept"})
    with school_scope(proofreading_school):
        assert Student.objects.get().name == "王五"


def test_capture_is_ended_from_the_proofs_page(owner_client, school, enrolment, season):
    with_portrait(school, season)
    response = owner_client.post(url("open_proofreading"), follow=True)
    assert said("Proofreading is open. The form is due on %(day)s.") in text(response)


def test_feedback_form_is_made_downloaded_and_sent(owner_client, proofreading_school, season):
    student = with_portrait(proofreading_school, season)
    assert said("Finish the proofreading first") in text(owner_client.get(url("feedback")))
    with school_scope(proofreading_school):
        confirm(student)
    owner_client.post(url("feedback"), {"quality": "good", "handler_name": "周文静"})
    pdf = owner_client.get(url("feedback_form"))
    assert pdf.content.startswith(b"%PDF-")
    assert pdf["Content-Disposition"].startswith("attachment")
    sent = owner_client.post(url("feedback_send"), {"stamped": SimpleUploadedFile("f.jpg", STAMPED)}, follow=True)
    assert said("The form is with the center") in text(sent)
    shown = owner_client.get(url("feedback_stamped"))
    assert b"".join(shown.streaming_content).startswith(b"\xff\xd8")
    assert (shown["Content-Type"], shown["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    kinds = set(Event.objects.values_list("kind", flat=True))
    assert {"feedback.made", "feedback.form_downloaded", "feedback.sent", "feedback.viewed"} <= kinds


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, said("Choose the file of the stamped form first.")),
        (
            {"stamped": SimpleUploadedFile("a.pdf", b"no pdf")},
            said("This file is no PDF. Send the scan as PDF, or a photo of the sheet as JPEG or PNG."),
        ),
        (
            {"stamped": SimpleUploadedFile("a.exe", STAMPED)},
            said("This is neither a PDF nor a picture. Send the scan as PDF, or a photo of the sheet as JPEG or PNG."),
        ),
        (
            {"stamped": SimpleUploadedFile("a.jpg", b"%PDF-1.4 %%EOF")},
            said("This is neither a PDF nor a picture. Send the scan as PDF, or a photo of the sheet as JPEG or PNG."),
        ),
    ],
)
def test_wrong_upload_comes_back_with_a_sentence(owner_client, proofreading_school, season, owner, files, sentence):
    student = with_portrait(proofreading_school, season)
    with school_scope(proofreading_school):
        confirm(student)
        feedback.make(Enrolment.objects.select_related("season", "school").get(), by=owner)
    referer = {"HTTP_REFERER": "http://testserver" + url("feedback")}
    response = owner_client.post(url("feedback_send"), files, follow=True, **referer)
    assert sentence in text(response)


def test_names_that_cannot_be_printed_are_shown_beside_the_list(owner_client, proofreading_school, season):
    with_portrait(proofreading_school, season, name="李𠮷")
    assert said("%(n)s student has a character that cannot be printed", n=1) in text(
        owner_client.get(url("panel_unprintable"))
    )
    with school_scope(proofreading_school):
        Student.objects.update(name="李𬭚")
    assert said("%(n)s student has a character that cannot be printed") not in text(
        owner_client.get(url("panel_unprintable"))
    )


# the center


def test_center_sends_a_form_back_with_a_reason(center_client, owner_client, at_the_center):
    center_client.post(url("feedback_send_back", at_the_center.pk), {"reason": "The stamp is missing"})
    with system_scope():
        assert Feedback.objects.get().status == Feedback.Status.SENT_BACK
    assert "The stamp is missing" in text(owner_client.get(url("feedback")))


def test_center_panel_answers_a_fragment(center_client, at_the_center):
    page = text(center_client.get(url("panel_feedback")))
    assert page.lstrip().startswith("<section")


# before anything is there


@pytest.mark.urls("config.urls")
@pytest.mark.parametrize("name", ["center_feedback", "panel_feedback"])
def test_pages_of_a_center_without_a_season_open(center_client, name):
    assert center_client.get(url(name)).status_code == 200


def test_pages_of_a_school_outside_the_season_say_so(owner_client, school):
    with school_scope(school):
        let_delete(Enrolment)
        Enrolment.objects.all().delete()
    for name in ("proofs", "feedback"):
        assert said("Not enrolled in this season") in text(owner_client.get(url(name))), name
    for name in ("open_proofreading", "confirm_for_students", "feedback_send"):
        assert owner_client.post(url(name)).status_code == 404, name


# lists


def fill(school, season, count):
    """`count` students, each with two corrections."""
    with system_scope():
        for _ in range(count):
            student = with_portrait(school, season)
            Correction.objects.create(school=school, student=student, field="major", wanted="会计学")
            Correction.objects.create(school=school, student=student, field="portrait", explanation="Cut off")


def test_corrections_ask_the_same_queries_for_any_number(owner_client, school, season):
    asked = []
    for _ in range(2):
        fill(school, season, 1 + len(asked))
        with CaptureQueriesContext(connection) as queries:
            assert owner_client.get(url("corrections")).status_code == 200
        asked.append(len(queries))
    assert asked[0] == asked[1]


@pytest.mark.parametrize("name", ["center_feedback", "panel_feedback"])
def test_lists_of_schools_ask_the_same_queries_for_any_number(center_client, season, name):
    asked = []
    for n in range(2):
        for m in range(1 + n):
            school = factories.school(season=season, code=f"3{n}{m}", name=f"School {n}{m}")
            with system_scope():
                enrolment = factories.enrolment_of(school, season)
                Feedback.objects.create(
                    school=school,
                    season=season,
                    enrolment=enrolment,
                    status=Feedback.Status.SENT,
                    sent_at=timezone.now(),
                )
        with CaptureQueriesContext(connection) as queries:
            assert center_client.get(url(name)).status_code == 200
        asked.append(len(queries))
    assert asked[0] == asked[1]


# the figures of the panel


def test_panel_counts_schools_by_where_they_stand_and_names_the_late(center_client, season):
    today = timezone.localdate()
    Status = Enrolment.Status
    stands = [Status.CAPTURING, *[Status.PROOFREADING] * 3, *[Status.FEEDBACK_SENT] * 2]
    stands += [Status.FEEDBACK_ACCEPTED, Status.PRINTING, Status.SHIPPED, Status.RECEIVED]
    for n, status in enumerate(stands):
        school = factories.school(season=season, code=f"4{n}", name=f"School {n}")
        # of those that proofread: late, due today, due tomorrow
        due = today + dt.timedelta(days=n - 2)
        with system_scope():
            Enrolment.objects.filter(school=school).update(status=status, proof_due_on=due)
            if status == Status.FEEDBACK_SENT:
                Feedback.objects.create(
                    school=school,
                    season=season,
                    enrolment=factories.enrolment_of(school, season),
                    status=Feedback.Status.SENT,
                    sent_at=timezone.now() - dt.timedelta(hours=n),
                )
    page = words_of(center_client.get(url("panel_feedback")))
    assert page.startswith(
        f"{said('Feedback forms')} {said('All')} {said('Proofreading')} 3 {said('With the center')} 2"
        f" {said('Accepted')} 4 / 10 4 / 10 "
    )
    assert [int(n) for n in re.findall(r"School (\d)", page)] == [5, 4, 1]  # the form that waits longest comes first
    assert f"School 1 {said('Late')}" in page
