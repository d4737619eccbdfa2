"""The pages of students who change their school, as both schools and the center see them."""

import pytest
from django.urls import reverse

from portal.background import jobs
from portal.models import Role
from portal.tenancy import system_scope
from students.models import SchoolChange, Student
from tests import factories
from tests.conftest import client_of
from tests.students.moving.test_moves import NUMBER, VALUES
from tests.support.words import said

pytestmark = pytest.mark.django_db
FORM = VALUES | {"id_number": NUMBER, "id_type": "resident", "reason": "转学"}


@pytest.fixture
def student(school, season):
    return factories.student(school, season, id_number=NUMBER, name="李二")


def post(client, page, *args, **data):
    return client.post(reverse(f"students:{page}", args=args), data)


def page(client, name):
    return client.get(reverse(f"students:{name}")).content.decode()


def change():
    with system_scope():
        return SchoolChange.objects.get()


def test_a_refused_number_leads_to_the_request(student, outsider_client):
    answer = post(outsider_client, "student_add", **FORM, phone="", email="", gender="")
    assert reverse("students:move_ask") in answer.content.decode()
    assert post(outsider_client, "move_ask", **FORM).status_code == 302
    assert change().status == SchoolChange.Status.ASKED


def test_each_side_sees_what_it_may_and_the_giving_school_hands_over(
    student, outsider_client, owner_client, center_client, owner, school
):
    post(outsider_client, "move_ask", **FORM)
    asked, giving, center = (
        page(outsider_client, "moves"),
        page(owner_client, "moves"),
        page(center_client, "center_moves"),
    )
    assert school.name not in asked
    assert said("Withdraw") in asked
    assert "李二" in giving
    assert said("Hand over") in giving
    assert school.name in center
    row = change()
    assert post(outsider_client, "move_grant", row.pk).status_code == 404
    assert post(owner_client, "move_withdraw", row.pk).status_code == 404
    post(owner_client, "move_grant", row.pk)
    jobs.run(change().job_id)
    with system_scope():
        assert Student.objects.get(student_no="R77").school_id == row.school_id
    assert school.name in page(outsider_client, "moves")


def test_the_center_hands_over_and_refuses_with_a_reason(student, outsider_client, center_client):
    post(outsider_client, "move_ask", **FORM)
    row = change()
    assert post(center_client, "center_move_refuse", row.pk, answer="").status_code == 422
    post(center_client, "center_move_refuse", row.pk, answer="材料不全")
    assert "材料不全" in page(outsider_client, "moves")
    post(outsider_client, "move_ask", **FORM)
    with system_scope():
        again = SchoolChange.objects.get(status=SchoolChange.Status.ASKED)
    post(center_client, "center_move_grant", again.pk)
    with system_scope():
        again.refresh_from_db()
    assert again.status == SchoolChange.Status.MOVING


def test_what_is_in_the_way_is_read_by_who_grants(student, outsider_client, owner_client):
    post(outsider_client, "move_ask", **FORM)
    with system_scope():
        Student.objects.filter(pk=student.pk).update(stage=Student.Stage.PRINTED)
    answer = post(owner_client, "move_grant", change().pk)
    sentence = said(
        "The portrait of this student is on a printed sheet of the school. The student stays there for this season."
    )
    assert sentence in answer.content.decode()


def test_a_school_that_is_no_party_finds_nothing(student, outsider_client, season):
    post(outsider_client, "move_ask", **FORM)
    third = factories.school(season=season, code="10003", name="Hillside University")
    stranger = client_of(factories.person("stranger", Role.SCHOOL_ADMIN, third))
    assert "李一" not in page(stranger, "moves")
    for name in ("move_grant", "move_withdraw"):
        assert post(stranger, name, change().pk).status_code == 404
