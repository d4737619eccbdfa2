"""Django's migrate, as the owner of the tables."""

from django.core.management.commands import migrate

from portal.database_owner import OwnerCommand


class Command(OwnerCommand, migrate.Command):
    pass
