"""Hair, glasses, ornaments and whatever else covers the head."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from vision.rules.criteria import (
    CHROMA,
    COLOUR,
    IN_BARE_FACES,
    IN_EYES,
    LIGHTNESS,
    PERCENT,
    SHARE,
    TIMES,
    Limits,
    above,
    below,
    criterion,
    is_above,
)
from vision.rules.light import sharpness
from vision.rules.rule import Family, Numbers, Rule, box, boxes, dots
from vision.verdict import Finding

COVER = Family(_("Hair, glasses, cover"))
EYES, FOREHEAD = boxes("eye_boxes"), box("forehead_box")
LIPS_LIKE_CHIN = 8.0
GREY_CHROMA = 5.0
SKIN_HUE = (12.0, 72.0)
CHIN_HUE = (0.0, 80.0)
GAUZE_DARKER = -10.0  # L
PALE = 0.5  # of the chroma of the skin: cloth and gauze have less


def _fringe(rule: Rule, m: Numbers, limits: Limits) -> Finding | None:
    """Little skin on the forehead, or more fine detail than on the cheeks. Fair hair has such
    detail too.

    One of the two must be clear to reject; when both are found, lower limits are enough. Strands
    and thin fringes only warn, and so does cloth: a head cover, a bandage, a plaster, whose edge
    alone has detail. Behind a mask the skin cannot be measured.
    """
    if mask.check(m, limits):
        return None
    is_hairy = rule.is_exceeded("hairy", m, limits)
    if (_is_pale_forehead(m) and not is_hairy) or head_cover.check(m, limits):
        return rule.find(m, limits, "warn", "strands")
    plain = rule.find(m, limits, "detail") if rule.is_exceeded("hair", m, limits) else None
    if plain is None and is_hairy:
        plain = rule.find(m, limits, "partly")
    return plain or rule.find(m, limits, "reject", "warn", "strands")


def _is_pale_forehead(m: Numbers) -> bool:
    """The forehead is about as light as the cheeks, or lighter, and has little of their colour."""
    light: float | None = m.get("forehead_light")
    if light is None:
        return False
    is_pale: bool = light > GAUZE_DARKER and m["forehead_chroma"] < PALE * m["skin_chroma"]
    return is_pale


def _mask(rule: Rule, m: Numbers, limits: Limits) -> Finding | None:
    """The place of the lips is no redder than the chin and has its colour, the chin has no colour of
    skin (patches without pigment do), and the face has two colours. A grey picture has none.
    """
    finding = rule.find(m, limits, "reject")
    if finding is None or m["lip_distance"] > LIPS_LIKE_CHIN or _is_skin_of_chin(m):
        return None
    if max(m["skin_chroma"], m["forehead_chroma"]) < GREY_CHROMA:
        return None
    return finding if _is_two_coloured(rule, m, limits) else None


def _is_skin_of_chin(m: Numbers) -> bool:
    has_hue: bool = CHIN_HUE[0] < m["chin_hue"] < CHIN_HUE[1]
    return has_hue and m["chin_chroma"] > PALE * max(m["skin_chroma"], m["forehead_chroma"])


def _is_two_coloured(rule: Rule, m: Numbers, limits: Limits) -> bool:
    """Whether the face has two colours. One of three cases:

    The chin is unlike the cheeks. Or the cheeks are unlike the forehead and have no hue of skin
    (hair or shine on a dark forehead differs as much). Or the cheeks have no colour in a picture
    that has colour.
    """
    if is_above(limits.get(rule.name, "chin"), m["chin_distance"]):
        return True
    is_skin = SKIN_HUE[0] < m["skin_hue"] < SKIN_HUE[1]
    if not is_skin and is_above(limits.get(rule.name, "forehead"), m["forehead_distance"]):
        return True
    grey = limits.get(rule.name, "cheek_chroma")
    return grey is not None and m["skin_chroma"] < grey and m["forehead_chroma"] > 2 * m["skin_chroma"]


GLASSES = criterion(_("Only with glasses: strength of their signs"), IN_BARE_FACES, "glasses", worn=above(0.85))


def _in_glasses(rule: Rule, m: Numbers, limits: Limits) -> Finding | None:
    return rule.find(m, limits, "warn") if rule.is_exceeded("worn", m, limits) else None


def _fringe_score(m: Numbers) -> float:
    score: float = m["forehead_detail"] - m["forehead_skin"]
    return score


fringe = COVER.add(
    Rule(
        "fringe",
        title=_("Forehead and brows free"),
        label=_("Hair over the brows"),
        sentence=_("Hair covers the forehead or the brows."),
        advice=_("Brush the fringe aside so that both brows are seen."),
        criteria=(
            criterion(
                _("Skin seen on the forehead"),
                SHARE,
                "forehead_skin",
                reject=below(0.25),
                partly=below(0.35, "reject", text=_("Not accepted below, if the detail is high too")),
                warn=below(0.6),
            ),
            criterion(
                _("Fine detail of the forehead over that of the cheeks"),
                TIMES,
                "forehead_detail",
                detail=above(3.5, "reject"),
                hairy=above(2.4, text=_("High is the detail above")),
                strands=above(2.7, "warn"),
            ),
            criterion(
                _("The same, in the middle half of the forehead"),
                TIMES,
                "forehead_hair",
                hair=above(1.5, text=_("Counts as hair above")),
            ),
        ),
        depends_on=("mask", "head_cover", "sharpness"),
        decide=_fringe,
        also_reads=("forehead_light", "forehead_chroma", "skin_chroma"),
        score=_fringe_score,
        places=FOREHEAD,
    )
)

# Only plain cases, the others are left to the reviewer.
ears = COVER.add(
    Rule(
        "ears",
        title=_("Ears visible"),
        label=_("Ears covered"),
        sentence=_("Hair may be covering the ears."),
        advice=_("Tuck your hair behind the ears."),
        criteria=(criterion(_("Skin seen beside the cheeks"), SHARE, "ear_skin", warn=below(0.23)),),
        places=dots("cheeks"),
    )
)

necklace = COVER.add(
    Rule(
        "necklace",
        title=_("No necklace"),
        label=_("Necklace"),
        sentence=_("There seems to be a necklace."),
        advice=_("Take off necklaces and chains."),
        criteria=(criterion(_("Bright thin lines on both sides of the neck"), IN_EYES, "necklace", warn=above(0.65)),),
        places=box("neck_box"),
    )
)

lens_glare = COVER.add(
    Rule(
        "lens_glare",
        title=_("No reflection in the glasses"),
        label=_("Reflection in the glasses"),
        sentence=_("The glasses reflect light."),
        advice=_("Tilt your glasses or move the lamp a little, or take the glasses off."),
        criteria=(
            criterion(_("Largest white spot before an eye"), IN_EYES, "lens_glare", warn=above(0.005)),
            GLASSES,
        ),
        decide=_in_glasses,
        places=EYES,
    )
)

tinted_lens = COVER.add(
    Rule(
        "tinted_lens",
        title=_("No tinted glasses"),
        label=_("Tinted glasses"),
        sentence=_("The glasses seem to be tinted or to throw a shadow."),
        advice=_("Wear clear lenses or take the glasses off."),
        criteria=(
            criterion(
                _("Skin and whites of the eyes darker than the cheeks by"), LIGHTNESS, "lens_shade", warn=above(15)
            ),
            GLASSES,
        ),
        decide=_in_glasses,
        places=EYES,
    )
)


def _head_cover(rule: Rule, m: Numbers, limits: Limits) -> Finding | None:
    """Colours that no hair has, or cloth that closes below the chin, or no strands where hair should
    be. A blurred photo has no strands anywhere.
    """
    return rule.find(m, limits, "warn", "around", *(() if sharpness.check(m, limits) else ("smooth",)))


# Small and thin covers in the colours of hair are not seen. Only a warning: faith and medicine allow a cover.
head_cover = COVER.add(
    Rule(
        "head_cover",
        title=_("No head cover"),
        label=_("Head cover"),
        sentence=_("Something seems to cover the head."),
        advice=_("Take off hats, caps and hair bands."),
        criteria=(
            criterion(_("Colours of no hair above the forehead"), SHARE, "cover_colour", warn=above(0.22)),
            criterion(
                _("The same colour above, beside and below the face"), SHARE, "cover_around", around=above(0.5, "warn")
            ),
            criterion(_("Strands above the forehead"), PERCENT, "strands", smooth=below(3.3, "warn")),
        ),
        depends_on=("sharpness",),
        decide=_head_cover,
        places=box("crown_box"),
    )
)

mask = COVER.add(
    Rule(
        "mask",
        title=_("No mask"),
        label=_("Mask"),
        sentence=_("A mask covers the face."),
        advice=_("Take off the mask."),
        criteria=(
            criterion(_("Redness where lips should be"), COLOUR, "lip_redness", reject=below(2.5)),
            criterion(_("And: chin unlike the cheeks by"), COLOUR, "chin_distance", chin=above(20)),
            criterion(_("Or: cheeks unlike the forehead by"), COLOUR, "forehead_distance", forehead=above(15)),
            criterion(_("Or: cheeks with less colour than"), CHROMA, "skin_chroma", cheek_chroma=below(8)),
        ),
        decide=_mask,
        also_reads=("lip_distance", "forehead_chroma", "skin_hue", "chin_hue", "chin_chroma"),
        places=box("mouth_box"),
    )
)
