"""What this room registers in the portal: permissions, events, badges, navigation, panels."""

from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext_lazy as _

from portal import event_kinds, language, navigation, panels, permissions, status_badges
from portal.models import Role
from portal.permissions import EVERYBODY, SCHOOL
from portal.status_badges import Badge
from portal.tenancy import school_scope
from students import student_access, tasks  # noqa: F401  (tasks registers kinds of jobs)
from students.models import Correction, RosterImport, Student

permissions.register("students.see", _("See students and their data"), roles=EVERYBODY)
permissions.register("students.export", _("Export students, document numbers masked"), roles=EVERYBODY)
permissions.register(
    "students.export_in_clear", _("Export students with their document numbers"), roles={Role.SCHOOL_ADMIN}
)
permissions.register("students.reveal_number", _("See a document number in clear"), roles=EVERYBODY)
permissions.register("students.change", _("Add, change and remove students"), roles=SCHOOL)
permissions.register("roster.import", _("Import a roster"), roles=SCHOOL)

event_kinds.register_subject("roster", _("Roster"), order=40)
event_kinds.register_subject("student", _("Students"), order=50)
event_kinds.register(
    "roster",
    {
        "correction.asked": _("Correction asked for"),
        "rosterimport.uploaded": _("Roster uploaded"),
        "rosterimport.wrong_rows": _("Wrong rows of a roster downloaded"),
        "roster.exported": _("Roster exported"),
        "roster.imported": _("Roster imported"),
    },
)
event_kinds.register(
    "student",
    {
        "student.revealed": _("Document number looked at"),
        "student.added": _("Student put on the roster"),
        "student.changed": _("Data of the student changed"),
        "student.removed": _("Student taken off the roster"),
        "student.proof_reopened": _("Proofreading opened again, since the data changed"),
        "student.correction_asked": _("Correction asked for"),
        "student.correction_accepted": _("Correction accepted"),
        "student.correction_declined": _("Correction declined"),
    },
)
event_kinds.register_states(Student, _("Student"), subject="student", is_one_of_many=True)
event_kinds.register_states(RosterImport, _("Roster"), subject="roster")
event_kinds.register_states(Correction, _("Correction"), subject="roster")
event_kinds.register_facts(
    {
        "id_number": _("Document number"),
        "import": _("Import no."),
        "correction": _("Correction no."),
        "format": _("Format"),
        "in_clear": _("Document numbers in clear"),
        "count": _("Number"),
        "new": _("New"),
        "changed": _("Changed"),
        "unchanged": _("Unchanged"),
        "wrong": _("Wrong"),
        "students": _("Students"),
    },
    hidden={"student"},
)

status_badges.register(
    Student,
    {
        Student.Stage.WAITING: Badge("", "clock"),
        Student.Stage.CHECKING: Badge("sky", "arrow-path"),
        Student.Stage.RETAKE: Badge("act", "arrow-uturn-left"),
        Student.Stage.READY: Badge("sky", "paper-airplane"),
        Student.Stage.REVIEW: Badge("look", "eye"),
        Student.Stage.APPROVED: Badge("ok", "check"),
        Student.Stage.PROOFED: Badge("ok", "check-badge"),
        Student.Stage.PRINTED: Badge("ok", "printer"),
        Student.Stage.DELIVERED: Badge("ok", "truck"),
    },
)
status_badges.register(
    Student,
    {
        Student.FeeState.UNPAID: Badge("look", "banknotes"),
        Student.FeeState.PAID: Badge("ok", "check-circle"),
        Student.FeeState.BY_SCHOOL: Badge("", "building-library"),
    },
)
status_badges.register(
    RosterImport,
    {
        RosterImport.Status.READING: Badge("sky", "arrow-path"),
        RosterImport.Status.PREVIEW: Badge("look", "eye"),
        RosterImport.Status.REFUSED: Badge("act", "x-circle"),
        RosterImport.Status.APPLYING: Badge("sky", "arrow-path"),
        RosterImport.Status.DONE: Badge("ok", "check"),
        RosterImport.Status.DROPPED: Badge("", "x-mark"),
    },
)
status_badges.register(
    Correction,
    {
        Correction.Status.OPEN: Badge("look", "pencil-square"),
        Correction.Status.ACCEPTED: Badge("ok", "check"),
        Correction.Status.DECLINED: Badge("", "x-circle"),
    },
)

navigation.register("school", "students:roster", _("Roster"), "table-cells", order=20)
navigation.register("center", "students:center_students", _("Students"), "academic-cap", order=40)
panels.add_panel(
    "center.dashboard",
    "students:panel_figures",
    page="students:center_students",
    label=_("Students"),
    order=10,
    css="wide",
)
panels.add_panel(
    "center.dashboard", "students:panel_matrix", page="schools:schools", label=_("Areas by stage"), order=20, css="main"
)
panels.add_panel(
    "center.dashboard", "students:panel_schools", page="schools:schools", label=_("Schools"), order=40, css="main"
)
panels.add_panel(
    "school.overview",
    "students:panel_classes",
    page="students:roster",
    label=_("Progress by class"),
    order=10,
    css="main",
)
panels.add_panel("center.school", "students:panel_school", order=10)


@receiver(language.chosen_by_switch)
def remember_language(request: Any, language: str, **_signal: Any) -> None:
    """Store the language for later notifications to the student."""
    student = student_access.session_student(request)
    if student is not None:
        with school_scope(student.school):
            Student.objects.filter(pk=student.pk).update(language=language)
