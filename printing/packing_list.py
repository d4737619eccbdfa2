"""Draws the packing list (装箱清单) as PDF: volume and pages of each class, a receipt to sign."""

from dataclasses import dataclass
from pathlib import Path

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from portal.pdf.fonts import FontChain
from portal.pdf.pages import HEIGHT, MARGIN, WIDTH, cell
from portal.pdf.paper import document, draw_text

ROW = 7.2
FIRST_ROWS, ROWS = 26, 32
# (heading, left edge in mm from the margin, width in mm)
COLUMNS = (
    ("册", 0, 12),
    ("学院", 12, 42),
    ("专业", 54, 50),
    ("班级", 104, 34),
    ("人数", 138, 14),
    ("页码", 152, 22),
)


@dataclass(frozen=True)
class Line:
    volume: int
    college: str
    major: str
    class_name: str
    students: int
    first_page: int
    last_page: int

    @property
    def cells(self) -> tuple[str, ...]:
        pages = str(self.first_page) if self.first_page == self.last_page else f"{self.first_page}–{self.last_page}"
        return (str(self.volume), self.college, self.major, self.class_name, str(self.students), pages)


@dataclass(frozen=True)
class Contents:
    center: str
    school: str
    address: str
    title: str
    run: str
    copies: int
    lines: tuple[Line, ...]


def write(contents: Contents, path: Path, *, fonts: FontChain) -> Path:
    pages = _pages(contents.lines)
    with document(
        path, fonts=fonts, width=WIDTH, height=HEIGHT, title=contents.title, author=contents.center
    ) as canvas:
        for number, lines in enumerate(pages, 1):
            y = _head(canvas, contents, fonts) if number == 1 else (HEIGHT - 24) * mm
            y = _table(canvas, lines, fonts, y)
            if number == len(pages):
                _receipt(canvas, contents, fonts, y)
            mark = f"{contents.run}　第{number}页/共{len(pages)}页"
            draw_text(canvas, fonts, mark, WIDTH / 2 * mm, 10 * mm, 8, align="center")
            canvas.showPage()
    return path


def _pages(lines: tuple[Line, ...]) -> list[tuple[Line, ...]]:
    """The lines of each page. The first page has fewer, because the heading stands on it."""
    room = [FIRST_ROWS]
    pages: list[tuple[Line, ...]] = [()]
    for line in lines:
        if len(pages[-1]) == room[-1]:
            pages.append(())
            room.append(ROWS)
        pages[-1] = (*pages[-1], line)
    return pages


def _head(canvas: Canvas, contents: Contents, fonts: FontChain) -> float:
    draw_text(canvas, fonts, contents.title, WIDTH / 2 * mm, (HEIGHT - 24) * mm, 16, align="center")
    volumes = len({line.volume for line in contents.lines})
    students = sum(line.students for line in contents.lines)
    facts = [
        f"学校：{contents.school}",
        f"地址：{contents.address}",
        f"共{volumes}册　{students}人　每人{contents.copies}张　批次 {contents.run}",
    ]
    y = (HEIGHT - 36) * mm
    for fact in facts:
        cell(canvas, fonts, fact, MARGIN, y / mm, WIDTH - 2 * MARGIN, 10.5)
        y -= 6 * mm
    return y - 3 * mm


def _table(canvas: Canvas, lines: tuple[Line, ...], fonts: FontChain, y: float) -> float:
    rows = [tuple(heading for heading, _, _ in COLUMNS), *(line.cells for line in lines)]
    canvas.setLineWidth(0.4)
    for row in rows:
        for text, (_, left, width) in zip(row, COLUMNS, strict=True):
            cell(canvas, fonts, text, MARGIN + left + 1, y / mm - 5, width - 2, 9)
        canvas.line(MARGIN * mm, y - ROW * mm, (WIDTH - MARGIN) * mm, y - ROW * mm)
        y -= ROW * mm
    return y


def _receipt(canvas: Canvas, contents: Contents, fonts: FontChain, y: float) -> None:
    words = (
        "以上照片已清点无误。　　签收人：________________　　日期：________年____月____日",
        "提示：每条为同一名学生，按行裁下即可分发；贴好背胶后沿隐线撕下粘贴。",
    )
    y -= 12 * mm
    for text in words:
        draw_text(canvas, fonts, text, MARGIN * mm, y, 10)
        y -= 8 * mm
