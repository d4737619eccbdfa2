"""What people may do in this room, action by action, and the roles that may: see portal/permissions.py."""

from django.utils.translation import gettext_lazy as _

from portal import permissions
from portal.permissions import CENTER, EVERYBODY, SCHOOL

permissions.register("proofs.see", _("See who has proofread"), roles=SCHOOL)
permissions.register("proofs.run", _("Open proofreading and settle who did not answer"), roles=SCHOOL)
permissions.register("corrections.see", _("See what students ask to correct"), roles=SCHOOL)
permissions.register("corrections.decide", _("Decide what students ask to correct"), roles=SCHOOL)
permissions.register("feedback.see", _("See feedback forms"), roles=EVERYBODY)
permissions.register("feedback.send", _("Make and send the feedback form"), roles=SCHOOL)
permissions.register("feedback.decide", _("Accept or send back a feedback form"), roles=CENTER)
