"""Sets of limits: numbered, appended only, and nothing that makes no sense."""

import pytest
from django.db import DatabaseError, connection, transaction

import vision
from capture.judging import limits
from capture.models import LimitSet
from portal.errors import Conflict, PortalError
from portal.models import Event
from tests import factories
from tests.support.words import said

pytestmark = pytest.mark.django_db


def change(season, by, changes, *, version=0, reason="Phones see less.", **switches) -> LimitSet:
    return limits.change_limits(season=season, by=by, reason=reason, version=version, changes=changes, **switches)


def test_without_a_set_the_defaults_hold(season):
    found = limits.in_force(season)
    assert (found.number, found.pk, found.changes) == (0, None, {})
    assert limits.bounds(found, background="white").as_dict() == vision.limits_of().as_dict()
    assert limits.row_of(found) is None


def test_a_change_is_the_next_number_and_stands_in_the_history(season, center_admin):
    first = change(season, center_admin, {"roll": {"reject": 10}})
    second = change(season, center_admin, {"roll": {"reject": 10, "warn": None}}, version=first.pk, approves_green=True)
    assert [row.number for row, _differences in limits.list_sets(season)] == [2, 1]
    assert limits.in_force(season) == second
    assert (first.made_by, second.reason) == (center_admin, "Phones see less.")
    assert limits.bounds(second, background="blue").get("roll", "warn") is None
    event = Event.objects.filter(kind="limits.changed").first()
    assert event.facts == {
        "number": 2,
        "limits": ["approves_green off → on", "roll.warn 5.5 → off"],
        "reason": "Phones see less.",
    }
    assert event.season == season


def test_only_what_differs_from_the_defaults_is_kept(season, center_admin):
    made = change(season, center_admin, {"roll": {"reject": 8, "warn": 4.5}, "yaw": dict(vision.DEFAULTS["yaw"])})
    assert made.changes == {"roll": {"warn": 4.5}}


def test_a_new_season_begins_with_the_limits_of_the_last_one(season, center_admin):
    carried = change(season, center_admin, {"roll": {"reject": 12}})
    later = factories.season(year=season.year + 1, graduating_class=season.year + 2, status="draft")
    assert limits.in_force(later).season == season
    own = change(later, center_admin, {"roll": {"reject": 9}}, version=carried.pk)
    assert (own.number, limits.in_force(later), limits.in_force(season).changes) == (
        1,
        own,
        {"roll": {"reject": 12}},
    )
    assert [line.text for line in limits.list_sets(later)[0][1]] == ["roll.reject 12 → 9"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, said("Nothing has been changed.")),
        ({"roll": {"reject": 8}}, said("Nothing has been changed.")),
        (
            {"roll": {"warn": 8}},
            said(
                "%(rule)s: the warning at %(warn)s lies beyond the rejection at %(reject)s and would never be given.",
                rule="Head upright",
                warn="8°",
                reject="8°",
            ),
        ),
        (
            {"eyes": {"warn": 0.4}},
            said(
                "%(rule)s: the warning at %(warn)s lies beyond the rejection at %(reject)s and would never be given.",
                rule="Eyes open",
                warn="40%",
                reject="45%",
            ),
        ),
        ({"roll": {"reject": -1}}, said("%(rule)s: a limit is a number from 0 up.")),
        ({"roll": {"reject": float("nan")}}, said("%(rule)s: a limit is a number from 0 up.")),
        (
            {"roll": {"reject": 91}},
            said("%(rule)s: this limit can be %(most)s at most.", rule="Head upright", most="90°"),
        ),
        ({"ears": {"reject": 1}}, said("There is no limit “%(name)s”.", name="ears.reject")),
        ({"nose": {"reject": 1}}, said("There is no limit “%(name)s”.", name="nose.reject")),
        ({"colour": {"hue_low": 80}}, said("%(rule)s: the lower end lies above the upper end.")),
    ],
)
def test_nonsense_is_refused_with_a_sentence(season, center_admin, changes, sentence):
    with pytest.raises(PortalError, match=sentence.replace(".", r"\.")):
        change(season, center_admin, changes)
    assert not LimitSet.objects.exists()


