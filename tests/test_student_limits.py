"""A person limited to a college sees and does everything for its students only, at every URL of the school."""

import io
import json
import zipfile

import pytest
from django.apps import apps
from django.urls import reverse

from capture.models import FaceComparison, Photo
from capture.views.stations import TodayList
from portal import history, student_limits
from portal.background import jobs
from portal.errors import NotAllowed
from portal.models import Event, Job, Notification, Role
from portal.student_limits import Limit
from portal.tenancy import TenantModel, school_scope, system_scope
from students import progress
from students.correcting import corrections
from students.models import Student
from tests import factories
from tests.conftest import client_of
from tests.support.words import said
from tests.test_outsider import PAGES, SECRET, answers, body, forged
from tests.test_permission_matrix import is_allowed, is_api_of_staff, readable

pytestmark = pytest.mark.django_db
LITERATURE = Limit(colleges=["文学院"])


@pytest.fixture
def world(school, season, owner):
    """Rows of every kind for a student of 信息学院."""
    return readable(school, season)


@pytest.fixture
def own(school, season):
    """A student inside of the limit, with a photo in review."""
    student = factories.student(school, season, name="文小雨", college="文学院", class_name="中文2301")
    factories.photo(student, "submitted")
    return student


@pytest.fixture
def limited(school):
    return factories.person("limited", Role.SCHOOL_OFFICER, school, limit=LITERATURE)


def hidden_rows(school, student: Student) -> list:
    with school_scope(school):
        photos = list(apps.get_model("capture.Photo").objects.filter(student=student).values())
        return [Student.objects.filter(pk=student.pk).values().get(), photos]


def test_no_page_shows_or_changes_a_student_outside_of_the_limit(world, school, own, limited):
    hidden = world[Student]
    with school_scope(school):  # what was found with somebody outside
        mine = Photo.objects.get(student=own)
        FaceComparison.objects.create(
            school=school, photo=mine, kind=FaceComparison.Kind.SAME_FACE, other_student=hidden, distance=0.2
        )
    before, client, shown, opened = hidden_rows(school, hidden), client_of(limited), set(), set()
    for page in PAGES:
        if page.portal in ("school", "staff") or is_api_of_staff(page):
            for answer in answers(client, page, world, forged(world)):
                if SECRET in body(answer) or hidden.student_no in body(answer):
                    shown.add(page.name)
                if "pk" in page.kwargs and answer.status_code < 400 and is_allowed(limited.membership, page, "get"):
                    opened.add(page.name)
    # A notice of the world's bears the same secret in its title, and is for everybody of the school.
    assert shown == {"schools:notices", "schools:notice", "schools:notice_print"}
    stations = {"capture:station", "capture:station_remove", "capture:slot", "capture:slot_remove"}
    assert opened <= {*stations, *shown, "portal:job"}  # no objects of a student
    assert hidden_rows(school, hidden) == before


def test_who_must_not_see_one_of_two_students_does_not_say_whether_they_are_one(school, season, own, limited):
    hidden = factories.student(school, season, college="信息学院")
    with school_scope(school):
        row = FaceComparison.objects.create(
            school=school,
            photo=Photo.objects.get(student=own),
            kind=FaceComparison.Kind.SAME_FACE,
            other_student=hidden,
            distance=0.2,
        )
    answer = client_of(limited).post(f"/school/{season.year}/faces/{row.pk}/answer/", {"answer": "different"})
    assert answer.status_code == 403


def test_every_model_that_leads_to_a_student_says_how():
    def leads(model, seen=()) -> bool:
        targets = [field.related_model for field in model._meta.fields if field.is_relation and not field.null]
        return any(t is Student or (t not in seen and leads(t, (*seen, model))) for t in targets)

    models = [model for model in apps.get_models() if issubclass(model, TenantModel)]
    by_columns = {"StudentsByClass", "CatalogueClass"}  # they have the college and class themselves
    assert {m.__name__ for m in models if m is Student or leads(m)} | by_columns == {
        m.__name__ for m in models if m.path_to_student is not None
    }


def test_figures_hold_only_the_own_students(world, school, season, own, limited):
    with school_scope(school):
        assert progress.school_counts(school, season).total == 2
        with student_limits.limited_to(LITERATURE):
            assert progress.school_counts(school, season).total == 1
            assert [row.class_name for row in progress.class_progress(school, season)] == ["中文2301"]
            assert TodayList(Student.objects.filter(season=season), {"state": "done"}).count == 1


def test_a_class_is_a_limit_too(school, season, own):
    factories.student(school, season, name="另一班", class_name="软件2302")
    with school_scope(school), student_limits.limited_to(Limit(colleges=["文学院"], class_names=["软件2302"])):
        assert set(Student.objects.values_list("name", flat=True)) == {"文小雨", "另一班"}


def test_the_export_and_the_api_hold_only_the_own_students(world, own, limited):
    client = client_of(limited)
    file = client.post("/school/roster/export/", {"format": "csv"}).content.decode("utf-8-sig")
    assert own.name in file
    assert SECRET not in file
    listed = client.get("/api/v1/students/").json()
    assert [row["student_no"] for row in listed["results"]] == [own.student_no]


def test_the_history_holds_only_the_own_students(world, school, own, limited):
    with school_scope(school):
        history.record("student.revealed", own, by=limited)
        history.record("student.revealed", world[Student], by=limited)
    page = client_of(limited).get("/school/history/").content.decode()
    assert own.name in page
    assert SECRET not in page


