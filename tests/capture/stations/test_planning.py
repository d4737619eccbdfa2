"""Which class comes to which station when: no database."""

import datetime as dt

import pytest

from capture.stations.planning import Gap, SchoolClass, minutes_for, plan, without

DAY = dt.datetime(2026, 11, 12)


def at(hour: float) -> dt.datetime:
    return DAY + dt.timedelta(hours=hour)


def gap(station: int = 1, start: float = 8, end: float = 18, per_hour: int = 30) -> Gap:
    return Gap(station, per_hour, at(start), at(end))


def school_class(name: str, count: int) -> SchoolClass:
    return SchoolClass(("文学院", name), [f"{name}{n:03}" for n in range(count)])


def shown(made) -> list[tuple[str, int, str, int, bool]]:
    return [
        (v.key[1], v.station, f"{v.starts_at:%H:%M}-{v.ends_at:%H:%M}", len(v.numbers), v.is_part) for v in made.visits
    ]


@pytest.mark.parametrize(("students", "per_hour", "minutes"), [(30, 30, 60), (31, 30, 65), (1, 600, 5), (34, 30, 70)])
def test_time_is_counted_in_whole_steps(students, per_hour, minutes):
    assert minutes_for(students, per_hour) == minutes


def test_classes_come_in_their_order_to_the_station_that_is_free_first():
    made = plan([gap(1), gap(2)], [school_class("A", 30), school_class("B", 20), school_class("C", 10)])
    assert shown(made) == [
        ("A", 1, "08:00-09:00", 30, False),
        ("B", 2, "08:00-08:40", 20, False),
        ("C", 2, "08:40-09:00", 10, False),
    ]


def test_no_class_is_split_where_another_order_has_room_for_all():
    """In their order A takes the hour that C needs."""
    gaps = [gap(1, 8, 9), gap(2, 8, 8.5), gap(3, 8, 8.5)]
    made = plan(gaps, [school_class("A", 15), school_class("B", 15), school_class("C", 30)])
    assert {(v.key[1], v.station) for v in made.visits} == {("C", 1), ("A", 2), ("B", 3)}
    assert not any(v.is_part for v in made.visits)


def test_a_class_that_fits_nowhere_comes_in_as_few_parts_as_possible_and_nobody_twice():
    made = plan([gap(1, 8, 9), gap(1, 13, 15), gap(2, 8, 8.5)], [school_class("A", 80)])
    assert shown(made) == [
        ("A", 1, "13:00-15:00", 60, True),
        ("A", 1, "08:00-08:40", 20, True),
    ]
    assert [number for v in made.visits for number in v.numbers] == school_class("A", 80).numbers


def test_who_finds_no_time_is_counted():
    made = plan([gap(1, 8, 9)], [school_class("A", 30), school_class("B", 7)])
    assert made.without_room == 7
    assert plan([], [school_class("A", 3)]).without_room == 3


def test_visits_neither_overlap_nor_leave_the_gaps_nor_crowd_a_station():
    gaps = [gap(station, start, end, 20 + 7 * station) for station in (1, 2, 3) for start, end in ((8, 12), (13.5, 18))]
    classes = [school_class(f"K{n:02}", 11 + n * 7 % 40) for n in range(24)]
    made = plan(gaps, classes)
    assert made.without_room == 0
    assert sorted(number for v in made.visits for number in v.numbers) == sorted(n for c in classes for n in c.numbers)
    for visit in made.visits:
        inside = [
            g
            for g in gaps
            if g.station == visit.station and g.starts_at <= visit.starts_at < visit.ends_at <= g.ends_at
        ]
        assert inside
        assert (visit.ends_at - visit.starts_at).seconds / 3600 * inside[0].per_hour >= len(visit.numbers)
    for one in made.visits:
        clashes = [
            v
            for v in made.visits
            if v.station == one.station and v.starts_at < one.ends_at and one.starts_at < v.ends_at
        ]
        assert clashes == [one]


def test_what_is_taken_is_cut_out_of_the_gaps():
    assert without([gap(1), gap(2)], [gap(1, 9, 10), gap(1, 17, 19)]) == [gap(1, 8, 9), gap(1, 10, 17), gap(2)]
