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
        "school_change.asked",
        _("%(school)s asks for a student of yours"),
        _("%(student)s is said to have changed to that school. Hand the student over, or say why not."),
        link="/school/roster/moves/",
        may="students.move",
    ),
    NotificationKind(
        "school_change.asked_center",
        _("%(school)s asks for a student of %(giving)s"),
        link="/center/moves/",
        may="students.move",
        is_urgent=False,
    ),
    NotificationKind(
        "school_change.refused",
        _("%(student)s is not handed over"),
        _("Reason: %(reason)s"),
        link="/school/roster/moves/",
        may="students.move",
    ),
    NotificationKind(
        "school_change.moved",
        _("%(student)s has moved from %(giving)s to %(school)s"),
        _("Photo, fee and proofreading went along. What is printed has changed, so it is proofread again."),
        link="/school/roster/moves/",
        may="students.move",
    ),
    NotificationKind(
        "school_change.moved_center",
        _("%(student)s has moved from %(giving)s to %(school)s"),
        _("A settlement that named the student is followed by a supplement."),
        link="/center/moves/",
        may="students.move",
        is_urgent=False,
    ),
    NotificationKind(
        "school_change.student",
        _("You are on the roster of %(school)s now"),
        _("Your photo and your fee went along. From now on sign in with your student number there."),
        link="/me/",
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
