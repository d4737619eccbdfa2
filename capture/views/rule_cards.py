"""The photo rules for students (annex 2 of the notice), each with a drawing."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from capture.judging.explanations import drawing_path


@dataclass(frozen=True)
class RuleCard:
    drawing: str
    title: Any
    text: Any

    @property
    def picture(self) -> str:
        """The path of a drawing that shows the right way beside the mistake."""
        return drawing_path(f"{self.drawing}-pair")


RULE_CARDS = (
    RuleCard("side_light", _("Light"), _("Face a window by day. No direct sun, no lamp from one side, no flash.")),
    RuleCard(
        "roll",
        _("Pose"),
        _("Upright, shoulders level. The phone at eye height, 40 to 50 cm away: your arm a little bent."),
    ),
    RuleCard("mouth", _("Expression"), _("Both eyes open, lips closed, a calm and natural face.")),
    RuleCard("fringe", _("Hair"), _("Brows, eyes and ears are free of hair.")),
    RuleCard(
        "lens_glare", _("Glasses"), _("Wear them if you always do: clear, without reflection, frame off the eyes.")
    ),
    RuleCard(
        "ornaments", _("Ornaments"), _("No earrings, necklace, hat or hair band. Better no make-up or sunscreen.")
    ),
    RuleCard("blue_top", _("Clothes"), _("A plain top that is not blue and not like the background.")),
    RuleCard(
        "screen", _("No photo of a photo"), _("Photos of prints or screens, and beauty filters, lock your account.")
    ),
)
