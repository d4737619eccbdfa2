"""The kinds of notifications that this room sends."""

from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from portal.notification_kinds import NotificationKind, register
from students.models import Correction


def _field_label(code: str) -> object:
    return Correction.Field(code).label


register(
    NotificationKind(
        "correction.asked",
        _("%(student)s asks for a correction"),
        "%(field)s %(explanation)s",
        link=reverse_lazy("proofing:corrections"),
        may="corrections.decide",
        formats={"field": _field_label},
    ),
    NotificationKind(
        "correction.accepted",
        _("Your correction was accepted"),
        "%(field)s %(answer)s",
        formats={"field": _field_label},
    ),
    NotificationKind(
        "correction.declined",
        _("Your correction was declined"),
        "%(field)s %(answer)s",
        formats={"field": _field_label},
    ),
    NotificationKind(
        "student.proof_reopened",
        _("Please proofread once more"),
        _("Your school has changed data that you had confirmed. Look at them again and confirm."),
        link=reverse_lazy("proofing:proof"),
        is_urgent=False,
    ),
    group="data",
)

register(
    NotificationKind(
        "notice_students",
        _("A notice of the center: %(title)s"),
        _("Please read it under “Notices”."),
        link="/me/notices/",
        is_urgent=False,
    ),
    NotificationKind(
        "notice_students_reminder",
        _("Reminder of a notice: %(title)s"),
        _("You have not read or confirmed it yet. It stands under “Notices”."),
        link="/me/notices/",
        is_urgent=False,
    ),
    group="season",
)
