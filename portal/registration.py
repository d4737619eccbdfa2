"""What the room portal registers: actions, event kinds, badges and menu entries."""

from django.utils.translation import gettext_lazy as _

from portal import event_kinds, navigation, permissions, status_badges
from portal.context import count_unread
from portal.models import Job, Role
from portal.permissions import EVERYBODY, SCHOOL
from portal.status_badges import Badge

permissions.register("people.see", _("See the people"), roles=EVERYBODY)
permissions.register("people.manage", _("Manage accounts"), roles={Role.CENTER_ADMIN, Role.SCHOOL_ADMIN})
permissions.register("history.see", _("Read the history"), roles=EVERYBODY)
permissions.register(
    "looks.see", _("See unusual looks at students' data"), roles={Role.CENTER_ADMIN, Role.SCHOOL_ADMIN}
)
permissions.register("messages.read", _("Read the school's messages"), roles=SCHOOL)
permissions.register("jobs.see", _("See long work and take what it made"), roles=EVERYBODY)
# Retrying starts the work again, and some kinds of jobs only an administrator may start. Dismissing
# only hides a job.
permissions.register("jobs.retry", _("Start failed work again"), roles={Role.CENTER_ADMIN, Role.SCHOOL_ADMIN})
permissions.register("jobs.dismiss", _("Take failed work off the overview"), roles=EVERYBODY)

event_kinds.register_subject("person", _("People"), order=30)
event_kinds.register_subject("job", _("Jobs"), order=100)
event_kinds.register(
    "person",
    {
        "person.invited": _("Account made"),
        "person.signed_in": _("Signed in"),
        "person.sign_in_failed": _("Sign-in failed: wrong password"),
        "person.changed": _("Details of a person changed"),
        "person.role_changed": _("Role changed"),
        "person.link_renewed": _("New sign-in link made"),
        "person.switched_off": _("Account switched off"),
        "person.switched_on": _("Account switched on"),
        "person.made_contact": _("Person made responsible for the capture"),
    },
)
event_kinds.register(
    "job",
    {
        "job.downloaded": _("File of a job downloaded"),
        "job.dismissed": _("Failed job taken off the overview"),
    },
)
event_kinds.register_states(Job, _("Job"), subject="job")
event_kinds.register_facts(
    {
        "file": _("File"),
        "name": _("Name"),
        "username": _("User name"),
        "reason": _("Reason"),
        "outcome": _("Outcome"),
    }
)

status_badges.register(
    Job,
    {
        Job.Status.QUEUED: Badge("", "clock"),
        Job.Status.RUNNING: Badge("sky", "arrow-path"),
        Job.Status.DONE: Badge("ok", "check"),
        Job.Status.FAILED: Badge("act", "x-circle"),
    },
)

navigation.register("school", "portal:school_people", _("People"), "users", order=90)
navigation.register("school", "portal:messages", _("Messages"), "bell", order=100, count=count_unread)
navigation.register("school", "portal:school_history", _("History"), "clock", order=110)
navigation.register("center", "portal:center_people", _("People"), "users", order=120)
navigation.register("center", "portal:history", _("History"), "clock", order=130)
navigation.register("center", "portal:center_looks", _("Unusual looks"), "eye", order=140)
navigation.register("school", "portal:school_looks", _("Unusual looks"), "eye", order=120)
