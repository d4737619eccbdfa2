"""What a reviewer is shown of a film: how many frames there are, and its numbers in words."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from capture.judging import limits
from capture.models import Film, Photo
from vision.rules.criteria import FRAMES, IN_FACES, SHARE

NUMBERS = {
    "live_motion": (_("All motion"), IN_FACES),
    "live_relief": (_("Unlike a flat picture"), IN_FACES),
    "live_share": (_("Share of all motion"), SHARE),
    "live_distinct": (_("Frames that differ"), FRAMES),
}


@dataclass(frozen=True)
class Shown:
    count: int  # of frames
    is_waiting: bool
    facts: list[tuple[str, str]]

    @property
    def numbers(self) -> range:
        return range(self.count)


def film_of(photo: Photo) -> Shown | None:
    """None where no film came with the photo, or it is deleted."""
    row = Film.objects.filter(photo=photo).first()
    if row is None:
        return None
    return Shown(row.count, row.watched_at is None, facts_of(photo.measures))


def facts_of(measures: dict[str, Any]) -> list[tuple[str, str]]:
    """(label, value in words) of what was measured."""
    return [
        (str(label), limits.number_text(measures[name], unit, digits=3))
        for name, (label, unit) in NUMBERS.items()
        if measures.get(name) is not None
    ]
