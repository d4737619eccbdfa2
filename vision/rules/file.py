"""The file and the portrait. Most of these rules are checked when the file is opened, the portrait
is made or imprints are compared.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from vision import standard
from vision.rules.criteria import (
    BITS,
    COLOUR,
    DISTANCE,
    FRAMES,
    IN_FACES,
    POINTS,
    SHARE,
    Limits,
    above,
    below,
    criterion,
)
from vision.rules.head import FRAMING
from vision.rules.integrity import FACE, INTEGRITY
from vision.rules.rule import Family, Numbers, Rule, box, first_criterion
from vision.verdict import Finding

FILE = Family(_("File and portrait"))
BARE = 8.0  # grey levels from black or white
MIDDLE_GREY = 120.0  # of 127.5: decoders show it where data are missing
REPEATED = 12.0  # grey levels
SHARP_EDGE = 20.0  # grey levels
MOST = 0.5  # of the width
SAME = 0.85  # correlation of what is above a step and below it: one picture in two colours

# Found when the file is opened.
unreadable = FILE.add(
    Rule(
        "unreadable",
        title=_("Readable photo"),
        label=_("Unreadable"),
        sentence=_("The photo cannot be read."),
        advice=_("Please send the original photo from the phone again."),
        outcome="reject",
        decide=None,
        prevents_portrait=True,
    )
)


def _upright(rule: Rule, m: Numbers, limits: Limits) -> Finding | None:
    return Finding(rule.name, "reject") if m.get("lies") else None


upright = FILE.add(
    Rule(
        "upright",
        title=_("Photo the right way up"),
        label=_("Photo lies on its side"),
        sentence=_("The photo lies on its side or stands on its head."),
        advice=_("Turn it upright in the phone's album and send it again, or take a new one with the phone upright."),
        outcome="reject",
        decide=_upright,
        needs_face=False,
        also_reads=("lies",),
        group=FRAMING,
        prevents_portrait=True,
    )
)


def _incomplete(rule: Rule, m: Numbers, limits: Limits) -> Finding | None:
    return _blank(rule, m, limits) or _step(rule, m, limits)


def _blank(rule: Rule, m: Numbers, limits: Limits) -> Finding | None:
    """Middle grey stands where data are missing, any other colour with a sharp edge, or one row with all that is in it, again
    and again; black and white bars may be a border. Without an edge pictures fade out that somebody cut out, and where most of
    the row above is as white a shirt is burnt out like the wall.
    """
    if m.get("blank_relief", 0.0) > REPEATED:
        return rule.find(m, limits, "reject")
    colour = m.get("blank_colour", 0.0)
    if colour < MIDDLE_GREY and m.get("blank_edge", 0.0) < SHARP_EDGE:
        return None
    if colour >= BARE:
        return rule.find(m, limits, "reject")
    return rule.find(m, limits, "warn") if m.get("blank_alike", 0.0) <= MOST else None


def _step(rule: Rule, m: Numbers, limits: Limits) -> Finding | None:
    """The same picture in another colour below a step is a damaged file. What moved aside as well may be two pictures in one:
    somebody looks.
    """
    name = "step" if m.get("step_match", 0.0) > SAME else "jump"
    return rule.find(m, limits, name, places=box("step_box"))


incomplete = FILE.add(
    Rule(
        "incomplete",
        title=_("Whole picture"),
        label=_("Part missing or displaced"),
        sentence=_("A part of the photo is missing, displaced or of another colour."),
        advice=_("The file was damaged on the way. Send the photo again from the phone's album, or take a new one."),
        criteria=(
            criterion(_("Lower part of one colour"), SHARE, "blank", reject=above(0.01), warn=above(0.02)),
            criterion(
                _("Step across the whole photo"), COLOUR, "step", step=above(10, "reject"), jump=above(10, "warn")
            ),
        ),
        decide=_incomplete,
        places=box("blank_box"),
        needs_face=False,
        also_reads=("blank_colour", "blank_edge", "blank_relief", "blank_alike", "step_match", "step_box"),
    )
)

# Share of the portrait in which the person would go on beyond the photo; a wall may end. The measures foretell it, the
# portrait in its own frame shows it.
too_close = FILE.add(
    Rule(
        "too_close",
        title=_("Room round the head and shoulders"),
        label=_("Too close"),
        sentence=_("The head is too close to the edge of the photo."),
        advice=_("Stand back a little, so that the whole head and both shoulders fit in with room around."),
        criteria=(
            criterion(
                _("Part of the portrait outside the photo"), SHARE, "outside", reject=above(0.04), warn=above(0.02)
            ),
        ),
        decide_portrait=first_criterion,
        places=box("box"),
        group=FRAMING,
        prevents_portrait=True,
    )
)


def _framing(rule: Rule, geometry: Numbers, limits: Limits) -> Finding | None:
    return None if standard.is_inside(geometry) else Finding(rule.name, "warn")


framing = FILE.add(
    Rule(
        "framing",
        title=_("Head inside the standard frame"),
        label=_("Framing to be looked at"),
        sentence=_("The hair is too tall for the standard frame."),
        advice=_("Flatten or tie your hair lower. A reviewer will look at this photo."),
        outcome="warn",
        decide=None,
        decide_portrait=_framing,
        also_reads=tuple(standard.RANGES),
    )
)

edge = FILE.add(
    Rule(
        "edge",
        title=_("Clean outline against the background"),
        label=_("Outline to be looked at"),
        sentence=_("The outline of the hair came out rough."),
        advice=_("Stand before a plain wall without strong light behind you. A reviewer will look at this photo."),
        criteria=(criterion(_("Unevenness of the outline"), POINTS, "edge", warn=above(0.1)),),
        decide=None,
        decide_portrait=first_criterion,
    )
)


def _unanswered(rule: Rule, m: Numbers, limits: Limits) -> Finding | None:
    """A person who has said that it is the student is not asked again."""
    return None if m.get("face_answered") else rule.find(m, limits, "warn")


# Found by comparing the imprint (vision/likeness/imprint.py) with those of all students; it is no measure of this photo alone.
duplicate = FILE.add(
    Rule(
        "duplicate",
        title=_("A picture of one's own"),
        label=_("Perhaps somebody else's picture"),
        sentence=_("The same or nearly the same picture was sent in before."),
        advice=_("Take a new photo of yourself now, not an old one. A reviewer will look at this photo."),
        criteria=(
            criterion(
                _("Difference from another student's picture"),
                BITS,
                "",
                warn=below(72, text=_("To be looked at below, in photos from now on")),
            ),
        ),
        decide=None,
        group=INTEGRITY,
    )
)

# Found by comparing the numbers of the face (vision/likeness/face_embedding.py) with those of other photos: measures that come
# after the verdict.
same_person = FILE.add(
    Rule(
        "same_person",
        title=_("The face of the admission photo"),
        label=_("Perhaps not the same person"),
        sentence=_("The face differs from the admission photo or from an earlier photo."),
        advice=_("Nothing has to be done if it is you: a reviewer will look at both pictures."),
        criteria=(
            criterion(
                _("Distance of the face from the admission photo, 0 to 2"), DISTANCE, "face_distance", warn=above(0.95)
            ),
        ),
        also_reads=("face_answered",),
        decide=_unanswered,
        places=FACE,
        group=INTEGRITY,
    )
)

same_face = FILE.add(
    Rule(
        "same_face",
        title=_("A face of one's own"),
        label=_("Perhaps another student's face"),
        sentence=_("The face is very like the one of another student of the school."),
        advice=_("Nothing has to be done if it is you: a reviewer will look at both pictures."),
        criteria=(
            criterion(
                _("Distance of the face from another student's, 0 to 2"),
                DISTANCE,
                "other_face_distance",
                warn=below(0.75),
            ),
        ),
        places=FACE,
        group=INTEGRITY,
    )
)


def _flat(rule: Rule, m: Numbers, limits: Limits) -> Finding | None:
    """One picture again and again; or motion that is nearly that of a plane. Where little moves nothing is said."""
    if rule.is_exceeded("still", m, limits):
        return rule.find(m, limits, "still")
    return rule.find(m, limits, "warn") if rule.is_exceeded("share", m, limits) else None


# Found by watching the film before the shutter (vision/live): measures that come after the verdict.
live = FILE.add(
    Rule(
        "live",
        title=_("A person before the camera"),
        label=_("Perhaps a flat picture"),
        sentence=_("What moved before the shutter may have been flat: a print or a screen."),
        advice=_("Nothing has to be done if you stood there yourself: a reviewer will look at the film."),
        criteria=(
            criterion(_("Motion otherwise than a plane"), IN_FACES, "live_relief", warn=below(0.0036)),
            criterion(
                _("And: part of all motion"), SHARE, "live_share", share=below(0.08, text=_("Counts as flat below"))
            ),
            criterion(
                _("Frames that differ"),
                FRAMES,
                "live_distinct",
                still=below(2, "warn", text=_("To be looked at below")),
            ),
        ),
        decide=_flat,
        places=FACE,
        can_lock=True,
        group=INTEGRITY,
    )
)
