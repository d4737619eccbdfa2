"""The pages as people use them, the whole way from a portrait to a received parcel; and as outsiders may not."""

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal import jobs
from portal.models import Event
from portal.tenancy import center_scope, school_scope, system_scope
from printing import delivery
from printing import urls as printing_urls
from printing.models import PrintRun, Shipment
from proofing import disputes, feedback, proofs
from proofing import urls as proofing_urls
from proofing.models import Feedback
from schools.models import Enrolment
from students.models import Correction, Student
from students.student_access import SESSION_KEY
from tests import factories
from tests.conftest import client_of
from tests.support.school_papers import STAMPED, confirm, with_portrait
from year_end import ranking
from year_end import urls as year_end_urls
from year_end.models import Award, Bulletin

pytestmark = pytest.mark.django_db


@pytest.fixture
def student_client(client, school, season):
    """A signed-in student with an approved portrait."""
    student = with_portrait(school, season)
    session = client.session
    session[SESSION_KEY] = student.pk
    session.save()
    client.student = student
    return client


@pytest.fixture
def proofreading_school(school, enrolment):
    with school_scope(school):
        Enrolment.objects.update(
            status=Enrolment.Status.PROOFREADING, capture_ended_on="2022-04-01", proof_due_on="2022-05-18"
        )
    return school


ROOMS = {
    entry.name: room
    for room, urls in (("proofing", proofing_urls), ("printing", printing_urls), ("year_end", year_end_urls))
    for entry in urls.urlpatterns
}


def url(name, *args):
    return reverse(f"{ROOMS[name]}:{name}", args=args)


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
    assert "Portrait and data are confirmed" in text(response)
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
    response = student_client.post(url("correction"), asked, follow=True)
    assert "will answer here" in text(response)
    with school_scope(student_client.student.school):
        assert Correction.objects.get().wanted == "female"


def test_correction_without_a_field_says_what_is_missing(student_client):
    response = student_client.post(url("correction"), {"wanted": "x"})
    assert response.status_code == 200
    assert "This field is required" in text(response)


def test_student_without_portrait_reads_why_there_is_nothing_to_do(student_client):
    with school_scope(student_client.student.school):
        Student.objects.update(stage=Student.Stage.RETAKE)
        student_client.student.photos.update(is_current=False)
    assert "has not been approved yet" in text(student_client.get(url("proof")))


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


def test_school_settles_for_the_picked_students_only(owner_client, proofreading_school, season):
    picked, other = with_portrait(proofreading_school, season), with_portrait(proofreading_school, season)
    response = owner_client.post(url("settle"), {"pick": [picked.pk, "x"], "reason": "Checked"}, follow=True)
    assert "1 student settled" in text(response)
    with school_scope(proofreading_school):
        assert Student.objects.get(pk=picked.pk).stage == Student.Stage.PROOFED
        assert Student.objects.get(pk=other.pk).stage == Student.Stage.APPROVED


def test_school_settles_for_all(owner_client, proofreading_school, season):
    for _ in range(2):
        with_portrait(proofreading_school, season)
    response = owner_client.post(url("settle"), {"all": "1", "reason": "Checked"}, follow=True)
    assert "2 students settled" in text(response)


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "fragment"])
def test_school_compares_both_document_numbers_and_the_look_is_recorded(
    owner_client, owner, proofreading_school, season, headers
):
    with school_scope(proofreading_school):
        student, wanted = with_portrait(proofreading_school, season), factories.id_number(77)
        asked = disputes.ask(student, field="id_number", wanted=wanted, explanation="", by=student)
    page = text(owner_client.get(url("corrections")))
    assert wanted not in page
    assert student.id_number not in page
    answer = owner_client.post(url("correction_reveal", asked.pk), headers=headers)
    assert wanted in text(answer)
    assert student.id_number in text(answer)
    assert ("<html" in text(answer)) is not bool(headers)
    assert Event.objects.get(kind="student.revealed").actor_key == owner.actor_key


