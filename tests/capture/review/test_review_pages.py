"""The light table, the center's photos, stations and panels, as three people see them."""

import datetime as dt
import re

import pytest
from django.utils import timezone

from capture.models import Photo, Station
from capture.review import decisions, view_log
from capture.review.worklist import CenterPhotos
from portal import history
from portal.models import Event
from portal.tenancy import system_scope
from schools.models import Enrolment
from students.models import Student
from tests import factories
from tests.conftest import client_of
from tests.support.addresses import dated
from tests.support.database import let_delete
from tests.support.words import said


@pytest.fixture(autouse=True)
def _unscoped_rows():
    with system_scope():
        yield


@pytest.fixture
def photo(student) -> Photo:
    return factories.photo(student, findings={"smile": "warn"})


@pytest.fixture
def theirs(other_school, season) -> Photo:
    """A photo of the other school."""
    return factories.photo(factories.student(other_school, season, name="他人"))


def text(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_light_table_shows_original_portrait_and_marks(owner_client, photo):
    answer = owner_client.get("/school/review/")
    body = answer.content.decode()
    assert dated(f"/school/photos/{photo.pk}/preview/") in body
    assert dated(f"/school/photos/{photo.pk}/portrait/") in body
    assert '<rect class="is-warn"' in body
    assert said("The smile is rather broad.") in body


def test_grid_shows_every_waiting_photo_of_the_own_school(owner_client, photo, theirs, school, season):
    factories.photo(factories.student(school, season, name="王二"))
    words = text(owner_client.get("/school/review/?view=grid"))
    assert "李一" in words
    assert "王二" in words
    assert "他人" not in words


@pytest.mark.parametrize("view", ["", "grid"])
def test_list_asks_as_often_for_one_photo_as_for_three(
    owner_client, school, season, view, django_assert_num_queries, django_assert_max_num_queries
):
    factories.photo(factories.student(school, season), findings={"smile": "warn"})
    owner_client.get(f"/school/review/?view={view}")
    with django_assert_max_num_queries(30) as first:
        owner_client.get(f"/school/review/?view={view}")
    for _ in range(2):
        factories.photo(factories.student(school, season), findings={"smile": "warn"})
    with django_assert_num_queries(len(first) + 1):  # and one line for the look at all three
        owner_client.get(f"/school/review/?view={view}")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=submitted", {"甲", "乙"}),
        ("state=approved", {"丙"}),
        ("state=all", {"甲", "乙", "丙"}),
        ("state=nonsense", {"甲", "乙"}),
        ("class_name=Two", {"乙"}),
        ("finding=smile", {"乙"}),
        ("finding=clean", {"甲"}),
        ("q=甲", {"甲"}),
        ("q=N2", {"乙"}),
    ],
)
def test_filters_narrow_the_grid(owner_client, school, season, query, found):
    factories.photo(factories.student(school, season, name="甲", class_name="One", student_no="N1"))
    factories.photo(
        factories.student(school, season, name="乙", class_name="Two", student_no="N2"), findings={"smile": "warn"}
    )
    factories.photo(factories.student(school, season, name="丙", class_name="Two"), Photo.Status.APPROVED)
    body = owner_client.get(f"/school/review/?view=grid&{query}").content.decode()
    assert {name for name in "甲乙丙" if f"<strong>{name}</strong>" in body} == found


def test_approve_by_htmx_brings_the_next_photo(owner_client, photo, school, season):
    following = factories.photo(factories.student(school, season, name="王二"))
    answer = owner_client.post(
        f"/school/photos/{photo.pk}/approve/", {"back": "state=submitted"}, headers={"HX-Request": "true"}
    )
    assert "王二" in text(answer)
    assert dated(f"/school/photos/{following.pk}/approve/") in answer.content.decode()
    assert "<html" not in answer.content.decode()


def test_approve_without_javascript_comes_back_to_the_list(owner_client, photo):
    answer = owner_client.post(f"/school/photos/{photo.pk}/approve/", {"back": "state=submitted&class_name=x"})
    assert answer["Location"] == dated("/school/review/?state=submitted&class_name=x")


def test_return_without_a_reason_says_so(owner_client, photo):
    answer = owner_client.post(f"/school/photos/{photo.pk}/return/", {"reason": " "}, headers={"HX-Request": "true"})
    assert answer.status_code == 400
    assert said("Please give the reason: the student has to know what to do.") in text(answer)


