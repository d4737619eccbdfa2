"""Alarms: one mail when something goes wrong, one when it is over, whatever else is away."""

import os
import smtplib

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import CommandError, call_command

from portal.watching import alarms
from portal.watching.signs import Sign
from tests.support.words import said

T = 1_800_000_000.0


@pytest.fixture(autouse=True)
def operators(settings, tmp_path):
    settings.OPERATOR_EMAILS, settings.DATA_DIR = ["operator@example.org"], tmp_path


def disk(is_wrong=True, name="disk"):
    return Sign(name, name, is_wrong, "3 % free", "Free space.")


def subjects():
    found = [each.subject for each in mail.outbox]
    mail.outbox.clear()
    return found


def test_an_incident_is_told_once_and_told_when_it_is_over():
    for minute in range(3):
        alarms.watch([disk(), disk(False, "redis")], now=T + 60 * minute)
    (letter,) = mail.outbox
    assert letter.to == ["operator@example.org"]
    assert "disk: 3 % free" in letter.body
    assert "Free space." in letter.body
    assert subjects() == [said("Tucai: %(names)s", names="disk")]
    alarms.watch([disk(False)], now=T + 180)
    assert subjects() == []  # it may come back
    alarms.watch([disk(False)], now=T + 180 + alarms.OVER_SECONDS)
    assert subjects() == [said("Tucai: over: %(names)s", names="disk")]
    alarms.watch([disk(False)], now=T + 1000)
    assert subjects() == []


def test_what_comes_and_goes_is_one_incident():
    for minute in range(20):
        alarms.watch([disk(minute % 2 == 0)], now=T + 60 * minute)
    assert len(subjects()) == 1


def test_what_is_still_wrong_is_told_again_the_next_day_and_beside_what_is_new():
    alarms.watch([disk()], now=T)
    alarms.watch([disk(), disk(name="redis")], now=T + 60)
    assert "disk" in mail.outbox[-1].body
    assert len(subjects()) == 2
    alarms.watch([disk(), disk(name="redis")], now=T + alarms.AGAIN_SECONDS)
    assert subjects() == [said("Tucai: %(names)s", names="disk")]


def test_a_mail_server_that_takes_nothing_is_tried_again(monkeypatch):
    def refuse(self, letters):
        raise smtplib.SMTPServerDisconnected("away")

    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", refuse)
        with pytest.raises(smtplib.SMTPServerDisconnected):
            alarms.watch([disk()], now=T)
    alarms.watch([disk()], now=T + 60)
    assert len(subjects()) == 1
    assert alarms.watched_at() == T + 60


def test_what_was_told_is_kept_in_its_place_on_the_disk():
    alarms.watch([disk()], now=T)
    before = os.stat(alarms._path())
    alarms.watch([disk(False)], now=T + 60)
    after = os.stat(alarms._path())
    assert (before.st_ino, before.st_blocks) == (after.st_ino, after.st_blocks)


def test_a_damaged_file_is_as_none():
    alarms._path().write_text("{")
    alarms.watch([disk()], now=T)
    assert len(subjects()) == 1


@pytest.mark.django_db
def test_the_command_mails_what_it_finds(settings, capsys):
    settings.IS_LOCAL = False  # a trial has no backups
    call_command("watch")
    assert said("Last backup") in capsys.readouterr().out
    (letter,) = mail.outbox
    assert said("Last backup") in letter.body
    call_command("watch", test=True)
    assert len(mail.outbox) == 2
    settings.OPERATOR_EMAILS = []
    with pytest.raises(CommandError, match="OPERATOR_EMAILS"):
        call_command("watch", test=True)