def test_only_document_numbers_are_revealed(owner_client, proofreading_school, season):
    with school_scope(proofreading_school):
        student = with_portrait(proofreading_school, season)
        asked = disputes.ask(student, field="name", wanted="王五", explanation="", by=student)
    assert owner_client.post(url("correction_reveal", asked.pk)).status_code == 404


def test_school_decides_corrections(owner_client, proofreading_school, season):
    student = with_portrait(proofreading_school, season)
    with school_scope(proofreading_school):
        major = disputes.ask(student, field="major", wanted="会计学", explanation="", by=student)
        name = disputes.ask(student, field="name", wanted="王五", explanation="", by=student)
    page = text(owner_client.get(url("corrections")))
    assert "会计学" in page
    assert "王五" in page
    owner_client.post(url("correction_decide", major.pk), {"do": "accept"})
    owner_client.post(url("correction_decide", name.pk), {"do": "decline", "answer": "Not in the register"})
    with school_scope(proofreading_school):
        row = Student.objects.get()
        assert (row.major, row.name) == ("会计学", student.name)
    assert "Not in the register" in text(owner_client.get(url("corrections"), {"status": "declined"}))


def test_capture_is_ended_from_the_proofs_page(owner_client, school, enrolment, season):
    with_portrait(school, season)
    response = owner_client.post(url("open_proofreading"), follow=True)
    assert "Proofreading is open" in text(response)


def test_feedback_form_is_made_downloaded_and_sent(owner_client, proofreading_school, season):
    student = with_portrait(proofreading_school, season)
    assert "Finish the proofreading first" in text(owner_client.get(url("feedback")))
    with school_scope(proofreading_school):
        confirm(student)
    owner_client.post(url("feedback"), {"quality": "good", "handler_name": "周文静"})
    pdf = owner_client.get(url("feedback_form"))
    assert pdf.content.startswith(b"%PDF-")
    assert pdf["Content-Disposition"].startswith("attachment")
    sent = owner_client.post(url("feedback_send"), {"stamped": SimpleUploadedFile("f.pdf", STAMPED)}, follow=True)
    assert "with the center" in text(sent)
    shown = owner_client.get(url("feedback_stamped"))
    assert b"".join(shown.streaming_content) == STAMPED
    assert (shown["Content-Type"], shown["X-Content-Type-Options"]) == ("application/pdf", "nosniff")
    kinds = set(Event.objects.values_list("kind", flat=True))
    assert {"feedback.made", "feedback.form_downloaded", "feedback.sent", "feedback.viewed"} <= kinds


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "Choose the file"),
        ({"stamped": SimpleUploadedFile("a.pdf", b"no pdf")}, "neither a PDF nor a picture"),
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


@pytest.fixture
def at_the_center(proofreading_school, season, owner):
    """Two settled students and a form that the school has sent."""
    for _ in range(2):
        student = with_portrait(proofreading_school, season)
        with school_scope(proofreading_school):
            confirm(student)
    with school_scope(proofreading_school):
        made = feedback.make(Enrolment.objects.select_related("season", "school").get(), by=owner)
        return feedback.send(made, data=STAMPED, by=owner)


