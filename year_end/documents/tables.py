"""A table of a document."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """`widths` in mm, 170 together; `numbers`: the columns that stand at the right."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    numbers: tuple[int, ...] = ()
