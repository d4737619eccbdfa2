"""Draws the plan of the classes by day and station (采集安排表), and the sign at a station's door, as PDF."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.utils import translation
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from capture.models import Slot, Station
from portal.pdf.fonts import FontChain
from portal.pdf.paper import document, draw_code, draw_text, wrap

WIDTH, HEIGHT, MARGIN = 210, 297, 18
BOTTOM = 20  # mm
ROW, HEAD = 8.0, 10.0
# (heading, left edge in mm from the margin, width in mm)
COLUMNS = (
    ("时间", 0, 30),
    ("学院", 30, 48),
    ("班级", 78, 42),
    ("学号", 120, 36),
    ("人数", 156, 18),
)


@dataclass(frozen=True)
class Line:
    hours: str
    college: str
    class_name: str
    numbers: str  # of a part of the class: from which to which
    students: int

    @property
    def cells(self) -> tuple[str, ...]:
        return self.hours, self.college, self.class_name, self.numbers, str(self.students)


@dataclass(frozen=True)
class Section:
    """One station on one day."""

    day: str
    station: str
    place: str
    lines: Sequence[Line]


@dataclass(frozen=True)
class Sign:
    school: str
    station: str
    place: str
    hours: str
    helper: str
    url: str


def section(day: dt.date, station: Station, slots: Sequence[Slot]) -> Section:
    """In Chinese, as all papers."""
    weekday = "一二三四五六日"[day.weekday()]
    lines = [
        Line(
            slot.hours,
            slot.college,
            slot.class_name,
            f"{slot.first_no}–{slot.last_no}" if slot.first_no else "",
            slot.students,
        )
        for slot in slots
    ]
    return Section(f"{day.year}年{day.month}月{day.day}日（周{weekday}）", station.name, station.place, lines)


def sign(station: Station, school: str, url: str) -> Sign:
    with translation.override("zh-hans"):
        return Sign(school, station.name, station.place, station.hours, station.helper, url)


class _Pages:
    """Writes from the top of each page down; `y` is in mm."""

    def __init__(self, canvas: Canvas, fonts: FontChain, title: str) -> None:
        self.canvas, self.fonts, self.title = canvas, fonts, title
        self.number = 0
        self.begin()

    def begin(self) -> None:
        if self.number:
            self.canvas.showPage()
        self.number += 1
        self.y = HEIGHT - 24.0
        draw_text(self.canvas, self.fonts, self.title, WIDTH / 2 * mm, self.y * mm, 16, align="center")
        draw_text(self.canvas, self.fonts, f"第{self.number}页", WIDTH / 2 * mm, 10 * mm, 8, align="center")
        self.y -= 12

    def section(self, section: Section) -> None:
        if self.y - HEAD - 2 * ROW < BOTTOM:
            self.begin()
        self._head(section)
        for line in section.lines:
            if self.y - ROW < BOTTOM:
                self.begin()
                self._head(section)
            self._row(line.cells, 10)
        self.y -= 6

    def _head(self, section: Section) -> None:
        words = f"{section.day}　{section.station}（{section.place}）"
        _cell(self.canvas, self.fonts, words, MARGIN, self.y - 6, WIDTH - 2 * MARGIN, 12)
        self.y -= HEAD
        self._row(tuple(heading for heading, _left, _width in COLUMNS), 9)

    def _row(self, cells: Sequence[str], size: float) -> None:
        for text, (_heading, left, width) in zip(cells, COLUMNS, strict=True):
            _cell(self.canvas, self.fonts, text, MARGIN + left + 1, self.y - 5.6, width - 2, size)
        self.y -= ROW
        self.canvas.setLineWidth(0.4)
        self.canvas.line(MARGIN * mm, self.y * mm, (WIDTH - MARGIN) * mm, self.y * mm)


def write_plan(sections: Sequence[Section], path: Path, *, school: str, fonts: FontChain) -> Path:
    title = f"{school}毕业生图像采集安排表"
    with document(path, fonts=fonts, width=WIDTH, height=HEIGHT, title=title, author=school) as canvas:
        pages = _Pages(canvas, fonts, title)
        for section in sections:
            pages.section(section)
        canvas.showPage()
    return path


def write_signs(signs: Sequence[Sign], path: Path, *, fonts: FontChain) -> Path:
    """One page a station, to be read from some metres."""
    with document(path, fonts=fonts, width=WIDTH, height=HEIGHT, title="采集点门牌", author=signs[0].school) as canvas:
        for sign in signs:
            _sign(canvas, sign, fonts)
            canvas.showPage()
    return path


def _sign(canvas: Canvas, sign: Sign, fonts: FontChain) -> None:
    middle, room = WIDTH / 2 * mm, (WIDTH - 2 * MARGIN) * mm
    y = (HEIGHT - 34) * mm
    lines = [(sign.school, 20), ("毕业生图像采集点", 24), (sign.station, 54), (sign.place, 28), (sign.hours, 20)]
    for text, size in lines:
        for row in wrap(text, room, size, fonts):
            y -= size * 1.2
            draw_text(canvas, fonts, row, middle, y, size, align="center")
        y -= size * 0.3
    code = 90 * mm
    bottom = 50 * mm
    draw_code(canvas, sign.url, middle - code / 2, bottom, code)
    hints = [("扫码打开本人页面：查看本班时段、确认信息", 15), (sign.url, 11)]
    if sign.helper:
        hints.append((f"现场协助：{sign.helper}", 13))
    y = bottom - 4 * mm
    for text, size in hints:
        y -= size * 1.5
        natural = fonts.width(text, size)
        draw_text(canvas, fonts, text, middle, y, size, align="center", condense=min(1, room / natural))


def _cell(canvas: Canvas, fonts: FontChain, text: str, x: float, y: float, width: float, size: float) -> None:
    """One line at `x`, `y` mm, condensed when it is wider than `width` mm."""
    natural = fonts.width(text, size)
    draw_text(canvas, fonts, text, x * mm, y * mm, size, condense=min(1, width * mm / natural) if natural else 1)