def test_center_accepts_prints_ships_and_the_school_confirms(center_client, owner_client, at_the_center, school):
    assert school.name in text(center_client.get(url("center_feedback"), {"status": "sent"}))
    assert "On the form" in text(center_client.get(url("center_feedback_detail", at_the_center.pk)))
    center_client.post(url("feedback_accept", at_the_center.pk))
    assert "1 school is ready" in text(center_client.get(url("center_runs")))

    center_client.post(url("runs_order"), {"pick": [at_the_center.enrolment_id]})
    with system_scope():
        run = PrintRun.objects.get()
    waiting = center_client.get(url("center_run", run.pk), headers={"HX-Request": "true"})
    assert "hx-get" in text(waiting)
    jobs.run(run.job_id)
    over = center_client.get(url("center_run", run.pk), headers={"HX-Request": "true"})
    assert over["HX-Refresh"] == "true"

    with system_scope():
        volume, student = run.volumes.get(), Student.objects.order_by("student_no").first()
    download = center_client.get(url("volume", volume.pk))
    assert b"".join(download.streaming_content).startswith(b"%PDF-")
    found = text(center_client.get(url("center_run", run.pk), {"q": student.student_no}))
    assert "volume 1, page 1" in found
    center_client.post(url("run_act", run.pk), {"do": "printed"})
    parcel = {"carrier": "SF", "tracking_no": "SF100", "shipped_on": "2022-06-01"}
    assert "has been told" in text(center_client.post(url("ship", run.pk), parcel, follow=True))

    page = text(owner_client.get(url("prints")))
    assert "SF100" in page
    contents = owner_client.get(url("contents", run.pk))
    assert b"".join(contents.streaming_content).startswith(b"%PDF-")
    with system_scope():
        shipment = Shipment.objects.get()
    response = owner_client.post(url("receive", shipment.pk), {"received_by": "Zhou"}, follow=True)
    assert "The parcel is confirmed" in text(response)
    assert school.name in text(center_client.get(url("center_shipments"), {"status": "received"}))
    assert student.student_no in text(owner_client.get(url("prints"), {"q": student.student_no}))
    with system_scope():
        assert Enrolment.objects.get().status == Enrolment.Status.RECEIVED


def test_center_sends_a_form_back_with_a_reason(center_client, owner_client, at_the_center):
    center_client.post(url("feedback_send_back", at_the_center.pk), {"reason": "The stamp is missing"})
    with system_scope():
        assert Feedback.objects.get().status == Feedback.Status.SENT_BACK
    assert "The stamp is missing" in text(owner_client.get(url("feedback")))


def test_failed_run_offers_to_print_without_the_student(center_client, at_the_center, center_admin):
    center_client.post(url("feedback_accept", at_the_center.pk))
    with system_scope():
        Student.objects.filter(pk=Student.objects.first().pk).update(name="李𠮷")
    center_client.post(url("runs_order"), {"pick": [at_the_center.enrolment_id]})
    with system_scope():
        run = PrintRun.objects.get()
    jobs.run(run.job_id)
    page = text(center_client.get(url("center_run", run.pk)))
    assert "U+20BB7" in page
    assert "Print without them" in page
    response = center_client.post(url("run_act", run.pk), {"do": "leave_out"}, follow=True)
    assert "1 student left out" in text(response)


def test_one_school_that_cannot_be_printed_does_not_stop_the_others(center_client, at_the_center, season):
    center_client.post(url("feedback_accept", at_the_center.pk))
    early = factories.school(season=season, code="10000", name="Early Academy")
    picked = [factories.enrolment_of(early, season).pk, at_the_center.enrolment_id]
    page = text(center_client.post(url("runs_order"), {"pick": picked}, follow=True))
    assert "1 print run is being built. Not ordered: Early Academy: Sheets are printed once" in page
    with system_scope():
        assert PrintRun.objects.get().enrolment_id == at_the_center.enrolment_id
    page = text(center_client.post(url("runs_order"), {"pick": picked[:1]}, follow=True))
    assert "Not ordered: Early Academy" in page
    assert "being built." not in page.partition("Not ordered")[0][-60:]


def test_ordering_nothing_is_said(center_client, season):
    referer = {"HTTP_REFERER": "http://testserver" + url("center_runs")}
    assert "Pick at least one school" in text(center_client.post(url("runs_order"), {}, follow=True, **referer))


# downloads


def test_archive_has_its_length_and_every_portrait(owner_client, school, season):
    students = [with_portrait(school, season) for _ in range(2)]
    response = owner_client.get(url("archive"))
    body = b"".join(response.streaming_content)
    assert int(response["Content-Length"]) == len(body)
    with zipfile.ZipFile(io.BytesIO(body)) as made:
        assert sorted(made.namelist()) == sorted(f"{student.id_number}.jpg" for student in students)
    event = Event.objects.get(kind="portraits.downloaded")
    assert (event.actor_name, event.source) == ("Owner", "web")


def test_center_takes_the_archive_of_a_school(center_client, school, season, enrolment):
    with_portrait(school, season)
    body = b"".join(center_client.get(url("center_archive", enrolment.pk), {"folders": "1"}).streaming_content)
    with zipfile.ZipFile(io.BytesIO(body)) as made:
        assert made.namelist()[0].startswith("信息学院/软件工程/")


