"""What people may do in this room, action by action, and the roles that may: see portal/permissions.py."""

from django.utils.translation import gettext_lazy as _

from portal import permissions
from portal.models import Role
from portal.permissions import EVERYBODY, SCHOOL

permissions.register("students.see", _("See students and their data"), roles=EVERYBODY)
permissions.register("students.export", _("Export students, document numbers masked"), roles=EVERYBODY)
permissions.register(
    "students.export_in_clear", _("Export students with their document numbers"), roles={Role.SCHOOL_ADMIN}
)
permissions.register("students.reveal_number", _("See a document number in clear"), roles=EVERYBODY)
permissions.register("students.change", _("Add, change and remove students"), roles=SCHOOL)
permissions.register("roster.import", _("Import a roster"), roles=SCHOOL)
