"""docs/judging.md tells the limits in force."""

import re
from pathlib import Path

import pytest

from vision import RULES_BY_NAME

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "judging.md").read_text()
HEAD = "| rule | limit | london |"
NUMBER = re.compile(r"(\d+(?:\.\d+)?)(%?)")


def rows() -> dict[str, str]:
    """The cell with the limits, by rule."""
    lines = TEXT[TEXT.index(HEAD) :].split("\n\n")[0].splitlines()[2:]
    return {cells[1].strip(): cells[2] for cells in (line.split("|") for line in lines)}


@pytest.mark.parametrize("name", rows())
def test_the_table_of_limits_holds_those_in_force(name):
    told = {round(float(number) / (100 if percent else 1), 6) for number, percent in NUMBER.findall(rows()[name])}

    assert told == {limit for limit in RULES_BY_NAME[name].defaults.values() if limit is not None}


def test_every_rule_that_rejects_by_a_number_is_in_the_table():
    rejecting = {name for name, rule in RULES_BY_NAME.items() if rule.defaults.get("reject") is not None}

    assert rejecting - set(rows()) == {"incomplete"}
