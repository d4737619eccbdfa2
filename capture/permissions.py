"""What people may do in this room, action by action, and the roles that may: see portal/permissions.py."""

from django.utils.translation import gettext_lazy as _

from portal import permissions
from portal.models import Role
from portal.permissions import CENTER, OFFICERS, REVIEWERS, SCHOOL

JUDGING = OFFICERS | REVIEWERS
REVIEWING = SCHOOL | {Role.SCHOOL_REVIEWER}

permissions.register_subject(
    _("Photos and portraits"),
    "photos",
    "exemptions",
    "likenesses",
    "admission_photos",
    "portraits",
    "photo_rules",
    "daily_checks",
)
permissions.register_subject(_("Stations"), "stations")
permissions.register("photos.see", _("See photos and portraits"), roles=JUDGING | {Role.CENTER_AUDITOR})
permissions.register(
    "photos.check_daily",
    _("Read the daily check of the school, and reset what failed"),
    roles=REVIEWING,
    is_about_school=True,
)
permissions.register(
    "daily_checks.see",
    _("See the daily checks of all schools"),
    roles=CENTER | {Role.CENTER_REVIEWER, Role.CENTER_AUDITOR},
)
permissions.register("photos.download", _("Download an original"), roles=JUDGING)
permissions.register("photos.review", _("Approve and return photos"), roles=REVIEWING)
permissions.register("exemptions.see", _("See what students declare about their appearance"), roles=REVIEWING)
permissions.register("exemptions.decide", _("Confirm what students declare about their appearance"), roles=REVIEWING)
permissions.register("photos.reset", _("Reset an approved photo"), roles=JUDGING)
permissions.register("photos.judge_again", _("Have a photo judged again"), roles=JUDGING)
permissions.register("portraits.frame", _("Frame a portrait by hand"), roles=JUDGING)
permissions.register(
    "portraits.make_again",
    _("Make portraits again on the season's background"),
    roles=SCHOOL,
    is_about_school=True,
)
permissions.register(
    "likenesses.compare",
    _("See the other picture of a likeness, and what the comparison of faces found"),
    roles=JUDGING,
)
permissions.register(
    "admission_photos.upload", _("Upload admission photos"), roles=SCHOOL | CENTER, is_about_school=True
)
permissions.register("likenesses.clear", _("Clear a likeness"), roles=JUDGING)
permissions.register("students.lock", _("Lock a student's account"), roles=SCHOOL)
permissions.register("students.unlock", _("Unlock a student's account"), roles={Role.SCHOOL_ADMIN})
permissions.register("students.unlink_wechat", _("Unlink a student's WeChat"), roles=OFFICERS)
permissions.register(
    "students.forget_code",
    _("Forget the registry's number of a student, so that another capture code is good"),
    roles={Role.SCHOOL_ADMIN, Role.CENTER_ADMIN},
)
permissions.register(
    "stations.help", _("See whom a station expects today, and help"), roles=SCHOOL | {Role.SCHOOL_HELPER}
)
permissions.register(
    "stations.see_missing", _("See who of a class is still to be photographed"), roles=SCHOOL | {Role.SCHOOL_MONITOR}
)
permissions.register("stations.see", _("See stations and the notice to students"), roles=SCHOOL)
permissions.register(
    "stations.change", _("Change stations and the notice to students"), roles=SCHOOL, is_about_school=True
)
permissions.register(
    "photo_rules.see",
    _("See and try the judging rules"),
    roles=CENTER | {Role.CENTER_REVIEWER, Role.CENTER_AUDITOR},
)
permissions.register("photo_rules.change", _("Change the judging rules"), roles={Role.CENTER_ADMIN}, asks_password=True)
