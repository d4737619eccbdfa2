"""docs/asvs.md: every requirement of levels 1 and 2 of ASVS 5.0.0 once, with a state, and evidence where it says met."""

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| (V[\d.]+) \| ([12]) \| ([^|]+) \| ([^|]+) \| (.+) \|$", re.M)
STATES = {"met", "partly", "not met", "does not apply"}
# How many requirements of levels 1 and 2 a section has: the numbers from 1 on, since those of level 3 stand last.
SECTIONS = {
    1: [2, 9, 11, 3, 2],
    2: [3, 3, 4, 1],
    3: [0, 2, 4, 6, 5, 0, 2],
    4: [3, 1, 2, 4],
    5: [1, 3, 2, 3],
    6: [3, 12, 4, 4, 5, 3, 0, 4],
    7: [3, 4, 2, 5, 2, 2],
    8: [2, 3, 1, 1],
    9: [3, 4],
    10: [2, 2, 4, 11, 5, 2, 3],
    11: [2, 3, 3, 4, 1, 1],
    12: [3, 2, 4],
    13: [1, 5, 2, 5],
    14: [2, 4, 3],
    15: [3, 3, 7],
    16: [1, 5, 4, 3, 3],
    17: [1, 4, 2],
}
AMONG_LEVEL_3 = {"V17.2.8"}  # the one of level 2 that stands behind some of level 3
LEVEL_1 = 70


def rows() -> list[tuple[str, str, str, str, str]]:
    return ROW.findall((ROOT / "docs/asvs.md").read_text())


def test_every_requirement_stands_there_once():
    expected = {
        f"V{chapter}.{section}.{number}"
        for chapter, counts in SECTIONS.items()
        for section, count in enumerate(counts, 1)
        for number in range(1, count + 1)
    } | AMONG_LEVEL_3
    numbers = Counter(number for number, *_rest in rows())
    assert set(numbers) == expected
    assert max(numbers.values()) == 1
    assert [level for _number, level, *_rest in rows()].count("1") == LEVEL_1


def test_every_row_is_read():
    lines = [line for line in (ROOT / "docs/asvs.md").read_text().splitlines() if line.startswith("| V")]
    assert len(rows()) == len(lines)


def test_states_are_known():
    assert {state for *_start, state, _here in rows()} == STATES


def test_what_is_met_names_what_exists():
    """That the functions which it names exist too is held by test_docs."""
    for number, _level, _asks, state, here in rows():
        paths = [
            name.partition(":")[0]
            for name in re.findall(r"`([\w./-]+/[\w./-]+\.\w+(?::\w+)?|requirements\.txt)`", here)
        ]
        if state == "met":
            assert paths, number
        assert [path for path in paths if not (ROOT / path).exists()] == [], number
