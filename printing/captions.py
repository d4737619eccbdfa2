"""Fitting the words under a photo into their box: shrink, condense and wrap; never overflow, never cut off."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

# Type sizes in points, largest first; leading follows from the size.
SIZES = (6.6, 6.2, 5.8, 5.4, 5.0, 4.6)
LEADING = 1.22
# How narrow type may be drawn before a second line is the better answer.
CONDENSE_ONE_LINE = 0.82
CONDENSE_WRAPPED = 0.75

Measure = Callable[[str, float], float]


@dataclass(frozen=True)
class Line:
    text: str
    condense: float
    """Width factor: 1 is natural."""


@dataclass(frozen=True)
class Caption:
    lines: tuple[Line, ...]
    size: float
    leading: float


def fit(fields: Sequence[str], *, width: float, height: float, measure: Measure) -> Caption:
    """The largest setting in which every field fits the box, all in points. `measure(text, size)` gives a width.

    A field takes one line; where it is too long it is condensed a little, then broken into even lines. What fits at no
    size (60 characters and more) is condensed as far as it takes: hard to read is better than wrong or cut off.
    """
    texts = [text for text in fields if text]
    for size in SIZES:
        lines = [line for text in texts for line in _broken(text, size, width, measure)]
        if len(lines) * size * LEADING <= height:
            return Caption(tuple(lines), size, size * LEADING)
    return _squeezed(texts, width, height, measure)


def _broken(text: str, size: float, width: float, measure: Measure) -> list[Line]:
    natural = measure(text, size)
    if natural * CONDENSE_ONE_LINE <= width:
        return [_line(text, size, width, measure)]
    count = 2
    while True:
        parts = even_parts(text, count)
        if len(parts) < count or all(measure(part, size) * CONDENSE_WRAPPED <= width for part in parts):
            return [_line(part, size, width, measure) for part in parts]
        count += 1


def _line(text: str, size: float, width: float, measure: Measure) -> Line:
    natural = measure(text, size)
    return Line(text, 1.0 if natural <= width else width / natural)


def _squeezed(texts: Sequence[str], width: float, height: float, measure: Measure) -> Caption:
    size = min(SIZES[-1], height / LEADING / max(1, len(texts)))
    lines = tuple(_line(text, size, width, measure) for text in texts)
    return Caption(lines, size, size * LEADING)


def even_parts(text: str, count: int) -> list[str]:
    """The text in at most `count` parts of nearly the same length; words and numbers are kept whole if they can be."""
    parts: list[str] = []
    rest = text
    for left in range(count, 0, -1):
        if not rest:
            break
        cut = _cut_near(rest, -(-len(rest) // left)) if left > 1 else len(rest)
        parts.append(rest[:cut].strip())
        rest = rest[cut:].strip()
    return [part for part in parts if part]


def _cut_near(text: str, target: int) -> int:
    """A place to break at or next to `target`: not inside a word, not before a closing mark or a name's dot."""
    for offset in range(len(text)):
        for cut in (target + offset, target - offset):
            if 0 < cut < len(text) and not _holds_together(text[cut - 1], text[cut]):
                return cut
    return target


def _holds_together(before: str, after: str) -> bool:
    both_words = before.isascii() and after.isascii() and before.isalnum() and after.isalnum()
    return both_words or after in "）)】》、，·" or before in "（(【《"
