"""How the events of this room read in the history: see portal/event_kinds.py."""

from django.utils.translation import gettext_lazy as _

from portal import event_kinds
from students.models import Appearance, Correction, RosterBundle, RosterImport, SchoolChange, Student

event_kinds.register_subject("roster", _("Roster"), order=40)
event_kinds.register_subject("student", _("Students"), order=50)
event_kinds.register(
    "roster",
    {
        "correction.asked": _("Correction asked for"),
        "correction.evidence_added": _("Evidence of a correction added"),
        "correction.evidence_seen": _("Evidence of a correction looked at"),
        "correction.printed_again": _("Sheet printed again after a correction"),
        "rosterimport.uploaded": _("Roster uploaded"),
        "rosterbundle.uploaded": _("Roster of several schools uploaded"),
        "rosterimport.assigned": _("Columns of a roster assigned"),
        "rosterimport.changes": _("Changes of a roster downloaded"),
        "rosterimport.wrong_rows": _("Wrong rows of a roster downloaded"),
        "roster.headings_changed": _("Remembered headings of the roster changed"),
        "roster.number_elsewhere": _("Document number refused: another school has it"),
        "roster.clashes_settled": _("Document numbers of two schools settled"),
        "roster.exported": _("Roster exported"),
        "roster.imported": _("Roster imported"),
        "catalogue.changed": _("Catalogue of classes changed"),
    },
)
event_kinds.register(
    "student",
    {
        "student.messaged_many": _("Message to students sent"),
        "student.revealed": _("Document number looked at"),
        "student.number_tried": _("Document number refused: this student has it"),
        "student.added": _("Student put on the roster"),
        "student.appeared": _("Student appeared by a capture code"),
        "student.appeared_elsewhere": _("Appeared at another school, after this one had not confirmed"),
        "student.changed": _("Data of the student changed"),
        "schoolchange.asked": _("Student of another school asked for"),
        "student.not_elsewhere": _("Asked for a student whom no other school has"),
        "student.change_asked": _("Asked for by another school"),
        "student.moved_away": _("Moved to another school"),
        "student.moved_here": _("Came from another school"),
        "student.came_back": _("Student on the roster again"),
        "student.removed": _("Student taken off the roster"),
        "student.erased": _("Student erased"),
        "student.proof_reopened": _("Proofreading opened again, since the data changed"),
        "student.to_print_again": _("To be printed again: what stands on the sheet was corrected"),
    },
)
event_kinds.register("school", {"enrolment.list_chosen": _("Chosen whether a list is handed over")})
event_kinds.register("job", {"job.keys_rotated": _("Document numbers rewritten with the newest key")})
event_kinds.register_actors("student", Student)
event_kinds.register_states(Student, _("Student"), subject="student", is_one_of_many=True)
event_kinds.register_states(RosterImport, _("Roster"), subject="roster")
event_kinds.register_states(RosterBundle, _("Roster of several schools"), subject="roster")
event_kinds.register_states(Correction, _("Correction"), subject="roster")
event_kinds.register_states(Appearance, _("Confirmation"), subject="student", is_one_of_many=True)
event_kinds.register_states(SchoolChange, _("Change of school"), subject="student")
event_kinds.register_facts(
    {
        "id_number": _("Document number"),
        "import": _("Import no."),
        "correction": _("Correction no."),
        "corrections": _("Corrections taken along"),
        "school_change": _("Change of school no."),
        "photos": _("Photos"),
        "order": _("Order number"),
        "moved_fen": _("Money taken along"),
        "settled": _("Settlement that named the student"),
        "proof": _("Proofread again"),
        "format": _("Format"),
        "in_clear": _("Document numbers in clear"),
        "count": _("Number"),
        "new": _("New"),
        "changed": _("Changed"),
        "unchanged": _("Unchanged"),
        "wrong": _("Wrong"),
        "students": _("Students"),
        "unreadable": _("Unreadable"),
        "whole": _("The whole record"),
        "school": _("School"),
        "removed": _("Removed"),
        "hands_over_list": _("A list is handed over"),
        "stated_students": _("Number of students that the school states"),
    },
    hidden={"student", "earlier"},
)
