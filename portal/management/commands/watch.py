"""manage.py watch: look at all signs, and mail the operators what is new. Started every minute by tucai-watch.timer."""

import smtplib
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from portal.database.patience import patience
from portal.tenancy import system_scope
from portal.watching import alarms, signs


class Command(BaseCommand):
    help = "Look at what an operator watches; mail OPERATOR_EMAILS what is new."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--test", action="store_true", help="send the operators a mail that says that mails arrive")

    def handle(self, *, test: bool, **options: Any) -> None:
        try:
            if test:
                self._test()
                return
            with patience.limited(), system_scope():
                found = signs.look()
            for sign in found:
                self.stdout.write(f"{'!' if sign.is_wrong else ' '} {sign.label}: {sign.says}")
            alarms.watch(found)
        except (OSError, smtplib.SMTPException) as error:
            raise CommandError(_("The mail server did not take the alarm: %(error)s") % {"error": error}) from error

    def _test(self) -> None:
        if not settings.OPERATOR_EMAILS:
            raise CommandError(_("Nobody would be told: set OPERATOR_EMAILS."))
        EmailMessage(
            _("Tucai: a test"), _("Alarms of this installation arrive here."), to=settings.OPERATOR_EMAILS
        ).send()
        self.stdout.write(_("Mailed to %(addresses)s") % {"addresses": ", ".join(settings.OPERATOR_EMAILS)})
