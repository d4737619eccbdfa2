"""The pages as people use them, from an accepted form to a received parcel."""

import datetime as dt
import functools
import io
import zipfile

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.background import jobs
from portal.models import Event, Job
from portal.privacy import job_files
from portal.tenancy import school_scope, system_scope
from printing import portrait_archive, print_orders, print_runs
from printing.models import PrintRun, Shipment
from schools.models import Enrolment
from students.models import Correction, Student
from tests import factories
from tests.conftest import client_of
from tests.support.concurrency import at_once
from tests.support.database import let_delete
from tests.support.pages import words_of
from tests.support.school_papers import with_portrait
from tests.support.words import said

pytestmark = pytest.mark.django_db


def url(name, *args):
    return reverse(f"printing:{name}", args=args)


def text(response) -> str:
    return response.content.decode()


def order(client, *enrolments: int):
    """Order the sheets of these schools; the page with the result."""
    asked = client.post(url("runs_order"), {"pick": enrolments})
    with system_scope():
        jobs.run(Job.objects.filter(kind=print_orders.KIND).latest("pk").pk)
    return client.get(asked["Location"])


def test_center_accepts_prints_ships_and_the_school_confirms(center_client, owner_client, at_the_center, school):
    assert school.name in text(center_client.get(reverse("proofing:center_feedback"), {"status": "sent"}))
    assert said("On the form") in text(
        center_client.get(reverse("proofing:center_feedback_detail", args=[at_the_center.pk]))
    )
    center_client.post(reverse("proofing:feedback_accept", args=[at_the_center.pk]))
    assert said("%(n)s school is ready to be printed", n=1) in text(center_client.get(url("center_runs")))

    order(center_client, at_the_center.enrolment_id)
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
    assert said("volume %(volume)s, page %(page)s", volume="1", page="1") in found
    center_client.post(url("run_act", run.pk), {"do": "printed"})
    parcel = {"carrier": "SF", "tracking_no": "SF100", "shipped_on": "2022-06-01"}
    assert said("Shipped. %(school)s has been told.", school=school.name) in text(
        center_client.post(url("ship", run.pk), parcel, follow=True)
    )

    page = text(owner_client.get(url("prints")))
    assert "SF100" in page
    contents = owner_client.get(url("contents", run.pk))
    assert b"".join(contents.streaming_content).startswith(b"%PDF-")
    with system_scope():
        shipment = Shipment.objects.get()
    response = owner_client.post(url("receive", shipment.pk), {"received_by": "Zhou"}, follow=True)
    assert said("Thank you. The parcel is confirmed; your students see their photos as delivered.") in text(response)
    assert school.name in text(center_client.get(url("center_shipments"), {"status": "received"}))
    assert student.student_no in text(owner_client.get(url("prints"), {"q": student.student_no}))
    with system_scope():
        assert Enrolment.objects.get().status == Enrolment.Status.RECEIVED


def test_failed_run_offers_to_print_without_the_student(center_client, at_the_center, center_admin):
    center_client.post(reverse("proofing:feedback_accept", args=[at_the_center.pk]))
    with system_scope():
        Student.objects.filter(pk=Student.objects.first().pk).update(name="李𠮷")
    order(center_client, at_the_center.enrolment_id)
    with system_scope():
        run = PrintRun.objects.get()
    jobs.run(run.job_id)
    page = text(center_client.get(url("center_run", run.pk)))
    assert "U+20BB7" in page
    assert said("Print without them") in page
    response = center_client.post(url("run_act", run.pk), {"do": "leave_out"}, follow=True)
    assert said("%(n)d student left out.", n=1) in text(response)


def test_ordering_nothing_is_said(center_client, season):
    referer = {"HTTP_REFERER": "http://testserver" + url("center_runs")}
    assert said("Pick at least one school.") in text(center_client.post(url("runs_order"), {}, follow=True, **referer))


# downloads


def made_archive(client, page: str, **data: str) -> zipfile.ZipFile:
    """Ask for the archive, let the worker make it, and download it."""
    answer = client.post(page, data)
    assert answer.status_code == 302
    jobs.run(int(answer["Location"].strip("/").rpartition("/")[2]))
    return zipfile.ZipFile(io.BytesIO(client.get(answer["Location"] + "file/").getvalue()))


