"""manage.py check_counters: whether the counters say what the rows say."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from portal.counters import proof
from portal.tenancy import system_scope


class Command(BaseCommand):
    help = "Prove the counters against the rows that they count; --repair puts them right."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--repair", action="store_true", help="add to each counter what it lacks, while all goes on"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        def report(name: str, number: int) -> None:
            self.stdout.write(f"{number:>8}  {name}")

        with system_scope():
            made = proof.repair(report) if options["repair"] else proof.prove(report)
        for name, (_number, found) in made.faults.items():
            for group in found:
                self.stdout.write(f"  {name} " + " ".join(f"{key}={value}" for key, value in group.items()))
        if made.faults and not made.was_repaired:
            raise CommandError(_("The counters differ from their rows. Repair them with --repair."))
