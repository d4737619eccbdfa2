"""Text messages by the SDKs of Tencent and Alibaba, against servers that check their signatures."""

import json

import pytest
from django.core import mail

from portal.models import Contact, Delivery
from portal.notifications import deliveries
from portal.notifications.channels import sms
from tests.portal.channels.conftest import PHONE, RETURNED, TEMPLATE
from tests.support.message_peers.sms import AlibabaPeer, TencentPeer

pytestmark = pytest.mark.django_db
Status = Delivery.Status


@pytest.fixture(scope="module")
def peers():
    found = {"tencent": TencentPeer(), "alibaba": AlibabaPeer()}
    yield found
    for peer in found.values():
        peer.stop()


def set_up(settings, peer, **account):
    template = TEMPLATE if isinstance(peer, TencentPeer) else TEMPLATE | {"text": "你的照片被退回:${reason}"}
    if isinstance(peer, AlibabaPeer):
        template = template | {"fields": {"reason": "reason"}}
    settings.MESSAGE_CHANNELS = {"sms": peer.account() | {"templates": {RETURNED.name: template}} | account}


@pytest.fixture(params=["tencent", "alibaba"])
def peer(request, peers, settings):
    peer = peers[request.param]
    peer.reset()
    set_up(settings, peer)
    return peer


@pytest.fixture
def tencent(peers, settings):
    peers["tencent"].reset()
    peers["tencent"].fees.clear()
    set_up(settings, peers["tencent"])
    return peers["tencent"]


def send(row):
    deliveries.send_waiting()
    row.refresh_from_db()
    return row


def number_at(peer):
    return f"+86{PHONE}" if isinstance(peer, TencentPeer) else PHONE


def test_template_and_values_arrive_signed_and_the_price_is_counted(peer, tell):
    _student, sent = tell("The eyes\nare shut.", email="a@example.org")
    row = send(sent["sms"])
    assert (row.status, row.error, row.parts, row.cost_millifen) == (Status.SENT, "", 1, 4500)
    (asked,) = peer.taken
    if isinstance(peer, TencentPeer):
        wanted = ("1234567", ["The eyes are shut."], [f"+86{PHONE}"], "图采", "1400006666", f"delivery-{row.pk}")
        names = ("TemplateId", "TemplateParamSet", "PhoneNumberSet", "SignName", "SmsSdkAppId", "SessionContext")
        assert tuple(asked[name] for name in names) == wanted
        assert row.reference == "5000:1"
    else:
        names = ("TemplateCode", "PhoneNumbers", "SignName", "OutId")
        assert tuple(asked[name] for name in names) == ("1234567", PHONE, "图采", f"delivery-{row.pk}")
        assert json.loads(asked["TemplateParam"]) == {"reason": "The eyes are shut."}
        assert row.reference == "9000^1"
    assert [letter.to for letter in mail.outbox] == [["a@example.org"]]  # e-mail goes besides


def test_wrong_secret_is_refused_by_the_peer_and_everything_waits(peer, tell, settings, caplog):
    set_up(settings, peer, key_secret="another")
    _student, sent = tell(email="a@example.org")
    row = send(sent["sms"])
    assert (row.status, row.refusals, peer.taken) == (Status.QUEUED, 0, [])
    assert "does not answer" in caplog.text
    assert len(mail.outbox) == 1  # a channel that is down holds up no other


def test_an_answer_that_leads_elsewhere_is_not_followed(peer, tell):
    peer.leads_to = f"{peer.address}/elsewhere"
    row = send(tell()[1]["sms"])
    assert (row.status, row.refusals, peer.taken) == (Status.QUEUED, 0, [])  # everything waits: the account is why
    assert not [path for path in peer.asked if path.startswith("/elsewhere")]


def test_a_provider_that_is_away_holds_up_nothing_else(peer, tell, settings):
    set_up(settings, peer, address="http://127.0.0.1:9")
    _student, sent = tell(email="a@example.org")
    row = send(sent["sms"])
    assert (row.status, row.refusals, len(mail.outbox)) == (Status.QUEUED, 0, 1)


