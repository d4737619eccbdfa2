"""manage.py set_up: a new installation gets its first person and its first season."""

import re

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from portal.models import Event, Membership, Role
from schools.models import Season

pytestmark = pytest.mark.django_db
ASKED = ("set_up", "lihua")


def test_the_first_person_of_the_center_chooses_a_password_and_completes_the_season(client, settings, capsys):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    call_command(*ASKED, name="李华", year=2027)
    member = Membership.objects.get()
    assert (member.user.username, member.school, member.roles) == ("lihua", None, [Role.CENTER_ADMIN])
    assert not member.user.has_usable_password()
    season = Season.objects.get()
    assert (season.year, season.graduating_class, season.status) == (2027, 2028, Season.Status.DRAFT)
    assert season.notice
    assert season.consent_text
    kinds = Event.objects.values_list("kind", "source")
    assert {("person.invited", "command"), ("season.created", "command")} <= set(kinds)
    link = re.search(r"http\S+", capsys.readouterr().out)[0]
    form = client.get(link.removeprefix(settings.SITE_URL), follow=True)
    assert b"password1" in form.content


def test_with_a_mail_server_the_link_is_mailed_and_not_printed(settings, capsys):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    call_command(*ASKED, name="李华", email="lihua@example.org")
    assert [letter.to for letter in mail.outbox] == [["lihua@example.org"]]
    assert "/accounts/" in mail.outbox[0].body
    assert "/accounts/" not in capsys.readouterr().out


def test_a_center_that_has_an_administrator_gets_no_other_one_by_the_command(center_admin):
    with pytest.raises(CommandError, match=r"has an administrator|已有管理员"):
        call_command(*ASKED, name="李华")
    call_command(*ASKED, name="李华", once=True)  # as deploy/install.sh asks at each update
    assert Membership.objects.count() == 1
    assert not Season.objects.exists()
