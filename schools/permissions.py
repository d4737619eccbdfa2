"""What people may do in this room, action by action, and the roles that may: see portal/permissions.py."""

from django.utils.translation import gettext_lazy as _

from portal import permissions
from portal.models import Role
from portal.permissions import ALL_ROLES, CENTER, CENTER_STAFF, SCHOOL

permissions.register_subject(
    _("Season and schools"), "overview", "season", "schedule", "schools", "notices", "inquiries"
)
permissions.register("overview.see", _("See the overview"), roles=ALL_ROLES - {Role.SCHOOL_HELPER, Role.SCHOOL_MONITOR})
permissions.register("season.see", _("See the seasons and their days"), roles=CENTER_STAFF)
permissions.register(
    "season.manage", _("Make, change, open and close a season"), roles={Role.CENTER_ADMIN}, in_archive=True
)
permissions.register("season.except_school", _("Grant a school other days"), roles=CENTER)
permissions.register(
    "schedule.see",
    _("See days and deadlines, and subscribe to them"),
    roles=CENTER_STAFF | SCHOOL | {Role.SCHOOL_REVIEWER, Role.SCHOOL_FINANCE},
)
permissions.register("schedule.ask_days", _("Ask the center for other days"), roles=SCHOOL, is_about_school=True)
permissions.register(
    "schedule.set_classes", _("Give colleges and classes days of their own"), roles=SCHOOL, is_about_school=True
)
permissions.register("schools.see", _("See the schools"), roles=CENTER_STAFF)
permissions.register("schools.message", _("Write to the schools of a list"), roles=CENTER)
permissions.register(
    "schools.export", _("Export the schools with their contact persons"), roles=CENTER, in_archive=True
)
permissions.register("schools.manage", _("Add, change and enrol schools"), roles=CENTER, in_archive=True)
permissions.register("schools.withdraw", _("Take a school out of the season"), roles={Role.CENTER_ADMIN})
permissions.register("notices.see", _("See the notices, and who has read them"), roles=CENTER_STAFF)
permissions.register("notices.write", _("Write, publish and withdraw notices"), roles=CENTER)
permissions.register(
    "notices.read", _("Read the notices of the center"), roles=SCHOOL | {Role.SCHOOL_REVIEWER, Role.SCHOOL_FINANCE}
)
permissions.register("notices.confirm", _("Confirm a notice for the school"), roles={Role.SCHOOL_ADMIN})
permissions.register(
    "inquiries.write",
    _("Write to the center for the school"),
    roles=SCHOOL | {Role.SCHOOL_FINANCE},
    is_about_school=True,
)
permissions.register("inquiries.see", _("See the letters of the schools that concern one"), roles=CENTER_STAFF)
permissions.register("inquiries.see_all", _("See all letters of the schools"), roles=CENTER | {Role.CENTER_AUDITOR})
permissions.register("inquiries.answer", _("Answer letters about the season, days and others"), roles=CENTER)
permissions.register("inquiries.answer_photos", _("Answer letters about photos"), roles=CENTER | {Role.CENTER_REVIEWER})
permissions.register("inquiries.answer_fees", _("Answer letters about fees"), roles=CENTER | {Role.CENTER_FINANCE})
permissions.register(
    "inquiries.answer_prints", _("Answer letters about printing and delivery"), roles=CENTER | {Role.CENTER_PRINTING}
)
