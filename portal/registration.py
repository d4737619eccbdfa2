"""What the room portal registers: actions, event kinds, badges and menu entries."""

from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from portal import event_kinds, history, notification_kinds, permissions
from portal.accounts.second_factor import label_of
from portal.history import nightly  # noqa: F401  (a kind of job)
from portal.models import Delivery, Job, Look, Notification, Role, SignIn
from portal.models.people import role_labels
from portal.notification_kinds import NotificationKind
from portal.notifications.channels import inbox, templates
from portal.pages import navigation, panels, status_badges
from portal.pages.status_badges import Badge
from portal.permissions import ALL_ROLES, CENTER, CENTER_STAFF, OFFICERS, SCHOOL
from portal.privacy import (
    job_files,
    retention,
    unnamed_files,  # noqa: F401  (a kind of job)
)
from portal.security import sessions  # noqa: F401  (notes when somebody signs in)
from portal.storages import checks  # noqa: F401  (what `check --deploy` asks)
from portal.watching import own_signs  # noqa: F401  (what operators watch)

ADMINS = frozenset({Role.CENTER_ADMIN, Role.SCHOOL_ADMIN})
# Who starts long work, or is told when it failed.
WORKING = OFFICERS | {Role.CENTER_PRINTING}

NOT_ASKED = _("If you did not ask for this, tell your administrator or the center at once.")

permissions.register_subject(
    _("People and the portal"),
    "people",
    "sessions",
    "permissions",
    "history",
    "looks",
    "visits",
    "retention",
    "operation",
    "messages",
    "jobs",
)
permissions.register_subject(_("Messages"), "deliveries", "texts")
permissions.register("people.see", _("See the people"), roles=OFFICERS | {Role.CENTER_AUDITOR})
permissions.register("people.manage", _("Manage accounts"), roles=ADMINS, asks_password=True, in_archive=True)
permissions.register("sessions.see", _("See and end their own sessions"), roles=ALL_ROLES)
permissions.register("permissions.see", _("See who may do what"), roles=ALL_ROLES)
permissions.register("history.see", _("Read the history"), roles=OFFICERS | {Role.CENTER_AUDITOR})
permissions.register(
    "visits.make",
    _("See the portal of a school as its administrator does"),
    roles=CENTER,
    asks_password=True,
    needs_second_factor=True,
    in_archive=True,
)
permissions.register("retention.see", _("See how long data is kept"), roles={Role.CENTER_ADMIN})
permissions.register(
    "operation.see", _("See how the machine and its servers are"), roles={Role.CENTER_ADMIN}, in_archive=True
)
permissions.register("looks.see", _("See unusual looks at students' data"), roles=ADMINS, is_about_school=True)
permissions.register("deliveries.see", _("See what was sent by which channel"), roles=CENTER)
permissions.register("deliveries.retry", _("Have messages sent again that failed"), roles=CENTER)
permissions.register("texts.edit", _("Change the texts of messages"), roles={Role.CENTER_ADMIN})
permissions.register(
    "messages.read",
    _("Read their own messages"),
    roles=CENTER_STAFF | SCHOOL | {Role.SCHOOL_REVIEWER, Role.SCHOOL_FINANCE},
    in_archive=True,
)
permissions.register("jobs.see", _("See own long work and take what it made"), roles=WORKING | {Role.CENTER_FINANCE})
permissions.register("jobs.see_others", _("See the long work of others"), roles=WORKING)
# Retrying starts the work again, and some kinds of jobs only an administrator may start. Dismissing
# only hides a job.
permissions.register("jobs.retry", _("Start failed work again"), roles=ADMINS)
permissions.register("jobs.dismiss", _("Take failed work off the overview"), roles=WORKING)

