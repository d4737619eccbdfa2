"""What is stored of a notification, who reads it, and in which language."""

import ast
import datetime as dt
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from portal import notification_kinds, notifications
from portal.models import Delivery, Notification, User
from portal.notification_kinds import NotificationKind
from portal.notifications.channels import all_channels, inbox
from portal.tenancy import school_scope, system_scope
from students.identity import student_access
from tests import factories
from tests.support.letters import PLAIN, letter, plain
from tests.support.words import said

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("portal", "schools", "students", "capture", "billing", "proofing", "printing", "year_end", "demo")


@pytest.fixture(autouse=True)
def plain_kind(monkeypatch):
    monkeypatch.setitem(notification_kinds.KINDS, PLAIN.name, PLAIN)


def calls():
    """(file, call) of every notify… in the rooms."""
    for room in ROOMS:
        for path in (path for path in (ROOT / room).rglob("*.py") if "notifications.notify" in path.read_text()):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("notifications.notify"):
                    yield path.relative_to(ROOT), node


def test_every_kind_that_is_named_is_registered():
    named = [
        (path, keyword.value.value)
        for path, call in calls()
        for keyword in call.keywords
        if keyword.arg == "kind" and isinstance(keyword.value, ast.Constant)
    ]
    assert len(named) >= 10
    assert [(path, name) for path, name in named if name not in notification_kinds.KINDS] == []


def test_rules_neither_choose_a_language_nor_write_text():
    """Text is made where it is read; only the reading of rosters and the payments keep sentences of their own.

    People of the center have no inbox, so what was done to their account is mailed at once, in their language.
    """
    overriding = {
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if "translation.override" in path.read_text()
    }
    mails = {"portal/notifications/deliveries.py", "portal/accounts/telling.py"}
    mails |= {"portal/notifications/texts.py"}  # shows the center what it replaces, in the language it edits
    mails |= {"portal/views/simulated_messages.py"}  # in the language of who got them
    papers = {"capture/stations/plan_paper.py"}  # hangs on a door, in Chinese
    papers |= {"schools/school_sheets.py"}  # a workbook of the center, in Chinese
    papers |= {"schools/views/schedule.py"}  # a calendar that a program fetches, in the language of whose it is
    assert overriding == mails | papers | {"students/tasks.py", "billing/online/orders.py"}


def test_every_kind_reads_in_every_language_and_goes_by_known_channels(settings):
    samples = {"field": "major", "findings": [["eyes", 0.1, 0.2]], "roles": ["school_officer"]}
    samples |= {"waiver": "hardship", "mode": "school", "day": "2026-11-20", "service": "tencent"}
    samples |= {"starts_on": "2026-04-06", "ends_on": "2026-04-30", "last": "2026-04-30"}
    for kind in notification_kinds.KINDS.values():
        parameters = {name: samples.get(name, 3) for name in kind.parameters}
        texts = set()
        for code, _name in settings.LANGUAGES:
            with translation.override(code):
                texts.add(notification_kinds.render(kind.name, parameters))
        assert len(texts) == len(settings.LANGUAGES) or kind is PLAIN, kind.name
        assert all(text.subject and "%(" not in text.subject + text.body for text in texts)
        assert set(kind.channels) <= set(all_channels())
        assert str(kind.link)[:1] in ("", "/")


def test_kind_of_no_room_is_refused(school, scoped, owner):
    with pytest.raises(LookupError, match="nonsense"):
        notifications.notify(owner, school=school, kind="nonsense")
    assert not Notification.objects.exists()


@pytest.mark.parametrize(
    "parameters", [{}, {"subject": "a", "body": "b", "more": "c"}, {"subject": _("Unread"), "body": ""}]
)
def test_parameters_too_few_too_many_or_translated_already_are_refused(school, scoped, owner, parameters):
    with pytest.raises(TypeError, match="plain"):
        notifications.notify(owner, school=school, kind="plain", parameters=parameters)


def test_two_kinds_of_one_name_are_refused():
    with pytest.raises(ValueError, match="plain"):
        notification_kinds.register(NotificationKind("plain", "again"), group="photo")


def test_kind_that_is_used_no_more_harms_no_page(school, owner, owner_client, monkeypatch, caplog):
    with school_scope(school):
        notifications.notify(owner, school=school, **plain("Old"))
    monkeypatch.delitem(notification_kinds.KINDS, "plain")
    assert said("A message of an earlier version") in owner_client.get(reverse("portal:messages")).content.decode()
    assert "plain" in caplog.text


