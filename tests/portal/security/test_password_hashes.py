"""Hashes of passwords are sealed: what the database holds is nothing to try passwords on."""

import base64
from hashlib import pbkdf2_hmac

import pytest
from django.contrib.auth import hashers
from django.db import connection
from django.test import Client
from django.urls import reverse

from config import settings as product
from portal.accounts import passwords
from portal.errors import PortalError
from portal.models import Role, User
from portal.security import encryption, password_hashes
from portal.tenancy import school_scope, system_scope
from tests import factories

pytestmark = pytest.mark.django_db
PASSWORD, NEW = "a-long-password", "another key of the tests, 2"


@pytest.fixture(autouse=True)
def _few_rounds(settings, monkeypatch):
    settings.PASSWORD_HASHERS = product.PASSWORD_HASHERS
    monkeypatch.setattr(password_hashes.SealedPBKDF2, "iterations", 1000)


@pytest.fixture
def person(school):
    return factories.person("wang", Role.SCHOOL_OFFICER, school)


def stored(user: User) -> str:
    return str(User.objects.values_list("password", flat=True).get(pk=user.pk))


def test_whoever_reads_the_table_in_a_scope_cannot_try_passwords(school, person):
    with school_scope(school), connection.cursor() as cursor:
        cursor.execute("SELECT password FROM portal_user WHERE id = %s", [person.pk])
        (found,) = cursor.fetchone()
    algorithm, rounds, salt, sealed = found.split("$")
    digest = pbkdf2_hmac("sha256", PASSWORD.encode(), salt.encode(), int(rounds))
    assert (algorithm, rounds) == ("sealed", "1000")
    assert digest not in base64.b64decode(sealed)
    assert base64.b64encode(digest).decode() not in found
    assert len(found.replace("1000", "99999999", 1)) <= User._meta.get_field("password").max_length


def test_passwords_are_told_right_and_wrong_and_bound_to_their_salt():
    one, other = (hashers.make_password(PASSWORD) for _ in range(2))
    assert one != other
    assert hashers.check_password(PASSWORD, one)
    assert not hashers.check_password(f"{PASSWORD}.", one)
    mixed = "$".join([*one.split("$")[:3], other.split("$")[3]])
    with pytest.raises(encryption.Unreadable):
        hashers.check_password(PASSWORD, mixed)


def test_signing_in_a_new_password_and_a_session_that_ends_with_it(person):
    first, second = Client(), Client()
    for client in (first, second):
        client.post(reverse("account_login"), {"login": "wang", "password": PASSWORD})
        assert client.get(reverse("account_change_password")).status_code == 200
    new = "quite-another-secret"
    changed = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert first.post(reverse("account_change_password"), changed).status_code == 302
    assert first.get(reverse("account_change_password")).status_code == 200
    assert second.get(reverse("account_change_password")).status_code == 302
    again = Client()
    again.post(reverse("account_login"), {"login": "wang", "password": new})
    assert again.get(reverse("account_change_password")).status_code == 200


def test_a_hash_of_before_is_sealed_at_the_next_sign_in(person):
    person.password = hashers.make_password(PASSWORD, hasher="pbkdf2_sha256")
    person._sets_password = True
    person.save()
    assert person.check_password(PASSWORD)
    assert stored(person).startswith(password_hashes.BEGINNING)


def test_a_new_key_reaches_the_hashes_and_the_old_one_can_go(person, settings):
    settings.ID_NUMBER_KEYS = settings.ID_NUMBER_KEYS | {2: NEW}
    with system_scope():
        assert passwords.rewrite() == []
        assert passwords.count_by_version() == {2: 1}
    settings.ID_NUMBER_KEYS = {2: NEW}
    assert hashers.check_password(PASSWORD, stored(person))


def test_an_older_key_is_renewed_at_the_next_sign_in(person, settings):
    settings.ID_NUMBER_KEYS = settings.ID_NUMBER_KEYS | {2: NEW}
    person.refresh_from_db()
    assert person.check_password(PASSWORD)
    assert password_hashes.version_of(stored(person)) == 2


def test_a_key_that_is_missing_says_so_and_is_reported(person, settings):
    settings.ID_NUMBER_KEYS = {2: NEW}
    person.refresh_from_db()
    with pytest.raises(PortalError):
        person.check_password(PASSWORD)
    with system_scope():
        assert passwords.rewrite() == [person.pk]
