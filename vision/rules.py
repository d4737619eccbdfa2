"""Every rule, one small pure function each: (measures, limits) -> Finding | None.

The order is that of the official photo rules. The defaults are the limits that were measured to separate (docs/judging.md);
a season may change them. A measure that could not be taken (no face, no clothes in the frame) fires no rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from vision.verdict import Finding, Limits, Mark, Verdict

Measures = dict[str, Any]
Check = Callable[[Measures, Limits], Finding | None]


@dataclass(frozen=True)
class Rule:
    """`defaults` maps the names of its limits to their default; `check` is None where another step finds it."""

    name: str
    title: Any
    defaults: dict[str, float | None]
    check: Check | None = None

    @property
    def outcomes(self) -> tuple[str, ...]:
        return tuple(outcome for outcome in ("reject", "warn") if outcome in self.defaults)


_RULES: list[Rule] = []


def rule(title: Any, **defaults: float | None) -> Callable[[Check], Check]:
    """Register the function under its own name, in the order of this file."""

    def register(check: Check) -> Check:
        _RULES.append(Rule(check.__name__, title, defaults, check))
        return check

    return register


def above(name: str, value: float | None, limits: Limits, marks: tuple[Mark, ...] = ()) -> Finding | None:
    """A finding when the value passes its reject limit, else its warn limit."""
    if value is None:
        return None
    for outcome in ("reject", "warn"):
        limit = limits.get(name, outcome)
        if limit is not None and value > limit:
            return Finding(name, outcome, value, limit, marks)
    return None


def below(name: str, value: float | None, limits: Limits, marks: tuple[Mark, ...] = ()) -> Finding | None:
    """The same for a value that must not be smaller."""
    if value is None:
        return None
    for outcome in ("reject", "warn"):
        limit = limits.get(name, outcome)
        if limit is not None and value < limit:
            return Finding(name, outcome, value, limit, marks)
    return None


def passes(limit: float | None, value: float | None) -> bool:
    """True when the value is above a limit that is switched on."""
    return limit is not None and value is not None and value > limit


def box(measures: Measures, name: str) -> tuple[Mark, ...]:
    corners = measures.get(name)
    if not corners:
        return ()
    (x0, y0), (x1, y1) = corners[0], corners[1]
    return (("box", *(_clip(v) for v in (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)))),)


def boxes(measures: Measures, name: str) -> tuple[Mark, ...]:
    return tuple(mark for corners in measures.get(name, ()) for mark in box({"_": corners}, "_"))


def dots(measures: Measures, *names: str) -> tuple[Mark, ...]:
    places = [place for name in names for place in measures.get(name, ())]
    return tuple(("point", _clip(x), _clip(y)) for x, y in places)


def _clip(value: float) -> float:
    return min(1.0, max(0.0, value))


# --- framing --------------------------------------------------------------------------------------


@rule(_("One face"), reject=0.25)
def one_face(m: Measures, limits: Limits) -> Finding | None:
    """Nobody, or somebody else whose face has more than a share of the width of the main one."""
    if m.get("faces", 0) == 0:
        return Finding("one_face", "reject", 0.0, 1.0)
    if not passes(limits.get("one_face", "reject"), m.get("other_face")):
        return None
    marks = tuple(("box", *(_clip(v) for v in corners)) for corners in m.get("other_boxes", ()))
    return Finding("one_face", "reject", float(m["faces"]), 1.0, marks)


@rule(_("Size of the face"), reject=240)
def face_size(m: Measures, limits: Limits) -> Finding | None:
    """Cheek to cheek in px of the original: below it the portrait would be enlarged."""
    return below("face_size", m.get("face_width"), limits, box(m, "box"))


@rule(_("Head upright"), reject=8, warn=5)
def roll(m: Measures, limits: Limits) -> Finding | None:
    """Degrees between the line of the eyes and the horizontal."""
    return above("roll", _abs(m.get("roll")), limits, dots(m, "eyes"))


@rule(_("Facing the camera"), reject=9.5, warn=8)
def yaw(m: Measures, limits: Limits) -> Finding | None:
    """Degrees turned to a side."""
    return above("yaw", _abs(m.get("yaw")), limits, box(m, "box"))


@rule(_("Chin neither up nor down"), warn=14)
def pitch(m: Measures, limits: Limits) -> Finding | None:
    """Degrees tipped up or down."""
    return above("pitch", _abs(m.get("pitch")), limits, box(m, "box"))


# --- light and focus ------------------------------------------------------------------------------


@rule(_("Sharpness"), reject=1.75, texture=0.36)
def sharpness(m: Measures, limits: Limits) -> Finding | None:
    """Gradient energy of the eyes over that after a blur, in the direction where it is least; or their texture."""
    texture, least = m.get("texture"), limits.get("sharpness", "texture")
    if texture is not None and least is not None and texture < least:
        return Finding("sharpness", "reject", texture, least, boxes(m, "eye_boxes"))
    return below("sharpness", m.get("sharpness"), limits, boxes(m, "eye_boxes"))


@rule(_("Even light on both sides"), reject=25, warn=14, stops=1.6)
def side_light(m: Measures, limits: Limits) -> Finding | None:
    """Lightness of one cheek less that of the other; on dark skin the same shadow is a smaller difference, so the stops
    between them count too."""
    stops, most = _abs(m.get("side_stops")), limits.get("side_light", "stops")
    if passes(most, stops):
        return Finding("side_light", "reject", stops, most, dots(m, "cheeks"))
    return above("side_light", _abs(m.get("side_light")), limits, dots(m, "cheeks"))


@rule(_("Not overexposed"), reject=0.06, skin=92)
def overexposed(m: Measures, limits: Limits) -> Finding | None:
    """Share of the face that has burnt out, or the lightness of the skin."""
    lightness, most = m.get("skin", [None])[0], limits.get("overexposed", "skin")
    if passes(most, lightness):
        return Finding("overexposed", "reject", lightness, most, box(m, "box"))
    return above("overexposed", m.get("burnt"), limits, box(m, "box"))


@rule(_("Not too dark"), warn=30, skin=28)
def underexposed(m: Measures, limits: Limits) -> Finding | None:
    """Lightness of the whites of the eyes, where the face is dark: dark skin in good light has light eyes."""
    darkest = limits.get("underexposed", "skin")
    if darkest is None or m.get("face_light", 100) >= darkest:
        return None
    return below("underexposed", m.get("eye_white"), limits, box(m, "box"))


@rule(_("No shine on the face"), warn=0.015, under_eye=12)
def face_glare(m: Measures, limits: Limits) -> Finding | None:
    """Share of white shine on the skin, or light reflected below the eyes."""
    brighter, most = m.get("under_eye"), limits.get("face_glare", "under_eye")
    if passes(most, brighter):
        return Finding("face_glare", "warn", brighter, most, boxes(m, "eye_boxes"))
    return above("face_glare", m.get("highlights"), limits, box(m, "box"))


# --- eyes and expression --------------------------------------------------------------------------


@rule(_("No red eyes"), reject=0.33)
def red_eye(m: Measures, limits: Limits) -> Finding | None:
    """(R - max(G, B)) / R inside the iris."""
    return above("red_eye", m.get("red_eye"), limits, boxes(m, "eye_boxes"))


@rule(_("Eyes open"), reject=0.45, warn=0.52, aspect=0.19, slit=0.175)
def eyes(m: Measures, limits: Limits) -> Finding | None:
    """Gap of the lids over the diameter of the iris. Narrow open eyes read 0.53: above 0.45 only a slit is rejected, which is
    low for its width too."""
    finding = below("eyes", m.get("eye_opening"), limits, boxes(m, "eye_boxes"))
    aspect = m.get("eye_aspect")
    if aspect is None or (finding and finding.outcome == "reject"):
        return finding
    slit, least = limits.get("eyes", "slit"), limits.get("eyes", "aspect")
    if finding and slit is not None and aspect < slit:
        return Finding("eyes", "reject", aspect, slit, finding.marks)
    if finding or least is None or aspect >= least:
        return finding
    return Finding("eyes", "warn", aspect, least, boxes(m, "eye_boxes"))


@rule(_("Looking into the camera"), reject=0.06)
def gaze(m: Measures, limits: Limits) -> Finding | None:
    """How far the irises lie from the middle of their eyes, in eye widths."""
    return above("gaze", _abs(m.get("gaze")), limits, boxes(m, "eye_boxes"))


@rule(_("Mouth closed"), reject=0.06)
def mouth(m: Measures, limits: Limits) -> Finding | None:
    """Gap of the lips in eye distances."""
    return above("mouth", m.get("mouth_gap"), limits, box(m, "mouth_box"))


@rule(_("Calm expression"), warn=0.64)
def smile(m: Measures, limits: Limits) -> Finding | None:
    """Breadth of the mouth over that of the eyes."""
    return above("smile", m.get("smile"), limits, box(m, "mouth_box"))


# --- hair, glasses, cover -------------------------------------------------------------------------


@rule(_("Forehead and brows free"), reject=0.15, partly=0.3, warn=0.6, detail=3.5, hairy=2.4, strands=2.7)
def fringe(m: Measures, limits: Limits) -> Finding | None:
    """Share of skin at ten points of the forehead; and the fine detail of the forehead over that of the cheeks, which fair hair
    has too. Either alone must be plain to reject, both together need less: strands and thin fringes go to a person.
    Behind a mask nothing is known of the skin."""
    if mask(m, limits):
        return None
    marks, detail = box(m, "forehead_box"), m.get("forehead_detail")
    most, some = limits.get("fringe", "detail"), limits.get("fringe", "strands")
    if passes(most, detail):
        return Finding("fringe", "reject", detail, most, marks)
    if _is_partly_hair(m, limits):
        return Finding("fringe", "reject", m["forehead_skin"], limits.get("fringe", "partly"), marks)
    finding = below("fringe", m.get("forehead_skin"), limits, marks)
    if finding or not passes(some, detail):
        return finding
    return Finding("fringe", "warn", detail, some, marks)


def _is_partly_hair(m: Measures, limits: Limits) -> bool:
    partly = limits.get("fringe", "partly")
    little_skin = partly is not None and m.get("forehead_skin", 1.0) < partly
    return little_skin and passes(limits.get("fringe", "hairy"), m.get("forehead_detail"))


@rule(_("Ears visible"), warn=0.4)
def ears(m: Measures, limits: Limits) -> Finding | None:
    """Share of skin beside the cheek that shows more of it: only plain cases, the others are left to the reviewer."""
    return below("ears", m.get("ear_skin"), limits, dots(m, "cheeks"))


@rule(_("No necklace"), warn=0.4)
def necklace(m: Measures, limits: Limits) -> Finding | None:
    """Length of the longest bright thin line on the neck, in eye distances."""
    return above("necklace", m.get("necklace"), limits, box(m, "neck_box"))


@rule(_("No reflection in the glasses"), warn=0.012)
def lens_glare(m: Measures, limits: Limits) -> Finding | None:
    """Largest white blob before an eye, in squared eye distances."""
    return above("lens_glare", m.get("lens_glare"), limits, boxes(m, "eye_boxes"))


@rule(_("No tinted glasses"), warn=12)
def tinted_lens(m: Measures, limits: Limits) -> Finding | None:
    """Lightness of the cheeks less that below the eyes."""
    under = m.get("under_eye")
    return above("tinted_lens", None if under is None else -under, limits, boxes(m, "eye_boxes"))


@rule(_("No head cover"), warn=32)
def head_cover(m: Measures, limits: Limits) -> Finding | None:
    """Chroma where hair should be; a black cap is not seen."""
    return above("head_cover", m.get("hair_chroma"), limits, box(m, "forehead_box"))


@rule(_("No mask"), reject=2.5, chin=20, forehead=15, cheek_chroma=8)
def mask(m: Measures, limits: Limits) -> Finding | None:
    """Where lips should be: no redder than the chin, and one colour with it, in a face of two colours. A grey picture has none."""
    redness, least = m.get("lip_redness"), limits.get("mask", "reject")
    if redness is None or least is None or redness >= least or m["lip_distance"] > LIPS_LIKE_CHIN:
        return None
    if max(m["skin_chroma"], m["forehead_chroma"]) < GREY_CHROMA:
        return None
    return Finding("mask", "reject", redness, least, box(m, "mouth_box")) if _is_two_coloured(m, limits) else None


LIPS_LIKE_CHIN = 8.0
GREY_CHROMA = 5.0
SKIN_HUE = (12.0, 72.0)


def _is_two_coloured(m: Measures, limits: Limits) -> bool:
    """Chin unlike the cheeks; or cheeks unlike the forehead and not of a skin's hue, for hair or shine on a dark forehead
    differs as much; or cheeks without colour in a picture that has some."""
    if passes(limits.get("mask", "chin"), m["chin_distance"]):
        return True
    is_skin = SKIN_HUE[0] < m["skin_hue"] < SKIN_HUE[1]
    if not is_skin and passes(limits.get("mask", "forehead"), m["forehead_distance"]):
        return True
    grey = limits.get("mask", "cheek_chroma")
    return grey is not None and m["skin_chroma"] < grey and m["forehead_chroma"] > 2 * m["skin_chroma"]


# --- clothes and posture --------------------------------------------------------------------------


@rule(_("Clothes unlike the background"), reject=0.5)
def clothes_background(m: Measures, limits: Limits) -> Finding | None:
    """Share of the clothes coloured like the background that the portrait will get."""
    return above("clothes_background", m.get(f"clothes_{limits.background}"), limits, box(m, "clothes_box"))


@rule(_("No blue top"), reject=0.45)
def blue_top(m: Measures, limits: Limits) -> Finding | None:
    """Share of the clothes of a clear blue; navy is dark enough to stand out."""
    return above("blue_top", m.get("clothes_hue_blue"), limits, box(m, "clothes_box"))


@rule(_("No busy pattern"), warn=0.09)
def pattern(m: Measures, limits: Limits) -> Finding | None:
    """Share of the clothes that lies on an edge."""
    return above("pattern", m.get("pattern"), limits, box(m, "clothes_box"))


@rule(_("Shoulders level"), warn=6)
def shoulders(m: Measures, limits: Limits) -> Finding | None:
    """Degrees between the shoulders."""
    return above("shoulders", _abs(m.get("shoulders")), limits, dots(m, "shoulder_points"))


# --- integrity: only a person may lock ------------------------------------------------------------


@rule(_("Not photographed from a screen"), warn=1.42, blurred=1.65)
def screen(m: Measures, limits: Limits) -> Finding | None:
    """Strongest peak of the spectrum of the face over its surroundings; in the empty spectrum of a blurred photo small peaks stand
    out."""
    value, limit = m.get("screen"), limits.get("screen", "blurred" if sharpness(m, limits) else "warn")
    return Finding("screen", "warn", value, limit, box(m, "box")) if passes(limit, value) else None


@rule(_("Not photographed from a print"), warn=2)
def print_edge(m: Measures, limits: Limits) -> Finding | None:
    """On how many sides of the face a long straight line runs: a print or a bezel has three or four, a door one or two."""
    return above("print_edge", m.get("frame_sides"), limits, boxes(m, "frame_lines"))


@rule(_("Not beautified"), warn=1.25)
def beautified(m: Measures, limits: Limits) -> Finding | None:
    """Fine detail of the skin; judged only on a photo that is sharp and of a face that is bare."""
    if sharpness(m, limits) or mask(m, limits):
        return None
    return below("beautified", m.get("skin_detail"), limits, box(m, "box"))


@rule(_("True colour"), reject=5, warn=52, hue_low=12, hue_high=72)
def colour(m: Measures, limits: Limits) -> Finding | None:
    """A grey picture is rejected; skin of an unlikely hue or strength warns, unless it is that of a mask."""
    chroma, hue, least = m.get("skin_chroma"), m.get("skin_hue"), limits.get("colour", "reject")
    if chroma is None or hue is None or mask(m, limits):
        return None
    if least is not None and chroma < least:
        return Finding("colour", "reject", chroma, least, box(m, "box"))
    low, high, strong = (limits.get("colour", name) for name in ("hue_low", "hue_high", "warn"))
    if low is not None and hue < low:
        return Finding("colour", "warn", hue, low, box(m, "box"))
    if passes(high, hue):
        return Finding("colour", "warn", hue, high, box(m, "box"))
    return Finding("colour", "warn", chroma, strong, box(m, "box")) if passes(strong, chroma) else None


def _abs(value: float | None) -> float | None:
    return None if value is None else abs(value)


# --- the file and the portrait: some are found elsewhere, when the file is opened or the portrait made

_RULES.append(Rule("unreadable", _("Readable photo"), {"reject": None}))


@rule(_("Room round the head and shoulders"), reject=0.04, warn=0.02)
def too_close(m: Measures, limits: Limits) -> Finding | None:
    """Share of the portrait in which the person would go on beyond the photo; a wall may end."""
    return above("too_close", m.get("outside"), limits, box(m, "box"))


ELSEWHERE = (
    Rule("framing", _("Head inside the standard frame"), {"warn": None}),
    Rule("edge", _("Clean outline against the background"), {"warn": 0.1}),
    Rule("duplicate", _("A picture of one's own"), {"warn": 72}),  # of the 512 bits of the imprint (imprint.py)
)
RULES: tuple[Rule, ...] = (*_RULES, *ELSEWHERE)
RULE_NAMES: tuple[str, ...] = tuple(entry.name for entry in RULES)
DEFAULTS = {entry.name: dict(entry.defaults) for entry in RULES}


def limits_of(changes: Mapping[str, Mapping[str, float | None]] | None = None, *, background: str = "blue") -> Limits:
    """The defaults with `changes` over them.

    Raises ValueError for an unknown rule, an unknown limit or a value that is no number.
    """
    merged = {rule: dict(limits) for rule, limits in DEFAULTS.items()}
    for rule, limits in (changes or {}).items():
        for name, value in limits.items():
            if name not in merged.get(rule, {}):
                raise ValueError(f"unknown limit {rule}.{name}")
            merged[rule][name] = None if value is None else float(value)
    return Limits(merged, background)


def judge(measures: Measures, limits: Limits | None = None) -> Verdict:
    """Pure: the same measures and limits give the same verdict, without the picture."""
    limits = limits or limits_of()
    if measures.get("faces", 0) == 0:
        found = [one_face(measures, limits)]
    else:
        found = [entry.check(measures, limits) for entry in RULES if entry.check]
    return Verdict(tuple(finding for finding in found if finding))
