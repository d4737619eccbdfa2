"""Messages of the official account and of the mini program, against a server that ends old access tokens."""

import pytest
from django.core.cache import cache

from portal.errors import PortalError
from portal.models import Contact, Delivery
from portal.notifications import contacts, deliveries
from portal.notifications.channels import mini_program, wechat, wechat_api
from tests.portal.channels.conftest import RETURNED
from tests.support.message_peers.wechat import APP, WeChatPeer

pytestmark = pytest.mark.django_db
Status = Delivery.Status
OPENID = "oABCD-of-the-student"


@pytest.fixture(scope="module")
def running():
    peer = WeChatPeer()
    yield peer
    peer.stop()


@pytest.fixture
def peer(running, settings):
    running.reset()
    cache.delete(f"wechat:{APP}_access_token")
    template = {RETURNED.name: {"id": "tmpl", "fields": {"thing1": "subject", "thing2": "reason"}}}
    account = running.account(templates=template)
    settings.MESSAGE_CHANNELS = {"wechat": account, "mini_program": account | {"page": "pages/index"}}
    return running


@pytest.fixture
def told(tell, school, peer):
    """(student, deliveries) of one who has linked both."""
    student, _sent = tell(phone="")
    for channel in ("wechat", "mini_program"):
        contacts.bind(student, school=school, channel=channel, address=OPENID)
    return tell("A reason that is longer than WeChat takes", student=student)


def state(row):
    row.refresh_from_db()
    return row.status


def test_who_has_not_linked_wechat_gets_nothing_by_it(tell, peer):
    assert tell(phone="")[1] == {}


def test_both_kinds_of_messages_arrive_with_values_of_the_length_that_wechat_takes(told, peer, settings):
    settings.SITE_URL = "https://tucai.example.org"
    _student, sent = told
    deliveries.send_waiting()
    assert {channel: state(row) for channel, row in sent.items()} == {"wechat": "sent", "mini_program": "sent"}
    data = {"thing1": {"value": "Returned"}, "thing2": {"value": "A reason that is lo…"}}
    taken = dict(peer.taken)
    official = taken["/cgi-bin/message/template/send"]
    assert (official["touser"], official["template_id"], official["data"]) == (OPENID, "tmpl", data)
    assert official["url"] == "https://tucai.example.org/me/"
    assert taken["/cgi-bin/message/subscribe/send"] == {
        "touser": OPENID,
        "template_id": "tmpl",
        "data": data,
        "page": "pages/index",
    }


def test_access_token_is_asked_for_once_and_anew_when_it_was_ended(told, tell, peer):
    student, _sent = told
    before = peer.tokens
    deliveries.send_waiting()
    assert peer.tokens == before + 1
    peer.end_token()
    row = tell(student=student)[1]["wechat"]
    deliveries.send_waiting()
    assert state(row) == Status.SENT
    assert peer.tokens == before + 3  # that of somebody else, and ours


def test_account_that_is_refused_makes_everything_wait_and_asks_no_second_time(told, peer, settings):
    for account in settings.MESSAGE_CHANNELS.values():
        account["secret"] = "wrong"
    deliveries.send_waiting()
    assert {(state(row), row.refusals) for row in told[1].values()} == {(Status.QUEUED, 0)}


def test_refusal_in_the_mini_program_fails_and_keeps_the_binding(told, tell, peer):
    peer.refusals[OPENID] = 43101
    student, sent = told
    deliveries.send_waiting()
    assert state(sent["mini_program"]) == Status.FAILED
    assert sent["mini_program"].error == wechat_api.REFUSALS[43101][1]
    assert "mini_program" in tell(student=student)[1]


def test_who_follows_the_account_no_longer_gets_nothing_more(told, tell, peer):
    peer.refusals[OPENID] = 43004
    student, sent = told
    deliveries.send_waiting()
    assert state(sent["wechat"]) == Status.FAILED
    assert "wechat" not in tell(student=student)[1]


def test_codes_of_both_say_who_it_is_once(peer):
    for channel in (wechat.CHANNEL, mini_program.CHANNEL):
        peer.codes["once"] = OPENID
        assert channel.openid_of("once") == OPENID
        with pytest.raises(PortalError):
            channel.openid_of("once")


def test_openid_belongs_to_the_last_who_linked_it(told, tell, school):
    student, _sent = told
    other, _none = tell(phone="")
    contacts.bind(other, school=school, channel="wechat", address=OPENID)
    assert Contact.objects.get(recipient_key=student.actor_key, channel="wechat").address == ""
    assert "wechat" not in tell(student=student)[1]
