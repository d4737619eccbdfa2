"""What each rule reads, for people who set its limits: the measure in words, its unit, and on which side a limit lies.

The groups are those of `vision.rules`. A rule or limit that is not described here is still shown, under its own name.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext_lazy as _

import vision

ABOVE, BELOW = "above", "below"


@dataclass(frozen=True)
class Unit:
    """`most`: the widest a limit may be set; None has no end."""

    words: Any = ""
    most: float | None = None


DEGREES, HUE = Unit(_("degrees"), 90), Unit(_("degrees of hue"), 180)
SHARE, LIGHTNESS, SIDES = Unit(_("share, 0 to 1"), 1), Unit(_("lightness, 0 to 100"), 100), Unit(_("sides"), 4)
PIXELS, STOPS, CHROMA = Unit(_("px")), Unit(_("stops")), Unit(_("chroma"))
BITS = Unit(_("bits of 512"), 256)
IN_EYES, COLOUR, RATIO, NONE = Unit(_("eye distances")), Unit(_("colour distance")), Unit(_("ratio")), Unit()


@dataclass(frozen=True)
class Gauge:
    """One measure and its limits: {name of the limit: the side on which a photo is found}. `measure` with a leading "|"
    is read without its sign, with "-" turned about; "{background}" stands for the season's."""

    title: Any
    unit: Unit
    measure: str
    limits: Mapping[str, str]

    def read(self, measures: Mapping[str, Any], *, background: str) -> float | None:
        """The value that the rule compares; None when it was not taken."""
        return self.reading(measures.get(self.key(background)))

    def key(self, background: str) -> str:
        """Under which name the measure is stored."""
        return self.measure.lstrip("|-").format(background=background)

    def reading(self, stored: Any) -> float | None:
        """What the rule compares of a stored value; of L, a, b of the skin the lightness."""
        value = stored[0] if isinstance(stored, list) and stored else stored
        if value is None or value == []:
            return None
        return abs(value) if self.measure[0] == "|" else -value if self.measure[0] == "-" else float(value)


def over(title: Any, unit: Unit, measure: str, *limits: str) -> Gauge:
    return Gauge(title, unit, measure, dict.fromkeys(limits, ABOVE))


def under(title: Any, unit: Unit, measure: str, *limits: str) -> Gauge:
    return Gauge(title, unit, measure, dict.fromkeys(limits, BELOW))


