"""What people may do in this room, action by action, and the roles that may: see portal/permissions.py."""

from django.utils.translation import gettext_lazy as _

from portal import permissions
from portal.models import Role
from portal.permissions import CENTER, OFFICERS, SCHOOL

permissions.register_subject(_("Proofreading"), "proofs", "corrections", "feedback")
permissions.register("proofs.see", _("See who has proofread"), roles=SCHOOL)
permissions.register(
    "proofs.run",
    _("Open the proofreading and confirm for students who did not answer"),
    roles=SCHOOL,
    is_about_school=True,
)
permissions.register("corrections.see", _("See what is to be corrected"), roles=OFFICERS)
permissions.register("corrections.open", _("Ask for the correction of a student's data"), roles=OFFICERS)
permissions.register(
    "corrections.see_evidence",
    _("See the evidence of a correction, with the values in clear"),
    roles=OFFICERS,
    asks_password=True,
    needs_second_factor=True,
    in_archive=True,
)
permissions.register(
    "corrections.decide",
    _("Check corrections with the evidence, and decide those that one person decides"),
    roles=OFFICERS,
)
permissions.register(
    "corrections.accept", _("Accept, as the second person, what somebody else has checked"), roles=OFFICERS
)
permissions.register(
    "feedback.see",
    _("See feedback forms"),
    roles=OFFICERS | {Role.CENTER_PRINTING, Role.CENTER_AUDITOR},
    is_about_school=True,
)
permissions.register("feedback.send", _("Make and send the feedback form"), roles=SCHOOL, is_about_school=True)
permissions.register("feedback.decide", _("Accept or send back a feedback form"), roles=CENTER)
