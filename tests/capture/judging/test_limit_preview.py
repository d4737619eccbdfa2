"""What a change of limits would do, counted before it is saved."""

import datetime as dt

import pytest
from django.utils import timezone

import vision
from capture.judging import limit_preview, limits
from capture.models import LimitSet, Photo
from tests import factories

pytestmark = pytest.mark.usefixtures("scoped")


@pytest.fixture
def judged(school, season):
    """A photo of which only the tilt was measured."""

    def make(roll: float, **fields) -> Photo:
        measures = {"faces": 1, "roll": roll}
        found = vision.judge(measures).findings
        return factories.photo(
            factories.student(school, season),
            fields.pop("status", Photo.Status.SUBMITTED),
            findings={finding.rule: finding.outcome for finding in found},
            measures=measures,
            outcome=vision.Verdict(found).outcome,
            **fields,
        )

    return make


def draft(season, changes, **switches) -> LimitSet:
    return limits.draft_set(season, changes=changes, **switches)


def test_counts_by_colour_and_by_rule(season, judged):
    for roll in (0.0, 4.0, 6.0, 7.0, 12.0):
        judged(roll)
    found = limit_preview.compare_limits(season, draft(season, {"roll": {"reject": 6.5, "warn": 3}}), days=1)
    assert (found.photos, found.changed) == (5, 2)
    assert found.table == [
        ("green", [("green", 1), ("amber", 1), ("red", 0)], 2),
        ("amber", [("green", 0), ("amber", 1), ("red", 1)], 2),
        ("red", [("green", 0), ("amber", 0), ("red", 1)], 1),
    ]
    assert dict(found.rules["roll"]) == {"new": 1, "graver": 1}
    milder = limit_preview.compare_limits(season, draft(season, {"roll": {"reject": 20, "warn": None}}), days=1)
    assert dict(milder.rules["roll"]) == {"lost": 3}


def test_which_photos_the_others_stay_out(season, judged):
    judged(0.0)
    hit = judged(6.0)
    found = limit_preview.compare_limits(season, draft(season, {"roll": {"warn": None}}), days=1)
    [(photo, change)] = limit_preview.photos_of(found)
    assert photo == hit
    assert (change.before, change.after, change.rules) == ("amber", "green", (("roll", "warn", ""),))


def test_findings_of_untouched_rules_stay_as_they_were_found(season, judged):
    photo = judged(6.0)
    photo.findings.create(school=photo.school, season=season, rule="mouth", outcome="reject", value=0.1, limit=0.06)
    Photo.objects.filter(pk=photo.pk).update(outcome="red")
    found = limit_preview.compare_limits(season, draft(season, {"roll": {"warn": None}}), days=1)
    assert found.moves == {("red", "red"): 1}
    assert found.changed == 1


def test_only_the_days_asked_for(season, judged):
    for days in (40, 2, 0):
        judged(6.0, taken_at=timezone.now() - dt.timedelta(days=days))
    wanted = draft(season, {"roll": {"warn": None}})
    assert [limit_preview.compare_limits(season, wanted, days=days).photos for days in (1, 3, 0)] == [1, 2, 3]


def test_the_newest_speak_for_the_others_and_it_is_said(season, judged, monkeypatch):
    for roll in (6.0, 6.0, 6.0):
        judged(roll)
    monkeypatch.setattr(limit_preview, "NEWEST", 2)
    found = limit_preview.compare_limits(season, draft(season, {"roll": {"warn": None}}), days=1)
    assert (found.photos, found.is_cut) == (2, True)


def test_photos_that_would_change_colour_are_shown_first(season, judged, monkeypatch):
    """Those that only get another finding give way to them."""
    red = judged(12.0)
    red.findings.create(school=red.school, season=season, rule="mouth", outcome="reject", value=0.1, limit=0.06)
    amber = judged(6.0, taken_at=timezone.now() - dt.timedelta(hours=1))
    monkeypatch.setattr(limit_preview, "SHOWN", 1)
    found = limit_preview.compare_limits(season, draft(season, {"roll": {"reject": None, "warn": None}}), days=1)
    assert found.changed == 2
    assert [change.photo_id for change in found.shown] == [amber.pk]


def test_what_nobody_would_have_looked_at(season, judged):
    for roll in (0.0, 0.0, 12.0):
        judged(roll)
    trusting = limit_preview.compare_limits(season, draft(season, {}, approves_green=True), days=1)
    assert (trusting.approved, trusting.rejected, trusting.changed) == ([0, 2], [1, 1], 0)
    asking = limit_preview.compare_limits(season, draft(season, {}, rejects_red=False), days=1)
    assert (asking.approved, asking.rejected) == ([0, 0], [1, 0])


def test_as_many_queries_for_three_photos_as_for_one(season, judged, django_assert_num_queries):
    wanted = draft(season, {"roll": {"warn": None}})
    judged(6.0)
    for _n in range(3):
        with django_assert_num_queries(5):
            limit_preview.photos_of(limit_preview.compare_limits(season, wanted, days=1))
        judged(6.0)
