"""Nobody reaches another school's proofs, prints and year's end: every page of the three rooms, with real papers."""

import pytest
from django.urls import reverse

from portal.background import jobs
from portal.tenancy import center_scope, system_scope
from printing import delivery, print_runs
from printing import urls as printing_urls
from printing.models import HandoverPackage
from proofing import feedback
from proofing import urls as proofing_urls
from schools.models import Enrolment
from students.models import Correction, Student
from tests.support.school_papers import at_the_center, proofreading_school, with_portrait
from year_end import bulletin as bulletins
from year_end import ranking
from year_end import urls as year_end_urls
from year_end.models import Bulletin

__all__ = ["at_the_center", "proofreading_school"]  # fixtures

pytestmark = pytest.mark.django_db


ROOMS = {
    entry.name: room
    for room, urls in (("proofing", proofing_urls), ("printing", printing_urls), ("year_end", year_end_urls))
    for entry in urls.urlpatterns
}


def url(name, *args):
    return reverse(f"{ROOMS[name]}:{name}", args=args)


def text(response) -> str:
    return response.content.decode()


@pytest.fixture
def everything(at_the_center, school, season, center_admin, owner):
    """One row of every kind of the school, by the URL name that takes its id."""
    with center_scope():
        feedback.accept(at_the_center, by=center_admin)
        enrolment = Enrolment.objects.select_related("season", "school").get(pk=at_the_center.enrolment_id)
        run = print_runs.create(enrolment, by=center_admin)
        jobs.run(run.job_id)
        run.refresh_from_db()
        shipment = delivery.ship(run, carrier="SF", tracking_no="1", shipped_on="2022-06-01", by=center_admin)
        delivery.report(shipment, students=[run.items.first().student_id], reason="missing", by=owner)
        report = shipment.reports.get()
        Enrolment.objects.update(capture_ended_on="2022-04-01")
        (award,) = ranking.rank(season, by=center_admin)
        bulletins.publish(bulletins.save_bulletin(season, title="t", text="x", by=center_admin), by=center_admin)
        student = with_portrait(school, season)
        correction = Correction.objects.create(school=school, student=student, field="major", wanted="x")
        volume = run.volumes.get()
        package = HandoverPackage.objects.create(enrolment=enrolment, season=season, school=school, number=1)
    ids = {
        **dict.fromkeys(_correction_names(), correction.pk),
        **dict.fromkeys(("handover_school", "handover_make"), enrolment.pk),
        **dict.fromkeys(("handover_again", "handover_sent", "handover_receipt"), package.pk),
        "correction_ask": student.pk,
        "center_correction_ask": student.pk,
        "contents": run.pk,
        "receive": shipment.pk,
        "parcel": shipment.pk,
        "withdraw": report.pk,
        "center_run": run.pk,
        "print_order": run.job_id,
        "run_act": run.pk,
        "ship": run.pk,
        "center_contents": run.pk,
        "volume": volume.pk,
        "center_archive": enrolment.pk,
        "center_archive_by_number": enrolment.pk,
        "award": award.pk,
        "year_document": "ranking.xlsx",
    }
    return ids | dict.fromkeys(_feedback_names(), at_the_center.pk)


def _correction_names():
    names = ("page", "compare", "picture", "evidence", "decide")
    return [f"{portal}correction_{name}" for portal in ("", "center_") for name in names]


def _feedback_names():
    return ("center_feedback_detail", "center_feedback_stamped", "feedback_accept", "feedback_send_back")


def every_url(ids):
    assert len(ROOMS) > 30
    of_student = dict.fromkeys(("own_evidence", "own_evidence_add", "correction_withdraw"), ids["correction_page"])
    ids = {"bulletin_file": "bulletin.pdf"} | of_student | ids  # every school reads the bulletin
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
