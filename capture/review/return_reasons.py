"""Ready-made reasons for returning a photo or locking an account: what is wrong and what the
student has to do."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Reason:
    name: str
    title: Any
    sentence: Any


# In the order of the photo rules in the notice (annex 2). The keys 1 to 9 choose the first nine.
RETURNING = (
    Reason("light", _("Light"), _("The light on your face is uneven. Face a window and take the photo again.")),
    Reason("pose", _("Pose"), _("Sit upright, keep your shoulders level and look straight into the camera.")),
    Reason("hair", _("Hair"), _("Your hair covers your brows, eyes or ears. Brush it aside or tie it back.")),
    Reason(
        "glasses",
        _("Glasses"),
        _("Your glasses reflect light, are tinted or cover your eyes. Change the angle or take them off."),
    ),
    Reason("ornaments", _("Ornaments"), _("Take off earrings, necklaces and hair ornaments.")),
    Reason("expression", _("Expression"), _("Keep a calm face with both eyes open and your lips closed.")),
    Reason("clothes", _("Clothes"), _("Wear a plain top that is not blue and stands out from the background.")),
    Reason("cover", _("Head cover"), _("Take off your hat, hair band or mask.")),
    Reason("outline", _("Outline"), _("The outline of your hair is not clean. Stand before a plain, bright wall.")),
    Reason("makeup", _("Make-up"), _("Please come without make-up or sunscreen.")),
    Reason("person", _("Another person"), _("The photo does not show you. Take your own photo.")),
)
LOCKING = (
    Reason("reshot", _("Re-shot photo"), _("The photo was taken of another photo or a screen, which is forbidden.")),
    Reason("beautified", _("Beautified"), _("The face was changed by beauty software, which is forbidden.")),
    Reason("impostor", _("Another person"), _("The photo shows another person.")),
    Reason(
        "copied",
        _("The same picture as another student's"),
        _("This is the picture of another student. Every student has to be photographed in person."),
    ),
)
