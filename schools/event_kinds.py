"""How the events of this room read in the history: see portal/event_kinds.py."""

from django.utils.translation import gettext_lazy as _

from portal import event_kinds
from schools.models import DaysRequest, Enrolment, Inquiry, Notice, Season

event_kinds.register_subject("season", _("Season and days"), order=10)
event_kinds.register_subject("school", _("Schools"), order=20)
event_kinds.register_subject("notice", _("Notices and letters"), order=25)
event_kinds.register(
    "season",
    {
        "season.created": _("Season made"),
        "season.changed": _("Terms of the season changed"),
        "season.timetable": _("Days of the areas changed"),
        "season.open": _("Season opened"),
        "season.closed": _("Capture of the season closed"),
        "season.archived": _("Season put into the archive"),
        "season.unarchived": _("Season taken out of the archive"),
        "area.created": _("Area added"),
        "area.changed": _("Area changed"),
        "area.removed": _("Area removed"),
        "window.added": _("Make-up days given to an area"),
        "window.changed": _("Make-up days of an area changed"),
        "window.removed": _("Make-up days of an area removed"),
        "exception.granted": _("Exception granted"),
        "exception.changed": _("Exception changed"),
        "exception.withdrawn": _("Exception withdrawn"),
        "days_request.asked": _("School asked for other days"),
        "group_days.added": _("Days given to a college or class"),
        "group_days.removed": _("Days of a college or class removed"),
        "calendar.opened": _("Address of the calendar made"),
        "calendar.ended": _("Address of the calendar ended"),
    },
)
event_kinds.register(
    "school",
    {
        "school.added": _("School added to the register"),
        "school.changed": _("Entry of the school changed"),
        "school.messaged": _("Message to the school sent"),
        "school.exported": _("Schools exported with their contact persons"),
        "enrolment.created": _("School takes part in the season"),
        "enrolment.withdrawn": _("School taken out of the season"),
        "enrolment.changed": _("Settings of the school changed"),
    },
)
event_kinds.register(
    "notice",
    {
        "notice.created": _("Notice drafted"),
        "notice.changed": _("Draft of a notice changed"),
        "notice.corrected": _("New version of a notice published"),
        "notice.file_added": _("File attached to a notice"),
        "notice.file_dropped": _("File taken off a notice"),
        "notice.confirmed": _("School confirmed a notice"),
        "notice.reminded": _("Reminded of a notice"),
        "notice.exported": _("Readers of a notice exported"),
    },
)
event_kinds.register("notice", {"inquiry.asked": _("School wrote to the center")})
event_kinds.register_states(Inquiry, _("Letter"), subject="notice")
event_kinds.register_states(DaysRequest, _("Request for days"), subject="season")
event_kinds.register_states(Notice, _("Notice"), subject="notice")
event_kinds.register_states(Season, _("Season"), subject="season")
event_kinds.register_states(Enrolment, _("School in the season"), subject="school")
event_kinds.register_facts(
    {
        "days": _("Days"),
        "area": _("Area"),
        "hours": _("Hours"),
        "code": _("Code"),
        "notice_version": _("version"),
        "change": _("what has changed"),
    },
    dates={"days"},
)
