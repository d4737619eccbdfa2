"""How the events of this room read in the history: see portal/event_kinds.py."""

from django.utils.translation import gettext_lazy as _

from portal import event_kinds
from proofing.models import Feedback, Proof

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
