"""Signing in against the roster."""

import time

import pytest
from django.core import mail
from django.core.cache import cache

from capture.sign_in import credentials
from portal.models import Event, Notification
from portal.security import attempts
from portal.security.attempts import Delayed, Unavailable
from portal.tenancy import school_scope, system_scope
from schools.models import School
from students.identity import student_access
from students.identity.student_access import SESSION_KEY
from tests import factories
from tests.support.signing_in import recognise
from tests.support.words import said


def attempt(student, **other):
    """Sign in by the facts of the roster, from an address."""
    return recognise(student, **{"address": "192.0.2.1"} | other)


def test_student_of_the_roster_is_found_without_choosing_a_school(student, other_school, season):
    other = factories.student(other_school, season, student_no=student.student_no)
    assert attempt(student) == student
    assert attempt(other) == other


def test_who_is_in_two_seasons_is_asked_which_unless_the_student_number_tells(student, school, season, client):
    old = factories.season(year=season.year - 1, status="closed")
    typed = {"name": student.name, "id_number": student.id_number, "student_no": "S-old"}
    before = factories.student(school, old, **typed)
    factories.enrol(school, old)
    assert attempt(student) == student
    assert attempt(before) == before
    with school_scope(school):
        type(before).objects.filter(pk=before.pk).update(student_no=student.student_no)
    typed["student_no"] = student.student_no
    page = client.post("/me/sign-in/", typed)
    assert page.status_code == 409
    assert f'name="year" value="{old.year}"' in page.content.decode()
    assert f'name="year" value="{season.year}"' in page.content.decode()
    assert client.post("/api/v1/me/sign-in/", typed).json()["years"] == [season.year, old.year]
    client.post("/me/sign-in/", typed | {"year": old.year})
    assert client.get("/me/", follow=True).context["request"].student.pk == before.pk


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


def test_the_history_does_not_tell_whose_number_was_guessed(student):
    """Who reads it sees masked numbers only, and could try one after the other."""
    for number in (student.id_number, factories.id_number(999)):
        with pytest.raises(credentials.NotRecognised):
            attempt(student, name="王二", student_no="0", id_number=number)
        with pytest.raises(credentials.NotRecognised):
            attempt(student, student_no="0", id_number=number)
    failed = Event.objects.filter(kind="student.sign_in_failed")
    assert {event.object_type for event in failed} == {"schools.season"}
    with pytest.raises(credentials.NotRecognised):
        attempt(student, id_number=factories.id_number(998))
    assert failed.latest("pk").object_id == student.pk  # the name and the student number are theirs


def fail(student, **other) -> None:
    with pytest.raises(credentials.NotRecognised):
        attempt(student, **other)


def test_the_sign_in_is_no_oracle_for_a_hidden_number(student):
    """Whoever knows name and student number may not try one number after the other."""
    for n in range(6):
        fail(student, id_number=factories.id_number(500 + n))
    with pytest.raises(Delayed) as refused:
        attempt(student)
    assert int(refused.value.headers["Retry-After"]) <= 15
    assert attempt(student, address="192.0.2.2") == student  # nobody else is shut out


@pytest.mark.parametrize("failures", [6, 30])
def test_attempts_of_strangers_elsewhere_delay_no_student(student, failures):
    for n in range(failures):
        fail(student, name="王二", address=f"192.0.2.{n}")
        fail(student, id_number=factories.id_number(500 + n), address=f"192.0.2.{n}")
    assert attempt(student, address="198.51.100.7") == student


def test_the_mistakes_of_one_visitor_delay_nobody_else_at_the_address(school, season):
    students = [factories.student(school, season) for _ in range(3)]
    for n in range(70):
        fail(students[0], name=f"王{n}", id_number=factories.id_number(500 + n))
    for _time in range(8):
        try:
            attempt(students[0], name="王二")
        except (credentials.NotRecognised, Delayed) as error:
            last = error
    assert isinstance(last, Delayed)
    assert [attempt(student) for student in students[1:]] == students[1:]


