"""What the plain role may not write about accounts and sessions, by raw SQL in every scope."""

import datetime as dt
from contextlib import nullcontext

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts.sessions import SessionStore, own_session, stored_key
from portal.database.scope import about_account
from portal.errors import NotAllowed
from portal.models import Membership, User
from portal.tenancy import across_schools, center_scope, outside_scopes, school_scope, system_scope
from tests import factories
from tests.support.database import by_owner

pytestmark = pytest.mark.django_db
SCOPES = {
    "outside": outside_scopes,
    "center": center_scope,
    "across": across_schools,
    "system": system_scope,
    "school": nullcontext,  # opened by the test, for its school
}
NEVER = {
    "a superuser": "UPDATE portal_user SET is_superuser = true",
    "staff": "UPDATE portal_user SET is_staff = true",
    "a new superuser": "INSERT INTO portal_user (username, password, is_superuser, is_staff, is_active, first_name, last_name,"
    " email, date_joined, full_name, phone, language) VALUES ('x', 'x', true, false, true, '', '', '', now(), '', '', '')",
    "a password": "UPDATE portal_user SET password = 'x'",
    "a password of somebody else": "SELECT set_config('app.account', '0', true); UPDATE portal_user SET password = 'x'",
    "an account of the demo": "UPDATE portal_user SET is_demo = true",
    "new days of grace": "UPDATE portal_user SET first_signed_in_at = now()",
    "a group": "INSERT INTO portal_user_groups (user_id, group_id) VALUES (1, 1)",
    "a permission": "INSERT INTO portal_user_user_permissions (user_id, permission_id) VALUES (1, 1)",
    "an account": "DELETE FROM auth_permission",
}


def run(sql: str, *params: object) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params or None)
        return cursor.rowcount


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("what", NEVER)
def test_no_scope_may_make(school, owner, scope, what):
    User.objects.filter(pk=owner.pk).update(first_signed_in_at="2026-11-01T00:00Z")
    within = school_scope(school) if scope == "school" else SCOPES[scope]()
    with within, pytest.raises(DatabaseError, match=r"permission denied|only the owner|without naming|row-level"):
        run(NEVER[what])


@pytest.mark.parametrize("scope", sorted(SCOPES.keys() - {"system"}))
@pytest.mark.parametrize("change", ["email = 'mine@example.org'", "is_active = NOT is_active", "full_name = 'x'"])
def test_a_statement_changes_the_account_that_it_names_and_no_other(school, owner, colleague, scope, change):
    within = school_scope(school) if scope == "school" else SCOPES[scope]()
    with within:
        for naming in (nullcontext(), about_account(owner.pk)):
            with naming, pytest.raises(DatabaseError, match=r"without naming|permission denied"):
                run(f"UPDATE portal_user SET {change} WHERE id = %s", colleague.pk)
        if scope != "across":
            with about_account(colleague.pk):
                assert run(f"UPDATE portal_user SET {change} WHERE id = %s", colleague.pk) == 1


def test_a_school_changes_the_accounts_of_its_people_only(school, owner, outsider, center_admin):
    operator = factories.operator()
    Membership.objects.create(user=operator, roles=["school_officer"], school=school)
    for user in (outsider, center_admin, operator):
        with school_scope(school), about_account(user.pk):
            assert run("UPDATE portal_user SET email = 'mine@example.org' WHERE id = %s", user.pk) == 0


def test_an_address_is_written_for_the_account_that_the_statement_names(
    school, owner, colleague, outsider, center_admin
):
    for user in (owner, colleague, outsider, center_admin):
        EmailAddress.objects.create(user=user, email=f"{user.username}@example.org", verified=True, primary=True)
    mine = "INSERT INTO account_emailaddress (user_id, email, verified, \"primary\") VALUES (%s, 'mine@example.org', true, false)"
    change = "UPDATE account_emailaddress SET email = 'mine@example.org' WHERE user_id = %s"
    for scope in (outside_scopes, center_scope, across_schools, lambda: school_scope(school)):
        with scope(), about_account(owner.pk):
            assert run(change, colleague.pk) == 0
            with pytest.raises(DatabaseError, match="row-level security"):
                run(mine, colleague.pk)
            if scope != across_schools:
                assert run(change.replace("mine@", "own@"), owner.pk) == 1
    for user in (outsider, center_admin):
        with school_scope(school), about_account(user.pk):
            assert run(change, user.pk) == run("DELETE FROM account_emailaddress WHERE user_id = %s", user.pk) == 0
            with pytest.raises(DatabaseError, match="row-level security"):
                run(mine, user.pk)
    with center_scope(), about_account(outsider.pk):
        assert run(change, outsider.pk) == 1


