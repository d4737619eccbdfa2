"""The kinds of notifications that this room sends."""

from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from portal.notification_kinds import NotificationKind, register
from students.models import Correction

PROOF = reverse_lazy("proofing:proof")


def _field_label(code: str) -> object:
    return Correction.Field(code).label


register(
    NotificationKind(
        "correction.asked",
        _("%(student)s asks for a correction"),
        _("%(field)s. %(explanation)s"),
        link=reverse_lazy("proofing:corrections"),
        may="corrections.decide",
        formats={"field": _field_label},
    ),
    NotificationKind(
        "correction.to_accept",
        _("A correction of %(student)s waits for a second person"),
        "%(field)s",
        link=reverse_lazy("proofing:corrections"),
        may="corrections.accept",
        formats={"field": _field_label},
    ),
    NotificationKind(
        "correction.to_accept_center",
        _("A correction at %(school)s waits for a second person of the center"),
        _("The school has only one person who may accept it."),
        link=reverse_lazy("proofing:center_corrections"),
        may="corrections.accept",
    ),
    NotificationKind(
        "correction.to_print_again",
        _("A printed student of %(school)s was corrected"),
        _("The sheet is to be printed again."),
        link="/center/printing/again/",
        may="prints.order",
        is_urgent=False,
    ),
    NotificationKind(
        "correction.opened",
        _("Your details are being corrected"),
        _("%(field)s. You see each step here; add a picture of the document if you are asked for it."),
        link=PROOF,
        is_urgent=False,
        formats={"field": _field_label},
    ),
    NotificationKind(
        "correction.checked",
        _("Your correction was compared with the evidence"),
        _("%(field)s. A second person decides now."),
        link=PROOF,
        is_urgent=False,
        formats={"field": _field_label},
    ),
    NotificationKind(
        "correction.accepted",
        _("Your correction was accepted"),
        _("%(field)s. %(answer)s"),
        link=PROOF,
        formats={"field": _field_label},
    ),
    NotificationKind(
        "correction.declined",
        _("Your correction was declined"),
        _("%(field)s. %(answer)s"),
        link=PROOF,
        formats={"field": _field_label},
    ),
    NotificationKind(
        "correction.withdrawn",
        _("A correction of your details was withdrawn"),
        _("%(field)s. %(answer)s"),
        link=PROOF,
        is_urgent=False,
        formats={"field": _field_label},
    ),
    NotificationKind(
        "correction.printed_again",
        _("Your photos are printed again with the corrected data"),
        _("You will be told again when they have arrived at your school."),
        link=PROOF,
        is_urgent=False,
    ),
    NotificationKind(
        "school_change.asked",
        _("%(school)s asks for a student of yours"),
        _("%(student)s is said to have moved to that school. Hand the student over, or say why not."),
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
        _("Photo, fee and proofreading went along. What is printed has changed, so it must be proofread again."),
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
        _("You are now on the roster of %(school)s"),
        _("Your photo and your fee went along. From now on sign in with your student number there."),
        link="/me/",
    ),
    NotificationKind(
        "appearance.confirmed",
        _("Your school has confirmed you"),
        _("Class and student number are right. Go on here."),
        link="/me/",
        is_urgent=False,
    ),
    NotificationKind(
        "appearance.refused",
        _("Your school has not confirmed you"),
        "%(reason)s",
        link="/me/",
    ),
    NotificationKind(
        "student.proof_reopened",
        _("Please proofread once more"),
        _("Your school has changed details that you had confirmed. Please check and confirm them again."),
        link=PROOF,
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
