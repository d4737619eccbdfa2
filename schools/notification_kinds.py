"""The kinds of notifications that this room sends."""

from django.utils.translation import gettext_lazy as _

from portal.notification_kinds import NotificationKind, register

DAYS = _("%(starts_on)s to %(ends_on)s. Reason: %(reason)s")
MAKE_UP = _("%(starts_on)s to %(ends_on)s, for students without an accepted photo.")
SCHEDULE = "/school/schedule/"

LETTER, SUBJECT = _("%(school)s has written to the center"), "%(subject)s"

register(
    NotificationKind(
        "exception.granted", _("The center has granted your school more days for the capture"), DAYS, link="/school/"
    ),
    NotificationKind(
        "exception.changed", _("The center has changed the days that it granted your school"), DAYS, link="/school/"
    ),
    NotificationKind(
        "exception.withdrawn", _("The center has withdrawn the days that it granted your school"), DAYS, link="/school/"
    ),
    NotificationKind(
        "days_request.asked",
        _("%(school)s asks for other days"),
        DAYS,
        may="season.except_school",
    ),
    NotificationKind(
        "days_request.granted",
        _("The center has granted the days that your school asked for"),
        _("%(starts_on)s to %(ends_on)s. %(answer)s"),
        link=SCHEDULE,
        may="schedule.see",
    ),
    NotificationKind(
        "days_request.changed",
        _("The center has granted other days than your school asked for"),
        _("%(starts_on)s to %(ends_on)s. %(answer)s"),
        link=SCHEDULE,
        may="schedule.see",
    ),
    NotificationKind(
        "days_request.refused",
        _("The center does not grant the days that your school asked for"),
        _("%(starts_on)s to %(ends_on)s. Answer: %(answer)s"),
        link=SCHEDULE,
        may="schedule.see",
    ),
    NotificationKind(
        "make_up.set",
        _("The center has given your area make-up days"),
        MAKE_UP,
        link=SCHEDULE,
        may="schedule.see",
    ),
    NotificationKind(
        "make_up.changed",
        _("The make-up days of your area have changed"),
        MAKE_UP,
        link=SCHEDULE,
        may="schedule.see",
    ),
    NotificationKind(
        "make_up.removed",
        _("The make-up days of your area do not take place"),
        MAKE_UP,
        link=SCHEDULE,
        may="schedule.see",
    ),
    NotificationKind(
        "notice",
        _("A notice of the center: %(title)s"),
        _("Please read it in the portal."),
        is_urgent=False,
        may="notices.read",
    ),
    NotificationKind(
        "notice_corrected",
        _("A notice of the center has changed: %(title)s"),
        _("Please read the new version in the portal; what has changed is stated at the top."),
        is_urgent=False,
        may="notices.read",
    ),
    NotificationKind(
        "notice_reminder",
        _("Reminder of a notice: %(title)s"),
        _("The center has not heard from your school yet. Please read the notice, and confirm it if it asks for that."),
        is_urgent=False,
        may="notices.read",
    ),
    NotificationKind(
        "notice_reminder_by",
        _("Reminder of a notice: %(title)s"),
        _("The center expects your school's confirmation by %(day)s."),
        is_urgent=False,
        may="notices.read",
    ),
    NotificationKind("inquiry_general", LETTER, SUBJECT, may="inquiries.answer"),
    NotificationKind("inquiry_photos", LETTER, SUBJECT, may="inquiries.answer_photos"),
    NotificationKind("inquiry_fees", LETTER, SUBJECT, may="inquiries.answer_fees"),
    NotificationKind("inquiry_prints", LETTER, SUBJECT, may="inquiries.answer_prints"),
    NotificationKind("inquiry_answered", _("The center has answered you"), SUBJECT, may="inquiries.write"),
    group="season",
)
