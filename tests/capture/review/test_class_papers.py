"""The check-list and the contact sheet of a selection, as PDF."""

import pypdfium2
import pytest
from django.urls import reverse

from portal.background import jobs
from portal.models import Event, Job
from portal.tenancy import system_scope
from students.models import Student
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def students(school, season):
    """Sixteen of one class, the first with a portrait, and one of another."""
    found = [factories.student(school, season, class_name="软件2301", student_no=f"2023{n:03d}/A") for n in range(16)]
    found.append(factories.student(school, season, class_name="软件2302", student_no="2023900"))
    factories.photo(found[0], status="approved")
    return found


def made(client, what, **query):
    page = f"{reverse('students:roster_bulk')}?do={what}" + "".join(f"&{name}={value}" for name, value in query.items())
    client.post(client.get(page).headers.get("Location", page), {"sure": "yes"})
    with system_scope():
        jobs.run(Job.objects.latest("pk").pk)
        job = Job.objects.latest("pk")
    assert job.status == Job.Status.DONE, job.message
    pdf = pypdfium2.PdfDocument(client.get(reverse("portal:job_file", args=[job.pk])).getvalue())
    return [page.get_textpage().get_text_bounded() for page in pdf], pdf


def pictures_on(page):
    return sum(thing.type == pypdfium2.raw.FPDF_PAGEOBJ_IMAGE for thing in page.get_objects())


def test_check_list_has_a_page_for_each_class_with_masked_numbers(owner_client, students):
    texts, pdf = made(owner_client, "check_list")
    first, last = texts[0], texts[-1]
    assert "软件2301（共16人）" in first.replace(" ", "").replace("\r\n", "") or "软件2301" in first
    assert students[0].masked_id in first
    assert students[0].id_number not in "".join(texts)
    assert "本人签名" in first
    assert len(texts) == 3  # the first class needs two
    assert ("2023900" in last, "2023000/A" in last) == (True, False)
    assert pictures_on(pdf[0]) == 1
    assert Event.objects.get(kind="roster.exported").facts == {"count": 17, "format": "pdf", "in_clear": False}


def test_contact_sheet_of_one_class(owner_client, students):
    texts, pdf = made(owner_client, "contact_sheet", class_name="软件2301")
    with system_scope():
        names = list(Student.objects.filter(class_name="软件2301").values_list("name", flat=True))
    assert all(name in texts[0] for name in names)
    assert "2023900" not in "".join(texts)
    assert pictures_on(pdf[0]) == 1


@pytest.mark.parametrize("paper", ["check_list", "contact_sheet"])
def test_a_character_that_no_font_has_is_marked_and_said(owner_client, school, season, paper):
    factories.student(school, season, student_no="2023777", name="李𠮷")
    text = made(owner_client, paper)[0][0].replace("\r\n", "")
    assert "李〓" in text
    assert "2023777 U+20BB7" in text


def test_archived_seasons_print_and_change_nothing(owner_client, students, season):
    with system_scope():
        type(season).objects.filter(pk=season.pk).update(status="archived")
    page = f"{reverse('students:roster_bulk')}?do=move"
    page = owner_client.get(page).headers.get("Location", page)
    owner_client.post(page, {"major": "x", "class_name": "y"})
    with system_scope():
        assert not Job.objects.exists()
