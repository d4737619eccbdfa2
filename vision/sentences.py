"""What a finding says to the student: what is wrong, and what to do. Never a code, never a blame."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from vision.verdict import Finding

NOBODY = _("No face was found in the photo.")

SENTENCES: dict[str, Any] = {
    "one_face": _("There is more than one person in the photo."),
    "face_size": _("The face is too small in the photo."),
    "roll": _("The head is tilted."),
    "yaw": _("The head is turned to one side."),
    "pitch": _("The chin is raised or lowered."),
    "sharpness": _("The photo is not sharp."),
    "side_light": _("One side of the face is much darker than the other."),
    "overexposed": _("The face is too bright; details are lost."),
    "underexposed": _("The face is rather dark."),
    "face_glare": _("There are bright reflections on the face."),
    "red_eye": _("The eyes look red from the flash."),
    "eyes": _("The eyes are not fully open."),
    "gaze": _("The eyes are not looking into the camera."),
    "mouth": _("The mouth is open or teeth are showing."),
    "smile": _("The smile is rather broad."),
    "fringe": _("Hair covers the forehead or the brows."),
    "ears": _("Hair may be covering the ears."),
    "necklace": _("There seems to be a necklace."),
    "lens_glare": _("The glasses reflect light."),
    "tinted_lens": _("The glasses seem to be tinted or to throw a shadow."),
    "head_cover": _("Something seems to cover the head."),
    "mask": _("A mask covers the face."),
    "clothes_background": _("The clothes have nearly the colour of the portrait's background."),
    "blue_top": _("A blue top is not allowed."),
    "pattern": _("The clothes have a busy pattern."),
    "shoulders": _("The shoulders are not level."),
    "screen": _("The photo may have been taken from a screen."),
    "print_edge": _("The photo may have been taken from a printed picture."),
    "beautified": _("The skin looks smoothed by a beauty filter."),
    "colour": _("The colours look unnatural."),
    "unreadable": _("The photo cannot be read."),
    "too_close": _("The head is too close to the edge of the photo."),
    "framing": _("The hair is too tall for the standard frame."),
    "edge": _("The outline of the hair came out rough."),
    "duplicate": _("The same or nearly the same picture was sent in before."),
}

ADVICE: dict[str, Any] = {
    "one_face": _("Have the photo taken alone, with nobody else in view."),
    "face_size": _("Move closer, about an arm and a half from the phone, or use the main camera at full resolution."),
    "roll": _("Hold your head upright, with both eyes at the same height."),
    "yaw": _("Face the camera straight on, so that both ears are seen alike."),
    "pitch": _("Hold the phone at the height of your eyes and keep your chin level."),
    "sharpness": _("Wipe the lens, hold the phone steady, tap the face to focus and take the photo again."),
    "side_light": _("Turn towards the window or lamp, so that light falls on both sides alike."),
    "overexposed": _("Move away from strong light, switch off the flash and take the photo again."),
    "underexposed": _("Go where it is brighter, with the light in front of you."),
    "face_glare": _("Avoid direct lamps and flash, and dab your face dry."),
    "red_eye": _("Switch off the flash and take the photo in daylight."),
    "eyes": _("Open your eyes naturally and look at the lens."),
    "gaze": _("Look straight into the lens."),
    "mouth": _("Close your lips and keep a calm expression without showing teeth."),
    "smile": _("Relax your face; a slight smile with closed lips is fine."),
    "fringe": _("Brush the fringe aside so that both brows are seen."),
    "ears": _("Tuck your hair behind the ears."),
    "necklace": _("Take off necklaces and chains."),
    "lens_glare": _("Lower your glasses or lamps a little, or take the glasses off."),
    "tinted_lens": _("Wear clear glasses or take them off."),
    "head_cover": _("Take off hats, caps and hair bands."),
    "mask": _("Take off the mask."),
    "clothes_background": _("Wear a top of a clearly different, darker colour."),
    "blue_top": _("Wear a top that is not blue."),
    "pattern": _("Wear a plain top."),
    "shoulders": _("Stand straight with both shoulders at the same height."),
    "screen": _("Have a real person photographed, not a screen. A reviewer will look at this photo."),
    "print_edge": _("Have a real person photographed, not a print. A reviewer will look at this photo."),
    "beautified": _("Switch off beauty mode and filters. A reviewer will look at this photo."),
    "colour": _("Switch off filters and use daylight or white light."),
    "unreadable": _("Please send the original photo from the phone again."),
    "too_close": _("Stand back a little, so that the whole head and both shoulders fit in with room around."),
    "framing": _("Flatten or tie your hair lower. A reviewer will look at this photo."),
    "edge": _("Stand before a plain wall without strong light behind you. A reviewer will look at this photo."),
    "duplicate": _("Take a new photo of yourself now, not an old one. A reviewer will look at this photo."),
}

LOOK_YOURSELF = (
    _("Earrings and other ornaments"),
    _("Thin necklaces"),
    _("Coloured contact lenses"),
    _("Frames of glasses over the eyes"),
    _("Hair over the ears"),
    _("Black caps and dark head cover"),
    _("Enlarged eyes and slimmed faces"),
    _("Displays photographed from afar, prints without a border in view"),
)
"""What cannot be judged by the engine yet: shown to the reviewer, claimed for nobody."""


ADVICE_NOBODY = _("Take the photo in good light, with your whole face in view and nothing covering it.")
GREY = _("The photo has no colour: a black-and-white photo, a drawing or a copy.")
ADVICE_GREY = _("Photograph yourself in colour, with the camera and without filters.")


def sentence(finding: Finding) -> str:
    """What is wrong, in the active language."""
    special = _special(finding)
    return str(special[0] if special else SENTENCES[finding.rule])


def advice(finding: Finding) -> str:
    """What to do about it, in the active language."""
    special = _special(finding)
    return str(special[1] if special else ADVICE[finding.rule])


def _special(finding: Finding) -> tuple[Any, Any] | None:
    """Where one rule finds two different things."""
    if finding.rule == "one_face" and not finding.value:
        return NOBODY, ADVICE_NOBODY
    if finding.rule == "colour" and finding.outcome == "reject":
        return GREY, ADVICE_GREY
    return None