notification_kinds.register(
    NotificationKind(
        "account.link_renewed",
        _("A new link for your account was made"),
        format_lazy("{}\n{}", _("By %(by)s; your old password no longer works."), NOT_ASKED),
    ),
    NotificationKind(
        "account.email_changed",
        _("The e-mail address of your account was changed"),
        format_lazy("{}\n{}", _("By %(by)s, to %(email)s."), NOT_ASKED),
    ),
    NotificationKind(
        "account.roles_changed",
        _("Your roles were changed"),
        _("By %(by)s. You are now: %(roles)s."),
        link="/people/permissions/",
        formats={"roles": role_labels},
    ),
    NotificationKind(
        "account.factor_added",
        _("A second step for signing in was set up"),
        format_lazy("{}\n{}", _("It is: %(factor)s. Your other sessions have ended."), NOT_ASKED),
        formats={"factor": label_of},
    ),
    NotificationKind(
        "account.factor_removed",
        _("A second step for signing in was removed"),
        format_lazy("{}\n{}", _("It was: %(factor)s. Your other sessions have ended."), NOT_ASKED),
        formats={"factor": label_of},
    ),
    NotificationKind(
        "account.recovery_code_used",
        _("A recovery code of your account was used"),
        format_lazy("{}\n{}", _("It works only once."), NOT_ASKED),
    ),
    NotificationKind(
        "account.second_factor_removed",
        _("The second step of your account was removed"),
        format_lazy("{}\n{}", _("By %(by)s. Set up a new one at your next sign-in. Reason: %(reason)s"), NOT_ASKED),
        formats={"by": lambda name: _("the operator") if name == history.SYSTEM.actor_name else name},
    ),
    NotificationKind(
        "account.new_place",
        _("Your account was used in a new place"),
        _(
            "Signed in from the network address %(address)s with %(device)s. If this was not you, end the session under"
            " “My sessions” and change your password."
        ),
        link="/people/sessions/",
    ),
    NotificationKind(
        "attack.account",
        _("Someone is trying to sign in as %(name)s"),
        _(
            "%(number)s attempts with a wrong password failed today. Further ones are slowed down; nobody is shut out. If"
            " this was not %(name)s, choose a long password and set up the second step."
        ),
    ),
    NotificationKind(
        "counters_differ",
        ngettext_lazy(
            "The counters differ from their rows in %(n)d group",
            "The counters differ from their rows in %(n)d groups",
            "n",
        ),
        _("Figures of the dashboard may be wrong. Please call the operator: manage.py check_counters --repair."),
        link="/center/",
        may="history.see",
    ),
    NotificationKind(
        "attack.second_step",
        _("Somebody knows the password of %(name)s"),
        _(
            "After the right password %(number)s wrong codes were entered today. If this was not %(name)s, change the"
            " password at once. Further attempts are slowed down; who signs in where they did before is not held up."
        ),
        link="/accounts/password/change/",
    ),
    NotificationKind(
        "attack.address",
        _("Many attempts to sign in from %(address)s"),
        _(
            "%(number)s of them failed today. A campus may have one address: look into the history whether one name or"
            " many were tried, and block the address at the firewall if it is nobody's."
        ),
        link="/center/history/",
    ),
    NotificationKind(
        "account.sessions_ended",
        _("You were signed out everywhere"),
        format_lazy("{}\n{}", _("By %(by)s. Sign in again with your password."), NOT_ASKED),
    ),
    group=notification_kinds.ACCOUNT,
)

notification_kinds.register(
    NotificationKind(
        "message",
        "%(subject)s",
        format_lazy("%(body)s\n\n{}", _("Written by %(sender)s.")),
        is_urgent=False,
    ),
    group="season",
)

event_kinds.register_subject("person", _("People"), order=30)
event_kinds.register_subject("job", _("Jobs"), order=100)
event_kinds.register(
    "person",
    {
        "person.invited": _("Account made"),
        "person.signed_in": _("Signed in"),
        "person.sign_in_failed": _("Sign-in failed: wrong password"),
        "person.changed": _("Details of a person changed"),
        "person.role_changed": _("Roles or limits changed"),
        "person.sessions_ended": _("Open sessions ended"),
        "person.link_renewed": _("New sign-in link made"),
        "person.switched_off": _("Account switched off"),
        "person.switched_on": _("Account switched on"),
        "person.password_changed": _("Password changed"),
        "person.email_changed": _("E-mail address changed by the person"),
        "person.made_contact": _("Person made responsible for the capture"),
        "person.totp_added": _("Second step: app set up"),
        "person.totp_removed": _("Second step: app removed by the person"),
        "person.webauthn_added": _("Second step: passkey added"),
        "person.webauthn_removed": _("Second step: passkey removed by the person"),
        "person.recovery_codes_added": _("Second step: new recovery codes made"),
        "person.second_factor_removed": _("Lost second step removed"),
        "person.second_factor_failed": _("Sign-in failed: wrong code of the second step"),
        "person.recovery_code_used": _("Signed in or confirmed with a recovery code"),
    },
)
event_kinds.register_subject("notificationtext", _("Texts of messages"), order=105)
event_kinds.register(
    "notificationtext",
    {
        "notificationtext.changed": _("Text of a message changed"),
        "notificationtext.removed": _("Text of a message taken back"),
    },
)
event_kinds.register(
    "job",
    {
        "job.downloaded": _("File of a job downloaded"),
        "job.dismissed": _("Failed job taken off the overview"),
        "job.data_deleted": _("Data deleted that was kept long enough"),
    },
)
event_kinds.register_subject("visit", _("Visits of the center to this portal"), order=35)
event_kinds.register(
    "visit",
    {
        "visit.begun": _("The center began to look at the portal as the school sees it"),
        "visit.page": _("The center looked at a page as the school sees it"),
        "visit.ended": _("The center's look at the portal ended"),
    },
)
event_kinds.register_states(Job, _("Job"), subject="job")
event_kinds.register_facts(
    {
        "file": _("File"),
        "name": _("Name"),
        "username": _("User name"),
        "reason": _("Reason"),
        "page": _("Page"),
        "minutes": _("Minutes"),
        "roles": _("Roles"),
        "outcome": _("Outcome"),
        "language": _("Language"),
    },
    pages={"page"},
    hidden={"job"},
    values={"language": dict(settings.LANGUAGES)},
)

