"""manage.py set_up USERNAME --name NAME [--email ADDRESS] [--year YEAR]: what a new installation begins with."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import history
from portal.accounts import people
from portal.errors import PortalError
from portal.tenancy import system_scope
from schools import seasons
from schools.models import Season


class Command(BaseCommand):
    help = "Invite the center's first administrator and draft the first season. Refused when the center has one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="user name of the administrator")
        parser.add_argument("--name", required=True, help="the administrator's name")
        parser.add_argument(
            "--email",
            default="",
            help="the link to choose a password is mailed there; without a mail server it is printed",
        )
        parser.add_argument("--once", action="store_true", help="nothing to do, and no error, when the center has one")
        parser.add_argument(
            "--year", type=int, default=timezone.localdate().year, help="year of the first season (this year)"
        )

    def handle(self, *, username: str, name: str, email: str, year: int, once: bool, **options: Any) -> None:
        with system_scope(), history.source("command"), transaction.atomic():
            if once and people.has_administrator():
                return
            try:
                invitation = people.invite_first(username=username, full_name=name, email=email)
            except PortalError as error:
                raise CommandError(str(error)) from error
            season = Season.objects.first() or seasons.create_first(year=year, by=history.SYSTEM)
        told = {"user": username, "link": invitation.link, "email": email}
        if invitation.link:
            self.stdout.write(_("%(user)s chooses a password here, within three days: %(link)s") % told)
        else:
            self.stdout.write(_("%(user)s chooses a password by the link that was mailed to %(email)s.") % told)
        self.stdout.write(_("Season %(year)s is there; the center completes and opens it.") % {"year": season.year})
