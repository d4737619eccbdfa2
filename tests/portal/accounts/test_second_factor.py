"""Who must sign in with a second factor and from when, what a change of it brings with it, and how a lost one is removed."""

import datetime as dt
import re
import threading
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.core import mail
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal import permissions
from portal.accounts import factor_forms, factor_secrets, people, second_factor
from portal.database.scope import about_account
from portal.errors import NotAllowed, PortalError
from portal.models import Event, Membership, Notification, Role, User
from portal.security import encryption
from portal.tenancy import outside_scopes, school_scope, system_scope
from tests import factories
from tests.conftest import client_of
from tests.support.database import by_owner
from tests.support.words import said

pytestmark = pytest.mark.django_db
commits = pytest.mark.django_db(transaction=True)  # allauth tells of a new factor after the commit
PASSWORD = "a-long-password"
SET_UP, CODES, REMOVE = (reverse(f"mfa_{name}") for name in ("activate_totp", "view_recovery_codes", "deactivate_totp"))
SETS_UP_FIRST = said("Set up the second step of signing in first, under “Sign-in security”.")


def code_of(secret: str, *, periods: int = 0) -> str:
    """What the app shows; so many periods of 30 seconds later."""
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30 + periods))


def has_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def after_password(**address: str) -> Client:
    """A browser of the owner's, or of who knows the password, at the page that asks for the code."""
    client = Client(**address)
    client.post("/accounts/login/", {"login": "owner", "password": PASSWORD})
    return client


def enter(client: Client, code: str):
    return client.post(reverse("mfa_authenticate"), {"code": code})


def forgotten_by_allauth(user: User, code: str) -> None:
    """It remembers a code for one period; for two more the code is right still."""
    cache.delete(f"allauth.mfa.totp.used?user={user.pk}&code={code}")


def set_up(client: Client) -> str:
    """Set up an app as a person does; the secret that the app keeps."""
    secret = client.get(SET_UP).context["form"].secret
    assert secret not in str(dict(client.session.items()))
    answer = client.post(SET_UP, {"code": code_of(secret)})
    assert answer["Location"] == CODES
    return secret


def grace_is_over(user: User) -> None:
    by_owner(f"UPDATE portal_user SET first_signed_in_at = now() - interval '7 days' WHERE id = {user.pk}")


def needed(role: Role, school) -> bool:
    return permissions.needs_second_factor(
        Membership(roles=[role], school=None if role in permissions.CENTER_STAFF else school)
    )


def test_the_center_and_whoever_sees_numbers_or_takes_archives_away_need_one(school):
    assert {role for role in Role if needed(role, school)} == permissions.CENTER_STAFF | permissions.SCHOOL


def test_a_role_that_is_given_such_an_action_needs_one(school, monkeypatch):
    assert not needed(Role.SCHOOL_FINANCE, school)
    action = permissions.Action("fees.archive", "", frozenset({Role.SCHOOL_FINANCE}), needs_second_factor=True)
    monkeypatch.setitem(permissions.ACTIONS, action.name, action)
    assert needed(Role.SCHOOL_FINANCE, school)


def test_the_days_of_grace_count_from_the_first_sign_in(owner, enrolment):
    client = client_of(owner)
    owner.refresh_from_db()
    first = owner.first_signed_in_at
    assert timezone.now() - first < dt.timedelta(minutes=1)
    page = client.get("/school/")
    assert page.status_code == 200
    due = timezone.localdate() + dt.timedelta(days=7)
    assert page.context["request"].second_factor_missing.due == due
    assert f"{due.year}年{due.month}月{due.day}日" in page.content.decode()
    client_of(owner)
    owner.refresh_from_db()
    assert owner.first_signed_in_at == first


