"""Signing in against the roster."""

import pytest

from capture.sign_in import credentials
from capture.sign_in.rate_limits import Unavailable
from portal.errors import RateLimited
from portal.models import Event
from schools.models import School
from students.identity import student_access
from students.identity.student_access import SESSION_KEY
from tests import factories
from tests.support.words import said


def attempt(student, **other):
    details = {
        "season": student.season,
        "name": student.name,
        "id_number": student.id_number,
        "student_no": student.student_no,
        "address": "192.0.2.1",
    }
    return credentials.sign_in(**details | other)


def test_student_of_the_roster_is_found_without_choosing_a_school(student, other_school, season):
    other = factories.student(other_school, season, student_no=student.student_no)
    assert attempt(student) == student
    assert attempt(other) == other


@pytest.mark.parametrize(
    "typed",
    [
        {"name": " 李 一 "},
        {"student_no": "s000001"},
        {"id_number": "32010220010203001x"},
    ],
)
def test_spaces_case_and_width_do_not_matter(school, season, typed):
    student = factories.student(school, season, student_no="S000001", id_number="32010220010203001X")
    assert attempt(student, **typed) == student


def test_dots_in_the_names_of_minorities_are_one(school, season):
    student = factories.student(school, season, name="阿依古丽·买买提")
    assert attempt(student, name="阿依古丽•买买提") == student


def test_unknown_and_wrong_get_the_same_answer(student):
    answers = []
    for wrong in ({"name": "王二"}, {"student_no": "S999999"}, {"id_number": factories.id_number(999)}):
        with pytest.raises(credentials.NotRecognised) as refused:
            attempt(student, **wrong)
        answers.append(str(refused.value))
    assert len(set(answers)) == 1


def test_student_of_an_inactive_school_is_not_let_in(student):
    student.school.is_active = False
    student.school.save()
    with pytest.raises(credentials.NotRecognised):
        attempt(student)


def test_attempts_are_recorded_without_the_number(student):
    attempt(student)
    with pytest.raises(credentials.NotRecognised):
        attempt(student, name="王二")
    events = Event.objects.filter(kind__startswith="student.sign")
    assert sorted(event.kind for event in events) == ["student.sign_in_failed", "student.signed_in"]
    assert all(student.id_number not in str((event.facts, event.actor_name)) for event in events)


@pytest.fixture
def long_counters(monkeypatch):
    """Counters that do not end in the middle of a test."""
    monkeypatch.setattr(credentials, "ATTEMPTS_AN_IDENTITY", "10/d")
    monkeypatch.setattr(credentials, "FAILURES_AN_ADDRESS", "60/d")


@pytest.mark.usefixtures("long_counters")
def test_the_sign_in_is_no_oracle_for_a_hidden_number(student):
    """Whoever knows name and student number may not try one number after the other."""
    for n in range(21):
        with pytest.raises(credentials.NotRecognised):
            attempt(student, id_number=factories.id_number(500 + n))
    with pytest.raises(RateLimited):
        attempt(student)
    assert attempt(student, address="192.0.2.2") == student  # nobody else is shut out


@pytest.mark.usefixtures("long_counters")
def test_one_identity_is_limited_whatever_the_address(student):
    for n in range(10):
        with pytest.raises(credentials.NotRecognised):
            attempt(student, name="王二", address=f"192.0.2.{n}")
    with pytest.raises(RateLimited) as refused:
        attempt(student, address="192.0.2.99")
    assert said("Too many attempts. Try again in %(n)d minute.") in str(refused.value)


@pytest.mark.usefixtures("long_counters")
def test_one_address_is_limited_by_its_failures_only(school, season):
    students = [factories.student(school, season) for _ in range(70)]
    for student in students:
        attempt(student)
    for n in range(61):
        with pytest.raises(credentials.NotRecognised):
            attempt(students[0], name=f"王{n}", id_number=factories.id_number(500 + n))
    with pytest.raises(RateLimited):
        attempt(students[1])
    assert attempt(students[1], address="198.51.100.7") == students[1]


def test_session_gets_a_new_key(client, student):
    client.get("/me/sign-in/")
    client.session["before"] = 1
    session = client.session
    session["before"] = 1
    session.save()
    key = session.session_key
    client.post(
        "/me/sign-in/", {"name": student.name, "id_number": student.id_number, "student_no": student.student_no}
    )
    assert client.session.session_key != key
    assert SESSION_KEY in client.session


def test_refusal_keeps_what_was_typed_but_no_trace(client, student):
    answer = client.post("/me/sign-in/", {"name": "王二", "id_number": student.id_number, "student_no": "S1"})
    assert answer.status_code == 403
    assert "王二" in answer.content.decode()
    assert (
        said("We do not find you in the roster with these details. Look for typing errors; else ask your school.")
        in answer.content.decode()
    )


def test_after_signing_out_the_pages_ask_to_sign_in(student_client):
    student_client.post("/me/sign-out/")
    answer = student_client.get("/me/")
    assert answer.status_code == 302
    assert answer["Location"] == "/me/sign-in/"


def test_without_redis_nobody_signs_in_uncounted(student, settings):
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    with pytest.raises(Unavailable):
        attempt(student)


def test_student_of_a_school_set_inactive_is_signed_out(student_client, student):
    assert student_client.get("/me/confirm/").status_code == 200
    School.objects.filter(pk=student.school_id).update(is_active=False)
    answer = student_client.get("/me/confirm/")
    assert (answer.status_code, answer.url) == (302, "/me/sign-in/")
    assert student_client.get("/me/sign-in/").status_code == 200


def test_token_of_a_school_set_inactive_is_worth_nothing(client, student):
    token = student_access.new_token(student)
    School.objects.filter(pk=student.school_id).update(is_active=False)
    assert client.get("/api/v1/me/", headers={"Authorization": f"Student {token}"}).status_code == 401
