"""A person's own e-mail address and password, switched-off schools, and two identities in one browser."""

import re
import uuid
from contextlib import ExitStack

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.password_validation import validate_password
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from portal.models import Event, Role
from portal.untrusted import brake
from schools.models import School
from students.identity import student_access
from tests import factories
from tests.conftest import client_of
from tests.support.words import said

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-password"


@pytest.fixture
def new_address() -> str:
    """One of its own for every run: mails to an address are limited for minutes."""
    return f"{uuid.uuid4().hex}@example.org"


def signed_in(username: str, **headers: str) -> Client:
    client = Client(headers=headers)
    client.post("/accounts/login/", {"login": username, "password": PASSWORD})
    return client


def with_password_again(client: Client) -> Client:
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def test_links_in_mails_begin_with_the_site_whatever_host_is_named(owner, settings, new_address):
    settings.SITE_URL = "https://photos.example.cn"
    forged = {"host": "evil.example", "x-forwarded-host": "evil.example"}
    Client(headers=forged).post("/accounts/password/reset/", {"email": owner.email})
    client = with_password_again(signed_in("owner", **forged))
    client.post("/accounts/email/", {"action_add": "", "email": new_address})
    assert len(mail.outbox) == 2
    for letter in mail.outbox:
        text = f"{letter.subject} {letter.body}"
        assert "https://photos.example.cn/accounts/" in text
        assert "evil" not in text


def test_an_unknown_address_gets_no_mail(owner):
    answer = Client().post("/accounts/password/reset/", {"email": "nobody@example.org"})
    assert answer.status_code == 302
    assert mail.outbox == []


def test_opening_the_page_of_the_address_keeps_nobody_from_the_second_factor(owner, new_address):
    client = with_password_again(signed_in("owner"))
    client.get("/accounts/email/")
    client.post("/accounts/email/", {"action_add": "", "email": new_address})
    assert client.get(reverse("mfa_activate_totp")).status_code == 200


def test_the_address_in_use_cannot_be_removed(owner):
    client = with_password_again(signed_in("owner"))
    client.get("/accounts/email/")
    client.post("/accounts/email/", {"action_remove": "", "email": owner.email})
    owner.refresh_from_db()
    assert owner.email == "owner@example.org"
    assert EmailAddress.objects.filter(user=owner, primary=True).get().email == owner.email


def test_a_new_address_needs_the_password_and_counts_when_it_is_confirmed(owner, new_address):
    client = client_of(owner, gave_password=False)
    client.post("/accounts/email/", {"action_add": "", "email": new_address})
    assert not EmailAddress.objects.filter(email=new_address).exists()  # the password was not given again

    client = with_password_again(signed_in("owner"))
    client.post("/accounts/email/", {"action_add": "", "email": new_address})
    owner.refresh_from_db()
    assert owner.email == "owner@example.org"
    (asked,) = mail.outbox
    assert asked.to == [new_address]
    link = re.search(r"/accounts/confirm-email/\S+", asked.body)[0]
    client.post(link)
    owner.refresh_from_db()
    assert owner.email == new_address
    assert [letter.to for letter in mail.outbox[1:]] == [["owner@example.org"]]
    assert Event.objects.get(kind="person.email_changed").facts == {"email": ["owner@example.org", new_address]}


def test_a_new_password_is_recorded_and_its_owner_is_told(owner):
    client = signed_in("owner")
    new = {"oldpassword": PASSWORD, "password1": "quite-another-secret", "password2": "quite-another-secret"}
    client.post("/accounts/password/change/", new)
    owner.refresh_from_db()
    assert owner.check_password("quite-another-secret")
    assert Event.objects.filter(kind="person.password_changed").count() == 1
    assert [letter.to for letter in mail.outbox] == [["owner@example.org"]]


def test_the_people_of_a_switched_off_school_are_shut_out(owner, school, other_school, outsider):
    client = client_of(owner)
    assert client.get("/school/").status_code == 200
    School.objects.filter(pk=school.pk).update(is_active=False)
    sentence = said("%(school)s has been switched off. Its people cannot sign in.", school=school.name)
    answer = client.get("/school/", follow=True)
    assert answer.redirect_chain[0][0].startswith("/accounts/login/")
    assert sentence in answer.content.decode()
    assert "_auth_user_id" not in client.session
    assert client_of(owner).get("/api/v1/students/").status_code == 403
    again = Client().post("/accounts/login/", {"login": "owner", "password": PASSWORD}, follow=True)
    assert sentence in again.content.decode()
    assert "_auth_user_id" not in again.client.session
    assert client_of(outsider).get("/school/").status_code == 200


def test_a_student_and_a_person_of_the_staff_are_never_in_one_session(owner, student):
    client = Client()
    sign_in = {"name": student.name, "id_number": student.id_number, "student_no": student.student_no}
    session = client.session
    student_access.begin(session, student)
    session.save()
    client.post("/accounts/login/", {"login": "owner", "password": PASSWORD})
    assert "_auth_user_id" in client.session
    assert student_access.SESSION_KEY not in client.session
    client.post("/me/sign-in/", sign_in)
    assert student_access.SESSION_KEY in client.session
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    "password",
    [
        "1234567890a",
        "iloveyou1234",
        "Lakeside University",
        "tucai-2026!",
        "tucai12345678",
        "owner-2026!!",
        "S000123456",
        "p4ssw0rd123",
    ],
)
def test_breached_and_guessable_passwords_are_refused(owner, password):
    with pytest.raises(ValidationError):
        validate_password(password, owner)


def test_a_password_of_ones_own_is_taken(owner):
    validate_password("quite-another-secret", owner)
    validate_password("湖边的石头夜里会唱歌", owner)


def test_a_password_counts_as_it_was_typed(owner):
    """Long, with spaces at its ends, in its own case: any change of it on the way would refuse it."""
    password = " Der lange Weg zum See, " + 3 * "auf dem im Winter niemand geht " + " "
    validate_password(password, owner)
    owner.set_password(password)
    owner.save()
    client = Client()
    client.post("/accounts/login/", {"login": "owner", "password": password})
    assert "_auth_user_id" in client.session


def test_a_new_account_is_held_to_its_school(school):
    person = factories.person("zhang", Role.SCHOOL_OFFICER, school)
    with pytest.raises(ValidationError):
        validate_password(f"{school.code}-lakeside university", person)


def test_a_wrong_sign_in_costs_one_hash_with_a_known_name_or_not(owner, monkeypatch):
    hashed = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda *given: hashed.append(1) or encode(*given))
    for name in ("owner", "owner@example.org", "nobody", "nobody@example.org"):
        hashed.clear()
        answer = Client().post("/accounts/login/", {"login": name, "password": "wrong"})
        assert (answer.status_code, len(hashed)) == (200, 1), name


def test_who_signs_in_while_many_do_is_told_to_come_again(owner):
    with ExitStack() as taken:
        while brake.PASSWORDS._inside.acquire(blocking=False):
            taken.callback(brake.PASSWORDS._inside.release)
        page = Client().post("/accounts/login/", {"login": "owner", "password": PASSWORD}).content.decode()
        assert said("Very many people are signing in at this moment. Try again in a few seconds.") in page
    signed_in("owner")
