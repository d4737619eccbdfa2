"""docs/states.md draws the state machines that the models declare."""

import re
from pathlib import Path

import pytest
from django.apps import apps

PAGE = Path(__file__).resolve().parents[2] / "docs" / "states.md"
MODELS = {model.__name__: model for model in apps.get_models() if hasattr(model, "TRANSITIONS")}


def drawn() -> dict[str, set[tuple[str, str]]]:
    """The arrows under each heading, without the one that leads in."""
    found = {}
    for part in PAGE.read_text().split("\n## ")[1:]:
        found[part.split("\n", 1)[0]] = set(re.findall(r"^ +(\w+) --> (\w+)", part, re.MULTILINE))
    return found


def test_every_machine_is_drawn():
    assert set(drawn()) == set(MODELS)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_diagram_has_the_arrows_of_the_table(name):
    table = MODELS[name].TRANSITIONS
    assert drawn()[name] == {(str(start), str(end)) for start, ends in table.items() for end in ends}
