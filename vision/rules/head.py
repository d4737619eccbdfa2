"""Who is in the photo, how large the face is, and how the head is held."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from vision.rules.criteria import ABSOLUTE, DEGREES, IN_FACES, PIXELS, Limits, above, below, criterion
from vision.rules.rule import Family, Numbers, Rule, Variant, box, clip, dots
from vision.verdict import Finding

FRAMING = Family(_("Framing"))


def _one_face(rule: Rule, m: Numbers, limits: Limits) -> Finding | None:
    """Nobody in a photo that is upright, or another face wider than a share of the main face. `value` is the number of faces."""
    if m.get("faces", 0) == 0:
        return None if m.get("lies") else Finding(rule.name, "reject", 0.0, 1.0)
    if not rule.is_exceeded("reject", m, limits):
        return None
    marks = tuple(("box", *(clip(v) for v in corners)) for corners in m.get("other_boxes", ()))
    return Finding(rule.name, "reject", float(m["faces"]), 1.0, marks)


one_face = FRAMING.add(
    Rule(
        "one_face",
        title=_("One face"),
        label=_("Not exactly one face"),
        sentence=_("There is more than one person in the photo."),
        advice=_("Have the photo taken alone, with nobody else in view."),
        criteria=(criterion(_("Width of somebody else's face"), IN_FACES, "other_face", reject=above(0.25)),),
        decide=_one_face,
        needs_face=False,
        also_reads=("faces", "other_boxes", "lies"),
        variant=Variant(
            lambda finding: not finding.value,
            sentence=_("No face was found in the photo."),
            advice=_("Take the photo in good light, with your whole face in view and nothing covering it."),
            drawing="nobody",
            prevents_portrait=True,
        ),
    )
)

# In px of the original: below the limit the portrait would be enlarged.
face_size = FRAMING.add(
    Rule(
        "face_size",
        title=_("Size of the face"),
        label=_("Face too small"),
        sentence=_("The face is too small in the photo."),
        advice=_(
            "Come closer: 40 to 50 cm from the phone, your arm a little bent. Or use the main camera at full resolution."
        ),
        criteria=(criterion(_("Width of the face, cheek to cheek"), PIXELS, "face_width", reject=below(240)),),
        places=box("box"),
    )
)

roll = FRAMING.add(
    Rule(
        "roll",
        title=_("Head upright"),
        label=_("Head tilted"),
        sentence=_("The head is tilted."),
        advice=_("Hold your head upright, with both eyes at the same height."),
        criteria=(criterion(_("Tilt of the head"), DEGREES, "roll", ABSOLUTE, reject=above(8), warn=above(5.5)),),
        places=dots("eyes"),
    )
)

yaw = FRAMING.add(
    Rule(
        "yaw",
        title=_("Facing the camera"),
        label=_("Head turned"),
        sentence=_("The head is turned to one side."),
        advice=_("Face the camera straight on, so that both ears are seen alike."),
        criteria=(criterion(_("Turn of the head"), DEGREES, "yaw", ABSOLUTE, reject=above(9.5), warn=above(8)),),
        places=box("box"),
    )
)

pitch = FRAMING.add(
    Rule(
        "pitch",
        title=_("Chin neither up nor down"),
        label=_("Chin up or down"),
        sentence=_("The chin is raised or lowered."),
        advice=_("Hold the phone at the height of your eyes and keep your chin level."),
        criteria=(criterion(_("Chin up or down"), DEGREES, "pitch", ABSOLUTE, warn=above(17)),),
        places=box("box"),
    )
)