def test_a_second_factor_is_seen_by_its_owner_and_by_who_may_take_it_away(school, owner, colleague, outsider, outside):
    with system_scope():
        for user in (owner, colleague, outsider):
            Authenticator.objects.create(user=user, type="totp", data={"secret": "x"})
    seen, change = (
        "SELECT user_id FROM mfa_authenticator",
        "UPDATE mfa_authenticator SET data = '{}' WHERE user_id = %s",
    )
    make = "INSERT INTO mfa_authenticator (user_id, type, data, created_at) VALUES (%s, 'webauthn', '{}', now())"
    for scope in (outside_scopes, across_schools):
        with scope():
            assert run(seen) == run(change, owner.pk) == run("DELETE FROM mfa_authenticator") == 0
    with about_account(owner.pk):
        assert run(seen) == 1
        assert run(change, owner.pk) == 1
        assert run(change, colleague.pk) == run("DELETE FROM mfa_authenticator WHERE user_id = %s", colleague.pk) == 0
    for scope, number in ((lambda: school_scope(school), 2), (center_scope, 3)):
        for named in (None, owner.pk):
            with scope(), about_account(named):
                assert run(seen) == number
                assert run(change, colleague.pk) == 0
                with pytest.raises(DatabaseError, match="row-level security"):
                    run(make, colleague.pk)
    with school_scope(school):
        assert run("DELETE FROM mfa_authenticator WHERE user_id = %s", outsider.pk) == 0
        assert run("DELETE FROM mfa_authenticator WHERE user_id = %s", colleague.pk) == 1


@pytest.mark.parametrize("scope", [name for name in SCOPES if name != "system"])
def test_only_the_system_makes_accounts_of_the_demo(school, scope):
    within = school_scope(school) if scope == "school" else SCOPES[scope]()
    with within, pytest.raises(DatabaseError, match=r"permission denied|only the system|row-level"):
        User.objects.create(username="demo", is_demo=True)


@pytest.mark.parametrize("change", ["password = 'x'", "username = 'mine'"])
@pytest.mark.parametrize("scope", SCOPES)
def test_no_scope_takes_an_operators_place(school, scope, change):
    operator = factories.operator()
    Membership.objects.create(user=operator, roles=["school_officer"], school=school)
    naming = f"SELECT set_config('app.account', '{operator.pk}', true); UPDATE portal_user SET {change}"
    if scope == "school":  # its policy does not show an operator to be changed
        with school_scope(school):
            run(naming)
        unchanged = User.objects.get(pk=operator.pk)
        assert (unchanged.username, unchanged.password) == (operator.username, operator.password)
        return
    with SCOPES[scope](), pytest.raises(DatabaseError, match=r"only the owner|permission denied"):
        run(naming)


def test_an_operators_password_is_no_matter_of_the_pages():
    operator = factories.operator()
    with pytest.raises(NotAllowed):
        operator.set_password("another-long-password")
    with pytest.raises(NotAllowed):
        operator.set_unusable_password()
    assert operator.check_password("a-long-password")


def test_a_role_is_given_in_a_scope_only(owner, school, other_school, outside):
    for sql in (
        "UPDATE portal_membership SET roles = '{center_admin}', school_id = NULL",
        "DELETE FROM portal_membership",
        f"INSERT INTO portal_membership (user_id, roles, is_contact, colleges, class_names) VALUES ({owner.pk}, '{{center_admin}}', false, '{{}}', '{{}}')",
    ):
        with pytest.raises(DatabaseError, match="permission denied"):
            run(sql)
        with across_schools(), pytest.raises(DatabaseError, match="permission denied"):
            run(sql)
    with school_scope(school):  # nobody of a school becomes one of the center
        with pytest.raises(DatabaseError, match="row-level security"):
            run("UPDATE portal_membership SET roles = '{center_admin}', school_id = NULL")
        with pytest.raises(DatabaseError, match="row-level security"):
            run(f"UPDATE portal_membership SET school_id = {other_school.pk}")
    with school_scope(other_school):
        assert run("UPDATE portal_membership SET is_contact = true") == 0
        assert run("UPDATE portal_user SET email = 'x@example.org'") == 0