def test_bulk_approval_takes_the_clean_ones_of_the_picks(owner_client, photo, school, season):
    clean = factories.photo(factories.student(school, season))
    owner_client.post("/school/review/approve-clean/", {"pick": [photo.pk, clean.pk, "x"], "back": "state=submitted"})
    assert Photo.objects.get(pk=clean.pk).status == Photo.Status.APPROVED
    assert Photo.objects.get(pk=photo.pk).status == Photo.Status.SUBMITTED


def test_bulk_approval_of_picks_that_are_no_photos_approves_none(owner_client, school, season):
    clean = factories.photo(factories.student(school, season))
    owner_client.post("/school/review/approve-clean/", {"pick": ["x"], "back": ""})
    assert Photo.objects.get(pk=clean.pk).status == Photo.Status.SUBMITTED


def test_undo_button_appears_after_a_decision_and_works(owner_client, photo):
    assert "data-undo" not in owner_client.get("/school/review/").content.decode()
    owner_client.post(f"/school/photos/{photo.pk}/approve/", {"back": ""})
    assert "data-undo" in owner_client.get("/school/review/").content.decode()
    owner_client.post("/school/review/undo/", {"back": ""})
    assert Photo.objects.get(pk=photo.pk).status == Photo.Status.SUBMITTED


@pytest.mark.parametrize(("rule", "asks"), [("screen", True), ("beautified", True), ("smile", False)])
def test_only_a_suspect_photo_asks_for_a_lock(owner_client, student, rule, asks):
    factories.photo(student, findings={rule: "warn"})
    assert (said("Confirm and lock") in text(owner_client.get("/school/review/"))) is asks


SCHOOL_POSTS = ["approve", "return", "reset", "judge-again"]
SCHOOL_GETS = ["original", "preview", "portrait", "thumbnail"]


@pytest.mark.parametrize("act", SCHOOL_POSTS)
def test_photos_of_another_school_cannot_be_decided(owner_client, theirs, act):
    assert owner_client.post(f"/school/photos/{theirs.pk}/{act}/", {"reason": "x"}).status_code == 404
    theirs.refresh_from_db()
    assert theirs.status == Photo.Status.SUBMITTED


@pytest.mark.parametrize("kind", SCHOOL_GETS)
def test_pictures_of_another_school_are_not_found(owner_client, theirs, kind):
    assert owner_client.get(f"/school/photos/{theirs.pk}/{kind}/").status_code == 404


def test_bulk_approval_does_not_reach_another_school(owner_client, theirs):
    owner_client.post("/school/review/approve-clean/", {"pick": [theirs.pk], "back": ""})
    theirs.refresh_from_db()
    assert theirs.status == Photo.Status.SUBMITTED


@pytest.mark.parametrize("path", ["lock", "unlock"])
def test_students_of_another_school_cannot_be_locked(owner_client, theirs, path):
    assert owner_client.post(f"/school/students/{theirs.student_id}/{path}/", {"reason": "x"}).status_code == 404


def test_officer_cannot_unlock_but_the_administrator_can(owner_client, colleague, student):
    Student.objects.update(locked_at=timezone.now(), lock_reason="Screen.")
    path = f"/school/students/{student.pk}/unlock/"
    assert client_of(colleague).post(path, {"reason": "ok"}, headers={"HX-Request": "true"}).status_code == 403
    owner_client.post(path, {"reason": "Explained."})
    assert not Student.objects.get(pk=student.pk).is_locked


def test_opening_a_photo_is_recorded_once_a_day(owner_client, photo):
    owner_client.get("/school/review/")
    owner_client.get("/school/review/")
    owner_client.get("/school/review/?view=grid")
    assert Event.objects.filter(kind="photo.looked", object_id=photo.pk).count() == 1


def test_history_tells_of_locks_and_only_of_the_last_of_many_looks(photo, owner):
    for _ in range(3):
        history.record("photo.compared", photo, by=owner)
    decisions.lock(student=photo.student, by=owner, reason="Screen.")
    decisions.unlock(student=photo.student, by=owner, reason="Explained.")

    kinds = [event.kind for event in view_log.list_events(photo, most=8)]
    assert kinds[0] == "student.unlocked"
    assert (kinds.count("student.locked"), kinds.count("photo.compared")) == (1, 1)


