"""Plan against what was handed in, by day."""

import datetime as dt

from capture import day_plan

DAYS = [dt.date(2026, 11, day) for day in (23, 24, 25, 26)]


def test_without_slots_the_students_are_spread_evenly():
    found = day_plan.plan(DAYS, students=10, planned={}, done={DAYS[0]: 1, DAYS[1]: 3}, today=DAYS[1])
    assert [(day.planned, day.handed_in, day.behind) for day in found.days] == [
        (2, 1, 1),
        (3, 3, 1),
        (2, 0, 0),
        (3, 0, 0),
    ]
    assert found.per_day_needed == 2  # six on today and two more days
    assert not found.by_slots


def test_slots_are_the_plan_and_a_day_beside_it_counts_too():
    make_up = dt.date(2026, 11, 30)
    found = day_plan.plan(DAYS, students=10, planned={DAYS[0]: 10}, done={make_up: 4}, today=make_up)
    assert [day.day for day in found.days] == [*DAYS, make_up]
    assert (found.days[-1].planned_by, found.days[-1].handed_in_by, found.days[-1].behind) == (10, 4, 6)
    assert found.per_day_needed == 0
    assert found.by_slots


def test_no_days():
    assert day_plan.plan([], students=10, planned={}, done={}, today=DAYS[0]).days == []
