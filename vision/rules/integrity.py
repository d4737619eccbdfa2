"""Signs of a re-shot or retouched picture. They only warn, because only a person may lock an
account.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from vision.rules.cover import mask
from vision.rules.criteria import CHROMA, CORNERS, HUE, POINTS, TIMES, Limits, above, below, criterion
from vision.rules.light import overexposed, sharpness
from vision.rules.rule import Family, Numbers, Rule, Variant, box, boxes
from vision.verdict import Finding

INTEGRITY = Family(_("Re-shot and beautified photos: only a person may lock"))
FACE = box("box")


def _screen(rule: Rule, m: Numbers, limits: Limits) -> Finding | None:
    """The strongest peak of the spectrum over its surroundings. A blurred photo has an empty
    spectrum in which small peaks stand out, so its limit is higher.
    """
    return rule.find(m, limits, "blurred" if sharpness.check(m, limits) else "warn")


screen = INTEGRITY.add(
    Rule(
        "screen",
        title=_("Not photographed from a screen"),
        label=_("Perhaps a photographed screen"),
        sentence=_("The photo may have been taken from a screen."),
        advice=_("Have a real person photographed, not a screen. A reviewer will look at this photo."),
        criteria=(
            criterion(
                _("Grid of a display, peak over surroundings"),
                TIMES,
                "screen",
                warn=above(1.5),
                blurred=above(1.65, "warn", text=_("To be looked at above, if blurred")),
            ),
        ),
        depends_on=("sharpness",),
        decide=_screen,
        places=FACE,
        can_lock=True,
    )
)

# Only a border that closes below the face, across the chest: what stands behind a person is hidden there.
print_edge = INTEGRITY.add(
    Rule(
        "print_edge",
        title=_("Not photographed from a print"),
        label=_("Perhaps a photographed print"),
        sentence=_("The photo may have been taken from a printed picture."),
        advice=_("Have a real person photographed, not a print. A reviewer will look at this photo."),
        criteria=(
            criterion(_("Corners of a border that closes below the face"), CORNERS, "frame_corners", warn=above(0)),
        ),
        places=boxes("frame_lines"),
        can_lock=True,
    )
)


def _beautified(rule: Rule, m: Numbers, limits: Limits) -> Finding | None:
    """Judged only when the photo is sharp and the face is bare."""
    return None if sharpness.check(m, limits) or mask.check(m, limits) else rule.find(m, limits, "warn")


beautified = INTEGRITY.add(
    Rule(
        "beautified",
        title=_("Not beautified"),
        label=_("Perhaps beautified"),
        sentence=_("The skin looks smoothed by a beauty filter."),
        advice=_("Switch off beauty mode and filters. A reviewer will look at this photo."),
        criteria=(criterion(_("Fine detail of the skin"), POINTS, "skin_detail", warn=below(1.1)),),
        depends_on=("sharpness", "mask"),
        decide=_beautified,
        places=FACE,
        can_lock=True,
    )
)


def _colour(rule: Rule, m: Numbers, limits: Limits) -> Finding | None:
    """A picture that has no colour anywhere is rejected. Skin of an unlikely hue or chroma warns,
    unless a mask covers it: very pale people have lips, clothes and a room in colour. Burnt skin has
    lost its hue.
    """
    if m.get("skin_chroma") is None or m.get("skin_hue") is None or mask.check(m, limits):
        return None
    rejected = rule.find(m, limits, "reject") if rule.is_exceeded("grey", m, limits) else None
    hue = () if overexposed.check(m, limits) else ("hue_low", "hue_high")
    return rejected or rule.find(m, limits, "pale", *hue, "warn")


colour = INTEGRITY.add(
    Rule(
        "colour",
        title=_("True colour"),
        label=_("False colour"),
        sentence=_("The colours look unnatural."),
        advice=_("Switch off filters and use daylight or white light."),
        criteria=(
            criterion(
                _("Strength of the skin's colour"),
                CHROMA,
                "skin_chroma",
                reject=below(5),
                pale=below(5, "warn", text=_("To be looked at below, if the picture has colour")),
                warn=above(68),
            ),
            criterion(
                _("And: strongest colours of the picture"),
                CHROMA,
                "picture_chroma",
                grey=below(8, text=_("Counts as grey below")),
            ),
            criterion(_("Hue of the skin"), HUE, "skin_hue", hue_low=below(12, "warn"), hue_high=above(80, "warn")),
        ),
        depends_on=("mask", "overexposed"),
        decide=_colour,
        places=FACE,
        variant=Variant(
            lambda finding: finding.outcome == "reject",
            sentence=_("The photo has no colour: a black-and-white photo, a drawing or a copy."),
            advice=_("Photograph yourself in colour, with the camera and without filters."),
        ),
    )
)
