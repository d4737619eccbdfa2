"""manage.py permissions: which role may do what."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal.models import Role
from portal.permissions import ACTIONS


class Command(BaseCommand):
    help = "Print the table of permissions: a line for each action, a column for each role."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object: action -> roles")

    def handle(self, *, json: bool, **options: Any) -> None:
        self.stdout.write(as_json() if json else as_table())


def as_json() -> str:
    return json.dumps({name: sorted(ACTIONS[name].roles) for name in sorted(ACTIONS)})


def as_table() -> str:
    """One column for each role, with its value as heading. The label is last, since its width varies."""
    width = max(map(len, ACTIONS))
    lines = [" ".join([" " * width, *Role.values])]
    for name in sorted(ACTIONS):
        marks = [("x" if role in ACTIONS[name].roles else "-").center(len(role)) for role in Role]
        lines.append(" ".join([name.ljust(width), *marks, str(ACTIONS[name].label)]))
    return "\n".join(lines)
