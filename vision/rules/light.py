"""Focus, and light on the face."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from vision.rules.criteria import ABSOLUTE, LIGHTNESS, POINTS, SHARE, STOPS, Limits, above, below, criterion
from vision.rules.rule import Family, Numbers, Rule, box, boxes, dots, in_order
from vision.verdict import Finding

LIGHT = Family(_("Light and focus"))
EYES = boxes("eye_boxes")

# Gradient energy over that after a blur, in the direction where it is least; or texture. Of eyes, brows, lips, nostrils
# and hairline the second best counts: narrow eyes alone read as low as shaken hands.
sharpness = LIGHT.add(
    Rule(
        "sharpness",
        title=_("Sharpness"),
        label=_("Blurred"),
        sentence=_("The photo is not sharp."),
        advice=_("Wipe the lens, hold the phone steady, tap the face to focus and take the photo again."),
        criteria=(
            criterion(_("Sharpness of the features"), POINTS, "sharpness", reject=below(1.8)),
            criterion(_("Texture of the features"), POINTS, "texture", texture=below(0.33, "reject")),
        ),
        decide=in_order("texture", "reject"),
        places=box("box"),
    )
)

# Lightness of one cheek less that of the other; on dark skin the same shadow is a smaller difference, so the stops
# between them count too.
side_light = LIGHT.add(
    Rule(
        "side_light",
        title=_("Even light on both sides"),
        label=_("Uneven light"),
        sentence=_("One side of the face is much darker than the other."),
        advice=_("Turn towards the window or lamp, so that light falls on both sides alike."),
        criteria=(
            criterion(
                _("Difference between the cheeks"), LIGHTNESS, "side_light", ABSOLUTE, reject=above(20), warn=above(16)
            ),
            criterion(
                _("Difference between the cheeks in stops"), STOPS, "side_stops", ABSOLUTE, stops=above(1.3, "reject")
            ),
        ),
        decide=in_order("stops", "reject", "warn"),
        places=dots("cheeks"),
    )
)

overexposed = LIGHT.add(
    Rule(
        "overexposed",
        title=_("Not overexposed"),
        label=_("Overexposed"),
        sentence=_("The face is too bright; details are lost."),
        advice=_("Move away from strong light, switch off the flash and take the photo again."),
        criteria=(
            criterion(_("Burnt part of the face"), SHARE, "burnt", reject=above(0.06)),
            criterion(_("Lightness of the skin"), LIGHTNESS, "skin", skin=above(94, "reject"), light=above(93, "warn")),
        ),
        decide=in_order("skin", "reject", "light"),
        places=box("box"),
    )
)


def _underexposed(rule: Rule, m: Numbers, limits: Limits) -> Finding | None:
    """Only where the face is dark. In good light, dark skin still has light eyes."""
    return rule.find(m, limits, "warn") if rule.is_exceeded("skin", m, limits) else None


underexposed = LIGHT.add(
    Rule(
        "underexposed",
        title=_("Not too dark"),
        label=_("Too dark"),
        sentence=_("The face is rather dark."),
        advice=_("Go where it is brighter, with the light in front of you."),
        criteria=(
            criterion(_("Lightness of the whites of the eyes"), LIGHTNESS, "eye_white", warn=below(30)),
            criterion(_("Only where the face is darker than"), LIGHTNESS, "face_light", skin=below(28)),
        ),
        decide=_underexposed,
        places=box("box"),
    )
)


def _face_glare(rule: Rule, m: Numbers, limits: Limits) -> Finding | None:
    """Share of white shine on the skin, or light reflected below the eyes. Shine is burnt to white in its middle;
    gauze and pale patches of skin are not.
    """
    shine = rule.find(m, limits, "warn")
    if shine is not None and not rule.is_exceeded("white", m, limits):
        shine = None
    return rule.find(m, limits, "under_eye", places=EYES) or shine


face_glare = LIGHT.add(
    Rule(
        "face_glare",
        title=_("No shine on the face"),
        label=_("Shine on the face"),
        sentence=_("There are bright reflections on the face."),
        advice=_("Avoid direct lamps and flash, and dab your face dry."),
        criteria=(
            criterion(_("Shiny part of the face"), SHARE, "highlights", warn=above(0.035)),
            criterion(_("And the burnt part of the face"), SHARE, "burnt", white=above(0.02)),
            criterion(
                _("Lighter below the eyes than on the cheeks by"), LIGHTNESS, "under_eye", under_eye=above(16, "warn")
            ),
        ),
        decide=_face_glare,
        also_reads=("eye_boxes",),
        places=box("box"),
    )
)