def test_after_the_days_only_setting_up_signing_out_and_the_language_open(owner, enrolment):
    client = client_of(owner, gave_password=False)
    grace_is_over(owner)
    for address in ("/school/", "/school/roster/", "/portal/", "/people/permissions/", "/", "/accounts/email/"):
        assert client.get(address)["Location"] == reverse("mfa_index"), address
    assert client.post("/people/new/", {})["Location"] == reverse("mfa_index")
    toast = client.get("/panels/jobs/", headers={"HX-Request": "true"})
    assert (toast.status_code, SETS_UP_FIRST in toast.content.decode()) == (403, True)
    for address, headers in (("/api/v1/students/", {}), ("/school/roster/", {"Accept": "application/json"})):
        answer = client.get(address, headers=headers)
        assert (answer.status_code, answer.json()) == (403, {"error": SETS_UP_FIRST})
    assert client.get(reverse("mfa_index")).status_code == 200
    assert client.post("/language/", {"language": "en", "next": "/"}).status_code == 302
    assert client.get(SET_UP)["Location"].startswith("/accounts/reauthenticate/")
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert client.get(SET_UP).status_code == 200
    client.post("/accounts/logout/")
    assert "_auth_user_id" not in client.session


@commits
def test_with_one_or_without_need_the_pages_stay_open(owner, school, enrolment):
    client = client_of(owner)
    set_up(client)
    reviewer = factories.person("reviewer", Role.SCHOOL_REVIEWER, school)
    other = client_of(reviewer)
    for person in (owner, reviewer):
        grace_is_over(person)
    assert client.get("/school/").status_code == other.get("/school/").status_code == 200


def test_an_operator_needs_one_too():
    operator = factories.operator()
    client = client_of(operator)
    grace_is_over(operator)
    assert client.get("/admin/")["Location"] == reverse("mfa_index")


def test_accounts_of_the_demo_are_not_asked_and_the_screen_says_so(school, enrolment):
    demo = factories.person("demo", Role.SCHOOL_ADMIN, school, is_demo=True)
    client = client_of(demo)
    grace_is_over(demo)
    page = client.get("/school/")
    assert page.status_code == 200
    assert said("Demo account: no second step is asked for.") in page.content.decode()


def test_accounts_of_the_demo_open_nothing_in_production(school, enrolment, settings):
    demo = factories.person("demo", Role.SCHOOL_ADMIN, school, is_demo=True)
    client, new = client_of(demo), Client()
    assert client.get("/school/").status_code == 200
    settings.IS_LOCAL = False
    assert client.get("/school/").status_code == 302
    answer = new.post("/accounts/login/", {"login": "demo", "password": PASSWORD})
    assert answer.headers.get("Location") != "/"
    assert new.get("/school/").status_code == 302


@commits
def test_signing_in_takes_a_code_and_a_code_only_once(owner):
    secret = set_up(client_of(owner))
    client = Client()
    answer = client.post("/accounts/login/", {"login": "owner", "password": PASSWORD})
    assert answer["Location"] == reverse("mfa_authenticate")
    assert not has_signed_in(client)
    enter(client, "000000")
    assert Event.objects.filter(kind="person.second_factor_failed").count() == 1
    code = code_of(secret, periods=1)
    assert enter(client, code)["Location"] == "/portal/"
    forgotten_by_allauth(owner, code)
    again = after_password()
    enter(again, code)
    assert not has_signed_in(again)
    assert Event.objects.filter(kind="person.second_factor_failed").count() == 2


@commits
def test_the_code_that_set_the_app_up_does_not_sign_in(owner):
    client = client_of(owner)
    secret = client.get(SET_UP).context["form"].secret
    code = code_of(secret)
    client.post(SET_UP, {"code": code})
    forgotten_by_allauth(owner, code)
    other = after_password()
    enter(other, code)
    assert not has_signed_in(other)
    enter(other, code_of(secret, periods=1))
    assert has_signed_in(other)


