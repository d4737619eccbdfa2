"""Reviewers' decisions beside the rules, on photos whose decisions are known."""

import datetime as dt

import numpy as np
import pytest
from django.utils import timezone, translation

from capture.judging.agreement import ENOUGH, best_limit, measure_agreement
from capture.models import Photo
from capture.review import decisions, return_reasons
from portal.tenancy import center_scope, school_scope
from tests import factories
from tests.support.addresses import dated
from tests.support.words import said
from vision import RULES

URL = "/center/judging/agreement/"
FOCUS = "The photo is not sharp or the face is too small. Hold the phone still and come nearer."


@pytest.fixture
def decide(school, season, owner):
    """Photos of new students, decided by a person: decide(12, {"roll": 6}, returned_for="pose", findings={...})."""

    def photos(n, measures, *, returned_for="", findings=None, **fields):
        for _ in range(n):
            status = Photo.Status.RETURNED if returned_for else Photo.Status.APPROVED
            factories.photo(
                factories.student(school, season),
                status,
                findings=findings,
                measures={"faces": 1, **measures},
                decided_by=owner,
                decided_at=timezone.now(),
                reason_names=[returned_for] if returned_for else [],
                **fields,
            )

    return photos


def agreement_of(season, *, days=7):
    with center_scope():
        return measure_agreement(season, days=days)


def rule_of(found, name):
    return next(row for row in found.rules if row.rule.name == name)


def test_a_return_remembers_its_ready_made_reasons(school, student, owner):
    photo = factories.photo(student)
    with school_scope(school):
        decisions.return_(
            photo=photo, by=owner, reason=f"{said(FOCUS)} {said('Please come without make-up or sunscreen.')}"
        )
        photo.refresh_from_db()
        assert photo.reason_names == ["focus", "makeup"]
        decisions.undo_last_decision(by=owner)
        photo.refresh_from_db()
        assert photo.reason_names == []


def test_a_reason_is_known_in_the_language_of_the_reviewer():
    assert return_reasons.names_in(said(FOCUS)) == ["focus"]
    with translation.override("en"):
        assert return_reasons.names_in(FOCUS) == ["focus"]
    assert return_reasons.names_in("With other words.") == []


def test_every_rule_that_a_person_can_confirm_has_a_ready_made_reason():
    spoken_of = {rule for reason in return_reasons.REASONS.values() for rule in reason.rules}
    assert {rule.name for rule in RULES} - spoken_of == {"unreadable", "incomplete"}


def test_warnings_that_reviewers_ignore_are_counted(season, decide):
    decide(3, {"roll": 6.0}, findings={"roll": "warn"})
    decide(1, {"roll": 7.0}, findings={"roll": "warn"}, returned_for="pose")
    decide(4, {"roll": 1.0})
    row = rule_of(agreement_of(season), "roll")
    assert (row.ignored.hits, row.ignored.of) == (3, 4)
    assert (row.missed.hits, row.missed.of) == (0, 4)
    assert (row.agreement.hits, row.agreement.of) == (5, 8)


def test_a_rejection_that_a_person_overturned_is_counted(season, decide):
    decide(2, {"gaze": 0.08}, findings={"gaze": "reject"})
    decide(1, {"gaze": 0.20}, findings={"gaze": "reject"}, returned_for="pose")
    row = rule_of(agreement_of(season), "gaze")
    assert (row.overturned.hits, row.overturned.of) == (2, 3)


def test_returns_of_green_photos_are_told_by_reason(season, decide, student, owner):
    decide(2, {"roll": 1.0}, returned_for="hair")
    decide(1, {"roll": 1.0}, returned_for="glasses")
    decide(5, {"roll": 1.0})
    factories.photo(student, Photo.Status.RETURNED, decided_by=owner, decided_at=timezone.now(), reason="In own words.")
    found = agreement_of(season)
    green = dict(found.outcomes)["green"]
    assert (green.hits, green.of) == (4, 9)
    titles = [(str(title), n) for title, n in found.reasons]
    assert titles == [(said("Hair"), 2), (said("Glasses"), 1), (said("In the reviewer's own words"), 1)]
    assert rule_of(found, "fringe").missed.hits == 2