status_badges.register(
    Delivery,
    {
        Delivery.Status.QUEUED: Badge("", "clock"),
        Delivery.Status.SENDING: Badge("sky", "arrow-path"),
        Delivery.Status.SENT: Badge("ok", "check"),
        Delivery.Status.FAILED: Badge("act", "x-circle"),
    },
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


def unread_of(request: Any) -> QuerySet[Notification] | None:
    """The messages that the person of the request has not read. Those of a visitor are not the school's."""
    return None if request.visit else inbox.unread(request.membership.user)


navigation.register("school", "portal:school_people", _("People"), "users", order=90)
navigation.register("school", "portal:messages", _("Messages"), "bell", order=100, counted=unread_of)
navigation.register("school", "portal:school_history", _("History"), "clock", order=110)
navigation.register("center", "portal:center_people", _("People"), "users", order=120)
navigation.register("center", "portal:center_messages", _("Messages"), "bell", order=125, counted=unread_of)
navigation.register("center", "portal:history", _("History"), "clock", order=130)
navigation.register("center", "portal:deliveries", _("Messages sent"), "paper-airplane", order=135)
navigation.register_tab("center.deliveries", "portal:deliveries", _("Messages sent"), order=10)
navigation.register_tab("center.deliveries", "portal:notification_texts", _("Texts of messages"), order=20)
if any(map(templates.is_simulated, settings.MESSAGE_CHANNELS)):
    navigation.register_tab("center.deliveries", "portal:simulated_messages", _("Message simulator"), order=30)
navigation.register("center", "portal:center_looks", _("Unusual access"), "eye", order=140)
navigation.register("school", "portal:school_looks", _("Unusual access"), "eye", order=120)
navigation.register("center", "portal:retention", _("Retention"), "archive-box-x-mark", order=150)
navigation.register("center", "portal:operation", _("Operation"), "server-stack", order=160)

retention.register(
    "looks",
    _("Who looked at data of students"),
    setting="KEEP_LOOKS_DAYS",
    due=lambda before: Look.objects.filter(at__lt=before).count(),
    delete=lambda before: Look.objects.filter(at__lt=before).delete()[0],
)
retention.register(
    "messages",
    _("Messages, with the addresses that they went to"),
    setting="KEEP_MESSAGES_DAYS",
    due=lambda before: Notification.objects.filter(created_at__lt=before).count(),
    delete=lambda before: Notification.objects.filter(created_at__lt=before).delete()[0],
)
retention.register(
    "sign_ins",
    _("Where and with what people signed in"),
    setting="KEEP_SIGN_INS_DAYS",
    due=lambda before: SignIn.objects.filter(seen_at__lt=before).count(),
    delete=lambda before: SignIn.objects.filter(seen_at__lt=before).delete()[0],
)
retention.register(
    "archives",
    _("Archives and lists that somebody asked for"),
    setting="KEEP_ARCHIVES_DAYS",
    due=lambda before: job_files.old(before).count(),
    delete=job_files.delete_old,
)
retention.register(
    "sessions",
    _("Sessions that are over"),
    setting="KEEP_SESSIONS_DAYS",
    due=lambda before: Session.objects.filter(expire_date__lt=before).count(),
    delete=lambda before: Session.objects.filter(expire_date__lt=before).delete()[0],
)
panels.add_panel("center.callouts", "portal:panel_counters", label=_("Proof of the counters"), order=20)