def test_findings_are_counted_among_the_photos_that_the_search_leaves(owner_client, school, season, photo):
    factories.photo(factories.student(school, season, name="他人"))
    assert "finding=smile" in owner_client.get("/school/review/").content.decode()
    assert "finding=smile" not in owner_client.get("/school/review/?q=他人").content.decode()


def test_taking_the_original_is_recorded_each_time(owner_client, photo):
    for _ in range(2):
        answer = owner_client.get(f"/school/photos/{photo.pk}/original/")
        assert "attachment" in answer["Content-Disposition"]
        assert answer.getvalue()
    assert Event.objects.filter(kind="photo.downloaded", object_id=photo.pk).count() == 2


def test_miniatures_leave_no_event(owner_client, photo):
    before = Event.objects.count()
    answer = owner_client.get(f"/school/photos/{photo.pk}/thumbnail/")
    assert answer.getvalue()
    assert Event.objects.count() == before


def test_portraits_are_asked_for_each_time_unless_the_address_names_their_version(owner_client, photo):
    path = f"/school/photos/{photo.pk}/portrait/"
    first = owner_client.get(path)
    assert first["Cache-Control"] == "private, no-cache"
    assert first.getvalue()
    assert owner_client.get(path, headers={"If-None-Match": first["ETag"]}).status_code == 304
    lasting = owner_client.get(f"{path}?v={photo.portrait_version}")
    assert lasting["Cache-Control"] == "private, max-age=600"
    assert lasting.getvalue()


# --- the center ------------------------------------------------------------------------------------------------------------


def test_center_sees_every_school_and_narrows_to_one(center_client, photo, theirs):
    assert "李一" in text(center_client.get("/center/photos/"))
    words = text(center_client.get("/center/photos/?school=10002"))
    assert "他人" in words
    assert "李一" not in words


def test_center_resets_an_approved_photo(center_client, student):
    photo = factories.photo(student, Photo.Status.APPROVED)
    assert said("Reset") in text(center_client.get(f"/center/photos/{photo.pk}/"))
    center_client.post(f"/center/photos/{photo.pk}/reset/", {"reason": "Blue top."})
    photo.refresh_from_db()
    assert (photo.status, photo.reason) == (Photo.Status.RETURNED, "Blue top.")


def test_school_people_do_not_get_into_the_center(owner_client, photo):
    assert owner_client.get("/center/photos/").status_code == 404
    assert owner_client.get(f"/center/photos/{photo.pk}/portrait/").status_code == 404
    assert owner_client.post(f"/center/photos/{photo.pk}/reset/", {"reason": "x"}).status_code == 404


# --- stations and notice -----------------------------------------------------------------------------------------------


def test_station_is_added_changed_and_removed(owner_client, school):
    given = {"name": "Library", "opens_at": "08:00", "closes_at": "18:00", "per_hour": 30}
    owner_client.post("/school/stations/add/", given | {"place": "Room 103"})
    station = Station.objects.get()
    assert station.school == school
    owner_client.post(f"/school/stations/{station.pk}/", given | {"place": "Room 104"})
    assert Station.objects.get().place == "Room 104"
    owner_client.post(f"/school/stations/{station.pk}/remove/")
    assert Station.objects.count() == 0
    kinds = Event.objects.filter(kind__startswith="station").order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["station.added", "station.changed", "station.removed"]


def test_station_of_another_school_is_not_found(owner_client, other_school, season):
    station = Station.objects.create(school=other_school, season=season, name="Theirs", place="x")
    assert owner_client.get(f"/school/stations/{station.pk}/").status_code == 404
    assert owner_client.post(f"/school/stations/{station.pk}/remove/").status_code == 404
    assert "Theirs" not in text(owner_client.get("/school/stations/"))


def test_notice_and_file_switch_are_saved(owner_client, school):
    owner_client.post("/school/stations/", {"student_notice": "Bring your card."})
    enrolment = Enrolment.objects.get(school=school)
    assert enrolment.student_notice == "Bring your card."
    assert enrolment.allow_file is False


def test_stations_lead_to_the_one_page_that_ends_the_capture(owner_client, school):
    page = owner_client.get("/school/stations/").content.decode()
    assert f'class="btn" href="{dated("/school/proofs/")}"' in page
    Enrolment.objects.filter(school=school).update(status=Enrolment.Status.PROOFREADING)
    assert (
        f'class="btn" href="{dated("/school/proofs/")}"' not in owner_client.get("/school/stations/").content.decode()
    )


