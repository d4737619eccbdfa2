"""Fits the caption of a photo into its box by smaller type, narrower type and line breaks.

Nothing is cut off.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

# Type sizes in points, largest first. LEADING is the line distance as a multiple of the size.
SIZES = (6.6, 6.2, 5.8, 5.4, 5.0, 4.6)
LEADING = 1.22
# The smallest width factor of type: on one line, and on lines that have been broken.
CONDENSE_ONE_LINE = 0.82
CONDENSE_WRAPPED = 0.75

Measure = Callable[[str, float], float]


@dataclass(frozen=True)
class Line:
    text: str
    condense: float
    """Width factor of the type; 1 is the font's own width."""


@dataclass(frozen=True)
class Caption:
    lines: tuple[Line, ...]
    size: float
    leading: float


def fit_caption(fields: Sequence[str], *, width: float, height: float, measure: Measure) -> Caption:
    """The caption with the largest type size at which every field fits the box.

    All lengths are in points.

    `measure(text, size)` returns the width of a text. A field takes one line; a longer one is
    condensed, then broken into even lines. Fields that fit at no size (about 60 characters and
    more) are condensed without a limit.
    """
    texts = [text for text in fields if text]
    for size in SIZES:
        lines = [line for text in texts for line in _break_line(text, size, width, measure)]
        if len(lines) * size * LEADING <= height:
            return Caption(tuple(lines), size, size * LEADING)
    return _condense(texts, width, height, measure)


def _break_line(text: str, size: float, width: float, measure: Measure) -> list[Line]:
    natural = measure(text, size)
    if natural * CONDENSE_ONE_LINE <= width:
        return [_line(text, size, width, measure)]
    count = 2
    while True:
        parts = split_evenly(text, count)
        if len(parts) < count or all(measure(part, size) * CONDENSE_WRAPPED <= width for part in parts):
            return [_line(part, size, width, measure) for part in parts]
        count += 1


def _line(text: str, size: float, width: float, measure: Measure) -> Line:
    natural = measure(text, size)
    return Line(text, 1.0 if natural <= width else width / natural)


def _condense(texts: Sequence[str], width: float, height: float, measure: Measure) -> Caption:
    size = min(SIZES[-1], height / LEADING / max(1, len(texts)))
    lines = tuple(_line(text, size, width, measure) for text in texts)
    return Caption(lines, size, size * LEADING)


def split_evenly(text: str, count: int) -> list[str]:
    """The text in at most `count` parts of nearly the same length.

    Words and numbers are kept whole where possible.
    """
    parts: list[str] = []
    rest = text
    for left in range(count, 0, -1):
        if not rest:
            break
        cut = _find_break(rest, -(-len(rest) // left)) if left > 1 else len(rest)
        parts.append(rest[:cut].strip())
        rest = rest[cut:].strip()
    return [part for part in parts if part]


def _find_break(text: str, target: int) -> int:
    """The index nearest to `target` where the text may be broken.

    Not inside a word or number, not before a closing mark or "·".
    """
    for offset in range(len(text)):
        for cut in (target + offset, target - offset):
            if 0 < cut < len(text) and not _is_inseparable(text[cut - 1], text[cut]):
                return cut
    return target


def _is_inseparable(before: str, after: str) -> bool:
    both_words = before.isascii() and after.isascii() and before.isalnum() and after.isalnum()
    return both_words or after in "）)】》、，·" or before in "（(【《"