# the year's end


def test_year_end_from_ranking_to_published_bulletin(center_client, owner_client, school, season):
    with_portrait(school, season)
    with system_scope():
        Enrolment.objects.update(capture_ended_on="2022-04-01")
    assert "1 school ranked" in text(center_client.post(url("year_rank"), follow=True))
    with system_scope():
        award = Award.objects.get()
    decided = {"is_commended": "on", "commended_person": "Zhou", "allowance_fen": "120.50"}
    center_client.post(url("award", award.pk), decided)
    with system_scope():
        assert Award.objects.get().allowance_fen == 12050
    assert "120.50" in center_client.get(url("year_export")).content.decode("utf-8-sig")
    center_client.post(url("center_bulletin"), {"title": "Bulletin 2022", "text": "Well done", "do": "save"})
    assert owner_client.get(url("bulletin")).status_code == 404
    center_client.post(url("center_bulletin"), {"title": "Bulletin 2022", "text": "Well done", "do": "publish"})
    page = text(owner_client.get(url("bulletin")))
    assert "Well done" in page
    assert "120.50" in page
    assert center_client.get(url("center_bulletin")).status_code == 200


def test_officer_does_not_rank_or_publish(center_officer, season):
    client = client_of(center_officer)
    assert client.get(url("year_end")).status_code == 200
    assert client.post(url("year_rank")).status_code == 403
    assert client.get(url("center_bulletin")).status_code == 403


# overviews


@pytest.mark.parametrize("name", ["panel_feedback", "panel_printing"])
def test_center_panels_answer_a_fragment(center_client, at_the_center, name):
    page = text(center_client.get(url(name)))
    assert page.lstrip().startswith("<section")


def test_panel_of_one_school(center_client, at_the_center, school):
    assert "Feedback form" in text(center_client.get(url("panel_school"), {"school": school.pk}))
    assert center_client.get(url("panel_school"), {"school": "x"}).status_code == 404


def test_names_that_cannot_be_printed_are_shown_beside_the_list(owner_client, proofreading_school, season):
    with_portrait(proofreading_school, season, name="李𠮷")
    assert "cannot be printed" in text(owner_client.get(url("panel_unprintable")))
    with school_scope(proofreading_school):
        Student.objects.update(name="李𬭚")
    assert "cannot be printed" not in text(owner_client.get(url("panel_unprintable")))


# before anything is there


def test_pages_of_a_center_without_a_season_open(center_client):
    for name in ("center_feedback", "center_runs", "center_shipments", "year_end", "panel_feedback", "panel_printing"):
        assert center_client.get(url(name)).status_code == 200, name
    assert center_client.get(url("center_bulletin")).status_code == 400
    assert center_client.post(url("year_rank")).status_code == 400


def test_pages_of_a_school_outside_the_season_say_so(owner_client, school):
    with school_scope(school):
        Enrolment.objects.all().delete()
    for name in ("proofs", "feedback", "prints"):
        assert "Not enrolled" in text(owner_client.get(url(name))), name
    for name in ("open_proofreading", "settle", "feedback_send"):
        assert owner_client.post(url(name)).status_code == 404, name


# outsiders


@pytest.fixture
def everything(at_the_center, school, season, center_admin, owner):
    """One row of every kind of the school, by the URL name that takes its id."""
    with center_scope():
        feedback.accept(at_the_center, by=center_admin)
        enrolment = Enrolment.objects.select_related("season", "school").get(pk=at_the_center.enrolment_id)
        from printing import print_runs

        run = print_runs.create(enrolment, by=center_admin)
        jobs.run(run.job_id)
        run.refresh_from_db()
        shipment = delivery.ship(run, carrier="SF", tracking_no="1", shipped_on="2022-06-01", by=center_admin)
        Enrolment.objects.update(capture_ended_on="2022-04-01")
        (award,) = ranking.rank(season, by=center_admin)
        ranking.publish(ranking.save_bulletin(season, title="t", text="x", by=center_admin), by=center_admin)
        student = with_portrait(school, season)
        correction = Correction.objects.create(school=school, student=student, field="major", wanted="x")
        volume = run.volumes.get()
    ids = {
        "correction_decide": correction.pk,
        "correction_reveal": correction.pk,
        "contents": run.pk,
        "receive": shipment.pk,
        "center_run": run.pk,
        "run_act": run.pk,
        "ship": run.pk,
        "center_contents": run.pk,
        "volume": volume.pk,
        "center_archive": enrolment.pk,
        "award": award.pk,
    }
    return ids | dict.fromkeys(_feedback_names(), at_the_center.pk)


