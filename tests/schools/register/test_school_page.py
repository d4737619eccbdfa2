"""The center's page of one school: its figures lead to their lists, and its history has pages."""

import html
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from portal import history
from portal.models import Event
from portal.pages import panels
from portal.tenancy import school_scope
from schools.models import Notice, NoticeAddressee
from schools.notices import reading
from schools.register import school_history
from students.models import Student
from tests import factories


def test_every_figure_of_its_students_leads_to_a_list_of_that_many(center_client, school, season):
    factories.student(school, season)
    for stage in ("retake", "review", "review", "approved", "printed"):
        factories.student(school, season, stage=Student.Stage(stage))
    panel = center_client.get(reverse("students:panel_school"), {"school": school.pk}).content.decode()
    figures = dict(re.findall(r'<td class="num"><a href="([^"]+)">(\d+)</a>', panel))
    assert [(url.rpartition(";")[2], number) for url, number in figures.items()] == [
        ("step=waiting", "1"),
        ("step=retake", "1"),
        ("stage=review", "2"),
        ("step=done", "2"),
    ]
    captured = re.search(r'href="([^"]+step=captured)"', panel)[1]
    for url, number in {**figures, captured: "4"}.items():
        assert center_client.get(html.unescape(url)).context["students"].count == int(number)


def test_the_history_has_pages_and_leaves_out_what_happens_to_students(school, season, center_admin):
    student = factories.student(school, season)
    with school_scope(school):
        for n in range(5):
            history.record("school.changed", school, by=center_admin, facts={"code": str(n)})
            history.record("student.locked", student, by=center_admin)
    first = school_history.page_of(school, size=3)
    assert [event.facts["code"] for event in first.events] == ["4", "3", "2"]
    second = school_history.page_of(school, before=first.older, size=3)
    assert ([event.facts["code"] for event in second.events], second.older) == (["1", "0"], None)


def test_a_page_of_the_history_looks_through_a_part_only(school, season, center_admin, monkeypatch):
    monkeypatch.setattr(school_history, "LOOKED_THROUGH", 2)
    student = factories.student(school, season)
    with school_scope(school):
        history.record("school.changed", school, by=center_admin)
        for _ in range(2):
            history.record("student.locked", student, by=center_admin)
    first = school_history.page_of(school)
    assert (first.events, first.older) == ([], Event.objects.filter(kind="student.locked").earliest("pk").pk)
    assert [event.kind for event in school_history.page_of(school, before=first.older).events] == ["school.changed"]


@pytest.fixture
def notice(school, season):
    row = Notice.objects.create(season=season, title="Days", body="-", status="published", number=1)
    with school_scope(school):
        NoticeAddressee.objects.create(notice=row, school=school, told_at=timezone.now())
    return row


def test_the_page_says_whether_a_notice_was_read_and_confirmed(center_client, school, season, notice, owner):
    def seen():
        page = center_client.get(reverse("schools:school", args=[school.pk]))
        return [(row.notice.pk, row.readers, row.is_confirmed) for row in page.context["notices"]]

    assert seen() == [(notice.pk, 0, False)]
    with school_scope(school):
        reading.read(notice, owner, school=school)
    assert seen() == [(notice.pk, 1, False)]
    with school_scope(school):
        reading.confirm(notice, 1, reader=owner, school=school)
    assert seen() == [(notice.pk, 1, True)]


def test_the_panels_of_its_page_are_there(center_client, school):
    page = center_client.get(reverse("schools:school", args=[school.pk]))
    assert len(page.context["panels"]) == len(panels.registered()["center.school"])
