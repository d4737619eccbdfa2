"""Clothes and posture."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from vision.rules.cover import head_cover
from vision.rules.criteria import ABSOLUTE, DEGREES, FACES, SHARE, Limits, above, below, criterion
from vision.rules.rule import Family, Numbers, Rule, box, dots
from vision.verdict import Finding

CLOTHES = Family(_("Clothes and posture"))
TOP = box("clothes_box")

# Compared with the background that the portrait will get.
clothes_background = CLOTHES.add(
    Rule(
        "clothes_background",
        title=_("Clothes unlike the background"),
        label=_("Top like the background"),
        sentence=_("The clothes have nearly the colour of the portrait's background."),
        advice=_("Wear a top of a clearly different, darker colour."),
        criteria=(
            criterion(_("Clothes coloured like the background"), SHARE, "clothes_{background}", reject=above(0.5)),
        ),
        places=TOP,
    )
)

# With less in view, the other rules of clothes have nothing to read.
clothes_seen = CLOTHES.add(
    Rule(
        "clothes_seen",
        title=_("Clothes in view"),
        label=_("Clothes not in view"),
        sentence=_("Too little of the clothes is in the photo."),
        advice=_("Step back until collar and shoulders are in the photo."),
        criteria=(criterion(_("Clothes in view"), FACES, "clothes_seen", warn=below(0.03)),),
        places=dots("shoulder_points"),
    )
)


def _blue_top(rule: Rule, m: Numbers, limits: Limits) -> Finding | None:
    """A headscarf falls over the clothes: in blue it is looked at."""
    return rule.find(m, limits, *(("warn",) if head_cover.check(m, limits) else ("reject", "warn")))


# Navy is dark enough to stand out. A little blue is a person's to judge: a lining, an open jacket.
blue_top = CLOTHES.add(
    Rule(
        "blue_top",
        title=_("No blue top"),
        label=_("Blue top"),
        sentence=_("A blue top is not allowed."),
        advice=_("Wear a top that is not blue."),
        criteria=(
            criterion(_("Clear blue in the clothes"), SHARE, "clothes_hue_blue", reject=above(0.45), warn=above(0.25)),
        ),
        depends_on=("head_cover", "sharpness"),
        decide=_blue_top,
        places=TOP,
    )
)

pattern = CLOTHES.add(
    Rule(
        "pattern",
        title=_("No busy pattern"),
        label=_("Busy pattern"),
        sentence=_("The clothes have a busy pattern."),
        advice=_("Wear a plain top."),
        criteria=(criterion(_("Pattern in the clothes"), SHARE, "pattern", warn=above(0.5)),),
        places=TOP,
    )
)

shoulders = CLOTHES.add(
    Rule(
        "shoulders",
        title=_("Shoulders level"),
        label=_("Shoulders not level"),
        sentence=_("The shoulders are not level."),
        advice=_("Stand straight with both shoulders at the same height."),
        criteria=(criterion(_("Slope of the shoulders"), DEGREES, "shoulders", ABSOLUTE, warn=above(7)),),
        places=dots("shoulder_points"),
    )
)
