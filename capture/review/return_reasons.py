"""Ready-made reasons for returning a photo or locking an account: what is wrong and what the
student has to do."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Reason:
    """`rules`: the photo rules that the reason speaks of; none for what no rule looks at."""

    name: str
    title: Any
    sentence: Any
    rules: tuple[str, ...] = ()


ANOTHER = ("same_person", "same_face")
# In the order of the photo rules in the notice (annex 2). The keys 1 to 9 choose the first nine.
RETURNING = (
    Reason(
        "light",
        _("Light"),
        _("The light on your face is uneven. Face a window and take the photo again."),
        ("side_light", "overexposed", "underexposed", "face_glare", "red_eye", "colour"),
    ),
    Reason(
        "pose",
        _("Pose"),
        _("Sit upright, keep your shoulders level and look straight into the camera."),
        ("roll", "yaw", "pitch", "gaze", "shoulders"),
    ),
    Reason(
        "hair",
        _("Hair"),
        _("Your hair covers your brows, eyes or ears. Brush it aside or tie it back."),
        ("fringe", "ears"),
    ),
    Reason(
        "glasses",
        _("Glasses"),
        _("Your glasses reflect light, are tinted or cover your eyes. Change the angle or take them off."),
        ("lens_glare", "tinted_lens"),
    ),
    Reason("ornaments", _("Ornaments"), _("Take off earrings, necklaces and hair ornaments."), ("necklace",)),
    Reason(
        "expression",
        _("Expression"),
        _("Keep a calm face with both eyes open and your lips closed."),
        ("eyes", "mouth", "smile"),
    ),
    Reason(
        "clothes",
        _("Clothes"),
        _("Wear a plain top that is not blue and stands out from the background."),
        ("clothes_background", "blue_top", "pattern"),
    ),
    Reason("cover", _("Head cover"), _("Take off your hat, hair band or mask."), ("head_cover", "mask")),
    Reason(
        "outline",
        _("Outline"),
        _("The outline of your hair is not clean. Stand before a plain, bright wall."),
        ("edge",),
    ),
    Reason(
        "focus",
        _("Sharpness"),
        _("The photo is not sharp or the face is too small. Hold the phone still and come nearer."),
        ("sharpness", "face_size"),
    ),
    Reason(
        "room",
        _("Room around"),
        _("Your head or shoulders do not fit in the picture. Stand back a little, alone before the wall."),
        ("too_close", "framing", "one_face", "clothes_seen", "upright"),
    ),
    Reason("makeup", _("Make-up"), _("Please come without make-up or sunscreen.")),
    Reason("person", _("Another person"), _("The photo does not show you. Take your own photo."), ANOTHER),
)
LOCKING = (
    Reason(
        "reshot",
        _("Re-shot photo"),
        _("The photo was taken of another photo or a screen, which is forbidden."),
        ("screen", "print_edge", "live"),
    ),
    Reason(
        "beautified",
        _("Beautified"),
        _("The face was changed by beauty software, which is forbidden."),
        ("beautified",),
    ),
    Reason("impostor", _("Another person"), _("The photo shows another person."), ANOTHER),
    Reason(
        "copied",
        _("The same picture as another student's"),
        _("This is the picture of another student. Every student has to be photographed in person."),
        ("duplicate",),
    ),
)
REASONS = {reason.name: reason for reason in (*RETURNING, *LOCKING)}


def names_in(text: str) -> list[str]:
    """The names of the ready-made reasons whose sentence stands in `text`, in the active language: the reviewer's, in which
    the page offered them.
    """
    return [reason.name for reason in REASONS.values() if str(reason.sentence) in text]
