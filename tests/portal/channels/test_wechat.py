"""Messages of the official account and of the mini program, against a server that ends old access tokens."""

import pytest
from django.core.cache import cache
from django.db import IntegrityError, connection

from portal.errors import PortalError
from portal.models import Contact, Delivery
from portal.notifications import contacts, deliveries
from portal.notifications.channels import mini_program, wechat, wechat_api
from portal.notifications.channels.base import Unavailable
from students.privacy import own_data
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


def test_an_answer_that_leads_elsewhere_is_not_followed_with_our_secret(peer):
    peer.leads_to = f"{peer.address}/elsewhere"
    with pytest.raises(Unavailable):
        wechat.CHANNEL.openid_of("once")
    assert [path for path in peer.asked if path.startswith("/elsewhere")] == []
    assert len(peer.asked) == 1


def test_openid_belongs_to_the_last_who_linked_it(told, tell, school):
    student, _sent = told
    other, _none = tell(phone="")
    contacts.bind(other, school=school, channel="wechat", address=OPENID)
    assert Contact.objects.get(recipient_key=student.actor_key, channel="wechat").linked_hash == ""
    assert "wechat" not in tell(student=student)[1]


def everything_stored() -> str:
    """All rows of contacts, deliveries and notifications, as PostgreSQL has them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(line, ' ') FROM (SELECT contact::text FROM portal_contact contact UNION ALL"
            " SELECT delivery::text FROM portal_delivery delivery UNION ALL"
            " SELECT told::text FROM portal_notification told) AS lines (line)"
        )
        return cursor.fetchone()[0]


def test_an_openid_is_in_no_row_in_clear_and_the_student_takes_it_along_in_the_copy(told):
    student, _sent = told
    deliveries.send_waiting()
    stored = everything_stored()
    assert student.actor_key in stored
    assert (OPENID in stored, OPENID.encode().hex() in stored) == (False, False)
    addresses = {row["channel"]: row["address"] for row in own_data.collect(student)["contacts"]}
    assert addresses == {"wechat": OPENID, "mini_program": OPENID}


def test_a_linked_address_copied_into_the_row_of_another_is_not_sent_to(told, tell, school, peer):
    student, _sent = told
    other, _none = tell(phone="")
    contacts.bind(other, school=school, channel="wechat", address="oOTHER")
    stolen = Contact.objects.get(recipient_key=student.actor_key, channel="wechat").linked_sealed
    Contact.objects.filter(recipient_key=other.actor_key).update(linked_sealed=stolen)
    row = tell(student=other)[1]["wechat"]
    deliveries.send_waiting()
    assert state(row) == Status.FAILED
    assert [told["touser"] for path, told in peer.taken if "template" in path] == [OPENID]


def test_what_waits_goes_to_the_wechat_that_is_linked_when_it_is_sent(told, tell, school, peer):
    student, sent = told
    contacts.bind(student, school=school, channel="wechat", address="oNEW")
    other, _none = tell(phone="")
    contacts.bind(other, school=school, channel="mini_program", address=OPENID)
    deliveries.send_waiting()
    assert [taken["touser"] for _path, taken in peer.taken] == ["oNEW"]
    assert (state(sent["mini_program"]), sent["mini_program"].error) == (Status.FAILED, deliveries.NOT_LINKED)


def test_the_database_takes_one_person_a_linked_address_and_school(told, tell, school):
    student, _sent = told
    other, _none = tell(phone="")
    linked_hash = Contact.objects.get(recipient_key=student.actor_key, channel="wechat").linked_hash
    with pytest.raises(IntegrityError):
        Contact.objects.create(
            school=school, recipient_key=other.actor_key, channel="wechat", linked_hash=linked_hash, linked_sealed=b"1"
        )