def sign_in_of(identity: str, tries: int, address: str = "192.0.2.1") -> int:
    """How often a student who mistypes all but the last of so many tries is delayed."""
    delayed = 0
    for _time in range(tries):
        try:
            attempts.begin("number", address, identity, free=attempts.free_at(address))
        except Delayed:
            delayed += 1
            continue
        if _time < tries - 1:
            attempts.failed_at(address)
        else:
            attempts.succeeded("number", address, identity)
            attempts.entered_at(address, identity)
    return delayed


def test_a_campus_behind_one_address_is_not_slowed_down_by_its_typing_errors():
    """Of ten students five mistype nothing, three once, one twice, one four times."""
    tries = [1, 2, 1, 3, 1, 2, 1, 5, 1, 2]
    assert [sign_in_of(str(n), tries[n % 10]) for n in range(500)] == [0] * 500


def test_one_who_tries_many_students_at_an_address_has_one_try_each_and_who_types_right_never_waits(monkeypatch):
    monkeypatch.setattr(attempts, "FIRST_DELAY", 600)  # longer than this test
    address, answered = "192.0.2.1", 0
    for _round in range(5):
        for n in range(300):
            try:
                attempts.begin("number", address, str(n), free=attempts.free_at(address))
            except Delayed:
                continue
            answered += 1
            attempts.failed_at(address)
    assert answered <= 300 + attempts.FREE_AT_ADDRESS + 1  # not five each
    assert [sign_in_of(f"student {n}", 1) for n in range(20)] == [0] * 20
    assert sign_in_of("0", 1, "192.0.2.2") == 0


def test_getting_in_again_and_again_buys_no_failures_at_others():
    address = "192.0.2.1"
    for _time in range(200):
        attempts.entered_at(address, "the same")
    for _time in range(attempts.FREE_AT_ADDRESS + 2):
        attempts.failed_at(address)
    assert attempts.free_at(address) == 0


def test_a_delay_ends_and_doubles_and_signing_in_forgets_it(student, monkeypatch):
    monkeypatch.setattr(attempts, "FIRST_DELAY", 1)
    for _time in range(6):
        fail(student, name="王二")
    with pytest.raises(Delayed):
        attempt(student)
    time.sleep(1.1)
    assert attempt(student) == student
    fail(student, name="王二")


def test_the_page_and_the_api_say_when_to_try_again(client, student):
    wrong = {"name": "王二", "id_number": student.id_number, "student_no": student.student_no}
    for url in ("/me/sign-in/", "/api/v1/me/sign-in/"):
        for _time in range(7):
            answer = client.post(url, wrong)
        assert answer.status_code == 429
        assert 1 <= int(answer["Retry-After"]) <= 15


def test_of_many_attempts_at_once_one_passes():
    for _time in range(attempts.FREE + 1):
        attempts.begin("x", "a")
    for _time in range(10):
        with pytest.raises(Delayed):
            attempts.begin("x", "a")
    attempts.begin("x", "b")


def told(kind: str) -> list[str]:
    with system_scope():
        return list(Notification.objects.filter(kind=kind).order_by("pk").values_list("recipient_key", flat=True))


def test_the_school_is_told_once_that_somebody_tries_its_student(student, owner):
    for n in range(45):
        fail(student, id_number=factories.id_number(500 + n), address=f"192.0.2.{n}")
    assert told("attack.student") == [owner.actor_key]


def test_the_center_is_told_once_of_an_address(
    student, center_admin, center_officer, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        for n in range(65):
            fail(student, name=f"王{n}", id_number=factories.id_number(500 + n))
    assert [letter.to for letter in mail.outbox] == [["center@example.org"]]
    assert "192.0.2.1" in mail.outbox[0].subject


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


def test_sign_in_that_was_right_counts_though_redis_goes_away_then(settings):
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    attempts.succeeded("student", "127.0.0.1", "somebody")


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


def test_two_at_once_of_which_one_succeeds_are_both_answered(monkeypatch):
    """Whoever got in forgets the attempts, also between the two halves of another one's count."""
    incr, gone = cache.incr, iter([True])

    def counted(key, *delta):
        if next(gone, False):
            cache.delete(key)
        return incr(key, *delta)

    monkeypatch.setattr(cache, "incr", counted)
    attempts.begin("digits", "127.0.0.1", "2023010040")
    assert next(gone, None) is None