@pytest.mark.parametrize("code", ["LimitExceeded.PhoneNumberDailyLimit", "isv.BUSINESS_LIMIT_CONTROL"])
def test_limit_of_a_number_is_tried_again_later(peer, tell, code):
    peer.refusals[number_at(peer)] = code
    row = send(tell()[1]["sms"])
    assert (row.status, row.refusals, row.error) == (Status.QUEUED, 1, sms.TOO_OFTEN)


@pytest.mark.parametrize("code", ["InvalidParameterValue.IncorrectPhoneNumber", "isv.MOBILE_NUMBER_ILLEGAL"])
def test_number_that_does_not_exist_gets_nothing_more(peer, tell, code):
    peer.refusals[number_at(peer)] = code
    student, sent = tell()
    row = send(sent["sms"])
    assert (row.status, row.error) == (Status.FAILED, sms.NO_MOBILE)
    assert Contact.objects.get(recipient_key=student.actor_key).refused_address == PHONE
    assert "sms" not in tell(student=student)[1]
    student.phone = "13900000000"
    assert "sms" in tell(student=student)[1]


def test_one_refused_number_does_not_hold_up_another(peer, tell):
    peer.refusals[number_at(peer)] = "isv.UNKNOWN"
    wrong, right = tell()[1]["sms"], tell(phone="13900000000")[1]["sms"]
    deliveries.send_waiting()
    for row in (wrong, right):
        row.refresh_from_db()
    assert (wrong.status, wrong.error) == (Status.FAILED, "isv.UNKNOWN: said isv.UNKNOWN")
    assert right.status == Status.SENT


def test_empty_account_holds_everything_until_it_is_filled(tencent, tell):
    tencent.refusals[""] = "FailedOperation.InsufficientBalanceInSmsPackage"
    row = send(tell()[1]["sms"])
    assert (row.status, row.refusals) == (Status.QUEUED, 0)
    tencent.reset()
    assert send(row).status == Status.SENT


def test_parts_are_those_that_tencent_charged(tencent, tell):
    tencent.fees[f"+86{PHONE}"] = 3
    row = send(tell()[1]["sms"])
    assert (row.parts, row.cost_millifen) == (3, 13_500)


def test_server_that_is_away_costs_nothing(tell, settings, tencent):
    set_up(settings, tencent, address="http://127.0.0.1:1")
    row = send(tell()[1]["sms"])
    assert (row.status, row.refusals) == (Status.QUEUED, 0)


def test_a_service_that_is_broken_holds_the_message_and_nothing_else(peer, tell, monkeypatch):
    """Inside of the SDKs such answers raise nearly any error, or none."""
    contents = (b"<html>busy</html>", b"", b"{}", b"null", b"[]", b'{"Response": {}}')
    answers = [(status, content) for status in (200, 400, 503) for content in contents]
    _student, sent = tell(email="a@example.org")
    held = (Status.QUEUED, 0)
    for answer in answers:
        with monkeypatch.context() as broken:
            broken.setattr(peer, "handle", lambda request, answer=answer: answer)
            row = send(sent["sms"])
        assert (answer, row.status, row.refusals) == (answer, *held)
    peer.breaks_off = True  # in the middle of an answer
    row = send(row)
    assert (row.status, row.refusals, len(mail.outbox)) == (*held, 1)
    peer.reset()
    assert send(row).status == Status.SENT


def test_nobody_is_rung_up_at_night(tencent, tell, is_night):
    is_night[0] = True
    _student, sent = tell(email="a@example.org")
    assert not deliveries.send_one(sent["sms"].pk)
    assert send(sent["sms"]).status == Status.QUEUED
    assert len(mail.outbox) == 1
    is_night[0] = False
    assert send(sent["sms"]).status == Status.SENT


def test_kind_without_a_template_goes_by_no_text_message(tell, settings, tencent):
    settings.MESSAGE_CHANNELS["sms"]["templates"] = {}
    assert tell()[1] == {}


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("138 1234 5678", "13812345678"),
        ("+86-13812345678", "13812345678"),
        ("8613812345678", "13812345678"),
        ("010-62345678", ""),
        ("12812345678", ""),
        ("", ""),
    ],
)
def test_mobile_numbers_as_people_write_them(typed, number):
    assert sms.mobile(typed) == number


@pytest.mark.parametrize(("characters", "parts"), [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3)])
def test_parts_as_the_operators_count_them(characters, parts):
    assert sms.count_parts("字" * characters) == parts