def test_a_return_is_put_down_to_the_rule_that_had_found_something(season, decide):
    decide(1, {"roll": 1.0}, returned_for="hair", findings={"fringe": "warn"})
    found = agreement_of(season)
    assert rule_of(found, "fringe").agreement.hits == 1
    assert rule_of(found, "ears").missed.hits == 0


def test_photos_from_which_a_rule_is_excused_say_nothing_about_it(season, decide):
    decide(20, {"smile": 0.60})
    decide(10, {"smile": 0.75}, findings={"smile": "warn"}, returned_for="expression")
    decide(40, {"smile": 0.90}, excuses={"smile": "off"})
    row = rule_of(agreement_of(season), "smile")
    assert (row.agreement.hits, row.agreement.of) == (30, 30)
    assert not row.proposal.is_better


def test_automatic_and_old_decisions_do_not_count(season, school, decide, owner):
    old = timezone.now() - dt.timedelta(days=10)
    factories.photo(factories.student(school, season), Photo.Status.APPROVED, decided_by=owner, decided_at=old)
    factories.photo(factories.student(school, season), Photo.Status.APPROVED, decided_at=timezone.now())
    assert agreement_of(season).photos == 0
    assert agreement_of(season, days=30).photos == 1


def test_the_limit_that_agrees_best_is_proposed(season, decide):
    decide(20, {"smile": 0.60})
    decide(15, {"smile": 0.72}, findings={"smile": "warn"})
    decide(5, {"smile": 0.75}, findings={"smile": "warn"}, returned_for="expression")
    row = rule_of(agreement_of(season), "smile")
    assert row.is_enough is (ENOUGH <= 20)
    proposal = row.proposal
    assert 0.72 <= proposal.best < 0.75
    assert (proposal.agreed_now, proposal.agreed_then, proposal.photos, proposal.turned) == (25, 40, 40, 15)


def test_nothing_is_proposed_from_a_handful_of_photos(season, decide):
    decide(ENOUGH - 2, {"smile": 0.60})
    decide(1, {"smile": 0.75}, findings={"smile": "warn"}, returned_for="expression")
    assert rule_of(agreement_of(season), "smile").proposal is None


@pytest.mark.parametrize(("side", "bad_is_high"), [("above", True), ("below", False)])
def test_best_limit_is_never_beaten_by_any_other(side, bad_is_high):
    chance = np.random.default_rng(5)
    values = np.round(chance.normal(0, 1, 200), 1)
    bad = chance.random(200) < 1 / (1 + np.exp(-4 * (values - 0.3) * (1 if bad_is_high else -1)))
    limit, agreed = best_limit(values, bad, side=side, near=0.0)
    beyond = values > limit if side == "above" else values < limit
    assert (beyond == bad).sum() == agreed
    for other in np.linspace(-4, 4, 400):
        assert ((values > other if side == "above" else values < other) == bad).sum() <= agreed


def test_of_equally_good_limits_the_nearest_to_todays_is_taken():
    values, bad = np.array([1.0, 2.0, 8.0, 9.0]), np.array([False, False, True, True])
    assert best_limit(values, bad, side="above", near=7.5) == (7.5, 4)


def test_the_page_shows_shares_with_their_range_and_leads_to_the_limit(center_client, season, decide):
    decide(30, {"smile": 0.72}, findings={"smile": "warn"})
    decide(5, {"smile": 0.75}, findings={"smile": "warn"}, returned_for="expression")
    page = center_client.get(URL, {"days": 7}).content.decode()
    assert "<strong>86%</strong>" in page
    assert said("%(n)d of %(total)d", n=30, total=35) in page
    assert dated("/center/judging/?smile.warn=7") in page
    target = center_client.get("/center/judging/", {"smile.warn": "0.715"}).content.decode()
    assert 'value="0.715"' in target


def test_a_proposed_limit_that_is_no_number_changes_nothing(center_client, season):
    assert center_client.get("/center/judging/", {"smile.warn": "<b>", "nonsense": "1"}).status_code == 200


def test_the_page_of_a_season_without_decisions_says_so(center_client, season):
    assert said("No decisions in these days") in center_client.get(URL).content.decode()


def test_unknown_days_show_the_last_thirty(center_client, season):
    assert center_client.get(URL, {"days": "x"}).status_code == 200


def test_schools_do_not_see_the_page(owner_client, season):
    assert owner_client.get(URL).status_code in (403, 404)
