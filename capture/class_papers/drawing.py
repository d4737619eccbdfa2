"""Draws the check-list and the contact sheet as PDF, class by class. In Chinese, as all papers."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from portal.pdf.fonts import IN_ITS_PLACE, FontChain
from portal.pdf.pages import HEIGHT, MARGIN, WIDTH, Pages, cell
from portal.pdf.paper import add_jpeg, document, draw_text, place_jpeg, wrap

ROW = 18.0
COLUMNS = (
    ("序号", 0, 11),
    ("照片", 11, 16),
    ("学号", 27, 32),
    ("姓名", 59, 34),
    ("证件号码", 93, 42),
    ("本人签名", 135, 39),
)
PHOTO = (12.0, 16.0)  # width and height, mm
ACROSS, FRAME = 5, (30.0, 40.0)
STEP = ((WIDTH - 2 * MARGIN) / ACROSS, 52.0)  # from picture to picture of the contact sheet, mm


@dataclass(frozen=True)
class Entry:
    student_no: str
    name: str
    masked_id: str
    jpeg: bytes  # empty: no portrait yet


@dataclass(frozen=True)
class ClassOfStudents:
    """`entries` are read as they are drawn: a college's pictures need not be in memory at once."""

    words: str  # 信息学院 软件工程 软件2301班（共40人）
    entries: Iterable[Entry]


Draw = Callable[[Pages, ClassOfStudents, Callable[[], None]], None]


def write_check_list(
    classes: Iterable[ClassOfStudents], path: Path, *, school: str, fonts: FontChain, drawn: Callable[[], None]
) -> Path:
    """A row a student, with a line to sign. `drawn` is called after each."""
    return _write(classes, path, f"{school}\n毕业生图像信息核对表", school, fonts, _check_list, drawn)


def write_contact_sheet(
    classes: Iterable[ClassOfStudents], path: Path, *, school: str, fonts: FontChain, drawn: Callable[[], None]
) -> Path:
    """Five pictures across, name and number below each."""
    return _write(classes, path, f"{school}\n毕业生照片一览表", school, fonts, _contact_sheet, drawn)


def _write(
    classes: Iterable[ClassOfStudents],
    path: Path,
    title: str,
    school: str,
    fonts: FontChain,
    draw: Draw,
    drawn: Callable[[], None],
) -> Path:
    with document(
        path, fonts=fonts, width=WIDTH, height=HEIGHT, title=title.replace("\n", ""), author=school
    ) as canvas:
        pages = Pages(canvas, fonts, title)
        for number, found in enumerate(classes):
            if number:
                pages.begin()
            draw(pages, found, drawn)
        pages.end()
    return path


def _check_list(pages: Pages, found: ClassOfStudents, drawn: Callable[[], None]) -> None:
    def head() -> None:
        pages.heading(found.words)
        pages.row([heading for heading, _left, _width in COLUMNS], COLUMNS, height=8, size=9)

    head()
    undrawn = []
    for number, entry in enumerate(found.entries, start=1):
        pages.need(ROW, again=head)
        left, bottom = MARGIN + COLUMNS[1][1] + 2, pages.y - ROW + 1
        _picture(pages.canvas, pages.fonts, entry, left, bottom, PHOTO)
        pages.row((str(number), "", entry.student_no, entry.name, entry.masked_id, ""), COLUMNS, height=ROW, size=10)
        undrawn += _undrawn(entry, pages.fonts)
        drawn()
    pages.need(12)
    pages.heading("核对无误后请本人签名；有误请在该行注明，并告知负责老师。", size=9)
    _say_undrawn(pages, undrawn)


def _contact_sheet(pages: Pages, found: ClassOfStudents, drawn: Callable[[], None]) -> None:
    def head() -> None:
        pages.heading(found.words)

    head()
    across, down = STEP
    undrawn = []
    for number, entry in enumerate(found.entries):
        column = number % ACROSS
        if column == 0:
            pages.y -= down if number else 0
            pages.need(down, again=head)
        left = MARGIN + column * across + (across - FRAME[0]) / 2
        bottom = pages.y - FRAME[1]
        _picture(pages.canvas, pages.fonts, entry, left, bottom, FRAME)
        _below(pages.canvas, pages.fonts, (entry.name, entry.student_no), MARGIN + column * across, bottom, across)
        undrawn += _undrawn(entry, pages.fonts)
        drawn()
    pages.y -= down
    _say_undrawn(pages, undrawn)


def _undrawn(entry: Entry, fonts: FontChain) -> list[str]:
    """2023001 U+2CE0B: whose name has a character that no font has, and which."""
    return [f"{entry.student_no} U+{ord(char):X}" for char in fonts.missing(entry.name)]


def _say_undrawn(pages: Pages, undrawn: Sequence[str]) -> None:
    """What stands as a geta mark is said, so that somebody writes it by hand."""
    if not undrawn:
        return
    words = f"{IN_ITS_PLACE} 处的字在系统字库中没有，请手写补上：{'，'.join(undrawn)}。"
    pages.need(6 + 5 * len(wrap(words, (WIDTH - 2 * MARGIN) * mm, 9, pages.fonts)))
    pages.heading(words, size=9)


def _below(canvas: Canvas, fonts: FontChain, words: Sequence[str], left: float, bottom: float, width: float) -> None:
    for line, (text, size) in enumerate(zip(words, (10, 8), strict=True), start=1):
        natural = fonts.width(text, size) / mm
        cell(canvas, fonts, text, left + max((width - natural) / 2, 1), bottom - line * 4.3, width - 2, size)


def _picture(
    canvas: Canvas, fonts: FontChain, entry: Entry, left: float, bottom: float, size: tuple[float, float]
) -> None:
    """The portrait, or an empty frame."""
    if entry.jpeg:
        name = entry.student_no.encode().hex()  # of a PDF's names only ASCII is sure
        add_jpeg(canvas, name, entry.jpeg)
        place_jpeg(canvas, name, left * mm, bottom * mm, size[0] * mm, size[1] * mm)
        return
    canvas.setLineWidth(0.3)
    canvas.rect(left * mm, bottom * mm, size[0] * mm, size[1] * mm)
    draw_text(canvas, fonts, "未采集", (left + size[0] / 2) * mm, (bottom + size[1] / 2 - 1) * mm, 7, align="center")
