"""What people choose, what the center sees of deliveries, and the texts that it writes."""

import re
from html import unescape

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from config import message_channels
from portal import notifications
from portal.models import Contact, Delivery, Event, Notification, NotificationText
from portal.notification_kinds import KINDS
from portal.notifications import contacts, deliveries, texts
from portal.notifications.channels import inbox
from portal.tenancy import system_scope
from tests.capture.conftest import sign_in
from tests.conftest import client_of
from tests.portal.channels.conftest import RETURNED
from tests.support.message_peers.wechat import WeChatPeer
from tests.support.words import said

pytestmark = pytest.mark.django_db
Status = Delivery.Status
TEXT_PAGE = "/center/deliveries/texts/edit/?kind=test_returned&language="


@pytest.fixture
def center(center_admin):
    return client_of(center_admin)


def test_student_who_wants_no_e_mail_about_photos_gets_none_and_finds_it_in_the_portal(tell, student, monkeypatch):
    monkeypatch.setattr("portal.notification_kinds.group_of", lambda kind: "photo")
    student.email = "a@example.org"
    student.save()
    client = sign_in(student)
    assert tell(student=student)[1].keys() == {"email"}
    page = client.get(reverse("capture:notifications")).content.decode()
    assert "a@example.org" in page
    client.post(reverse("capture:notifications"), {"want": ["fee:email"]})
    assert tell(student=student)[1] == {}
    assert inbox.notifications_of(student).count() == 2
    client.post(reverse("capture:notifications"), {"want": ["photo:email"]})
    assert tell(student=student)[1].keys() == {"email"}


def test_staff_choose_too_and_never_lose_what_is_about_their_account(school, owner, owner_client):
    page = reverse("portal:notification_choices")
    assert owner.email in owner_client.get(page).content.decode()
    owner_client.post(page, {})
    for kind, parameters in (("feedback.accepted", {"n": 1}), ("account.recovery_code_used", {})):
        notifications.notify(owner, school=school, kind=kind, parameters=parameters)
    assert [row.notification.kind for row in Delivery.objects.all()] == ["account.recovery_code_used"]


def test_saving_tries_a_refused_address_again(tell, student):
    student.email = "a@example.org"
    student.save()
    Contact.objects.create(
        school=student.school, recipient_key=student.actor_key, channel="email", refused_address="a@example.org"
    )
    assert tell(student=student)[1] == {}
    client = sign_in(student)
    assert said("nothing is taken") in client.get(reverse("capture:notifications")).content.decode()
    client.post(reverse("capture:notifications"), {"want": ["season:email"]})
    assert tell(student=student)[1].keys() == {"email"}


@pytest.mark.parametrize("who", ["student", "owner", "center_admin"])
def test_wechat_is_linked_only_with_the_state_that_was_given(who, request, settings):
    peer = WeChatPeer()
    settings.MESSAGE_CHANNELS = {"wechat": peer.account(templates={})}
    person = request.getfixturevalue(who)
    client = sign_in(person) if who == "student" else client_of(person)
    room, page = ("capture", "notifications") if who == "student" else ("portal", "notification_choices")
    link, linked = reverse(f"{room}:wechat_link"), reverse(f"{room}:wechat_linked")
    page = reverse(f"{room}:{page}")
    assert link in client.get(page, headers={"User-Agent": "MicroMessenger/8"}).content.decode()
    peer.codes |= {"good": "oABC", "stolen": "oEVIL"}
    assert client.get(f"{linked}?code=stolen&state=").status_code == 400
    away = client.get(link)
    assert away.url.startswith("https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx")
    state = away.url.partition("state=")[2].partition("#")[0]
    assert client.get(f"{linked}?code=stolen&state={state[1:]}").status_code == 400
    state = client.get(link).url.partition("state=")[2].partition("#")[0]
    assert client.get(f"{linked}?code=good&state={state}").url == page
    with system_scope():
        assert contacts.linked_address(Contact.objects.get(recipient_key=person.actor_key)) == "oABC"
    peer.stop()


def test_the_simulator_shows_what_it_took_and_links_a_wechat(tell, student, settings, center):
    page = reverse("portal:simulated_messages")
    assert said("There is no simulator here") in center.get(page).content.decode()
    settings.MESSAGE_CHANNELS = message_channels.SIMULATED
    client = sign_in(student)
    asked = client.get(reverse("capture:wechat_link")).url
    shown = client.get(asked).content.decode()
    assert said("WeChat simulator") in shown
    back = re.search(r'href="(/me/wechat/[^"]+)"', shown)
    assert back is not None
    assert client.get(unescape(back[1])).url == reverse("capture:notifications")
    assert client.get(reverse("portal:simulated_wechat"), {"back": "https://elsewhere.test/"}).status_code == 404
    _student, rows = tell(student=student)
    assert deliveries.send_one(rows["wechat"].pk)
    _student, rows = tell(phone="13812345678")
    assert deliveries.send_one(rows["sms"].pk)
    rows["sms"].refresh_from_db()
    assert (rows["sms"].parts, rows["sms"].cost_millifen) == (1, 4500)
    shown = center.get(page).content.decode()
    assert ("13812345678" in shown, shown.count("【图采】Returned")) == (True, 2)