@commits
def test_who_knows_the_password_blocks_nobody_and_the_owner_is_told(owner, colleague):
    secret = set_up(client_of(owner))
    thief = after_password(REMOTE_ADDR="203.0.113.5")
    for n in range(9):
        answer = enter(thief, f"00000{n}")
    assert said("Too many attempts. Try again in %(n)d second.") in answer.content.decode()
    again = after_password(REMOTE_ADDR="203.0.113.5")  # the password again gives no new tries
    enter(again, code_of(secret, periods=1))
    assert not has_signed_in(again)
    with school_scope(owner.membership.school):
        told = Notification.objects.filter(kind="attack.second_step")
        assert [row.recipient_key for row in told] == [owner.actor_key]
    elsewhere = after_password(REMOTE_ADDR="198.51.100.7")
    enter(elsewhere, code_of(secret, periods=1))
    assert has_signed_in(elsewhere)


@commits
def test_a_thief_with_many_addresses_has_few_tries_and_the_owner_signs_in_where_always(owner, monkeypatch):
    monkeypatch.setattr(factor_forms, "ELSEWHERE", 3)
    assert has_signed_in(after_password())  # from the desk, before there was an app
    secret = set_up(client_of(owner))
    for n in range(4):
        enter(after_password(REMOTE_ADDR=f"203.0.{n}.5"), "000000")
    thief = after_password(REMOTE_ADDR="203.0.9.5")
    answer = enter(thief, code_of(secret, periods=1))
    assert said("Too many attempts. Try again in %(n)d second.") in answer.content.decode()
    at_the_desk = after_password()
    enter(at_the_desk, code_of(secret, periods=1))
    assert has_signed_in(at_the_desk)


@commits
def test_a_code_in_place_of_the_password_is_paced_with_those_of_the_sign_in(owner):
    client = client_of(owner, gave_password=False)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    secret = set_up(client)
    for n in range(6):
        client.post(reverse("mfa_reauthenticate"), {"code": f"00000{n}"})
    answer = client.post(reverse("mfa_reauthenticate"), {"code": code_of(secret, periods=1)})
    assert said("Too many attempts. Try again in %(n)d second.") in answer.content.decode()
    other = after_password()
    enter(other, code_of(secret, periods=1))
    assert not has_signed_in(other)


@commits
def test_a_link_in_the_mail_sets_a_password_and_is_no_second_factor(owner, center_admin):
    secret = set_up(client_of(owner))
    mail.outbox.clear()
    people.renew_link(owner.membership, by=center_admin)
    client = Client()
    opened = client.get(re.search(r"/accounts/password/reset/key/\S+", mail.outbox[0].body)[0], follow=True)
    chosen = {"password1": "quite-another-secret", "password2": "quite-another-secret"}
    answer = client.post(opened.redirect_chain[-1][0], chosen)
    assert answer["Location"] == reverse("mfa_authenticate")
    assert "_auth_user_id" not in client.session
    client.post(answer["Location"], {"code": code_of(secret, periods=1)})
    assert has_signed_in(client)


@commits
def test_a_recovery_code_stands_in_once_and_the_owner_is_told(center_admin):
    client = client_of(center_admin)
    set_up(client)
    code = client.get(CODES).context["unused_codes"][0]
    mail.outbox.clear()
    landed = []
    for _time in range(2):
        client = Client()
        client.post("/accounts/login/", {"login": "center", "password": PASSWORD})
        client.post(reverse("mfa_authenticate"), {"code": code})
        landed.append("_auth_user_id" in client.session)
    assert landed == [True, False]
    assert Event.objects.filter(kind="person.recovery_code_used").count() == 1
    told = [letter.to for letter in mail.outbox if letter.subject == said("A recovery code of your account was used")]
    assert told == [["center@example.org"]]


@commits
def test_setting_one_up_asks_for_the_password_tells_records_and_ends_the_other_sessions(owner, enrolment):
    elsewhere = client_of(owner)
    client = client_of(owner, gave_password=False)
    assert client.get(SET_UP)["Location"].startswith("/accounts/reauthenticate/")
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    set_up(client)
    assert client.get("/school/").status_code == 200
    assert elsewhere.get("/school/")["Location"].startswith("/accounts/login/")
    event = Event.objects.get(kind="person.totp_added")
    assert (event.actor_key, event.school) == (owner.actor_key, owner.membership.school)
    with school_scope(owner.membership.school):
        assert Notification.objects.get(kind="account.factor_added").recipient_key == owner.actor_key


