"""Where measures lie beside their limits."""

import datetime as dt

import pytest
from django.utils import timezone

import vision
from capture.judging import histograms
from capture.templatetags.judging import limit_histogram
from tests import factories

ROLL = vision.RULES_BY_NAME["roll"].criteria[0]


def test_every_photo_is_in_a_bar_and_every_limit_on_a_line():
    measures = [{"roll": value} for value in (-1.0, 0.0, 2.0, 9.0, None)]
    found = histograms.build_histogram(ROLL, measures, vision.limits_of(), "roll")
    assert found is not None
    assert (found.photos, sum(found.bars)) == (4, 4)
    assert [(stands, limit.name) for stands, limit in found.lines] == [(8, "reject"), (5.5, "warn")]
    assert 0 < found.part(5.5) < found.part(8) < 1


def test_a_limit_that_is_switched_off_has_no_line():
    limits = vision.limits_of({"roll": {"warn": None}})
    found = histograms.build_histogram(ROLL, [{"roll": 1.0}], limits, "roll")
    assert [limit.name for _stands, limit in found.lines] == ["reject"]


def test_nothing_measured_is_no_histogram():
    assert histograms.build_histogram(ROLL, [{"yaw": 1.0}], vision.limits_of(), "roll") is None


def test_one_value_only_still_has_a_width():
    criterion = vision.RULES_BY_NAME["ears"].criteria[0]
    found = histograms.build_histogram(
        criterion, [{"ear_skin": 0.0}] * 3, vision.limits_of({"ears": {"warn": None}}), "ears"
    )
    assert found.high > found.low
    assert sum(found.bars) == 3


def test_columns_take_the_colour_of_the_limit_they_have_passed():
    measures = [{"roll": value} for value in (1.0, 6.0, 12.0)]
    drawn = limit_histogram(histograms.build_histogram(ROLL, measures, vision.limits_of(), "roll"), ROLL.unit)
    assert [drawn.count(f'class="fill-{tone}"') for tone in ("sky", "look", "act")] == [1, 1, 1]
    assert "style" not in drawn
    fringe = vision.RULES_BY_NAME["fringe"].criteria[0]
    below = histograms.build_histogram(
        fringe, [{"forehead_skin": 0.1}, {"forehead_skin": 1.0}], vision.limits_of(), "fringe"
    )
    assert limit_histogram(below, fringe.unit).count('class="fill-act"') == 1


@pytest.mark.usefixtures("scoped")
def test_the_sample_is_of_the_last_days(school, season):
    for days in (1, 9):
        factories.photo(
            factories.student(school, season),
            measures={"faces": 1, "roll": days},
            geometry={"edge": 0.05},
            taken_at=timezone.now() - dt.timedelta(days=days),
        )
    factories.photo(factories.student(school, season), measures={"faces": 0})
    assert histograms.sample_measures(season) == [{"faces": 1, "roll": 1, "edge": 0.05}]
