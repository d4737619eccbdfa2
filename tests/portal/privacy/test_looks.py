"""Looks of the staff at students: what is recorded, and which days are unusual."""

import datetime as dt

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from portal.database.scope import about_student
from portal.models import Event, Look
from portal.privacy import unusual_looks
from portal.tenancy import school_scope
from students.privacy.own_data import lookers
from tests import factories
from tests.conftest import client_of
from tests.support.words import said

pytestmark = pytest.mark.django_db


@pytest.fixture
def students(school, season):
    return [factories.student(school, season) for _ in range(3)]


def recorded() -> list[tuple[str, str, int]]:
    return [(look.page, look.kind, look.number) for look in Look.objects.order_by("pk")]


def test_a_list_is_one_line_whatever_its_rows_and_reloading_it_is_none(owner, owner_client, students):
    for _ in range(2):
        owner_client.get("/school/roster/")
    assert recorded() == [("students:roster", "list", 3)]
    look = Look.objects.get()
    assert set(look.students) == {student.pk for student in students}
    assert (look.actor_key, look.school, look.address) == (owner.actor_key, students[0].school, "127.0.0.1")
    owner_client.get(reverse("students:student", args=[students[0].pk]))  # more than the list shows
    assert recorded()[1:] == [("students:student", "record", 1)]


def test_another_person_and_the_center_write_their_own_lines(owner_client, colleague, center_client, students):
    for client in (owner_client, client_of(colleague)):
        client.get("/school/roster/")
    center_client.get("/center/students/")
    assert [page for page, _kind, _number in recorded()] == ["students:roster"] * 2 + ["students:center_students"]
    assert Look.objects.get(page="students:center_students").school is None


def test_the_api_is_recorded_too(owner_client, students):
    owner_client.get("/api/v1/students/")
    owner_client.get(f"/api/v1/students/{students[0].student_no}/")
    assert recorded() == [("students_api:students", "list", 3), ("students_api:student", "record", 1)]


def test_pictures_of_a_page_write_no_line_and_a_picture_alone_does(owner_client, colleague, students):
    photos = [factories.photo(student, "submitted") for student in students]
    owner_client.get("/school/review/?view=grid")
    for photo in photos:
        b"".join(owner_client.get(reverse("capture:picture", args=[photo.pk, "thumbnail"])).streaming_content)
    assert recorded() == [("capture:review", "portrait", 3)]
    b"".join(client_of(colleague).get(reverse("capture:picture", args=[photos[0].pk, "portrait"])).streaming_content)
    assert recorded()[1:] == [("capture:picture", "portrait", 1)]


def test_a_look_is_not_changed(owner_client, students):
    owner_client.get("/school/roster/")
    with pytest.raises(DatabaseError, match=r"append-only|permission denied"), transaction.atomic():
        Look.objects.update(actor_name="somebody else")


def looked(person, *, days_ago: int, number: int, hour: int = 10, address: str = "192.0.2.1") -> None:
    """A look of the past; its students do not matter."""
    at = timezone.localtime().replace(hour=hour, minute=0) - dt.timedelta(days=days_ago)
    school = person.membership.school
    look = Look(
        kind="list", page="students:roster", actor_key=person.actor_key, actor_name=person.actor_name, school=school
    )
    look.address, look.students, look.number = address, [1], number
    look._meta.get_field("at").auto_now_add = False
    try:
        look.at = at
        look.save()
    finally:
        look._meta.get_field("at").auto_now_add = True


def reasons(school) -> list[list[str]]:
    return [day.reasons for day in unusual_looks.find_unusual(school=school)]


def test_usual_days_are_not_shown(owner, school):
    for days_ago in range(1, 5):
        looked(owner, days_ago=days_ago, number=900)
    assert reasons(school) == [["many"]]  # the first day has none before it
    assert unusual_looks.find_unusual(school=school)[0].day == timezone.localdate() - dt.timedelta(days=4)


def test_many_at_night_and_from_a_new_place_are_told(owner, school, settings):
    settings.LOOKS_MANY = 100
    looked(owner, days_ago=9, number=20)
    looked(owner, days_ago=8, number=20, address="192.0.2.99")  # of the same network
    looked(owner, days_ago=3, number=101)
    looked(owner, days_ago=2, number=1, hour=3)
    looked(owner, days_ago=1, number=1, address="198.51.100.1")
    assert reasons(school) == [["place"], ["night"], ["many"]]


def test_exports_and_reveals_count_as_looks(owner, owner_client, school, season, students, settings):
    settings.LOOKS_MANY = 3
    owner_client.post("/school/roster/export/", {"format": "csv"})
    assert Event.objects.filter(kind="roster.exported").exists()
    day = unusual_looks.find_unusual(school=school)[0]
    assert (day.students, "many" in day.reasons) == (3, True)


def test_a_school_sees_its_own_people_and_the_center_everybody(
    owner, outsider, owner_client, center_client, school, settings
):
    settings.LOOKS_MANY = 100
    looked(owner, days_ago=1, number=200)
    looked(outsider, days_ago=1, number=300)
    page = owner_client.get("/school/looks/").content.decode()
    assert "Owner" in page
    assert "Outsider" not in page
    page = center_client.get("/center/looks/").content.decode()
    assert "Outsider" in page
    assert said("Many students") in page


def test_the_page_takes_two_queries_whatever_the_people(owner, outsider, school, django_assert_num_queries):
    for person in (owner, outsider):
        looked(person, days_ago=1, number=900)
    with django_assert_num_queries(2):
        assert len(unusual_looks.find_unusual(school=None)) == 2


def test_a_student_sees_who_of_the_center_has_looked_and_a_school_does_not(
    center_client, owner_client, students, school
):
    center_client.get("/center/students/")
    owner_client.get("/school/roster/")
    assert {look.school for look in Look.objects.all()} == {None, school}
    mine, other = students[0], students[1]
    with school_scope(school):
        assert Look.objects.count() == 1
        assert {row["who"] for row in lookers(mine, most=10)} == {"Owner", "Center"}
        with about_student(other.pk):
            assert Look.objects.filter(school=None).count() == 1
        with about_student(0):
            assert not Look.objects.filter(school=None).exists()
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            Look.objects.all().delete()
