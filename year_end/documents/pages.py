"""The same document as a PDF on A4, with embedded fonts (`portal.pdf`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from reportlab.lib.units import mm

from portal.pdf.fonts import FontChain, installed_fonts
from portal.pdf.paper import document, draw_text, wrap
from year_end.documents.tables import Table

WIDTH, HEIGHT = 210, 297
EDGE, TOP, BOTTOM = 20 * mm, 272 * mm, 25 * mm
COLUMN = WIDTH * mm - 2 * EDGE
TEXT, CELL, TITLE = 12, 10, 18
PADDING = 4


def write(title: str, text: str, tables: Sequence[Table], *, foot: str, author: str) -> bytes:
    """The file. The lines of the last block of `text`, the signature, stand at the right."""
    fonts = installed_fonts("serif")
    with TemporaryDirectory() as folder:
        path = Path(folder, "document.pdf")
        with document(path, fonts=fonts, width=WIDTH, height=HEIGHT, title=title, author=author) as canvas:
            page = _Page(canvas, fonts, foot)
            for row in wrap(title, COLUMN, TITLE, fonts):
                page.line(row, TITLE, align="center")
            page.space(14)
            _draw_text(page, text)
            for table in tables:
                _draw_table(page, table)
            page.end()
        return path.read_bytes()


@dataclass
class _Page:
    """The place on the page where the next line stands; a full page is ended, and the next one begun."""

    canvas: Any
    fonts: FontChain
    foot: str
    y: float = TOP
    number: int = 1

    def space(self, points: float) -> None:
        self.y -= points

    def room(self, height: float) -> bool:
        """Make room for so many points. Whether a new page was begun for it."""
        if self.y - height >= BOTTOM:
            return False
        self.end()
        self.canvas.showPage()
        self.y, self.number = TOP, self.number + 1
        return True

    def line(self, text: str, size: float, *, align: str = "left", indent: float = 0) -> None:
        self.room(size * 1.8)
        self.y -= size * 1.8
        x = {"left": EDGE + indent, "center": EDGE + COLUMN / 2, "right": EDGE + COLUMN}[align]
        draw_text(self.canvas, self.fonts, text, x, self.y, size, align=align)

    def end(self) -> None:
        draw_text(self.canvas, self.fonts, self.foot, EDGE, 14 * mm, 7)
        draw_text(self.canvas, self.fonts, f"第{self.number}页", EDGE + COLUMN, 14 * mm, 7, align="right")


def _draw_text(page: _Page, text: str) -> None:
    blocks = [block for block in text.split("\n\n") if block.strip()]
    for n, block in enumerate(blocks):
        is_signature = n == len(blocks) - 1 > 0
        for paragraph in block.splitlines():
            shifted = paragraph if n == 0 or is_signature else f"　　{paragraph}"
            for row in wrap(shifted, COLUMN, TEXT, page.fonts):
                page.line(row, TEXT, align="right" if is_signature else "left")


def _draw_table(page: _Page, table: Table) -> None:
    page.space(16)
    page.room(90)  # the title is not left alone at the foot of a page
    if table.title:
        page.line(table.title, TEXT)
        page.space(8)
    _draw_row(page, table, table.headings)
    for row in table.rows:
        _draw_row(page, table, row, with_headings=True)


def _draw_row(page: _Page, table: Table, texts: Sequence[str], *, with_headings: bool = False) -> None:
    widths = [width * mm for width in table.widths]
    cells = [wrap(text, width - 2 * PADDING, CELL, page.fonts) for text, width in zip(texts, widths, strict=True)]
    height = max(1, *(len(lines) for lines in cells)) * CELL * 1.5 + 2 * PADDING
    if page.room(height) and with_headings:
        _draw_row(page, table, table.headings)
    x, page.y = EDGE, page.y - height
    for n, (lines, width) in enumerate(zip(cells, widths, strict=True)):
        page.canvas.setLineWidth(0.5)
        page.canvas.rect(x, page.y, width, height)
        for m, line in enumerate(lines):
            baseline = page.y + height - PADDING - CELL * 1.1 - m * CELL * 1.5
            is_number = n in table.numbers
            left = x + width - PADDING if is_number else x + PADDING
            draw_text(page.canvas, page.fonts, line, left, baseline, CELL, align="right" if is_number else "left")
        x += width
