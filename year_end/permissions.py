"""What people may do in this room, action by action, and the roles that may: see portal/permissions.py."""

from django.utils.translation import gettext_lazy as _

from portal import permissions
from portal.models import Role
from portal.permissions import CENTER, SCHOOL

permissions.register_subject(_("Year end"), "ranking", "bulletin")
permissions.register("ranking.see", _("See the ranking"), roles=CENTER | {Role.CENTER_AUDITOR})
permissions.register("ranking.export", _("Download the documents of the year's end"), roles=CENTER, in_archive=True)
permissions.register(
    "ranking.decide", _("Set the weights, rank the schools and decide awards"), roles={Role.CENTER_ADMIN}
)
permissions.register("bulletin.publish", _("Write and publish the bulletin"), roles={Role.CENTER_ADMIN})
permissions.register("bulletin.read", _("Read the weights of the ranking, and the bulletin"), roles=SCHOOL)
