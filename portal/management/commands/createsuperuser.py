"""Django's createsuperuser, as the owner of the tables: no role of the product may do it for an operator."""

from django.contrib.auth.management.commands import createsuperuser

from portal.database.owner import OwnerCommand


class Command(OwnerCommand, createsuperuser.Command):
    pass
