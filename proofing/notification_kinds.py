"""The notifications of proofing."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from portal.notification_kinds import NotificationKind, register

FEEDBACK = "/school/feedback/"
DUE = ngettext_lazy(
    "Due on %(day)s. Not confirmed yet: %(students)d student. A late form delays the registration of your graduates.",
    "Due on %(day)s. Not confirmed yet: %(students)d students. A late form delays the registration of your graduates.",
    "students",
)

register(
    NotificationKind(
        "feedback.accepted",
        _("The center has accepted your feedback form"),
        ngettext_lazy(
            "The photos of %(n)d student are going to be printed.",
            "The photos of %(n)d students are going to be printed.",
            "n",
        ),
        link=FEEDBACK,
        may="feedback.see",
    ),
    NotificationKind(
        "feedback.sent_back",
        _("The center has sent your feedback form back"),
        "%(reason)s",
        link=FEEDBACK,
        may="feedback.see",
    ),
    NotificationKind(
        "feedback.due",
        ngettext_lazy(
            "%(n)d working day left for the feedback form", "%(n)d working days left for the feedback form", "n"
        ),
        DUE,
        link=FEEDBACK,
        may="feedback.see",
    ),
    NotificationKind("feedback.overdue", _("The feedback form is overdue"), DUE, link=FEEDBACK, may="feedback.see"),
    NotificationKind(
        "proof.due",
        _("Please check your portrait and your details"),
        _("Confirm them by %(day)s, or say what is wrong."),
        link="/me/proof/",
        is_urgent=False,
    ),
    group="data",
)
