"""Django's dbshell, as the owner of the tables."""

from django.core.management.commands import dbshell

from portal.database.owner import OwnerCommand


class Command(OwnerCommand, dbshell.Command):
    pass
