import pytest
from django.urls import reverse

from portal.models import Event, Notification
from portal.tenancy import system_scope
from tests import factories
from tests.support.database import by_owner
from tests.support.words import said

LOGIN = "/accounts/login/"


def kinds() -> list[str]:
    return list(Event.objects.order_by("id").values_list("kind", flat=True))


@pytest.mark.parametrize("name", ["owner", "owner@example.org"])
def test_a_person_signs_in_by_user_name_or_address_and_lands_at_the_own_desk(client, owner, name):
    answer = client.post(LOGIN, {"login": name, "password": "a-long-password"})
    assert answer["Location"] == reverse("schools:own_portal")
    assert client.get(answer["Location"])["Location"] == reverse("schools:school_home")
    assert kinds() == ["person.signed_in"]
    assert Event.objects.get().school == owner.membership.school


def test_the_center_lands_at_the_dashboard(client, center_admin):
    client.post(LOGIN, {"login": "center", "password": "a-long-password"})
    assert client.get("/portal/")["Location"] == reverse("schools:dashboard")


def test_a_wrong_password_is_recorded_for_a_known_account_alone(client, owner):
    client.post(LOGIN, {"login": "owner", "password": "wrong"})
    client.post(LOGIN, {"login": "nobody", "password": "wrong"})
    assert kinds() == ["person.sign_in_failed"]


def test_a_wrong_password_of_nobody_is_a_line_of_the_log(client, db, caplog):
    client.post(LOGIN, {"login": "a-password-by-mistake", "password": "wrong"})
    lines = [record.getMessage() for record in caplog.records if record.name == "portal.accounts.adapter"]
    assert lines == ["A sign-in with an unknown name failed from 127.0.0.1"]


def test_a_switched_off_account_does_not_get_in(client, owner):
    owner.is_active = False
    owner.save()
    client.post(LOGIN, {"login": "owner", "password": "a-long-password"})
    assert client.get("/school/")["Location"].startswith(LOGIN)


def test_nobody_signs_up(client, db):
    page = client.get("/accounts/signup/")
    assert b"password1" not in page.content
    client.post("/accounts/signup/", {"username": "x", "email": "x@example.org", "password1": "a-fine-long-secret"})
    assert not kinds()


def test_a_person_goes_back_to_the_page_that_asked(client, owner):
    wanted = client.get("/school/people/")["Location"]
    answer = client.post(wanted, {"login": "owner", "password": "a-long-password", "next": "/school/people/"})
    assert answer["Location"] == "/school/people/"


def test_an_account_without_a_place_finds_no_desk(client, django_user_model, db):
    client.force_login(django_user_model.objects.create_user("nobody"))
    assert client.get("/portal/").status_code == 404
    operator = factories.operator("operator")
    client.force_login(operator)
    assert client.get("/portal/")["Location"] == "/admin/"


def test_the_second_factor_can_be_set_up(owner_client, center_client):
    for one in (owner_client, center_client):
        assert one.get(reverse("mfa_index")).status_code == 200


def test_the_operator_signs_in_where_attempts_are_counted(client, db):
    assert client.get("/admin/login/?next=/admin/")["Location"] == f"{LOGIN}?next=%2Fadmin%2F"
    answer = client.post("/admin/login/", {"username": "operator", "password": "guess"})
    assert answer["Location"].startswith(LOGIN)


def fail(client, name: str, address: str = "203.0.113.9"):
    return client.post(LOGIN, {"login": name, "password": "x"}, HTTP_X_FORWARDED_FOR=address)


def enter(client, name: str, address: str = "203.0.113.9") -> bool:
    answer = client.post(LOGIN, {"login": name, "password": "a-long-password"}, HTTP_X_FORWARDED_FOR=address)
    return answer.status_code == 302


@pytest.fixture
def behind_a_proxy(settings):
    settings.TRUSTED_PROXIES = settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1


@pytest.mark.usefixtures("behind_a_proxy")
def test_one_visitor_shuts_nobody_else_at_the_address_out(client, owner, colleague):
    for n in range(40):
        fail(client, f"nobody{n}")
    for _time in range(8):
        answer = fail(client, "owner")
    assert said("Too many attempts. Try again in %(n)d second.") in answer.content.decode()
    assert enter(client, "colleague")


@pytest.mark.usefixtures("behind_a_proxy")
def test_a_strangers_failures_leave_the_owner_able_to_sign_in_elsewhere(client, owner, colleague):
    for n in range(40):
        fail(client, "colleague", f"203.0.113.{n % 4}")
    assert not enter(client, "colleague", "203.0.113.1")
    assert enter(client, "colleague", "198.51.100.7")


def test_a_sign_in_by_a_shared_address_forgets_no_guesses_at_the_other_account(client, owner, colleague):
    """One who has the victim's address in the own account guesses, and signs in between, by that address."""
    owner.set_password("quite-another-secret")
    owner.save()
    by_owner(f"UPDATE portal_user SET email = 'owner@example.org' WHERE id = {colleague.pk}")
    for _time in range(3):
        client.post(LOGIN, {"login": "owner@example.org", "password": "wrong"})
        entered = client.post(LOGIN, {"login": "owner@example.org", "password": "a-long-password"})
        assert entered["Location"] == reverse("schools:own_portal")
        client.post("/accounts/logout/")
    answer = client.post(LOGIN, {"login": "owner@example.org", "password": "wrong"}).content.decode()
    assert said("Too many attempts. Try again in %(n)d second.") in answer
    assert enter(client, "colleague")
    failed = Event.objects.filter(kind="person.sign_in_failed").values_list("object_id", flat=True)
    assert set(failed) == {owner.membership.pk, colleague.membership.pk}


def test_guesses_by_name_and_by_address_are_counted_together(client, owner):
    for n in range(6):
        client.post(LOGIN, {"login": ["owner", "owner@example.org", "OWNER"][n % 3], "password": "wrong"})
    answer = client.post(LOGIN, {"login": "Owner@Example.org", "password": "wrong"})
    assert said("Too many attempts. Try again in %(n)d second.") in answer.content.decode()


@pytest.mark.usefixtures("behind_a_proxy")
def test_owner_and_administrators_are_told_once_of_many_failures(client, owner, colleague):
    for n in range(25):
        fail(client, "colleague", f"203.0.113.{n}")
    with system_scope():
        told = Notification.objects.filter(kind="attack.account").values_list("recipient_key", flat=True)
        assert sorted(told) == sorted([owner.actor_key, colleague.actor_key])
