"""The positions of photos on a sheet, in millimetres from the top left corner of the page.

Draws nothing.
"""

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
    """The sizes of a sheet.

    The copies of one student lie side by side, so that each strip is one student's.

    A photo is the image with the caption below it. The reasons for the sizes are in
    docs/decisions/014-sheet.md.
    """

    page_width: float = 210
    page_height: float = 297
    image_width: float = 33
    image_height: float = 44
    caption_height: float = 17
    caption_inset: float = 0.8
    # The distance between two photos: a blade that is 1 mm off must not cut the next one.
    gap: float = 4
    copies: int = 5
    columns: int = 5
    rows: int = 4
    # The edge of the paper on which a desktop printer cannot print.
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
        """The box of one photo with its caption.

        `place` counts the students on the page from 0, `copy` their copies.
        """
        row = place * self.rows_per_student + copy // self.columns
        left = self.left + copy % self.columns * (self.image_width + self.gap)
        return Box(left, self.top + row * (self.photo_height + self.gap), self.image_width, self.photo_height)

    def image(self, place: int, copy: int) -> Box:
        photo = self.photo(place, copy)
        return Box(photo.left, photo.top, self.image_width, self.image_height)

    def strip(self, place: int) -> Box:
        """The strip of one student's photos: the page's width, with half a gap above and below."""
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
    """Split the items into pages of at most `per_page`.

    A new group (a college) begins a new page.
    """
    for _, members in groupby(items, key=group):
        page: list[T] = []
        for item in members:
            page.append(item)
            if len(page) == per_page:
                yield page
                page = []
        if page:
            yield page


def group_into_volumes(pages: Iterable[list[T]], *, limit: int) -> Iterator[list[list[T]]]:
    """Group whole pages into volumes of at most `limit` items.

    A page with more items is a volume of its own.
    """
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
