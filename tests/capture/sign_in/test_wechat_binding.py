"""WeChat is linked once after a strong sign-in, then signs in with one tap; one openid is one student; a person unlinks it."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from capture.models import WeChatBinding
from capture.sign_in import wechat_binding
from portal.errors import Conflict
from portal.models import Contact, Event, Notification
from portal.notifications import contacts
from portal.tenancy import school_scope, system_scope
from students.identity import student_access
from students.models import StudentSession
from students.privacy import erasure
from tests import factories
from tests.conftest import client_of
from tests.support.message_peers.wechat import WeChatPeer
from tests.support.words import said

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def running():
    peer = WeChatPeer()
    yield peer
    peer.stop()


@pytest.fixture
def peer(running, settings, season):
    running.reset()
    running.codes = {}
    settings.MESSAGE_CHANNELS = {name: running.account(templates={}) for name in ("wechat", "mini_program")}
    season.sign_in_offered = ["wechat", "roster_facts"]
    season.save()
    return running


def signed_in(student, strength="holds") -> Client:
    """In a browser, with so much behind the sign-in."""
    client = Client(headers={"User-Agent": "MicroMessenger/8"})
    session = client.session
    student_access.begin(session, student, recognised_by="capture_code", strength=strength)
    session.save()
    client.cookies["sessionid"] = session.session_key
    return client


def state_of(answer) -> str:
    return answer.url.partition("state=")[2].partition("#")[0]


def link(client, peer, openid, code="code-of-linking"):
    peer.codes[code] = openid
    return client.get(f"/me/wechat/?code={code}&state={state_of(client.get('/me/wechat/link/'))}")


def tap(peer, openid="", code="code-of-a-tap", client=None) -> Client:
    client = client or Client(headers={"User-Agent": "MicroMessenger/8"})
    if openid:
        peer.codes[code] = openid
    away = client.get("/me/sign-in/wechat/begin/")
    client.answer = client.get(f"/me/sign-in/wechat/?code={code}&state={state_of(away)}")
    return client


def linked(student) -> list[str]:
    """The openids by which messages reach the student."""
    with system_scope():
        return [
            contacts.linked_address(row)
            for row in Contact.objects.filter(recipient_key=student.actor_key)
            if row.linked_hash
        ]


def test_linked_once_one_tap_is_enough_until_a_person_unlinks_it(peer, student, owner):
    assert tap(peer, "oABC").answer.url == "/me/sign-in/"  # nobody has linked it yet
    client = signed_in(student)
    assert link(client, peer, "oABC").url == "/me/notifications/"
    assert said("Unlink") in client_of(owner).get(f"/panels/capture/students/{student.pk}/").content.decode()
    one = tap(peer, "oABC")
    assert one.answer.url == "/me/"
    with school_scope(student.school):
        assert StudentSession.objects.latest("pk").recognised_by == "wechat"
    event = Event.objects.filter(kind="student.signed_in").latest("pk")
    assert (event.facts["recognised_by"], event.facts["strength"]) == ("wechat", "holds")
    assert linked(student) == ["oABC"]
    with system_scope():
        assert "oABC" not in str(WeChatBinding.objects.values())
    answer = client_of(owner).post(f"/school/students/{student.pk}/wechat/", {"reason": "手机丢了"})
    assert answer.status_code == 302
    event = Event.objects.get(kind="student.wechat_unlinked")
    assert (event.actor_key, event.facts["reason"]) == (owner.actor_key, "手机丢了")
    assert one.get("/me/").status_code == 302  # signed out
    assert client.get("/me/").url == "/me/sign-in/"
    assert linked(student) == []
    with system_scope():
        assert Notification.objects.filter(recipient_key=student.actor_key, kind="wechat_unlinked").exists()
    assert tap(peer, "oABC", code="once-more").answer.url == "/me/sign-in/"
    assert client_of(owner).post(f"/school/students/{student.pk}/wechat/", {"reason": "x"}).status_code == 409


def test_the_tap_leads_to_the_camera_that_asked_for_the_sign_in(peer, student):
    link(signed_in(student), peer, "oABC")
    client = Client(headers={"User-Agent": "MicroMessenger/8"})
    page = client.get("/me/sign-in/?by=wechat&next=camera").content.decode()
    assert 'href="/me/sign-in/wechat/begin/?next=camera"' in page
    url = "/me/sign-in/wechat/?code={}&state={}"
    away = client.get("/me/sign-in/wechat/begin/?next=camera")
    assert client.get(url.format("unknown", state_of(away))).url == "/me/sign-in/?next=camera"
    peer.codes["a-tap"] = "oABC"
    away = client.get("/me/sign-in/wechat/begin/?next=camera")
    assert client.get(url.format("a-tap", state_of(away))).url == "/me/camera/"


def test_who_is_signed_in_by_less_is_told_by_it_and_not_signed_in(peer, student):
    link(signed_in(student, "knows"), peer, "oABC")
    assert linked(student) == ["oABC"]
    assert tap(peer, "oABC").answer.url == "/me/sign-in/"


def test_one_phone_is_one_student_and_unlinking_is_the_way(peer, student, other_school, season, center_admin):
    twin = factories.student(other_school, season)
    link(signed_in(student), peer, "oABC")
    refused = link(signed_in(twin), peer, "oABC")
    assert refused.status_code == 409
    sentence = "This WeChat is linked to another student. Each student links the own one; if it is yours, ask your school to unlink it there."
    assert said(sentence) in refused.content.decode()
    assert (linked(student), linked(twin)) == (["oABC"], [])
    assert link(signed_in(twin, "knows"), peer, "oABC").status_code == 409  # nor for messages
    assert link(signed_in(student), peer, "oOTHER").status_code == 409  # nor a second one of the same student
    client_of(center_admin).post(f"/center/students/{student.pk}/wechat/", {"reason": "借来的手机"})
    assert link(signed_in(twin), peer, "oABC").url == "/me/notifications/"
    with school_scope(other_school):
        assert [row.student_id for row in WeChatBinding.objects.all()] == [twin.pk]


def test_the_database_itself_gives_an_openid_to_one_student(peer, student, school, season):
    twin = factories.student(school, season)
    wechat_binding.link(student, channel="wechat", openid="oABC", strength="holds", way="x")
    with school_scope(school):
        row = WeChatBinding.objects.get()
        values = {"school": school, "season": season, "student": twin, "channel": "wechat"}
        with pytest.raises(IntegrityError), transaction.atomic():
            WeChatBinding.objects.create(openid_hash=row.openid_hash, **values)


def test_a_code_is_good_once_at_our_account_and_with_our_state(peer, student, settings):
    link(signed_in(student), peer, "oABC")
    tap(peer, "oABC", code="good")
    assert tap(peer, code="good").answer.url == "/me/sign-in/"  # replayed
    assert tap(peer, code="of-another-app").answer.url == "/me/sign-in/"
    peer.codes["stolen"] = "oABC"
    client = Client()
    client.get("/me/sign-in/wechat/begin/")
    assert client.get("/me/sign-in/wechat/?code=stolen&state=guessed").url == "/me/sign-in/"
    assert Client().get("/me/sign-in/wechat/?code=stolen&state=").url == "/me/sign-in/"
    assert peer.codes["stolen"]  # not even shown to WeChat
    for account in settings.MESSAGE_CHANNELS.values():
        account["address"] = "http://127.0.0.1:1"
    assert tap(peer, code="good").answer.url == "/me/sign-in/"


def api_sign_in(**values):
    return Client().post("/api/v1/me/sign-in/", values, content_type="application/json")


def facts(student) -> dict[str, str]:
    return {"name": student.name, "id_number": student.id_number, "student_no": student.student_no}


def test_the_mini_program_signs_in_by_its_code_alone(peer, student, school, season):
    peer.codes |= {"first": "oMINI", "second": "oMINI", "third": "oMINI"}
    assert api_sign_in(code="first").status_code == 409
    wechat_binding.link(student, channel="mini_program", openid="oMINI", strength="seen", way="in_person")
    answer = api_sign_in(code="second")
    assert answer.status_code == 200
    assert api_sign_in(code="second").status_code == 400  # used
    me = Client().get("/api/v1/me/", headers={"Authorization": f"Student {answer.json()['token']}"}).json()
    assert (me["student_no"], me["photographs"]) == (student.student_no, True)
    twin = factories.student(school, season)
    told = api_sign_in(**facts(twin), code="third").json()
    assert (bool(told["token"]), linked(twin)) == (True, [])
    assert told["not_linked"] == str(wechat_binding._taken())


@pytest.mark.parametrize(("code", "address"), [("good", ["oABC"]), ("used", []), ("", [])])
def test_code_of_the_mini_program_links_it_for_messages(student, peer, code, address):
    peer.codes["good"] = "oABC"
    assert api_sign_in(**facts(student), code=code).status_code == 200
    assert linked(student) == address
    with system_scope():
        assert not WeChatBinding.objects.exists()


def test_student_signs_in_although_wechat_is_away(student, settings):
    settings.MESSAGE_CHANNELS = {"mini_program": {"app": "a", "secret": "s", "address": "http://127.0.0.1:1"}}
    assert api_sign_in(**facts(student), code="good").status_code == 200


def test_after_a_change_of_keys_the_student_links_anew_and_erasure_forgets(peer, student, owner):
    wechat_binding.link(student, channel="wechat", openid="oABC", strength="holds", way="x")
    with school_scope(student.school):
        WeChatBinding.objects.update(openid_hash="9:" + "0" * 64)
    with school_scope(student.school), pytest.raises(Conflict):
        wechat_binding.unlink(factories.student(student.school, student.season), reason="x", by=owner)
    new = {"channel": "wechat", "openid": "oNEW", "way": "x"}
    assert not wechat_binding.link(student, strength="knows", **new)  # a list is not enough to take it over
    assert wechat_binding.link(student, strength="seen", **new)
    assert wechat_binding.link(student, strength="knows", **new)  # it is linked already
    with system_scope():
        assert not WeChatBinding.objects.get().openid_hash.startswith("9:")
        erasure.erase(student=student, reason="asked", by=owner)
        assert not WeChatBinding.objects.exists()