def test_a_new_student_stays_inside_of_the_limit(school, season, own, limited):
    client = client_of(limited)
    data = {
        "student_no": "S9",
        "name": "新生",
        "id_type": Student.IdType.RESIDENT.value,
        "id_number": factories.id_number(901),
    }
    data |= {"major": "软件工程", "class_name": "软件2301", "college": "信息学院"}
    refused = client.post("/school/roster/add/", data)
    assert said("You may only keep students of your own colleges and classes. Ask your administrator.") in (
        refused.content.decode()
    )
    with school_scope(school):
        assert not Student.objects.filter(student_no="S9").exists()


@pytest.mark.parametrize("is_here", [True, False])
def test_that_a_number_is_taken_is_said_without_naming_the_owner_or_where(
    world, school, other_school, season, own, limited, is_here
):
    hidden = world[Student] if is_here else factories.student(other_school, season)
    data = {"student_no": "S9", "name": "新生", "id_type": Student.IdType.RESIDENT.value, "id_number": hidden.id_number}
    data |= {"major": "汉语", "class_name": "中文2301", "college": "文学院"}
    page = client_of(limited).post("/school/roster/add/", data).content.decode()
    assert (
        said("This document number already belongs to a student whom you may not see. Ask your administrator.") in page
    )
    assert hidden.student_no not in page
    with system_scope():
        event = Event.objects.get(kind="student.number_tried" if is_here else "roster.number_elsewhere")
    assert (event.actor_key, event.object_id) == (limited.actor_key, hidden.pk if is_here else school.pk)


@pytest.fixture
def _counting_job(monkeypatch):
    """A kind of job that notes whom it sees."""

    def run(job: Job) -> None:
        job.result = {"names": list(Student.objects.values_list("name", flat=True))}

    monkeypatch.setitem(jobs.HANDLERS, "count_names", jobs.Handler(run, "Names", "default"))


@pytest.mark.usefixtures("_counting_job")
def test_a_job_of_a_limited_person_is_limited_too(world, school, own, limited, owner):
    with student_limits.limited_to(LITERATURE):
        mine = jobs.create("count_names", by=limited, school=school)
    theirs = jobs.create("count_names", by=owner, school=school)
    for job in (mine, theirs):
        jobs.run(job.pk)
        job.refresh_from_db()
    assert mine.result["names"] == [own.name]
    assert SECRET in theirs.result["names"]
    client = client_of(limited)
    assert client.get(f"/jobs/{mine.pk}/").status_code == 200
    assert client.get(f"/jobs/{theirs.pk}/").status_code == 404
    limited.membership.colleges = ["another college"]
    limited.membership.save()
    assert client.get(f"/jobs/{mine.pk}/").status_code == 404
    assert json.dumps(mine.params) == '{"limited_to": {"colleges": ["\\u6587\\u5b66\\u9662"], "class_names": []}}'


def test_only_who_may_see_the_student_is_told(school, season, enrolment, own, limited, owner):
    factories.person("finance", Role.SCHOOL_FINANCE, school)
    hidden = factories.student(school, season, name="信小云")
    with school_scope(school):
        for student in (own, hidden):
            corrections.request_correction(student=student, field="name", wanted="李二", by=student)
        told = Notification.objects.filter(kind="correction.asked")
        assert {(row.recipient_key, row.parameters["student"]) for row in told} == {
            (owner.actor_key, own.name),
            (limited.actor_key, own.name),
            (owner.actor_key, hidden.name),
        }


def test_what_is_about_the_whole_school_is_closed(world, limited):
    client = client_of(limited)
    for url in ("/school/fees/", "/school/prints/", "/school/feedback/", "/school/roster/import/"):
        assert client.get(url).status_code == 403, url


def test_a_limited_reviewer_decides_nothing_outside(world, school, own):
    reviewer = client_of(factories.person("reviewer", Role.SCHOOL_REVIEWER, school, limit=LITERATURE))
    hidden = world[apps.get_model("capture.Photo")]
    assert reviewer.post(f"/school/photos/{hidden.pk}/reset/", {"reason": "x"}).status_code == 404
    with school_scope(school):
        mine = own.photos.get()
    assert reviewer.post(f"/school/photos/{mine.pk}/approve/").status_code == 302
    own.refresh_from_db()
    assert own.stage == Student.Stage.APPROVED


def test_the_limit_does_not_reach_beyond_the_request(limited, own, school):
    client_of(limited).get("/school/roster/")
    assert student_limits.present() == student_limits.NONE
    with pytest.raises(NotAllowed), student_limits.limited_to(LITERATURE):
        raise NotAllowed("x")
    assert student_limits.present() == student_limits.NONE


def test_the_archive_of_portraits_holds_only_the_own_students(world, school, own, limited):
    with school_scope(school):
        own.photos.update(status="approved")
        Student.objects.filter(pk=own.pk).update(stage=Student.Stage.APPROVED)
    client = client_of(limited)
    assert f'href="{reverse("printing:archive")}"' in client.get("/school/roster/").content.decode()
    page = client.post(reverse("printing:archive"))["Location"]
    jobs.run(Job.objects.get(kind="portraits").pk)
    names = zipfile.ZipFile(io.BytesIO(client.get(page + "file/").getvalue())).namelist()
    assert len(names) == 1
    assert own.student_no in names[0]
