"""manage.py check_history: whether every line of the history is genuine and none is missing."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from portal.history import checkpoints
from portal.models import Checkpoint, Event
from portal.tenancy import system_scope


class Command(BaseCommand):
    help = "Check the seal of every line of the history, and the checkpoints that say how many there were."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--expect", default="", help="the seal of a checkpoint, from the log of the workers")

    def handle(self, *args: Any, **options: Any) -> None:
        with system_scope():
            found = list(checkpoints.faults(expected=options["expect"]))
            lines, last = Event.objects.count(), Checkpoint.objects.order_by("-pk").first()
        if options["json"]:
            faults = [vars(fault) for fault in found]
            self.stdout.write(json.dumps({"lines": lines, "upto": last.upto if last else 0, "faults": faults}))
        else:
            self.stdout.write(
                _("%(n)d lines, counted up to number %(upto)d") % {"n": lines, "upto": last.upto if last else 0}
            )
            for fault in found:
                self.stdout.write(f"{SENTENCES[fault.kind]()} {fault.first}–{fault.last}")
        if found:
            raise CommandError(_("The history has been changed from outside. Compare it with a backup."))


SENTENCES = {
    "forged": lambda: _("Not written by the product:"),
    "copied": lambda: _("The same line twice:"),
    "missing": lambda: _("Lines are missing or have been added between:"),
    "broken": lambda: _("The chain of checkpoints is broken at:"),
}
