"""What people may do in this room, action by action, and the roles that may: see portal/permissions.py."""

from django.utils.translation import gettext_lazy as _

from portal import permissions
from portal.models import Role
from portal.permissions import CENTER, OFFICERS, REVIEWERS, SCHOOL

permissions.register_subject(_("Students"), "students", "roster", "catalogue")
permissions.register(
    "students.see",
    _("See students and their data"),
    roles=OFFICERS | REVIEWERS | {Role.CENTER_AUDITOR},
    in_archive=True,  # a search is a POST
)
permissions.register("students.export", _("Export students, document numbers masked"), roles=OFFICERS, in_archive=True)
permissions.register(
    "students.export_in_clear",
    _("Export students with their document numbers"),
    roles={Role.SCHOOL_ADMIN},
    asks_password=True,
    needs_second_factor=True,
    in_archive=True,
)
permissions.register(
    "students.reveal_number",
    _("See a document number in clear"),
    roles=OFFICERS,
    asks_password=True,
    needs_second_factor=True,
    in_archive=True,
)
permissions.register("students.message", _("Write to the students of a list"), roles=OFFICERS)
permissions.register("students.change", _("Add, change and remove students"), roles=SCHOOL)
permissions.register(
    "students.move", _("Ask for and hand over students who change their school"), roles=OFFICERS, is_about_school=True
)
permissions.register(
    "students.confirm", _("Confirm or refuse students who appear by their capture codes"), roles=SCHOOL
)
permissions.register(
    "catalogue.see", _("See the catalogue of classes, and how students get in"), roles=SCHOOL, in_archive=True
)
permissions.register(
    "catalogue.change",
    _("Choose to hand over no list, and change the catalogue of classes"),
    roles=SCHOOL,
    is_about_school=True,
)
permissions.register("roster.import", _("Import a roster"), roles=SCHOOL, is_about_school=True)
permissions.register("roster.import_many", _("Import one roster for several schools"), roles=CENTER)
permissions.register("roster.settle_clashes", _("Settle document numbers of two schools"), roles=CENTER)
permissions.register(
    "students.erase", _("Erase a student"), roles={Role.CENTER_ADMIN}, asks_password=True, in_archive=True
)
