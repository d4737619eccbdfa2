"""A mini program that sends its code along is linked at sign-in, and signing in does not need WeChat."""

import pytest
from django.test import Client

from portal.models import Contact
from portal.notifications import contacts
from portal.tenancy import system_scope
from tests.support.message_peers.wechat import WeChatPeer

pytestmark = pytest.mark.django_db


@pytest.fixture
def peer(settings):
    peer = WeChatPeer()
    settings.MESSAGE_CHANNELS = {"mini_program": peer.account(templates={})}
    yield peer
    peer.stop()


def sign_in(student, code):
    typed = {"name": student.name, "id_number": student.id_number, "student_no": student.student_no, "code": code}
    return Client().post("/api/v1/me/sign-in/", typed, content_type="application/json").status_code


@pytest.mark.parametrize(("code", "address"), [("good", ["oABC"]), ("used", []), ("", [])])
def test_code_of_the_mini_program_links_it(student, peer, code, address):
    peer.codes["good"] = "oABC"
    assert sign_in(student, code) == 200
    with system_scope():
        found = Contact.objects.filter(recipient_key=student.actor_key, channel="mini_program")
        assert [contacts.linked_address(row) for row in found] == address


def test_student_signs_in_although_wechat_is_away(student, settings):
    settings.MESSAGE_CHANNELS = {"mini_program": {"app": "a", "secret": "s", "address": "http://127.0.0.1:1"}}
    assert sign_in(student, "good") == 200
