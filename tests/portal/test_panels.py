"""Callouts and panels of a page: one that fails takes nothing else with it."""

import logging

from django.db import connection
from django.urls import reverse

from portal.counters import proof
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