def test_archive_holds_every_portrait(owner_client, school, season):
    students = [with_portrait(school, season) for _ in range(2)]
    assert said("Make the archive") in text(owner_client.get(url("archive")))
    with made_archive(owner_client, url("archive")) as made:
        assert sorted(made.namelist()) == sorted(f"{student.student_no}.jpg" for student in students)
        assert made.testzip() is None
    event = Event.objects.get(kind="portraits.downloaded")
    assert (event.actor_name, event.facts["in_clear"]) == ("Owner", False)


def test_only_who_asked_for_the_archive_downloads_it(owner_client, center_client, colleague, school, season):
    with_portrait(school, season)
    page = owner_client.post(url("archive"))["Location"]
    jobs.run(Job.objects.get(kind="portraits").pk)
    for client in (center_client, client_of(colleague)):
        assert page + "file/" not in client.get(page).content.decode()
        assert client.get(page + "file/").status_code == 404
    assert page + "file/" in owner_client.get(page).content.decode()


def test_one_archive_at_a_time_for_a_person(owner_client, school, season):
    with_portrait(school, season)
    assert owner_client.post(url("archive")).status_code == 302
    answer = owner_client.post(url("archive"))
    assert said("The last file that you asked for is still being made. Wait until it is done.") in text(answer)
    assert Job.objects.filter(kind="portraits").count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_archive_is_made_of_several_wishes_at_once(owner, enrolment, school, season):
    with_portrait(school, season)
    wish = functools.partial(portrait_archive.create, enrolment, by=owner, folders=False, by_document=False)
    results = at_once(wish, wish, wish, wish)
    assert sorted(type(result).__name__ for result in results) == ["Job", "PortalError", "PortalError", "PortalError"]
    assert Job.objects.filter(kind="portraits").count() == 1


def test_archives_are_deleted_after_their_days(owner_client, school, season):
    with_portrait(school, season)
    made_archive(owner_client, url("archive")).close()
    job = Job.objects.get(kind="portraits")
    assert job_files.delete_old(job.finished_at) == 0
    assert job_files.delete_old(job.finished_at + dt.timedelta(seconds=1)) == 1
    assert not job.artefact.storage.exists(job.artefact.name)
    assert owner_client.get(f"/jobs/{job.pk}/file/").status_code == 404


def test_archive_by_document_number_asks_for_the_password_and_the_event_says_so(owner, colleague, school, season):
    owner_client = client_of(owner, gave_password=False)
    student = with_portrait(school, season)
    page = url("archive_by_number")
    assert said("Your password, please") in text(owner_client.post(page))
    assert owner_client.get(page)["Location"].startswith("/accounts/reauthenticate/")
    assert client_of(colleague).post(page).status_code == 403
    again = owner_client.post("/accounts/reauthenticate/", {"password": "wrong", "next": page})
    assert again.status_code == 200
    again = owner_client.post("/accounts/reauthenticate/", {"password": "a-long-password", "next": page})
    assert again["Location"] == page
    assert said("Portraits named by document number") in text(owner_client.get(page))
    with made_archive(owner_client, page) as made:
        assert made.namelist() == [f"{student.id_number}.jpg"]
    assert Event.objects.get(kind="portraits.downloaded").facts["in_clear"] is True
    file = f"/jobs/{Job.objects.get(kind='portraits_by_number').pk}/file/"
    session = owner_client.session  # a day later, at an open session
    session["account_authentication_methods"] = []
    session.save()
    assert owner_client.get(file)["Location"].startswith("/accounts/reauthenticate/")


def test_center_takes_the_archive_of_a_school(center_client, school, season, enrolment):
    with_portrait(school, season)
    with made_archive(center_client, url("center_archive", enrolment.pk), folders="1") as made:
        assert made.namelist()[0].startswith("信息学院/软件工程/")


# overviews


def test_center_panel_answers_a_fragment(center_client, at_the_center):
    page = text(center_client.get(url("panel_printing")))
    assert page.lstrip().startswith("<section")


def test_panel_of_one_school(center_client, at_the_center, school):
    assert said("Feedback form") in text(center_client.get(url("panel_school"), {"school": school.pk}))
    assert center_client.get(url("panel_school"), {"school": "x"}).status_code == 404


# before anything is there


