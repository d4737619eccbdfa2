"""Django's flush, as the owner of the tables."""

from django.core.management.commands import flush

from portal.database.owner import OwnerCommand


class Command(OwnerCommand, flush.Command):
    pass
