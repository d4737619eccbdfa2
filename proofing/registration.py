"""What proofing adds to the portal: permissions, event kinds, badges, navigation, panels."""

from django.utils.translation import gettext_lazy as _

from portal import event_kinds, navigation, panels, permissions, status_badges
from portal.permissions import CENTER, EVERYBODY, SCHOOL
from portal.status_badges import Badge
from proofing.models import Feedback, Proof

permissions.register("proofs.see", _("See who has proofread"), roles=SCHOOL)
permissions.register("proofs.run", _("Open proofreading and settle who did not answer"), roles=SCHOOL)
permissions.register("corrections.see", _("See what students ask to correct"), roles=SCHOOL)
permissions.register("corrections.decide", _("Decide what students ask to correct"), roles=SCHOOL)
permissions.register("feedback.see", _("See feedback forms"), roles=EVERYBODY)
permissions.register("feedback.send", _("Make and send the feedback form"), roles=SCHOOL)
permissions.register("feedback.decide", _("Accept or send back a feedback form"), roles=CENTER)

event_kinds.register_subject("proof", _("Proofreading and feedback"), order=80)
event_kinds.register(
    "proof",
    {
        "proof.confirmed": _("Portrait and data confirmed"),
        "proof.disputed": _("Confirmation taken back for a correction"),
        "feedback.made": _("Feedback form filled in"),
        "feedback.form_downloaded": _("Feedback form downloaded"),
        "feedback.sent": _("Stamped feedback form sent"),
        "feedback.viewed": _("Stamped feedback form looked at"),
        "feedback.accepted": _("Feedback form accepted"),
        "feedback.sent_back": _("Feedback form sent back"),
    },
)
event_kinds.register_states(Proof, _("Proofreading"), subject="proof")
event_kinds.register_states(Feedback, _("Feedback form"), subject="proof")

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
