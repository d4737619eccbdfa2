"""What people may do in this room, action by action, and the roles that may: see portal/permissions.py."""

from django.utils.translation import gettext_lazy as _

from portal import permissions
from portal.models import Role
from portal.permissions import CENTER, OFFICERS, SCHOOL

PRINTING = CENTER | {Role.CENTER_PRINTING}

permissions.register_subject(_("Printing and shipping"), "prints")
permissions.register(
    "prints.see",
    _("See print runs and parcels"),
    roles=OFFICERS | {Role.CENTER_PRINTING, Role.CENTER_AUDITOR},
    is_about_school=True,
)
permissions.register("prints.order", _("Order and build print runs"), roles=PRINTING)
permissions.register("prints.download", _("Download sheets to print"), roles=PRINTING, needs_second_factor=True)
permissions.register("prints.ship", _("Ship a parcel"), roles=PRINTING)
permissions.register(
    "prints.receive",
    _("Confirm a parcel, and report sheets that are missing or damaged"),
    roles=SCHOOL,
    is_about_school=True,
)
permissions.register(
    "portraits.download",
    _("Download the portraits as an archive"),
    roles=OFFICERS,
    needs_second_factor=True,
    in_archive=True,
)
permissions.register(
    "portraits.download_by_number",
    _("Download the portraits named by document number"),
    roles={Role.CENTER_ADMIN, Role.SCHOOL_ADMIN},
    asks_password=True,
    needs_second_factor=True,
    in_archive=True,
)

permissions.register_subject(_("Hand-over to the registry"), "handover")
permissions.register(
    "handover.see", _("See what the registry has of each school"), roles=CENTER | {Role.CENTER_AUDITOR}
)
permissions.register(
    "handover.make",
    _("Make packages for the registry, with document numbers, and download them"),
    roles={Role.CENTER_ADMIN},
    asks_password=True,
    needs_second_factor=True,
)
permissions.register("handover.receipt", _("Say that a package was sent, and what the registry answered"), roles=CENTER)
permissions.register(
    "handover.receiver",
    _("Enter the certificate that packages are encrypted for"),
    roles={Role.CENTER_ADMIN},
    asks_password=True,
    needs_second_factor=True,
)
