"""What people may do in this room, action by action, and the roles that may: see portal/permissions.py."""

from django.utils.translation import gettext_lazy as _

from portal import permissions
from portal.models import Role
from portal.permissions import CENTER, OFFICERS, SCHOOL

permissions.register_subject(_("Proofreading"), "proofs", "corrections", "feedback")
permissions.register("proofs.see", _("See who has proofread"), roles=SCHOOL)
permissions.register(
    "proofs.run", _("Open proofreading and settle who did not answer"), roles=SCHOOL, is_about_school=True
)
permissions.register("corrections.see", _("See what students ask to correct"), roles=SCHOOL)
permissions.register("corrections.decide", _("Decide what students ask to correct"), roles=SCHOOL)
permissions.register(
    "feedback.see",
    _("See feedback forms"),
    roles=OFFICERS | {Role.CENTER_PRINTING, Role.CENTER_AUDITOR},
    is_about_school=True,
)
permissions.register("feedback.send", _("Make and send the feedback form"), roles=SCHOOL, is_about_school=True)
permissions.register("feedback.decide", _("Accept or send back a feedback form"), roles=CENTER)
