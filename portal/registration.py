"""What the kernel itself registers, like any room."""

from django.utils.translation import gettext_lazy as _

from portal import permissions
from portal.models import Role
from portal.permissions import EVERYBODY, SCHOOL

permissions.register("people.see", _("See the people"), roles=EVERYBODY)
permissions.register("people.manage", _("Manage accounts"), roles={Role.CENTER_ADMIN, Role.SCHOOL_ADMIN})
permissions.register("history.see", _("Read the history"), roles=EVERYBODY)
permissions.register("messages.read", _("Read the school's messages"), roles=SCHOOL)
permissions.register("jobs.see", _("See long work and take what it made"), roles=EVERYBODY)
permissions.register("jobs.retry", _("Start failed work again"), roles={Role.CENTER_ADMIN, Role.SCHOOL_ADMIN})
