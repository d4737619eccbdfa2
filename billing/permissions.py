"""What people may do in this room, action by action, and the roles that may: see portal/permissions.py."""

from django.utils.translation import gettext_lazy as _

from portal import permissions
from portal.models import Role
from portal.permissions import CENTER, EVERYBODY

permissions.register("fees.see", _("See fees and payments"), roles=EVERYBODY)
permissions.register("fees.choose_mode", _("Choose the way of payment"), roles={Role.SCHOOL_ADMIN})
permissions.register("fees.enter", _("Enter a bank transfer"), roles=CENTER)
permissions.register("fees.reverse", _("Reverse an entry"), roles={Role.CENTER_ADMIN})
permissions.register("fees.resolve", _("Settle a refused payment by hand"), roles={Role.CENTER_ADMIN})
permissions.register("fees.refund", _("Refund a payment"), roles={Role.CENTER_ADMIN})
