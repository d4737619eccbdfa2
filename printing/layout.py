"""The sheet as data, in millimetres measured from the top left corner of the page; knows nothing of PDF."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Box:
    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height


@dataclass(frozen=True)
class SheetLayout:
    """Copies of one student side by side, one student below the other, so that a strip cut off is one student's.

    A photo is its image area with the caption under it. The reasons for the sizes: docs/decisions/014-sheet.md.
    """

    page_width: float = 210
    page_height: float = 297
    image_width: float = 33
    image_height: float = 44
    caption_height: float = 17
    caption_inset: float = 0.8
    # Between two cut lines: a blade that drifts 1 mm must not reach the neighbour.
    gap: float = 4
    copies: int = 5
    columns: int = 5
    rows: int = 4
    # What a desktop printer cannot reach.
    safe_margin: float = 5

    @property
    def photo_height(self) -> float:
        return self.image_height + self.caption_height

    @cached_property
    def left(self) -> float:
        return (self.page_width - self.columns * self.image_width - (self.columns - 1) * self.gap) / 2

    @cached_property
    def top(self) -> float:
        return (self.page_height - self.rows * self.photo_height - (self.rows - 1) * self.gap) / 2

    @cached_property
    def rows_per_student(self) -> int:
        return -(-self.copies // self.columns)

    @cached_property
    def students_per_page(self) -> int:
        return max(1, self.rows // self.rows_per_student)

    def photo(self, place: int, copy: int) -> Box:
        """The outer cut of one photo: `place` counts students on the page, `copy` the copies of one student."""
        row = place * self.rows_per_student + copy // self.columns
        left = self.left + copy % self.columns * (self.image_width + self.gap)
        return Box(left, self.top + row * (self.photo_height + self.gap), self.image_width, self.photo_height)

    def image(self, place: int, copy: int) -> Box:
        photo = self.photo(place, copy)
        return Box(photo.left, photo.top, self.image_width, self.image_height)

    def strip(self, place: int) -> Box:
        """The band of the page that one student's photos take, half a gap above and below them."""
        top = self.photo(place, 0).top - self.gap / 2
        return Box(0, top, self.page_width, self.rows_per_student * (self.photo_height + self.gap))


def sheet_for(copies: int) -> SheetLayout:
    """The A4 sheet for a season's number of copies.

    Raises ValueError when one student's copies do not fit a page.
    """
    layout = SheetLayout(copies=copies)
    if not 1 <= copies <= layout.columns * layout.rows:
        raise ValueError(f"{copies} copies do not fit one page of {layout.columns * layout.rows} photos")
    return layout


def paginate(items: Iterable[T], *, per_page: int, group: Callable[[T], Hashable]) -> Iterator[list[T]]:
    """Pages of at most `per_page`; a new group (a college) begins a new page, so that its sheets can be handed out."""
    for _, members in groupby(items, key=group):
        page: list[T] = []
        for item in members:
            page.append(item)
            if len(page) == per_page:
                yield page
                page = []
        if page:
            yield page


def into_volumes(pages: Iterable[list[T]], *, limit: int) -> Iterator[list[list[T]]]:
    """Runs of whole pages that together hold at most `limit` items (a page larger than that stands alone)."""
    volume: list[list[T]] = []
    count = 0
    for page in pages:
        if volume and count + len(page) > limit:
            yield volume
            volume, count = [], 0
        volume.append(page)
        count += len(page)
    if volume:
        yield volume
