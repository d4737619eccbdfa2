import vision
from capture.judging.rule_labels import FAULTS


def test_every_rule_says_what_is_wrong():
    assert set(FAULTS) == set(vision.RULE_NAMES)
