"""The frame of an A4 paper of the office: title on top, pages numbered below, written from the top down."""

from collections.abc import Callable, Sequence

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from portal.pdf.fonts import FontChain
from portal.pdf.paper import draw_text

WIDTH, HEIGHT, MARGIN = 210, 297, 18  # mm
BOTTOM = 20  # mm
Column = tuple[str, float, float]  # heading, left edge in mm from the margin, width in mm


class Pages:
    """`y` is the height in mm below which the next thing stands. Call `end` after the last."""

    def __init__(self, canvas: Canvas, fonts: FontChain, title: str) -> None:
        self.canvas, self.fonts, self.title = canvas, fonts, title
        self.number = 0
        self.begin()

    def begin(self) -> None:
        """Go on on a new page."""
        if self.number:
            self.canvas.showPage()
        self.number += 1
        self.y = HEIGHT - 24.0
        draw_text(self.canvas, self.fonts, self.title, WIDTH / 2 * mm, self.y * mm, 16, align="center")
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
        cell(self.canvas, self.fonts, words, MARGIN, self.y - 6, WIDTH - 2 * MARGIN, size)
        self.y -= height

    def row(self, cells: Sequence[str], columns: Sequence[Column], *, height: float, size: float) -> None:
        """One line of a table, ruled below; texts stand in the middle of its height."""
        baseline = self.y - height / 2 - size * 0.13
        for text, (_heading, left, width) in zip(cells, columns, strict=True):
            cell(self.canvas, self.fonts, text, MARGIN + left + 1, baseline, width - 2, size)
        self.y -= height
        self.canvas.setLineWidth(0.4)
        self.canvas.line(MARGIN * mm, self.y * mm, (WIDTH - MARGIN) * mm, self.y * mm)


def cell(canvas: Canvas, fonts: FontChain, text: str, x: float, y: float, width: float, size: float) -> None:
    """One line at `x`, `y` mm, condensed when it is wider than `width` mm."""
    natural = fonts.width(text, size)
    draw_text(canvas, fonts, text, x * mm, y * mm, size, condense=min(1, width * mm / natural) if natural else 1)