def test_school_that_is_not_enrolled_is_told_so(owner_client, school):
    let_delete(Enrolment)
    Enrolment.objects.filter(school=school).delete()
    answer = owner_client.get("/school/stations/")
    assert answer.status_code == 400
    assert said("Your school does not take part in this season yet. Ask the center to enrol it.") in text(answer)


# --- panels ----------------------------------------------------------------------------------------------------------------


def test_panels_count_the_own_school_and_the_center_counts_all(
    owner_client, center_client, photo, theirs, school, season
):
    factories.photo(factories.student(school, season), Photo.Status.REJECTED, findings={"eyes": "reject"})
    assert f"{said('Taken today')} 2" in text(owner_client.get("/panels/capture/today/"))
    assert f"{said('Taken today')} 3" in text(center_client.get("/panels/capture/today/"))
    assert f"{said('Eyes not open')} 1" in text(owner_client.get("/panels/capture/failures/"))
    assert (
        dated("/center/photos/?state=all&amp;attempts=every&amp;finding=reject-eyes")
        in center_client.get("/panels/capture/failures/").content.decode()
    )


def test_panel_of_a_student_shows_the_attempts(owner_client, outsider_client, center_client, photo):
    factories.photo(photo.student, Photo.Status.REJECTED, is_current=False, findings={"eyes": "reject"})
    path = f"/panels/capture/students/{photo.student_id}/"
    assert said("%(n)s photos", n="2") in text(owner_client.get(path))
    assert said("%(n)s photos", n="2") in text(center_client.get(path))
    assert outsider_client.get(path).status_code == 404


def test_panels_ask_visitors_to_sign_in(client, season, student):
    for path in ["today/", "failures/", f"students/{student.pk}/"]:
        assert client.get(f"/panels/capture/{path}").status_code == 302


@pytest.mark.parametrize(
    "asked",
    [
        {}, {"state": "rejected"}, {"attempts": "every"}, {"attempts": "first"}, {"finding": "eyes"}, {"finding": "clean"},
        {"finding": "eyes", "attempts": "every"}, {"finding": "reject-eyes", "attempts": "every"}, {"verdict": "passed"},
        {"verdict": "unpassed", "attempts": "every"}, {"day": "2026-11-20", "attempts": "every"}, {"class": "软件2301"},
        {"college": "信息学院", "attempts": "every"}, {"college": "信息学院", "finding": "eyes"}, {"college": "数学学院"},
        {"finding": "eyes", "day": "2026-11-20"}, {"day": "2026-11-20", "verdict": "passed", "attempts": "first"},
    ],
    ids=str,
)  # fmt: skip
def test_what_the_counters_tell_is_what_the_list_shows(photo, theirs, season, asked):
    again = factories.photo(theirs.student, Photo.Status.REJECTED, is_current=False, findings={"eyes": "reject"})
    factories.photo(photo.student, Photo.Status.READY, is_current=False, attempt=2, findings={"eyes": "warn"})
    day = timezone.make_aware(dt.datetime(2026, 11, 20, 23, 59))
    Photo.objects.filter(pk__in=[again.pk, photo.pk]).update(taken_at=day)
    for state in ("all", "submitted", "rejected"):
        for school in ("", theirs.school.code):
            found = {"state": state, "school": school, **asked}
            listed = CenterPhotos(season, found)
            assert listed.count == len(listed.found), found
            for value, _label, number in listed.states:
                assert number == len(CenterPhotos(season, found | {"state": value}).found)
            for rule, _label, number in listed.rules(9):
                assert number == len(CenterPhotos(season, found | {"finding": rule}).found)


def test_each_page_of_the_centers_photos_has_the_next_older_ones(school, season, monkeypatch):
    monkeypatch.setattr(CenterPhotos, "page_size", 2)
    made = [factories.photo(factories.student(school, season)).pk for _ in range(7)]
    pages = [[photo.pk for photo in CenterPhotos(season, {"page": str(number)}).page] for number in (1, 2, 3, 4)]
    assert pages == [made[:-3:-1], made[-3:-5:-1], made[-5:-7:-1], made[:1]]
    assert [photo.pk for photo in CenterPhotos(season, {"page": "9"}).page] == made[:1]
