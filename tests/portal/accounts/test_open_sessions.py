"""A person sees and ends the own sessions, an administrator ends another's, a new place is told."""

import datetime as dt

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from portal.accounts.devices import device_of
from portal.database.scope import about_account
from portal.models import Event, Notification, SignIn
from portal.privacy import retention
from portal.tenancy import center_scope, outside_scopes, school_scope, system_scope
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-password"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36 Edg/131.0"
WECHAT = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36 MicroMessenger/8.0.50"


def signed_in(username: str, *, device: str = EDGE, address: str = "10.1.2.3") -> Client:
    client = Client(headers={"user-agent": device}, REMOTE_ADDR=address)
    assert client.post("/accounts/login/", {"login": username, "password": PASSWORD}).status_code == 302
    return client


def is_in(client: Client) -> bool:
    return client.get("/people/sessions/").status_code == 200


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (EDGE, "Edge · Windows"),
        (WECHAT, "微信 WeChat · Android"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile/15E148 Safari/604.1",
            "Safari · iPhone",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox · Linux"),
        ("curl/8", ""),
    ],
)
def test_a_browser_in_a_few_words(agent, name):
    assert device_of(agent) == name


def test_the_page_names_device_and_address_and_ends_one_session(owner, outsider):
    here, phone = signed_in("owner"), signed_in("owner", device=WECHAT, address="10.9.9.9")
    stranger = signed_in("outsider", address="172.16.0.1")
    html = here.get("/people/sessions/").content.decode()
    for shown in ("Edge · Windows", "10.1.2.3", "微信 WeChat · Android", "10.9.9.9"):
        assert shown in html
    assert html.count("badge-ok") == 1
    assert "172.16.0.1" not in html
    key = phone.session["sign_in"]
    assert stranger.post(f"/people/sessions/{key}/end/").status_code == 404
    assert is_in(phone)
    here.post(f"/people/sessions/{key}/end/")
    assert (is_in(here), is_in(phone)) == (True, False)
    assert Event.objects.get(kind="person.sessions_ended").facts["count"] == 1
    assert "10.9.9.9" not in here.get("/people/sessions/").content.decode()


def test_all_others_end_and_this_one_goes_on(owner):
    others, here = [signed_in("owner"), signed_in("owner")], signed_in("owner")
    here.post("/people/sessions/end/")
    assert [is_in(client) for client in (*others, here)] == [False, False, True]


def test_a_new_password_ends_the_others(owner):
    other, here = signed_in("owner"), signed_in("owner")
    new = {"oldpassword": PASSWORD, "password1": "quite-another-secret", "password2": "quite-another-secret"}
    here.post("/accounts/password/change/", new)
    assert (is_in(other), is_in(here)) == (False, True)
    assert here.get("/people/sessions/").content.decode().count("Edge · Windows") == 1
    again = Client()  # this session has another key by now: it can still be ended
    again.post("/accounts/login/", {"login": "owner", "password": "quite-another-secret"})
    again.post("/people/sessions/end/")
    assert not is_in(here)


def test_signing_out_takes_it_off_the_list(owner):
    gone, here = signed_in("owner", address="10.9.9.9"), signed_in("owner")
    gone.post("/accounts/logout/")
    assert "10.9.9.9" not in here.get("/people/sessions/").content.decode()


def test_an_administrator_signs_a_person_out_everywhere(owner, colleague, outsider, center_admin):
    theirs, admin = [signed_in("colleague"), signed_in("colleague")], client_of(owner)
    url = f"/people/{colleague.membership.pk}/sessions/end/"
    assert client_of(outsider).post(url).status_code == 404
    assert client_of(colleague).post(url).status_code == 403
    assert client_of(owner).post(f"/people/{center_admin.membership.pk}/sessions/end/").status_code == 404
    assert all(is_in(client) for client in theirs)
    admin.post(url)
    assert not any(is_in(client) for client in theirs)
    with system_scope():
        assert Notification.objects.filter(recipient_key=colleague.actor_key, kind="account.sessions_ended").exists()
    assert Event.objects.get(kind="person.sessions_ended").facts["count"] == 3  # and the one of client_of


def test_sessions_of_an_account_that_was_switched_off_stay_ended(owner, colleague):
    theirs, admin = signed_in("colleague"), client_of(owner)
    for _time in range(2):
        admin.post(f"/people/{colleague.membership.pk}/switch/")
    assert not is_in(theirs)


def test_a_new_place_or_device_is_told_and_a_known_one_is_not(colleague):
    def told() -> list[dict[str, str]]:
        with system_scope():
            found = Notification.objects.filter(recipient_key=colleague.actor_key, kind="account.new_place")
            return list(found.order_by("pk").values_list("parameters", flat=True))

    signed_in("colleague")
    signed_in("colleague", address="10.1.2.77")  # the same network
    assert told() == []
    signed_in("colleague", address="10.8.0.1")
    signed_in("colleague", device=WECHAT)
    assert told() == [
        {"address": "10.8.0.1", "device": "Edge · Windows"},
        {"address": "10.1.2.3", "device": "微信 WeChat · Android"},
    ]


def test_the_center_is_told_by_mail(center_admin, django_capture_on_commit_callbacks):
    signed_in("center")
    with django_capture_on_commit_callbacks(execute=True):
        signed_in("center", address="192.168.7.7")
    (letter,) = mail.outbox
    assert letter.to == ["center@example.org"]
    assert "192.168.7.7" in letter.body


def test_sign_ins_are_shown_only_to_who_names_the_account(owner, outside):
    signed_in("owner")
    for scope in (outside_scopes, center_scope, lambda: school_scope(owner.membership.school)):
        with scope(), connection.cursor() as cursor:
            cursor.execute("SELECT * FROM portal_signin")
            assert cursor.rowcount == 0
            cursor.execute("UPDATE portal_signin SET ended_at = now()")
            assert cursor.rowcount == 0


def test_old_sign_ins_are_deleted(owner, settings):
    signed_in("owner")
    settings.KEEP_SIGN_INS_DAYS = 90
    later = timezone.now() - dt.timedelta(days=91)

    with about_account(owner.pk):
        SignIn.objects.update(seen_at=later)
    with system_scope():
        rule = retention.RULES["sign_ins"]
        assert rule.due(rule.before) == 1
        assert rule.delete(rule.before) == 1
