"""Django's migrate, as the owner of the tables."""

from django.core.management.commands import migrate

from portal.database.owner import OwnerCommand


class Command(OwnerCommand, migrate.Command):
    pass
