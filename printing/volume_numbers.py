"""Numbers of volumes as people write them: "1–20, 25"."""

import re
from collections.abc import Iterable

_PART = re.compile(r"(\d{1,4})(?:\s*[-–—~～至]\s*(\d{1,4}))?")


def written(numbers: Iterable[int]) -> str:
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in runs)


def read(text: str) -> list[int]:
    """The numbers. Raises ValueError for what is no list of numbers."""
    found: set[int] = set()
    for part in filter(None, re.split(r"[,，、;；\s]+", re.sub(r"\s*([-–—~～至])\s*", r"\1", text.strip()))):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(part)
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise ValueError(part)
        found.update(range(first, last + 1))
    return sorted(found)
