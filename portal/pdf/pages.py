"""The frame of an A4 paper of the office: title on top, pages numbered below, written from the top down."""

from collections.abc import Callable, Sequence

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from portal.pdf.fonts import FontChain
from portal.pdf.paper import draw_text, wrap

WIDTH, HEIGHT, MARGIN = 210, 297, 18  # mm
BOTTOM = 20  # mm
NARROWEST, SMALLER = (
    0.7,
    0.75,
)  # a line is condensed to this share of its width at most; the size of two lines over that of one
TITLE, LINE = 16, 8.0  # the size of the title in points; mm from one of its lines to the next
Column = tuple[str, float, float]  # heading, left edge in mm from the margin, width in mm


class Pages:
    """`y` is the height in mm below which the next thing stands. Call `end` after the last."""

    def __init__(self, canvas: Canvas, fonts: FontChain, title: str) -> None:
        """`title` is broken where it has a line break, if it does not fit into one line."""
        self.canvas, self.fonts, self.title = canvas, fonts, title
        self.number = 0
        self.begin()

    def begin(self) -> None:
        """Go on on a new page."""
        if self.number:
            self.canvas.showPage()
        self.number += 1
        self.y = HEIGHT - 24.0 + LINE
        room, whole = (WIDTH - 2 * MARGIN) * mm, self.title.replace("\n", "")
        is_short = self.fonts.width(whole, TITLE) <= room
        for row in [whole] if is_short else wrap(self.title, room, TITLE, self.fonts):
            self.y -= LINE
            draw_text(self.canvas, self.fonts, row, WIDTH / 2 * mm, self.y * mm, TITLE, align="center")
        draw_text(self.canvas, self.fonts, f"第{self.number}页", WIDTH / 2 * mm, 10 * mm, 8, align="center")
        self.y -= 12

    def end(self) -> None:
        self.canvas.showPage()

    def need(self, height: float, *, again: Callable[[], None] = lambda: None) -> None:
        """Begin a page when `height` mm are not left, and write there what stands above the rest: `again`."""
        if self.y - height < BOTTOM:
            self.begin()
            again()

    def heading(self, words: str, *, height: float = 10, size: float = 12) -> None:
        """One line, or as many as the words need where one would be condensed too much."""
        width = WIDTH - 2 * MARGIN
        fits = self.fonts.width(words, size) * NARROWEST <= width * mm
        for number, row in enumerate([words] if fits else wrap(words, width * mm, size, self.fonts)):
            self.y -= size * 0.48 if number else 0
            cell(self.canvas, self.fonts, row, MARGIN, self.y - 6, width, size)
        self.y -= height

    def row(self, cells: Sequence[str], columns: Sequence[Column], *, height: float, size: float) -> None:
        """One line of a table, ruled below; texts stand in the middle of its height, long ones in two small lines."""
        for text, (_heading, left, width) in zip(cells, columns, strict=True):
            rows, small = self._lines(text, width - 2, size)
            for number, row in enumerate(rows):
                middle = self.y - height / 2 + (len(rows) - 1 - 2 * number) * small * 0.2
                cell(self.canvas, self.fonts, row, MARGIN + left + 1, middle - small * 0.13, width - 2, small)
        self.y -= height
        self.canvas.setLineWidth(0.4)
        self.canvas.line(MARGIN * mm, self.y * mm, (WIDTH - MARGIN) * mm, self.y * mm)

    def _lines(self, text: str, width: float, size: float) -> tuple[list[str], float]:
        """One line where it is still read when it is condensed; else two, and their smaller size."""
        if self.fonts.width(text, size) * NARROWEST <= width * mm:
            return [text], size
        small = size * SMALLER
        half = self.fonts.width(text, small) / 2 + small  # two lines of about the same length
        first, *rest = wrap(text, min(width * mm, half), small, self.fonts)
        return [first, *filter(None, ["".join(rest)])], small


def cell(canvas: Canvas, fonts: FontChain, text: str, x: float, y: float, width: float, size: float) -> None:
    """One line at `x`, `y` mm, condensed when it is wider than `width` mm."""
    natural = fonts.width(text, size)
    draw_text(canvas, fonts, text, x * mm, y * mm, size, condense=min(1, width * mm / natural) if natural else 1)
