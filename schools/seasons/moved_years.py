"""Texts of a season for the next one: its year and its graduating class are moved, and shown before they are saved."""

import re
from dataclasses import dataclass

from schools.models import Season

_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(\s*)(年|届)")
AROUND = 12  # characters shown on each side of a change


@dataclass(frozen=True)
class Move:
    """One place of a text, with what stands around it."""

    left: str
    before: str
    after: str
    right: str


def move(text: str, *, old: Season, new: Season) -> tuple[str, list[Move]]:
    """The text with year and class of `new` where those of `old` stand before 年 or 届, and the places.

    In one pass: the class of the old season is the year of the new one, and must not be moved twice. Other years,
    such as that of a law, stay.
    """
    years = {str(old.year): str(new.year), str(old.graduating_class): str(new.graduating_class)}
    moves = []

    def replace(found: re.Match[str]) -> str:
        if found[1] not in years or years[found[1]] == found[1]:
            return found[0]
        after = f"{years[found[1]]}{found[2]}{found[3]}"
        left, right = text[max(0, found.start() - AROUND) : found.start()], text[found.end() : found.end() + AROUND]
        moves.append(Move(left.rpartition("\n")[2], found[0], after, right.partition("\n")[0]))
        return after

    return _YEAR.sub(replace, text), moves
