"""What is wrong when a rule fires, in two or three words: for badges, filters and charts.

The rules themselves are named after what is asked ("Eyes open"); on a finding that would read as praise.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _

FAULTS: dict[str, Any] = {
    "unreadable": _("Unreadable"),
    "one_face": _("Not exactly one face"),
    "face_size": _("Face too small"),
    "too_close": _("Too close"),
    "framing": _("Framing to be looked at"),
    "edge": _("Outline to be looked at"),
    "duplicate": _("Perhaps somebody else's picture"),
    "roll": _("Head tilted"),
    "yaw": _("Head turned"),
    "pitch": _("Chin up or down"),
    "sharpness": _("Blurred"),
    "side_light": _("Uneven light"),
    "overexposed": _("Overexposed"),
    "underexposed": _("Too dark"),
    "face_glare": _("Shine on the face"),
    "red_eye": _("Red eyes"),
    "eyes": _("Eyes not open"),
    "gaze": _("Looking away"),
    "mouth": _("Mouth open"),
    "smile": _("Broad smile"),
    "fringe": _("Hair over the brows"),
    "ears": _("Ears covered"),
    "necklace": _("Necklace"),
    "lens_glare": _("Reflection in the glasses"),
    "tinted_lens": _("Tinted glasses"),
    "head_cover": _("Head cover"),
    "mask": _("Mask"),
    "clothes_background": _("Top like the background"),
    "blue_top": _("Blue top"),
    "pattern": _("Busy pattern"),
    "shoulders": _("Shoulders not level"),
    "screen": _("Perhaps a photographed screen"),
    "print_edge": _("Perhaps a photographed print"),
    "beautified": _("Perhaps beautified"),
    "colour": _("False colour"),
}