GAUGES: dict[str, tuple[Gauge, ...]] = {
    "one_face": (over(_("Face of somebody else, in widths of the main face"), RATIO, "other_face", "reject"),),
    "face_size": (under(_("Width of the face, cheek to cheek"), PIXELS, "face_width", "reject"),),
    "roll": (over(_("Tilt of the head"), DEGREES, "|roll", "reject", "warn"),),
    "yaw": (over(_("Turn of the head"), DEGREES, "|yaw", "reject", "warn"),),
    "pitch": (over(_("Chin up or down"), DEGREES, "|pitch", "warn"),),
    "sharpness": (
        under(_("Sharpness of the eyes"), RATIO, "sharpness", "reject"),
        under(_("Texture of the eyes"), RATIO, "texture", "texture"),
    ),
    "side_light": (
        over(_("Difference between the cheeks"), LIGHTNESS, "|side_light", "reject", "warn"),
        over(_("Difference between the cheeks in stops"), STOPS, "|side_stops", "stops"),
    ),
    "overexposed": (
        over(_("Burnt part of the face"), SHARE, "burnt", "reject"),
        over(_("Lightness of the skin"), LIGHTNESS, "skin", "skin"),
    ),
    "underexposed": (
        under(_("Lightness of the whites of the eyes"), LIGHTNESS, "eye_white", "warn"),
        under(_("Only where the face is darker than"), LIGHTNESS, "face_light", "skin"),
    ),
    "face_glare": (
        over(_("Shiny part of the face"), SHARE, "highlights", "warn"),
        over(_("Lighter below the eyes than on the cheeks by"), LIGHTNESS, "under_eye", "under_eye"),
    ),
    "red_eye": (over(_("Redness of the pupils"), SHARE, "red_eye", "reject"),),
    "eyes": (
        under(_("Gap of the lids, in widths of the iris"), RATIO, "eye_opening", "reject", "warn"),
        under(_("Height of the eye over its width"), RATIO, "eye_aspect", "aspect", "slit"),
    ),
    "gaze": (over(_("Irises off the middle, in widths of the eye"), RATIO, "|gaze", "reject"),),
    "mouth": (over(_("Gap of the lips"), IN_EYES, "mouth_gap", "reject"),),
    "smile": (over(_("Width of the mouth over that of the eyes"), RATIO, "smile", "warn"),),
    "fringe": (
        under(_("Skin seen on the forehead"), SHARE, "forehead_skin", "reject", "partly", "warn"),
        over(
            _("Fine detail of the forehead over that of the cheeks"),
            RATIO,
            "forehead_detail",
            "detail",
            "hairy",
            "strands",
        ),
    ),
    "ears": (under(_("Skin seen beside the cheeks"), SHARE, "ear_skin", "warn"),),
    "necklace": (over(_("Longest bright thin line on the neck"), IN_EYES, "necklace", "warn"),),
    "lens_glare": (over(_("Largest white spot before an eye"), IN_EYES, "lens_glare", "warn"),),
    "tinted_lens": (over(_("Darker below the eyes than on the cheeks by"), LIGHTNESS, "-under_eye", "warn"),),
    "head_cover": (over(_("Strength of colour where hair should be"), CHROMA, "hair_chroma", "warn"),),
    "mask": (
        under(_("Redness where lips should be"), COLOUR, "lip_redness", "reject"),
        over(_("And: chin unlike the cheeks by"), COLOUR, "chin_distance", "chin"),
        over(_("Or: cheeks unlike the forehead by"), COLOUR, "forehead_distance", "forehead"),
        under(_("Or: cheeks with less colour than"), CHROMA, "skin_chroma", "cheek_chroma"),
    ),
    "clothes_background": (over(_("Clothes coloured like the background"), SHARE, "clothes_{background}", "reject"),),
    "blue_top": (over(_("Clear blue in the clothes"), SHARE, "clothes_hue_blue", "reject"),),
    "pattern": (over(_("Edges in the clothes"), SHARE, "pattern", "warn"),),
    "shoulders": (over(_("Slope of the shoulders"), DEGREES, "|shoulders", "warn"),),
    "screen": (over(_("Grid of a display, peak over surroundings"), RATIO, "screen", "warn", "blurred"),),
    "print_edge": (over(_("Sides of the face with a long straight line"), SIDES, "frame_sides", "warn"),),
    "beautified": (under(_("Fine detail of the skin"), RATIO, "skin_detail", "warn"),),
    "colour": (
        Gauge(_("Strength of the skin's colour"), CHROMA, "skin_chroma", {"reject": BELOW, "warn": ABOVE}),
        Gauge(_("Hue of the skin"), HUE, "skin_hue", {"hue_low": BELOW, "hue_high": ABOVE}),
    ),
    "too_close": (over(_("Part of the portrait outside the photo"), SHARE, "outside", "reject", "warn"),),
    "edge": (over(_("Unevenness of the outline"), RATIO, "edge", "warn"),),
    "duplicate": (under(_("Difference from another student's picture"), BITS, "", "warn"),),
}

