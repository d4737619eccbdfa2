"""What this room adds to the portal: badges, navigation, panels, jobs."""

from django.utils.translation import gettext_lazy as _

from portal import navigation, panels, status_badges
from portal.status_badges import Badge
from proofing.models import Feedback, Proof
from students.privacy import own_data

status_badges.register(
    Proof,
    {
        Proof.Status.CONFIRMED: Badge("ok", "check-badge"),
        Proof.Status.DISPUTED: Badge("look", "pencil-square"),
    },
)
status_badges.register(
    Feedback,
    {
        Feedback.Status.MADE: Badge("", "document-text"),
        Feedback.Status.SENT: Badge("look", "inbox-arrow-down"),
        Feedback.Status.ACCEPTED: Badge("ok", "check"),
        Feedback.Status.SENT_BACK: Badge("act", "arrow-uturn-left"),
    },
)

navigation.register("school", "proofing:proofs", _("Proofreading"), "check-badge", order=40)
navigation.register("school", "proofing:feedback", _("Feedback form"), "document-check", order=50)
navigation.register("center", "proofing:center_feedback", _("Feedback"), "document-check", order=80)
panels.add_panel(
    "center.dashboard",
    "proofing:panel_feedback",
    page="proofing:center_feedback",
    label=_("Feedback forms"),
    order=70,
    css="foot",
)

own_data.register("proof", lambda student: list(Proof.objects.filter(student=student).values("status", "photo_id")))
