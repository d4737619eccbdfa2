"""Callouts, panels and numbers of the menu: one that fails takes nothing else with it."""

import logging

from django.db import connection
from django.urls import reverse

from portal.counters import proof
from portal.pages import navigation
from tests.support.pages import words_of
from tests.support.words import said


def broken(*args, **more):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")


def test_a_callout_that_fails_says_so_in_its_place_and_is_logged(center_client, season, monkeypatch, caplog):
    monkeypatch.setattr(proof, "latest", broken)
    with caplog.at_level(logging.ERROR, logger="portal.pages.panels"):
        answer = center_client.get(reverse("schools:dashboard"))
    words = words_of(answer)
    assert answer.status_code == 200
    assert said("“%(what)s” cannot be shown at the moment.", what=said("Proof of the counters")) in words
    assert (
        words.count(said("The fault has been noted. All else on this page is right; look again in a few minutes.")) == 1
    )
    assert len(answer.context["panels"]) > 3
    (record,) = caplog.records
    assert reverse("portal:panel_counters") in record.getMessage()
    assert record.exc_info


def test_a_number_of_the_menu_that_fails_says_so_and_the_page_stays(center_client, season, monkeypatch, caplog):
    monkeypatch.setattr(navigation, "count_each", broken)
    with caplog.at_level(logging.ERROR, logger="portal.pages.navigation"):
        answer = center_client.get(reverse("schools:dashboard"))
    assert answer.status_code == 200
    assert f'title="{said("The number could not be counted. It has been reported.")}"' in answer.content.decode()
    assert caplog.records[0].exc_info
