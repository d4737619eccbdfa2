"""What each rule looks at as one number, and how well that number tells violations from photos that keep the rule."""

from __future__ import annotations

from collections.abc import Callable

from vision.measures import Measures


def score(name: str, measures: Measures) -> float | None:
    """More is worse; None for a rule without a measure of its own, or where no face was found."""
    read = SCORES.get(name)
    return None if read is None or not measures.get("faces") else read(measures)


def area_under_curve(scores: list[float | None], expected: list[bool]) -> float | None:
    """Chance that a violation scores above a compliant photo, ties counting half; None when there are none of either."""
    known = [(score, bad) for score, bad in zip(scores, expected, strict=True) if score is not None]
    bad, good = ([score for score, is_bad in known if is_bad == wanted] for wanted in (True, False))
    if not bad or not good:
        return None
    higher = sum((b > g) + 0.5 * (b == g) for b in bad for g in good)
    return higher / (len(bad) * len(good))


# What each rule looks at, turned so that more is worse; rules that weigh several measures show their first.
SCORES: dict[str, Callable[[Measures], float | None]] = {
    "one_face": lambda m: m["other_face"],
    "face_size": lambda m: -m["face_width"],
    "roll": lambda m: abs(m["roll"]),
    "yaw": lambda m: abs(m["yaw"]),
    "pitch": lambda m: abs(m["pitch"]),
    "sharpness": lambda m: -m["sharpness"],
    "side_light": lambda m: abs(m["side_light"]),
    "overexposed": lambda m: m["burnt"],
    "underexposed": lambda m: -m["eye_white"],
    "face_glare": lambda m: m["highlights"],
    "red_eye": lambda m: m["red_eye"],
    "eyes": lambda m: -m["eye_opening"],
    "gaze": lambda m: abs(m["gaze"]),
    "mouth": lambda m: m["mouth_gap"],
    "smile": lambda m: m["smile"],
    "fringe": lambda m: m["forehead_detail"] - m["forehead_skin"],
    "ears": lambda m: -m["ear_skin"],
    "necklace": lambda m: m["necklace"],
    "lens_glare": lambda m: m["lens_glare"],
    "tinted_lens": lambda m: -m["under_eye"],
    "head_cover": lambda m: m["hair_chroma"],
    "mask": lambda m: -m["lip_redness"],
    "clothes_background": lambda m: m.get("clothes_blue"),
    "blue_top": lambda m: m.get("clothes_hue_blue"),
    "pattern": lambda m: m.get("pattern"),
    "shoulders": lambda m: None if m["shoulders"] is None else abs(m["shoulders"]),
    "screen": lambda m: m["screen"],
    "print_edge": lambda m: m["frame_sides"],
    "beautified": lambda m: -m["skin_detail"],
    "colour": lambda m: -m["skin_chroma"],
    "too_close": lambda m: m["outside"],
}