def _feedback_names():
    return ("center_feedback_detail", "center_feedback_stamped", "feedback_accept", "feedback_send_back")


def every_url(ids):
    assert len(ROOMS) > 30
    return [(name, url(name, ids[name]) if name in ids else url(name)) for name in ROOMS]


def test_every_url_with_an_id_is_tried(everything):
    assert {name for name, _ in every_url(everything)} >= set(everything)


def test_stranger_reaches_nothing(client, everything):
    for name, address in every_url(everything):
        for answer in (client.get(address), client.post(address)):
            assert answer.status_code in (302, 405), name
            if answer.status_code == 302:
                assert "sign-in" in answer["Location"] or "login" in answer["Location"], name


def test_person_of_another_school_reaches_no_row_and_no_center_page(outsider_client, everything):
    for name, address in every_url(everything):
        if name in everything or "/center/" in address or name in ("panel_feedback", "panel_printing", "panel_school"):
            for answer in (outsider_client.get(address), outsider_client.post(address)):
                assert answer.status_code in (404, 405), name


def test_other_school_s_pages_show_nothing_of_this_one(outsider_client, everything, school):
    with system_scope():
        number = Student.objects.filter(school=school).first().student_no
    for name in ("proofs", "corrections", "feedback", "prints"):
        assert number not in text(outsider_client.get(url(name)))
    with system_scope():
        assert Bulletin.objects.get().published_at


def test_center_has_no_school_pages(center_client, everything):
    for name in ("proofs", "corrections", "feedback", "prints", "archive", "bulletin"):
        assert center_client.get(url(name)).status_code == 404


# lists


def fill(school, season, count):
    """`count` students, each with a correction, in a print run of their own that has been sent and received."""
    with system_scope():
        enrolment = factories.enrolment_of(school, season)
        for n in range(count):
            student = with_portrait(school, season)
            Correction.objects.create(school=school, student=student, field="major", wanted="会计学")
            Correction.objects.create(school=school, student=student, field="portrait", explanation="Cut off")
            run = PrintRun.objects.create(school=school, season=season, enrolment=enrolment, students=1)
            Shipment.objects.create(
                school=school, season=season, run=run, carrier="SF", tracking_no=str(n), shipped_on="2022-06-01"
            )


@pytest.mark.parametrize("name", ["corrections", "prints"])
def test_school_lists_ask_the_same_queries_for_any_number(owner_client, school, season, name):
    asked = []
    for _ in range(2):
        fill(school, season, 1 + len(asked))
        with CaptureQueriesContext(connection) as queries:
            assert owner_client.get(url(name)).status_code == 200
        asked.append(len(queries))
    assert asked[0] == asked[1]


@pytest.mark.parametrize("name", ["center_runs", "center_shipments", "panel_printing"])
def test_center_lists_ask_the_same_queries_for_any_number(center_client, school, season, name):
    asked = []
    for _ in range(2):
        fill(school, season, 1 + len(asked))
        with CaptureQueriesContext(connection) as queries:
            assert center_client.get(url(name)).status_code == 200
        asked.append(len(queries))
    assert asked[0] == asked[1]


@pytest.mark.parametrize("name", ["center_feedback", "year_end", "panel_feedback"])
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
                Award.objects.create(school=school, season=season, rank=n, score=50)
        with CaptureQueriesContext(connection) as queries:
            assert center_client.get(url(name)).status_code == 200
        asked.append(len(queries))
    assert asked[0] == asked[1]
