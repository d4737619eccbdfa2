"""What `make torture` counts as lost, and the order of its faults."""

from collections import Counter

from torture import faults
from torture.reckoning import Count, compare, of_letters


def test_promise_that_is_not_there_is_lost_and_one_that_is_there_twice_is_told():
    count = compare("photos", ["a", "b", "c"], ["a", "c", "c"])
    assert (count.number, count.lost, count.twice, count.is_right) == (3, ["b"], ["c"], False)


def test_what_got_no_answer_may_be_there_once_and_what_nobody_sent_may_not():
    assert compare("photos", ["a"], ["a", "b"], ["a", "b"]).is_right
    assert compare("photos", ["a"], ["a", "b", "b"], ["a", "b"]).twice == ["b"]
    assert compare("photos", ["a"], ["a", "x"], ["a", "b"]).twice == ["x"]


def test_each_fault_of_a_line_makes_it_wrong():
    assert Count("jobs", 3).is_right
    assert not any(Count("jobs", 3, **{kind: ["1"]}).is_right for kind in ("lost", "twice", "wrong"))


def test_letter_that_came_twice_is_told_and_one_that_never_came_or_was_never_sent_is_a_fault():
    again = of_letters(["1", "2"], ["1", "2", "2"])
    assert (again.twice, again.is_right) == (["2"], True)
    assert of_letters(["1", "2"], ["1"]).lost == ["2"]
    assert not of_letters(["1"], ["1", "3"]).is_right


def test_faults_come_in_the_order_of_their_seed_each_as_often_as_it_weighs():
    names = [fault.name for fault, _chance, _pause in faults.plan(7, 1000, without=set())]
    again = [fault.name for fault, _chance, _pause in faults.plan(7, 1000, without=set())]
    other = [fault.name for fault, _chance, _pause in faults.plan(8, 1000, without=set())]
    assert names == again != other
    made, weights = Counter(names), sum(fault.weight for fault in faults.FAULTS)
    for fault in faults.FAULTS:
        assert 1000 // weights * fault.weight <= made[fault.name] <= (1000 // weights + 1) * fault.weight


def test_machine_without_root_or_compiler_leaves_those_faults_out():
    needs = {fault.needs for fault, _chance, _pause in faults.plan(1, 300, without={"disk", "clock"})}
    assert needs == {""}
