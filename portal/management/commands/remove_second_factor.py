"""manage.py remove_second_factor USERNAME --reason WORDS: for who has lost it, and nobody who stands higher is left."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from portal import history
from portal.accounts import second_factor
from portal.errors import PortalError
from portal.models import User
from portal.tenancy import system_scope


class Command(BaseCommand):
    help = "Remove all second factors of an account. Its owner is told, and sets up a new one at the next sign-in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="user name of the account")
        parser.add_argument("--reason", required=True, help="stands in the history")

    def handle(self, *, username: str, reason: str, **options: Any) -> None:
        with system_scope(), history.source("command"):
            user = User.objects.filter(username__iexact=username).first()
            if user is None:
                raise CommandError(_("There is no account with this user name."))
            try:
                second_factor.remove_lost(user, by=history.SYSTEM, reason=reason)
            except PortalError as error:
                raise CommandError(str(error)) from error
        self.stdout.write(
            _("Removed. %(name)s sets up a new second step at the next sign-in.") % {"name": user.actor_name}
        )
