"""Sessions of students: they end by themselves, by signing out, and everywhere."""

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from portal.privacy import retention
from portal.tenancy import system_scope
from students.identity import student_access
from students.models import StudentSession
from tests.capture.conftest import sign_in

pytestmark = pytest.mark.django_db
PAGE, CALL = "/me/data/", "/api/v1/me/"


def is_in(client: Client) -> bool:
    return client.get(PAGE).status_code == 200


def with_token(student) -> Client:
    return Client(headers={"Authorization": f"Student {student_access.new_token(student)}"})


def aged(*, begun: int = 0, seen: int = 0) -> None:
    now = timezone.now()
    with system_scope():
        StudentSession.objects.update(
            begun_at=now - dt.timedelta(seconds=begun), seen_at=now - dt.timedelta(seconds=seen)
        )


@pytest.mark.parametrize("age", [{"begun": 7260}, {"seen": 1860}])
def test_it_ends_by_itself_in_the_browser_and_in_the_mini_program(student, enrolment, age):
    browser, program = sign_in(student), with_token(student)
    aged(begun=7000, seen=1700)
    assert is_in(browser)
    assert program.get(CALL).status_code == 200
    aged(**age)
    assert not is_in(browser)
    assert program.get(CALL).status_code == 401


def test_use_keeps_it_and_a_page_that_asks_by_itself_does_not(student, enrolment):
    browser = sign_in(student)
    aged(seen=1000)
    browser.get(PAGE, headers={"HX-Request": "true"})
    with system_scope():
        assert StudentSession.objects.get().seen_at < timezone.now() - dt.timedelta(seconds=900)
    browser.get(PAGE)
    with system_scope():
        assert StudentSession.objects.get().seen_at > timezone.now() - dt.timedelta(seconds=100)


def test_signing_out_ends_this_browser_and_the_tokens(student, enrolment):
    here, there, program = sign_in(student), sign_in(student), with_token(student)
    cookies = here.cookies["sessionid"].value
    assert here.post("/me/sign-out/")["Clear-Site-Data"] == '"cache"'
    again = Client()
    again.cookies["sessionid"] = cookies
    assert [is_in(client) for client in (again, there)] == [False, True]
    assert program.get(CALL).status_code == 401


def test_signing_out_everywhere(student, enrolment):
    here, there = sign_in(student), sign_in(student)
    assert 'name="everywhere"' in here.get(PAGE).content.decode()
    here.post("/me/sign-out/", {"everywhere": "1"})
    assert not is_in(there)


def test_rows_of_sessions_that_are_over_are_deleted(student, enrolment):
    sign_in(student)
    aged(begun=2 * 86_400)
    rule = retention.RULES["student_sessions"]
    with system_scope():
        assert rule.due(rule.before) == 1
        assert rule.delete(rule.before) == 1
