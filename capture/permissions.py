"""What people may do in this room, action by action, and the roles that may: see portal/permissions.py."""

from django.utils.translation import gettext_lazy as _

from portal import permissions
from portal.models import Role
from portal.permissions import CENTER, EVERYBODY, SCHOOL

permissions.register("photos.see", _("See photos and portraits"), roles=EVERYBODY)
permissions.register("photos.download", _("Download an original"), roles=EVERYBODY)
permissions.register("photos.review", _("Approve and return photos"), roles=SCHOOL)
permissions.register("exemptions.see", _("See what students declare about their appearance"), roles=SCHOOL)
permissions.register("exemptions.decide", _("Confirm what students declare about their appearance"), roles=SCHOOL)
permissions.register("photos.reset", _("Reset an approved photo"), roles=EVERYBODY)
permissions.register("photos.judge_again", _("Have a photo judged again"), roles=EVERYBODY)
permissions.register("portraits.frame", _("Frame a portrait by hand"), roles=EVERYBODY)
permissions.register("portraits.make_again", _("Make portraits again on the season's background"), roles=SCHOOL)
permissions.register("likenesses.compare", _("See the other picture of a likeness"), roles=SCHOOL)
permissions.register("likenesses.clear", _("Clear a likeness"), roles=EVERYBODY)
permissions.register("students.lock", _("Lock a student's account"), roles=SCHOOL)
permissions.register("students.unlock", _("Unlock a student's account"), roles={Role.SCHOOL_ADMIN})
permissions.register("stations.see", _("See stations and the notice to students"), roles=SCHOOL)
permissions.register("stations.change", _("Change stations and the notice to students"), roles=SCHOOL)
permissions.register("photo_rules.see", _("See and try the judging rules"), roles=CENTER)
permissions.register("photo_rules.change", _("Change the judging rules"), roles={Role.CENTER_ADMIN})
