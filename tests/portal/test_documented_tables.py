"""The documents print the tables of permissions, of phases and of the rows of each room as they are in the code."""

import re
from pathlib import Path

from django.apps import apps
from django.utils.translation import override

from portal.models import Role
from portal.permissions import ACTIONS, Action
from schools.models import Action as PhaseAction
from schools.models import Enrolment, Season

DOCS = Path(__file__).resolve().parents[2] / "docs"


def printed(page: str, after: str) -> list[list[str]]:
    """The cells of the first table below a heading, its heading row first."""
    text = (DOCS / page).read_text().partition(after)[2]
    lines = text[text.index("\n| ") + 1 :].partition("\n\n")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [rows[0], *rows[2:]]


def test_the_printed_table_of_permissions_is_that_of_the_code():
    head, *rows = printed("permissions.md", "# Who may do what")
    assert head[2:] == [*(f"`{role}`" for role in Role.values), "whole school", "password"]
    with override("en"):
        assert rows == [
            [f"`{name}`", str(entry.label), *("x" if mark else "" for mark in marks_of(entry))]
            for name, entry in sorted(ACTIONS.items())
        ]


def test_the_printed_actions_that_need_a_second_factor_are_those_of_the_code():
    sentence = (DOCS / "permissions.md").read_text().partition("sign in with a second factor")[2].partition("\n\n")[0]
    named = re.findall(r"`([a-z_.]+)`", sentence)
    assert named == sorted(name for name, entry in ACTIONS.items() if entry.needs_second_factor)


def marks_of(entry: Action) -> list[bool]:
    return [*(role in entry.roles for role in Role), entry.is_about_school, entry.asks_password]


def test_the_printed_table_of_phases_is_that_of_the_code():
    head, *rows = printed("states.md", "### What each phase allows")
    assert head[2:] == [f"`{status}`" for status in Enrolment.Status.values]
    assert [[name, *marks] for name, _words, *marks in rows] == [
        [f"`{action}`", *("x" if status in Enrolment.phases_allowing(action) else "" for status in Enrolment.Status)]
        for action in Enrolment.ALLOWED
    ]


def test_the_printed_table_of_seasons_is_that_of_the_code():
    head, *rows = printed("states.md", "### What each state of a season allows")
    assert head[1:] == [f"`{status}`" for status in Season.Status.values]
    assert rows == [
        [f"`{action}`", *("x" if status in Season.ALLOWED[action] else "" for status in Season.Status)]
        for action in PhaseAction
    ]


def test_the_printed_table_of_rows_has_every_model_beside_its_module():
    _head, *rows = printed("data-model.md", "# Data model")
    found, module = {}, ""
    for where, models, _words in rows:
        module = where.strip("`") or module
        found |= {model.strip("` "): module for model in models.split(",")}
    rooms = [config for config in apps.get_app_configs() if (DOCS.parent / config.label).is_dir()]
    assert found == {
        model.__name__: f"{model.__module__.replace('.', '/')}.py" for room in rooms for model in room.get_models()
    }
