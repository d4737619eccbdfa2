"""manage.py check_payment: whether the payment providers take our merchants' credentials. No money moves."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from billing.online import providers
from billing.online.providers import Provider, ProviderError, State

NOBODYS_ORDER = "TUCAICHECK000000000000"  # a number that no order has


class Command(BaseCommand):
    help = "Ask the provider of each merchant about an order that does not exist, and verify its answer."

    def handle(self, **options: Any) -> None:
        if not providers.PROVIDERS:
            raise CommandError(_("No payment merchant is set: schools pay by transfer."))
        wrong = [sentence for provider in providers.PROVIDERS.values() if (sentence := self._check(provider))]
        if wrong:
            raise CommandError("\n".join(wrong))

    def _check(self, provider: Provider) -> str:
        """What is wrong with the merchant, "" when nothing is."""
        names = {"merchant": provider.merchant, "provider": provider.title}
        try:
            standing = provider.query(order_number=NOBODYS_ORDER)
        except ProviderError as error:
            return f"{provider.merchant} ({provider.title}): {error}"
        if standing.state != State.CREATED:
            return _("%(merchant)s: %(provider)s knows an order that we never made.") % names
        self.stdout.write(
            _("%(merchant)s: %(provider)s takes our signature, and its answer is rightly signed.") % names
        )
        return ""
