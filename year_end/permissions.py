"""What people may do in this room, action by action, and the roles that may: see portal/permissions.py."""

from django.utils.translation import gettext_lazy as _

from portal import permissions
from portal.models import Role
from portal.permissions import CENTER, SCHOOL

permissions.register_subject(_("Year end"), "ranking", "bulletin")
permissions.register("ranking.see", _("See the ranking"), roles=CENTER | {Role.CENTER_AUDITOR})
permissions.register("ranking.export", _("Export the ranking"), roles=CENTER, in_archive=True)
permissions.register("ranking.decide", _("Rank the schools and decide awards"), roles={Role.CENTER_ADMIN})
permissions.register("bulletin.publish", _("Write and publish the bulletin"), roles={Role.CENTER_ADMIN})
permissions.register("bulletin.read", _("Read the bulletin"), roles=SCHOOL)
