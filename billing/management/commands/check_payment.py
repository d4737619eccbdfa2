"""manage.py check_payment: whether the payment provider takes our credentials. No money moves."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from billing.online import providers
from billing.online.providers import ProviderError, State

NOBODYS_ORDER = "TUCAICHECK000000000000"  # a number that no order has


class Command(BaseCommand):
    help = "Ask the payment provider about an order that does not exist, and verify its answer."

    def handle(self, **options: Any) -> None:
        if not settings.PAYMENT_PROVIDER:
            raise CommandError(_("No payment provider is set: schools pay by transfer."))
        provider = providers.default()
        try:
            standing = provider.query(order_number=NOBODYS_ORDER)
        except ProviderError as error:
            raise CommandError(f"{provider.title}: {error}") from error
        if standing.state != State.CREATED:
            raise CommandError(_("%(provider)s knows an order that we never made.") % {"provider": provider.title})
        self.stdout.write(
            _("%(provider)s takes our signature, and its answer is rightly signed.") % {"provider": provider.title}
        )