@commits
def test_whoever_needs_one_keeps_the_last(owner, school):
    client = client_of(owner)
    set_up(client)
    assert Authenticator.objects.filter(user=owner, type="totp").exists()
    client.post(REMOVE)
    assert Authenticator.objects.filter(user=owner, type="totp").exists()
    reviewer = factories.person("reviewer", Role.SCHOOL_REVIEWER, school)
    free = client_of(reviewer)
    set_up(free)
    free.post(REMOVE)
    assert not Authenticator.objects.filter(user=reviewer).exists()
    assert Event.objects.filter(kind="person.totp_removed").count() == 1


def test_the_last_passkey_stays_too(owner):
    passkey = {"name": "Laptop", "credential": {}}
    last = Authenticator.objects.create(user=owner, type="webauthn", data=passkey)
    address = reverse("mfa_remove_webauthn", args=[last.pk])
    answer = client_of(owner).post(address)
    assert said("You need a second step. Set up another one before you remove this one.") in answer.content.decode()
    assert Authenticator.objects.filter(pk=last.pk).exists()
    other = Authenticator.objects.create(user=owner, type="webauthn", data=passkey)
    client_of(owner).post(address)
    assert list(Authenticator.objects.filter(user=owner)) == [other]
    assert Event.objects.filter(kind="person.webauthn_removed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_passkeys_that_are_removed_at_once_do_not_both_go(owner):
    passkey = {"name": "Laptop", "credential": {}}
    first, second = (Authenticator.objects.create(user=owner, type="webauthn", data=passkey) for _ in range(2))
    refused = []

    def remove_second() -> None:
        try:
            with outside_scopes(), about_account(owner.pk):
                second.delete()
        except NotAllowed as error:
            refused.append(str(error))
        finally:
            connection.close()

    thread = threading.Thread(target=remove_second)
    with outside_scopes(), about_account(owner.pk), transaction.atomic(), connection.cursor() as cursor:
        first.delete()
        thread.start()
        while thread.is_alive():
            cursor.execute("SELECT FROM pg_locks WHERE NOT granted")
            if cursor.fetchone() is not None:
                break
            time.sleep(0.01)
    thread.join()
    assert refused == [said("You need a second step. Set up another one before you remove this one.")]
    assert second_factor.has_factor(owner)


# Secrets


@commits
def test_secrets_are_encrypted_and_bound_to_their_row(owner, colleague):
    secret = set_up(client_of(owner))
    set_up(client_of(colleague))
    rows = Authenticator.objects.filter(user=owner)
    assert {row.type for row in rows} == {"totp", "recovery_codes"}
    assert not any(secret in str(row.data) for row in rows)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE mfa_authenticator own SET data = other.data FROM mfa_authenticator other"
            " WHERE own.user_id = %s AND other.user_id = %s AND own.type = other.type",
            [owner.pk, colleague.pk],
        )
    for row in Authenticator.objects.filter(user=owner):
        with pytest.raises(encryption.Unreadable):
            row.data[factor_secrets.SECRETS[row.type]].read()


@commits
def test_a_new_key_rewrites_them(owner, settings):
    secret = set_up(client_of(owner))
    codes = Authenticator.objects.get(user=owner, type="recovery_codes").wrap().generate_codes()
    settings.ID_NUMBER_KEYS = settings.ID_NUMBER_KEYS | {2: "another key of the tests, 2"}
    assert factor_secrets.count_by_version() == {1: 2}
    assert factor_secrets.rewrite() == []
    assert factor_secrets.count_by_version() == {2: 2}
    settings.ID_NUMBER_KEYS = {2: "another key of the tests, 2"}
    row = Authenticator.objects.get(user=owner, type="totp")
    assert row.data["secret"].read() == secret
    assert Authenticator.objects.get(user=owner, type="recovery_codes").wrap().generate_codes() == codes


