"""Staff sessions end by themselves."""

import time

import pytest
from django.conf import settings
from django.urls import reverse

from portal.security.sessions import SEEN, SIGNED_IN

pytestmark = pytest.mark.django_db


def aged(client, **seconds_ago: int):
    session = client.session
    for key, ago in seconds_ago.items():
        session[key] = int(time.time()) - ago
    session.save()
    return client


def is_signed_in(client, **headers: str) -> bool:
    return client.get(reverse("schools:school_home"), headers=headers).status_code == 200


def test_session_goes_on_while_it_is_used(owner_client):
    aged(owner_client, **{SEEN: settings.SESSION_IDLE_SECONDS - 60})
    assert is_signed_in(owner_client)
    assert time.time() - owner_client.session[SEEN] < 60


def test_session_ends_when_nobody_is_there(owner_client):
    aged(owner_client, **{SEEN: settings.SESSION_IDLE_SECONDS + 60})
    assert not is_signed_in(owner_client)
    assert not is_signed_in(owner_client)


def test_page_that_refreshes_itself_is_nobody(owner_client):
    seen = aged(owner_client, **{SEEN: 600}).session[SEEN]
    assert is_signed_in(owner_client, HX_Request="true")
    assert owner_client.session[SEEN] == seen


def test_session_ends_however_much_it_is_used(owner_client):
    aged(owner_client, **{SIGNED_IN: settings.SESSION_COOKIE_AGE + 60})
    assert not is_signed_in(owner_client)