def test_a_password_is_set_for_the_account_that_is_saved_and_for_no_other(owner, colleague, outside):
    owner.set_password("another-long-password")
    owner.save()
    assert User.objects.get(pk=owner.pk).check_password("another-long-password")
    colleague.password = make_password("guessed")
    with pytest.raises(DatabaseError, match="without naming"), transaction.atomic():
        colleague.save()
    with pytest.raises(DatabaseError, match="without naming"), transaction.atomic():
        User.objects.update(password=make_password("guessed"))
    owner.set_unusable_password()
    owner.save(update_fields=["password"])
    owner.full_name = "Changed"
    owner.save()
    assert not User.objects.get(pk=owner.pk).has_usable_password()


def test_the_hash_of_a_password_is_renewed_at_sign_in(owner, settings, outside):
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    assert owner.check_password("a-long-password")
    assert User.objects.get(pk=owner.pk).password.startswith("pbkdf2")


def test_an_operator_is_made_by_the_owner_and_signs_in(settings, client):
    operator = factories.operator()
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    client.post(reverse("account_login"), {"login": "operator", "password": "a-long-password"})
    assert client.get("/admin/").status_code == 200
    assert client.get(f"/admin/portal/user/{operator.pk}/change/").status_code == 200
    answer = client.post(
        reverse("account_change_password"),
        {"oldpassword": "a-long-password", "password1": "another-long-one", "password2": "another-long-one"},
        headers={"Accept": "application/json"},
    )
    assert answer.status_code == 403


@pytest.mark.django_db(transaction=True)
def test_operators_are_made_on_the_server(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a-long-password")
    call_command("createsuperuser", interactive=False, username="root", email="root@example.org", verbosity=0)
    assert User.objects.get(username="root").is_superuser


def test_a_session_is_shown_only_to_who_names_it(owner_client, outsider_client, outside):
    keys = [client.session.session_key for client in (owner_client, outsider_client)]
    assert owner_client.get("/school/").status_code == 200
    for scope in (outside_scopes, center_scope, across_schools, system_scope):
        with scope():
            assert run("SELECT * FROM django_session") == 0
            assert run("DELETE FROM django_session") == 0
    with own_session(keys[0]) as stored:
        assert run("SELECT * FROM django_session") == 1
        with pytest.raises(DatabaseError, match="row-level security"):
            run("UPDATE django_session SET session_key = %s", stored_key(keys[1]))
        assert run("DELETE FROM django_session WHERE session_key <> %s", stored) == 0
    assert owner_client.get("/school/").status_code == 200


def test_the_table_of_sessions_holds_no_key(owner_client):
    key = owner_client.session.session_key
    by_owner(
        "CREATE TEMPORARY TABLE copied AS SELECT session_key FROM public.django_session; GRANT ALL ON copied TO PUBLIC"
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_key FROM copied")
        stored = [name for (name,) in cursor.fetchall()]
    assert stored_key(key) in stored
    assert key not in stored
    thief = Client()
    thief.cookies["sessionid"] = stored_key(key)
    assert thief.get("/school/").status_code == 302


def test_a_session_ends_and_expired_ones_are_cleared(owner_client, outsider_client):
    key = owner_client.session.session_key
    assert SessionStore().exists(key)
    owner_client.logout()
    assert not SessionStore().exists(key)
    store = SessionStore(outsider_client.session.session_key)
    store.set_expiry(timezone.now() - dt.timedelta(days=1))
    store.save()
    call_command("clearsessions")
    by_owner(
        "CREATE TEMPORARY TABLE left_over AS SELECT * FROM public.django_session; GRANT ALL ON left_over TO PUBLIC"
    )
    assert run("SELECT * FROM left_over") == 0