NONSENSE = [
    "[" * 100_000,
    '"\\ud800"',
    '"\\u0000"',
    "7",
    "null",
    "[]",
    "{}",
    '{"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": null}',
    '{"id": "AAAA", "rawId": "BBBB", "type": "public-key", "response": {"clientDataJSON": "%", "attestationObject": "AAAA"}}',
    '{"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {"clientDataJSON": "e30", "attestationObject": "oA"}}',
    '{"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {"clientDataJSON": "e30", "signature": "AAAA"}}',
]


@commits
def test_what_is_no_passkey_is_refused_with_a_sentence_and_blocks_nobody(owner):
    secret = set_up(client_of(owner))
    thief = after_password()
    inside = client_of(owner)
    for text in NONSENSE:
        for client, name in ((thief, "authenticate"), (inside, "add_webauthn")):
            address = reverse(f"mfa_{name}")
            client.get(address)
            answer = client.post(address, {"credential": text})
            assert answer.status_code == 200, (name, text[:60])
    enter(thief, code_of(secret, periods=1))
    assert has_signed_in(thief)


# A lost one


def lost(by: User, member: Membership) -> None:
    people.remove_second_factor(member, by=by, reason="Phone stolen, seen in person")


@commits
def test_an_administrator_removes_a_lost_one_below_with_a_reason(owner, colleague, enrolment):
    client = client_of(colleague)
    set_up(client)  # on the first day
    admin = client_of(owner)
    address = reverse("portal:person_second_factor", args=[colleague.membership.pk])
    assert admin.post(address, {"reason": ""}).status_code == 200
    assert second_factor.has_factor(colleague)
    admin.post(address, {"reason": "Phone stolen, seen in person"})
    assert not Authenticator.objects.filter(user=colleague).exists()
    assert client.get("/school/")["Location"].startswith("/accounts/login/")
    event = Event.objects.get(kind="person.second_factor_removed")
    assert (event.actor_key, event.facts) == (owner.actor_key, {"reason": "Phone stolen, seen in person"})
    with school_scope(owner.membership.school):
        told = Notification.objects.get(kind="account.second_factor_removed")
    assert (told.recipient_key, told.parameters["by"]) == (colleague.actor_key, owner.actor_name)
    colleague.refresh_from_db()
    assert client_of(colleague).get("/school/")["Location"] == reverse("mfa_index")


def test_the_page_asks_the_administrator_for_the_password(owner, colleague):
    address = reverse("portal:person_second_factor", args=[colleague.membership.pk])
    client = client_of(owner, gave_password=False)
    assert client.get(address)["Location"].startswith("/accounts/reauthenticate/")


@commits
def test_only_downwards_and_only_in_the_own_school(owner, colleague, outsider, center_admin, school):
    equal = factories.person("equal", Role.SCHOOL_ADMIN, school)
    for person in (colleague, equal, center_admin):
        set_up(client_of(person))
    for by, person in ((outsider, colleague), (owner, equal), (owner, center_admin), (colleague, colleague)):
        with pytest.raises(NotAllowed):
            lost(by, person.membership)
        assert second_factor.has_factor(person)
    lost(center_admin, equal.membership)
    assert not second_factor.has_factor(equal)
    with pytest.raises(PortalError, match=said("%(name)s has no second step.", name=owner.actor_name)):
        lost(center_admin, owner.membership)


@commits
def test_the_operator_removes_that_of_the_last_center_administrator(center_admin):
    set_up(client_of(center_admin))
    mail.outbox.clear()
    call_command("remove_second_factor", "center", reason="Letter of the center")
    assert not second_factor.has_factor(center_admin)
    with system_scope():
        assert Event.objects.get(kind="person.second_factor_removed").actor_key == "system"
    (letter,) = mail.outbox
    assert said("the operator") in letter.body
    with pytest.raises(CommandError):
        call_command("remove_second_factor", "nobody", reason="x")
