"""The illustrated rules in static/ are those that the code draws, one for every rule."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.contrib.staticfiles import finders

from demo.drawn_people import rule_illustrations
from vision import RULE_NAMES


@pytest.mark.parametrize("rule", RULE_NAMES)
def test_every_rule_has_its_drawing(rule):
    assert finders.find(f"rules/{rule}.svg")
    assert finders.find(f"rules/{rule}-pair.svg")


def test_committed_drawings_are_what_the_code_draws():
    drawn = rule_illustrations.draw_all()
    folder = Path(finders.find("rules/right.svg")).parent
    assert {path.name: path.read_text() for path in folder.glob("*.svg")} == drawn


def test_drawings_are_well_formed_and_reach_nothing_outside():
    for name, text in rule_illustrations.draw_all().items():
        root = ElementTree.fromstring(text)
        assert root.attrib["viewBox"] in {"0 0 120 160", "0 0 256 160"}, name
        assert not [word for word in ("href", "<script", "style=") if word in text], name


def test_write_makes_the_folder(tmp_path):
    paths = rule_illustrations.write(tmp_path / "rules")
    assert len(paths) == len(rule_illustrations.draw_all())
    assert all(path.stat().st_size > 500 for path in paths)