# What passing a limit leads to, where its name does not say so; the others only narrow down when a rule counts.
OUTCOMES = {
    ("sharpness", "texture"): "reject",
    ("side_light", "stops"): "reject",
    ("overexposed", "skin"): "reject",
    ("face_glare", "under_eye"): "warn",
    ("eyes", "aspect"): "warn",
    ("eyes", "slit"): "reject",
    ("fringe", "partly"): "reject",
    ("fringe", "detail"): "reject",
    ("fringe", "strands"): "warn",
    ("screen", "blurred"): "warn",
    ("colour", "hue_low"): "warn",
    ("colour", "hue_high"): "warn",
}
WORDS = {
    ("reject", ABOVE): _("Not accepted above"),
    ("reject", BELOW): _("Not accepted below"),
    ("warn", ABOVE): _("To be looked at above"),
    ("warn", BELOW): _("To be looked at below"),
    ("", ABOVE): _("Counts above"),
    ("", BELOW): _("Counts below"),
}
# Limits beside another one of the same measure.
OWN_WORDS = {
    ("eyes", "slit"): _("Not accepted below, if the lids are low too"),
    ("fringe", "partly"): _("Not accepted below, if the detail is high too"),
    ("fringe", "hairy"): _("High is the detail above"),
    ("screen", "blurred"): _("To be looked at above, if blurred"),
    ("duplicate", "warn"): _("To be looked at below, in photos from now on"),
}

GROUPS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (_("Framing"), ("one_face", "face_size", "roll", "yaw", "pitch", "too_close")),
    (_("Light and focus"), ("sharpness", "side_light", "overexposed", "underexposed", "face_glare")),
    (_("Eyes and expression"), ("red_eye", "eyes", "gaze", "mouth", "smile")),
    (_("Hair, glasses, cover"), ("fringe", "ears", "necklace", "lens_glare", "tinted_lens", "head_cover", "mask")),
    (_("Clothes and posture"), ("clothes_background", "blue_top", "pattern", "shoulders")),
    (
        _("Re-shot and beautified photos: only a person may lock"),
        ("screen", "print_edge", "beautified", "colour", "duplicate"),
    ),
    (_("File and portrait"), ("unreadable", "framing", "edge")),
)
REMAINING = _("Further rules")


def grouped() -> list[tuple[Any, list[vision.Rule]]]:
    """Every rule of the engine once, in its group; those that no group names come last."""
    known = {rule.name: rule for rule in vision.RULES}
    groups = [(title, [known.pop(name) for name in names if name in known]) for title, names in GROUPS]
    return [*groups, (REMAINING, list(known.values()))] if known else groups


def of(rule: vision.Rule) -> list[Gauge]:
    """The gauges of a rule with the limits that it has, and one more for limits that no gauge knows. A rule without a
    number has none."""
    gauges = [_only(gauge, rule.defaults) for gauge in GAUGES.get(rule.name, ())]
    named = {name for gauge in gauges for name in gauge.limits}
    has_number = any(value is not None for value in rule.defaults.values()) or bool(gauges)
    unknown = [name for name in rule.defaults if name not in named] if has_number else []
    return [*gauges, *(Gauge(name, NONE, "", {name: ABOVE}) for name in unknown)]


def _only(gauge: Gauge, known: Collection[str]) -> Gauge:
    return replace(gauge, limits={name: side for name, side in gauge.limits.items() if name in known})


def side_of(rule: str, name: str) -> str:
    """ABOVE or BELOW; empty for a limit that is not described."""
    return next((gauge.limits[name] for gauge in GAUGES.get(rule, ()) if name in gauge.limits), "")


def most_of(rule: str, name: str) -> float | None:
    return next((gauge.unit.most for gauge in GAUGES.get(rule, ()) if name in gauge.limits), None)


def outcome_of(rule: str, name: str) -> str:
    """What passing this limit leads to: reject, warn, or nothing by itself."""
    return name if name in ("reject", "warn") else OUTCOMES.get((rule, name), "")


def words_of(rule: str, name: str) -> Any:
    """What a limit does, in words."""
    return OWN_WORDS.get((rule, name)) or WORDS[outcome_of(rule, name), side_of(rule, name) or ABOVE]
