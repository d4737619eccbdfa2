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
from portal.pdf.pages import HEIGHT, MARGIN, WIDTH, Pages
from portal.pdf.paper import document, draw_code, draw_text, wrap

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
    numbers: str  # of a part of the class from which to which
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
            f"{slot.first_no}–{slot.last_no}" if slot.first_no else "全班",
            slot.students,
        )
        for slot in slots
    ]
    return Section(f"{day.year}年{day.month}月{day.day}日（周{weekday}）", station.name, station.place, lines)


def sign(station: Station, school: str, url: str) -> Sign:
    with translation.override("zh-hans"):
        return Sign(school, station.name, station.place, station.hours, station.helper, url)


def _section(pages: Pages, section: Section) -> None:
    def head() -> None:
        pages.heading(f"{section.day}　{section.station}　{section.place}", height=HEAD)
        pages.row([heading for heading, _left, _width in COLUMNS], COLUMNS, height=ROW, size=9)

    pages.need(HEAD + 2 * ROW)
    head()
    for line in section.lines:
        pages.need(ROW, again=head)
        pages.row(line.cells, COLUMNS, height=ROW, size=10)
    pages.y -= 6


def write_plan(sections: Sequence[Section], path: Path, *, school: str, fonts: FontChain) -> Path:
    title = f"{school}\n毕业生图像采集安排表"
    with document(
        path, fonts=fonts, width=WIDTH, height=HEIGHT, title=title.replace("\n", ""), author=school
    ) as canvas:
        pages = Pages(canvas, fonts, title)
        for section in sections:
            _section(pages, section)
        pages.end()
    return path


def write_signs(signs: Sequence[Sign], path: Path, *, fonts: FontChain) -> Path:
    """One page a station, to be read from some metres."""
    with document(path, fonts=fonts, width=WIDTH, height=HEIGHT, title="采集点门牌", author=signs[0].school) as canvas:
        for sign in signs:
            _sign(canvas, sign, fonts)
            canvas.showPage()
    return path


def _fitted(sign: Sign, width: float, height: float, fonts: FontChain) -> list[tuple[list[str], float]]:
    """The lines above the code, as large as the room allows: (rows, size in points) of each text."""
    texts = [(sign.school, 20), ("毕业生图像采集点", 24), (sign.station, 54), (sign.place, 28), (sign.hours, 20)]
    for share in (1, 0.8, 0.64, 0.5, 0.4):
        found = [(wrap(text, width, size * share, fonts), size * share) for text, size in texts]
        if sum((1.2 * len(rows) + 0.3) * size for rows, size in found) <= height:
            break
    return found


def _sign(canvas: Canvas, sign: Sign, fonts: FontChain) -> None:
    middle, room = WIDTH / 2 * mm, (WIDTH - 2 * MARGIN) * mm
    code, bottom = 90 * mm, 50 * mm
    y = (HEIGHT - 34) * mm
    for rows, size in _fitted(sign, room, y - bottom - code, fonts):
        for row in rows:
            y -= size * 1.2
            draw_text(canvas, fonts, row, middle, y, size, align="center")
        y -= size * 0.3
    draw_code(canvas, sign.url, middle - code / 2, bottom, code)
    hints = [("扫码打开本人页面：查看本班时段、确认信息", 15), (sign.url, 11)]
    if sign.helper:
        hints.append((f"现场协助：{sign.helper}", 13))
    y = bottom - 4 * mm
    for text, size in hints:
        y -= size * 1.5
        natural = fonts.width(text, size)
        draw_text(canvas, fonts, text, middle, y, size, align="center", condense=min(1, room / natural))