def test_center_sees_what_failed_and_has_one_or_all_sent_again(tell, center):
    rows = [tell(email=f"{n}@example.org", phone="")[1]["email"] for n in range(3)]
    Delivery.objects.filter(pk__in=[row.pk for row in rows[:2]]).update(
        status=Status.FAILED, error=deliveries.LOST_TWICE
    )
    page = reverse("portal:deliveries")
    shown = center.get(page, {"state": "failed"}).content.decode()
    assert ("0@example.org" in shown, "2@example.org" in shown) == (True, False)
    assert said(deliveries.LOST_TWICE) in shown
    again = reverse("portal:deliveries_again")
    center.post(f"{again}?state=failed", {"delivery": rows[0].pk})
    assert Delivery.objects.filter(status=Status.FAILED).count() == 1
    center.post(f"{again}?state=failed&channel=email")
    assert Delivery.objects.filter(status=Status.FAILED).count() == 0
    assert center.post(f"{again}?state=nonsense").status_code == 400


def test_older_deliveries_are_reached_by_key_and_nothing_is_counted(tell, center, monkeypatch):
    monkeypatch.setattr("portal.views.deliveries.Deliveries.page_size", 2)
    for n in range(5):
        tell(email=f"{n}@example.org", phone="")
    found, address = [], f"{reverse('portal:deliveries')}?channel=email&kind=test_returned"
    with CaptureQueriesContext(connection) as queries:
        while address:
            page = center.get(address)
            found.append([row.address[0] for row in page.context["listed"].shown])
            older = re.search(r'href="([^"]+)" rel="next"', page.content.decode())
            address = f"{reverse('portal:deliveries')}{unescape(older[1])}" if older else ""
    assert found == [["4", "3"], ["2", "1"], ["0"]]
    asked = [query["sql"] for query in queries if 'FROM "portal_delivery"' in query["sql"]]
    assert len(asked) == 3
    assert not [sql for sql in asked if "OFFSET" in sql or "COUNT" in sql]


def test_a_delivery_that_is_no_number_has_nothing_sent_again(tell, center):
    tell(email="a@example.org", phone="")
    Delivery.objects.update(status=Status.FAILED)
    for wrong in ("²", "abc", ""):
        assert center.post(reverse("portal:deliveries_again"), {"delivery": wrong}).status_code == 302
    assert Delivery.objects.filter(status=Status.FAILED).count() == 1


def test_deliveries_cost_the_same_queries_for_one_and_for_three(tell, center, django_assert_max_num_queries):
    numbers = []
    for count in (1, 2):
        for _n in range(count):
            tell(email="a@example.org")
        with django_assert_max_num_queries(40) as found:
            center.get(reverse("portal:deliveries"))
        numbers.append(len(found))
    assert numbers[0] == numbers[1]


def test_text_of_the_center_is_read_in_its_language_and_the_built_in_one_in_the_other(tell, center):
    center.post(TEXT_PAGE + "en", {"do": "save", "subject": "Once more", "body": "Why: %(reason)s"})
    student, _sent = tell("Shut eyes", email="a@example.org")
    Delivery.objects.update(language="en")
    deliveries.send_waiting()
    assert (mail.outbox[0].subject, mail.outbox[0].body.splitlines()[0]) == ("Once more", "Why: Shut eyes")
    for language, subject in (("en", "Once more"), ("zh-hans", "Returned")):
        with translation.override(language):
            (entry,) = inbox.entries(Notification.objects.filter(recipient_key=student.actor_key))
            assert entry.subject == subject
    assert Event.objects.filter(kind="notificationtext.changed").count() == 1
    center.post(TEXT_PAGE + "en", {"do": "remove"})
    assert not NotificationText.objects.exists()


@pytest.mark.parametrize("body", ["%(unknown)s", "100 % sure", "%(reason)d", "%(reason"])
def test_text_that_cannot_be_filled_in_is_refused_with_a_sentence(center, body):
    page = center.post(TEXT_PAGE + "en", {"do": "save", "subject": "Hello", "body": body}).content.decode()
    assert said("This text cannot be filled in.") in page
    assert not NotificationText.objects.exists()


def test_preview_and_test_show_the_names_of_the_placeholders(
    center, center_admin, django_capture_on_commit_callbacks, settings
):
    typed = {"subject": "Hello", "body": "Why: %(reason)s"}
    assert "Why: ‹reason›" in center.post(TEXT_PAGE + "en", {"do": "show", **typed}).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        center.post(TEXT_PAGE + "en", {"do": "test", **typed})
    assert [(letter.to, letter.subject, letter.body) for letter in mail.outbox] == [
        ([center_admin.email], "Hello", "Why: ‹reason›")
    ]
    assert not NotificationText.objects.exists()


def test_every_built_in_text_could_be_the_centers_own(settings):
    for kind in KINDS.values():
        for language, _label in settings.LANGUAGES:
            subject, body = texts.built_in(kind, language)
            texts.check(kind, subject, body)
            assert "%(" not in texts.sample(kind, subject, body).subject + texts.sample(kind, subject, body).body


def test_list_of_texts_names_every_kind(center):
    assert RETURNED.subject in center.get(reverse("portal:notification_texts")).content.decode()