@pytest.mark.urls("config.urls")
@pytest.mark.parametrize("name", ["center_runs", "center_shipments", "panel_printing"])
def test_pages_of_a_center_without_a_season_open(center_client, name):
    assert center_client.get(url(name)).status_code == 200


def test_prints_of_a_school_outside_the_season_say_so(owner_client, school):
    with school_scope(school):
        let_delete(Enrolment)
        Enrolment.objects.all().delete()
    assert said("Not enrolled in this season") in text(owner_client.get(url("prints")))


# lists


def fill(school, season, count):
    """`count` students, each in a print run of their own that has been sent."""
    with system_scope():
        enrolment = factories.enrolment_of(school, season)
        for n in range(count):
            with_portrait(school, season)
            run = PrintRun.objects.create(school=school, season=season, enrolment=enrolment, students=1)
            Shipment.objects.create(
                school=school, season=season, run=run, carrier="SF", tracking_no=str(n), shipped_on="2022-06-01"
            )


def test_prints_ask_the_same_queries_for_any_number(owner_client, school, season):
    asked = []
    for _ in range(2):
        fill(school, season, 1 + len(asked))
        with CaptureQueriesContext(connection) as queries:
            assert owner_client.get(url("prints")).status_code == 200
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


# the figures of the panels


def test_panel_counts_students_and_runs_by_where_they_stand(center_client, school, season):
    for stage, number in (("proofed", 4), ("printed", 3), ("delivered", 2), ("approved", 1)):
        for _ in range(number):
            factories.student(school, season, stage=stage)
    enrolment = factories.enrolment_of(school, season)
    printed = timezone.now()
    with school_scope(school):
        # three to be printed, two to be shipped, one on the way, one that has arrived
        for n, printed_at in enumerate([None, None, None, printed, printed, printed, printed]):
            run = PrintRun.objects.create(school=school, season=season, enrolment=enrolment, printed_at=printed_at)
            if n >= 5:
                Shipment.objects.create(
                    school=school,
                    season=season,
                    run=run,
                    carrier="SF",
                    tracking_no=str(n),
                    shipped_on="2022-06-01",
                    status=Shipment.Status.SHIPPED if n == 5 else Shipment.Status.RECEIVED,
                )
    assert words_of(center_client.get(url("panel_printing"))) == (
        f"{said('Printing and delivery')} {said('All')} {said('Proofread')} 4 {said('Printed')} 3 {said('Delivered')} 2"
        f" {said('To be printed')} 3 {said('To be shipped')} 2 {said('On the way')} 1"
    )


def test_panel_of_one_school_shows_its_proofreading(center_client, owner_client, at_the_center, school, season):
    students = [with_portrait(school, season) for _ in range(3)]
    with school_scope(school):
        Correction.objects.create(school=school, student=students[0], field="major", wanted="会计学")
    page = words_of(center_client.get(url("panel_school"), {"school": school.pk}))
    counts = f"2 / 5 {said('Not confirmed yet')} 3 {said('Corrections')} 1"
    assert f"{counts} {said('Feedback form')} {said('With the center')}" in page


def test_panel_of_one_school_shows_where_its_run_stands(center_client, at_the_center, school, season):
    def state() -> str:
        page = words_of(center_client.get(url("panel_school"), {"school": school.pk}))
        name = said("Batch %(n)s", n=run.pk)
        return page.partition(f"{name} ")[2].removesuffix(f" {said('Electronic portraits')}")

    center_client.post(reverse("proofing:feedback_accept", args=[at_the_center.pk]))
    order(center_client, at_the_center.enrolment_id)
    with system_scope():
        run = PrintRun.objects.get()
    states = [state()]
    jobs.run(run.job_id)
    states.append(state())
    center_client.post(url("run_act", run.pk), {"do": "printed"})
    states.append(state())
    center_client.post(url("ship", run.pk), {"carrier": "SF", "tracking_no": "1", "shipped_on": "2022-06-01"})
    states.append(state())
    assert states == [said("Waiting"), said("To be printed"), said("Printed"), said("On its way")]


def test_an_action_that_is_not_known_does_nothing(center_client, accepted, pair, center_admin):
    run = print_runs.create(accepted, by=center_admin)
    answer = center_client.post(url("run_act", run.pk), {"do": "nonsense"})
    assert answer.status_code == 422
    assert said("Choose what is to be done with the run.") in answer.content.decode()
    run.refresh_from_db()
    assert run.printed_at is None