def test_a_reason_is_required(season, center_admin):
    with pytest.raises(
        PortalError, match=said("Please give the reason: whoever is judged by these limits may ask for it.")
    ):
        change(season, center_admin, {"roll": {"reject": 9}}, reason="  ")
    with pytest.raises(PortalError, match=said("Please keep the reason under %(n)d characters.", n=300)):
        change(season, center_admin, {"roll": {"reject": 9}}, reason="x" * 301)


def test_whoever_saves_second_looks_again(season, center_admin):
    change(season, center_admin, {"roll": {"reject": 9}})
    with pytest.raises(
        Conflict,
        match=said("Somebody else has changed the photo rules in the meantime. Look at them again, then save."),
    ):
        change(season, center_admin, {"roll": {"reject": 11}}, version=0)


def test_the_first_set_of_a_season_is_not_taken_for_the_carried_one_of_the_same_number(season, center_admin):
    carried = change(season, center_admin, {"roll": {"reject": 12}})
    later = factories.season(year=season.year + 1, graduating_class=season.year + 2, status="draft")
    own = change(later, center_admin, {"roll": {"reject": 9}}, version=carried.pk)
    assert own.number == carried.number
    with pytest.raises(
        Conflict,
        match=said("Somebody else has changed the photo rules in the meantime. Look at them again, then save."),
    ):
        change(later, center_admin, {"roll": {"reject": 11}}, version=carried.pk)


def test_a_set_is_never_changed(season):
    row = factories.limit_set(season, {"roll": {"reject": 9}})
    for sql in ("UPDATE capture_limitset SET reason = ''", "DELETE FROM capture_limitset"):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)
    assert limits.in_force(season) == row


def test_what_a_season_may_leave_to_a_person(season):
    asks = LimitSet(season=season, rejects_red=False)
    mouth = vision.Finding("mouth", "reject", 0.1, 0.06)
    assert limits.rejects_automatically(None, [mouth])
    assert not limits.rejects_automatically(asks, [mouth])
    assert not limits.rejects_automatically(LimitSet(season=season), [vision.Finding("roll", "warn", 6, 5)])
    for hopeless in (
        vision.Finding("unreadable", "reject"),
        vision.Finding("one_face", "reject", 0.0, 1.0),
        vision.Finding("too_close", "reject", 0.3, 0.04),
    ):
        assert limits.rejects_automatically(asks, [hopeless])
    assert not limits.rejects_automatically(asks, [vision.Finding("one_face", "reject", 2.0, 1.0)])


@pytest.mark.parametrize("rule", [rule for rule in vision.RULES if rule.is_checked], ids=lambda rule: rule.name)
def test_a_gauge_reads_what_its_rule_compares(rule, measured):
    """With the limit moved just past the reading, the rule finds it with that very value."""
    for criterion in rule.criteria:
        value = criterion.read(measured, background="blue")
        for name, side in ((limit.name, limit.side) for limit in criterion.limits):
            if value is None or name not in ("reject", "warn"):
                continue
            off = dict.fromkeys(rule.defaults, None)
            limit = value - 0.001 if side == "above" else value + 0.001
            found = rule.check(measured, vision.limits_of({rule.name: off | {name: limit}}))
            if rule.name in NEED_MORE:
                continue
            assert found is not None, (rule.name, name)
            assert (found.value, found.limit, found.outcome) == (pytest.approx(value), limit, name)


# These ask another measure first; `one_face` counts faces and says how many.
NEED_MORE = {
    "underexposed",
    "mask",
    "one_face",
    "incomplete",
    "face_glare",
    "gaze",
    "lens_glare",
    "tinted_lens",
    "colour",
}


@pytest.fixture
def measured(good_photo):
    return vision.check(good_photo).measures
