from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from billing.books import proof
from portal.tenancy import system_scope


class Command(BaseCommand):
    help = "Prove the sums of the ledger against its entries, the history, the orders and the bank lines."

    def handle(self, *args: Any, **options: Any) -> None:
        def report(name: str, number: int) -> None:
            self.stdout.write(f"{number:>8}  {proof.CHECKS[name][0]}")

        with system_scope():
            made = proof.prove(report)
        self.stdout.write(
            _("%(entries)d entries of %(accounts)d accounts.") % {"entries": made.entries, "accounts": made.accounts}
        )
        if made.faults:
            raise CommandError(_("The books do not agree with themselves. Nothing was changed."))
