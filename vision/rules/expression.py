"""Eyes and mouth."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from vision.rules.criteria import (
    ABSOLUTE,
    ACROSS_EYES,
    IN_EYE_WIDTHS,
    IN_EYES,
    IN_IRISES,
    LIGHT_OF_SKIN,
    LIGHTNESS,
    Limits,
    above,
    below,
    criterion,
)
from vision.rules.rule import Family, Numbers, Rule, box, boxes, in_order
from vision.verdict import Finding

EXPRESSION = Family(_("Eyes and expression"))
EYES, MOUTH = boxes("eye_boxes"), box("mouth_box")

# Redness of the pupil beyond that of its iris: brown irises are redder than their pupils in any light. One pupil must
# be plainly red, two a little. Whether a flash was fired is not asked: shots of the camera page and photos out of chats
# do not say, and the pupils tell it by themselves.
red_eye = EXPRESSION.add(
    Rule(
        "red_eye",
        title=_("No red eyes"),
        label=_("Red eyes"),
        sentence=_("The eyes look red from the flash."),
        advice=_("Switch off the flash and take the photo in daylight."),
        criteria=(
            criterion(
                _("Redness of one pupil beyond its iris"),
                LIGHT_OF_SKIN,
                "red_eye",
                reject=above(0.25),
                warn=above(0.18),
            ),
            criterion(
                _("Redness of both pupils beyond their irises"), LIGHT_OF_SKIN, "red_eyes", both=above(0.12, "reject")
            ),
        ),
        decide=in_order("reject", "both", "warn"),
        places=EYES,
    )
)


def _eyes(rule: Rule, m: Numbers, limits: Limits) -> Finding | None:
    """Narrow open eyes have a gap of 0.53. Above the limit that rejects, only a slit is rejected:
    an eye that is low for its width too.

    Where one eye is plainly open, the other may be missing, bandaged or lame: a human looks. The
    lids are guessed where no iris is seen.
    """
    if rule.is_exceeded("open", m, limits) and not rule.is_exceeded("unseen", m, limits):
        return rule.find(m, limits, "warn", "aspect")
    finding = rule.find(m, limits, "reject", "warn")
    if finding is None:
        return rule.find(m, limits, "aspect")
    slit = rule.find(m, limits, "slit") if finding.outcome == "warn" else None
    return slit or finding


eyes = EXPRESSION.add(
    Rule(
        "eyes",
        title=_("Eyes open"),
        label=_("Eyes not open"),
        sentence=_("The eyes are not fully open."),
        advice=_("Open your eyes naturally and look at the lens."),
        criteria=(
            criterion(_("Gap of the lids"), IN_IRISES, "eye_opening", reject=below(0.45), warn=below(0.52)),
            criterion(
                _("Height of the eye"),
                IN_EYE_WIDTHS,
                "eye_aspect",
                aspect=below(0.18, "warn"),
                slit=below(0.175, "reject", text=_("Not accepted below, if the lids are low too")),
            ),
            criterion(
                _("Gap of the lids of the wider eye"),
                IN_IRISES,
                "wider_eye",
                open=above(0.65, text=_("One eye is open above: the other is only looked at")),
            ),
            criterion(
                _("Iris of that eye darker than the white by"),
                LIGHTNESS,
                "wider_eye_contrast",
                unseen=below(12, text=_("It does not count as open below")),
            ),
        ),
        decide=_eyes,
        places=EYES,
    )
)


def _gaze(rule: Rule, m: Numbers, limits: Limits) -> Finding | None:
    """Rejected only where both irises are seen and go the same way, and both eyes are open: one alone may squint, be of
    glass or lie under a patch.
    """
    if eyes.check(m, limits) or not (rule.is_exceeded("seen", m, limits) and rule.is_exceeded("shared", m, limits)):
        return rule.find(m, limits, "warn")
    return rule.find(m, limits, "reject", "warn")


gaze = EXPRESSION.add(
    Rule(
        "gaze",
        title=_("Looking into the camera"),
        label=_("Looking away"),
        sentence=_("The eyes are not looking into the camera."),
        advice=_("Look straight into the lens."),
        criteria=(
            criterion(
                _("Irises off the middle"),
                IN_EYE_WIDTHS,
                "gaze",
                ABSOLUTE,
                reject=above(0.07),
                warn=above(0.06),
            ),
            criterion(
                _("Only where both irises are to the same side by"),
                IN_EYE_WIDTHS,
                "gaze_shared",
                ABSOLUTE,
                shared=above(0.017),
            ),
            criterion(
                _("And where both irises are darker than the white by"), LIGHTNESS, "iris_contrast", seen=above(8)
            ),
        ),
        depends_on=("eyes",),
        decide=_gaze,
        places=EYES,
    )
)

mouth = EXPRESSION.add(
    Rule(
        "mouth",
        title=_("Mouth closed"),
        label=_("Mouth open"),
        sentence=_("The mouth is open or teeth are showing."),
        advice=_("Close your lips and keep a calm expression without showing teeth."),
        criteria=(criterion(_("Gap of the lips"), IN_EYES, "mouth_gap", reject=above(0.07), warn=above(0.06)),),
        places=MOUTH,
    )
)

smile = EXPRESSION.add(
    Rule(
        "smile",
        title=_("Calm expression"),
        label=_("Broad smile"),
        sentence=_("The smile is rather broad."),
        advice=_("Relax your face; a slight smile with closed lips is fine."),
        criteria=(criterion(_("Width of the mouth"), ACROSS_EYES, "smile", warn=above(0.69)),),
        places=MOUTH,
    )
)
