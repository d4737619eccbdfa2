"""Draws the packing list (装箱清单) as PDF: volume and pages of each class, a receipt to sign."""

from dataclasses import dataclass
from pathlib import Path

from portal.pdf.fonts import FontChain
from portal.pdf.pages import HEIGHT, WIDTH, Pages
from portal.pdf.paper import document

ROW, FACT, RECEIPT = 7.2, 6.0, 24.0  # mm
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
    with document(
        path, fonts=fonts, width=WIDTH, height=HEIGHT, title=contents.title, author=contents.center
    ) as canvas:
        pages = Pages(canvas, fonts, contents.title)
        for fact in _facts(contents):
            pages.heading(fact, height=FACT, size=10.5)
        pages.y -= FACT / 2
        _head(pages)
        for line in contents.lines:
            pages.need(ROW, again=lambda: _head(pages))
            pages.row(line.cells, COLUMNS, height=ROW, size=9)
        pages.need(RECEIPT)
        _receipt(pages)
        pages.end()
    return path


def _facts(contents: Contents) -> tuple[str, ...]:
    volumes = len({line.volume for line in contents.lines})
    students = sum(line.students for line in contents.lines)
    return (
        f"学校：{contents.school}",
        f"地址：{contents.address}",
        f"共{volumes}册　{students}人　每人{contents.copies}张　批次 {contents.run}",
    )


def _head(pages: Pages) -> None:
    pages.row([heading for heading, _left, _width in COLUMNS], COLUMNS, height=ROW, size=9)


def _receipt(pages: Pages) -> None:
    pages.y -= 6
    pages.heading("以上照片已清点无误。　　签收人：________________　　日期：________年____月____日", height=8, size=10)
    pages.heading("提示：每条为同一名学生，按行裁下即可分发；贴好背胶后沿隐线撕下粘贴。", height=8, size=10)