def read(client, language):
    client.cookies["django_language"] = language
    return client.get(reverse("portal:messages")).content.decode()


def test_center_works_in_english_and_the_school_reads_chinese_and_the_other_way_round(school, owner, owner_client):
    for language in ("en", "zh-hans"):
        with translation.override(language), school_scope(school):
            notifications.notify_school(school, kind="feedback.accepted", season=None, parameters={"n": 1234})
    for language, shown, hidden in (("zh-hans", "反馈表", "accepted your"), ("en", "accepted your", "反馈表")):
        page = read(owner_client, language)
        inbox = page[page.index('class="inbox"') :]
        assert inbox.count("1234") == 2
        assert shown in inbox
        assert hidden not in inbox


def test_what_people_typed_and_codes_are_put_in_where_it_is_read(school, scoped, owner):
    parameters = {"student": "李一", "field": "major", "explanation": "Law, not 100 % law"}
    row = notifications.notify(owner, school=school, kind="correction.asked", parameters=parameters)
    row.refresh_from_db()
    with translation.override("zh-hans"):
        assert letter(row).body == "专业。Law, not 100 % law"
    with translation.override("en"):
        assert letter(row).body == "Major. Law, not 100 % law"
        assert letter(row).subject == "李一 asks for a correction"


def test_dates_are_kept_as_dates_and_subjects_on_one_line(school, scoped, owner):
    day = dt.date(2022, 6, 17)
    row = notifications.notify(owner, school=school, kind="capture_ended", parameters={"day": day, "n": 30})
    row.refresh_from_db()
    assert row.parameters == {"day": "2022-06-17", "n": 30}
    row = notifications.notify(owner, school=school, **plain("two\nlines"))
    assert letter(row).subject == "two lines"


def test_inbox_holds_only_ones_own(school, scoped, owner, colleague):
    notifications.notify(owner, school=school, **plain("Mine"))
    notifications.notify(colleague, school=school, **plain("Not mine"))
    assert [entry.subject for entry in inbox.entries(inbox.notifications_of(owner))] == ["Mine"]
    assert inbox.unread(owner).count() == 1
    inbox.mark_read(owner)
    assert inbox.unread(owner).count() == 0
    assert Notification.objects.filter(read_at=None).count() == 1


def test_what_goes_by_other_channels_only_is_not_in_the_inbox(school, scoped, owner, monkeypatch):
    monkeypatch.setitem(
        notification_kinds.KINDS, "plain", NotificationKind("plain", "%(subject)s", "%(body)s", channels=("email",))
    )
    notifications.notify(owner, school=school, **plain("Mail"))
    assert inbox.entries(inbox.notifications_of(owner)) == []
    assert Delivery.objects.count() == 1


def test_school_is_told_by_everybody_of_it(school, other_school, owner, colleague, outsider):
    with school_scope(school):
        rows = notifications.notify_school(school, season=None, **plain("To all"))
    assert {row.recipient_key for row in rows} == {owner.actor_key, colleague.actor_key}


def test_e_mails_go_to_those_who_have_an_address_only(school, season, scoped):
    with_address = factories.student(school, season, email="one@example.org")
    without = factories.student(school, season)
    assert notifications.notify_many([with_address, without], school=school, **plain("To many")) == 2
    (delivery,) = Delivery.objects.all()
    assert (delivery.address, delivery.channel, delivery.is_urgent) == ("one@example.org", "email", True)


def test_telling_many_costs_the_same_for_three_and_for_thirty(
    school, season, scoped, django_assert_num_queries, monkeypatch
):
    monkeypatch.setitem(notification_kinds.KINDS, "bulk", NotificationKind("bulk", "Hello", is_urgent=False))
    students = [factories.student(school, season, email=f"{n}@example.org") for n in range(30)]
    for number in (3, 30):
        with django_assert_num_queries(7):  # two INSERTs, each and all in savepoints, and the contacts
            notifications.notify_many(students[:number], school=school, kind="bulk")


def test_language_switch_is_remembered_for_whoever_is_signed_in(client, owner_client, owner, student):
    owner_client.post(reverse("set_language"), {"language": "en", "next": "/"})
    assert User.objects.get(pk=owner.pk).language == "en"
    owner_client.post(reverse("set_language"), {"language": "xx", "next": "/"})
    assert User.objects.get(pk=owner.pk).language == "en"
    session = client.session
    student_access.begin(session, student)
    session.save()
    client.post(reverse("set_language"), {"language": "en", "next": "/"})
    with system_scope():
        student.refresh_from_db()
    assert student.language == "en"
