"""The feedback form of annex 3 (电子图像校对反馈表) as one page of PDF, worded as in the notice. No database."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from portal.pdf.fonts import FontChain
from portal.pdf.paper import document, draw_text

WIDTH, HEIGHT = 210, 297
MARGIN = 28
TITLE_SIZE, BODY_SIZE, NOTE_SIZE = 20.0, 14.0, 10.5
LEADING = 1.95
INDENT = "　　"
SATISFACTION = ("满意", "比较满意", "不满意")
# A line may not begin with these.
NOT_FIRST = "，。；：、？！）】》”"


@dataclass(frozen=True)
class FeedbackFormData:
    """What is filled in; what is left empty or None stays a blank to be written by hand.

    `portraits_quality` and `service_quality` count into SATISFACTION.
    """

    center: str
    center_short: str
    school: str
    class_year: int
    season_year: int
    number: str
    count: int | None = None
    received_on: date | None = None
    portraits_quality: int | None = None
    service_quality: int | None = None
    remarks: str = ""
    handler: str = ""
    phone: str = ""
    signed_on: date | None = None


@dataclass(frozen=True)
class Piece:
    """A stretch of a sentence: plain words, or a filled or empty blank of at least `blank` em on a rule."""

    text: str
    blank: float = 0


@dataclass
class _Pen:
    """Sets sentences from the top of the page down."""

    canvas: Canvas
    fonts: FontChain
    y: float = (HEIGHT - 34) * mm
    left: float = MARGIN * mm
    right: float = (WIDTH - MARGIN) * mm
    size: float = BODY_SIZE
    x: float = field(default=MARGIN * mm)

    def sentence(self, *pieces: Piece | str, space_before: float = 0) -> None:
        self.y -= space_before * mm
        self.x = self.left
        for piece in pieces:
            piece = Piece(piece) if isinstance(piece, str) else piece
            if piece.blank:
                self._blank(piece)
            else:
                self._words(piece.text)
        self.y -= self.size * LEADING

    def _words(self, text: str) -> None:
        for char in text:
            width = self.fonts.width(char, self.size)
            # A closing mark may hang over the margin rather than begin a line.
            if self.x + width > self.right + 0.1 and char not in NOT_FIRST:
                self._next_line()
            draw_text(self.canvas, self.fonts, char, self.x, self.y, self.size)
            self.x += width

    def _blank(self, piece: Piece) -> None:
        """The value in the middle of its rule; one that is longer than a line is condensed."""
        natural = self.fonts.width(piece.text, self.size)
        width = min(max(piece.blank * self.size, natural + self.size), self.right - self.left)
        if self.x + width > self.right + 0.1:
            self._next_line()
        self._rule(self.x, width)
        condense = min(1, (width - 4) / natural) if natural else 1
        draw_text(
            self.canvas,
            self.fonts,
            piece.text,
            self.x + width / 2,
            self.y,
            self.size,
            condense=condense,
            align="center",
        )
        self.x += width

    def _next_line(self) -> None:
        self.x = self.left
        self.y -= self.size * LEADING

    def _rule(self, x: float, width: float) -> None:
        self.canvas.setLineWidth(0.6)
        self.canvas.line(x, self.y - self.size * 0.22, x + width, self.y - self.size * 0.22)

    def lines_of_writing(self, text: str, lines: int) -> None:
        """Ruled lines for free words, filled with as many as there are; smaller type where they are many."""
        per_line = self.right - self.left
        rows = wrap(text, per_line, self.size, self.fonts)
        size = self.size
        while len(rows) > lines and size > 8:
            size -= 0.5
            rows = wrap(text, per_line, size, self.fonts)
        step = self.size * LEADING * min(1, lines / max(1, len(rows)))
        for row in range(max(lines, len(rows))):
            self._rule(self.left, per_line)
            if row < len(rows):
                draw_text(self.canvas, self.fonts, rows[row], self.left, self.y, size)
            self.y -= step


def wrap(text: str, width: float, size: float, fonts: FontChain) -> list[str]:
    """Lines of at most `width` points; line breaks of the text are kept."""
    rows = []
    for paragraph in text.splitlines():
        row = ""
        for char in paragraph:
            if row and fonts.width(row + char, size) > width and char not in NOT_FIRST:
                rows.append(row)
                row = ""
            row += char
        rows.append(row)
    return [row for row in rows if row.strip()]


def write_feedback_form(data: FeedbackFormData, path: Path, *, fonts: FontChain) -> Path:
    """Write the form to `path`; the same data gives the same bytes."""
    title = f"{data.class_year}届毕业生电子图像校对反馈表"
    with document(path, fonts=fonts, width=WIDTH, height=HEIGHT, title=title, author=data.center) as canvas:
        _draw(canvas, data, fonts)
        canvas.showPage()
    return path


def _draw(canvas: Canvas, data: FeedbackFormData, fonts: FontChain) -> None:
    draw_text(
        canvas, fonts, f"编号：{data.number}", (WIDTH - MARGIN) * mm, (HEIGHT - 18) * mm, NOTE_SIZE, align="right"
    )
    _title(canvas, fonts, "电子图像校对反馈表")
    pen = _Pen(canvas, fonts, y=(HEIGHT - 54) * mm)
    pen.sentence(f"{data.center}：")
    pen.sentence(
        f"{INDENT}我单位已于",
        *_date(data.received_on),
        f"收到{data.class_year}届毕业生电子图像共",
        Piece("" if data.count is None else str(data.count), blank=4),
        "人，经校对全部电子照片确认无误。",
    )
    pen.sentence(f"{INDENT}对此次图像采集的照片质量评价（请打√）：", space_before=1)
    _choices(pen, data.portraits_quality, "；")
    pen.sentence(f"{INDENT}对{data.center_short}今年的电子图像采集工作评价（请打√）：", space_before=1)
    _choices(pen, data.service_quality, "。")
    pen.sentence(f"{INDENT}意见和建议：", space_before=1)
    pen.lines_of_writing(data.remarks, 3)
    pen.sentence(
        "学校经办人：", Piece(data.handler, blank=6), "；联系电话：", Piece(data.phone, blank=8), "；", space_before=3
    )
    _signature(canvas, data, fonts, pen.y - 14 * mm)
    _note(canvas, data, fonts)


def _title(canvas: Canvas, fonts: FontChain, text: str) -> None:
    """Emboldened by a thin outline: the package has one weight only."""
    line = canvas.beginText((WIDTH * mm - fonts.width(text, TITLE_SIZE)) / 2, (HEIGHT - 36) * mm)
    line.setFont(fonts.first.fontName, TITLE_SIZE)
    line.setTextRenderMode(2)
    canvas.saveState()
    canvas.setLineWidth(0.5)
    line.textOut(text)
    line.setTextRenderMode(0)
    canvas.drawText(line)
    canvas.restoreState()


def _date(day: date | None) -> list[Piece | str]:
    year, month, number = (str(day.year), str(day.month), str(day.day)) if day else ("", "", "")
    return [Piece(year, blank=3), "年", Piece(month, blank=2), "月", Piece(number, blank=2), "日"]


def _choices(pen: _Pen, chosen: int | None, end: str) -> None:
    pen.x = pen.left + 2 * pen.size
    for i, word in enumerate(SATISFACTION):
        _box(pen, ticked=i == chosen)
        pen._words(f"{word}{'；　' if i < len(SATISFACTION) - 1 else end}")
    pen._next_line()


def _box(pen: _Pen, *, ticked: bool) -> None:
    draw_text(pen.canvas, pen.fonts, "□", pen.x, pen.y, pen.size)
    if ticked:
        _tick(pen)
    pen.x += pen.fonts.width("□", pen.size)


def _tick(pen: _Pen) -> None:
    """By strokes: the font's root sign is no tick."""
    corners = [(0.16, 0.42), (0.38, 0.12), (0.98, 0.86)]
    path = pen.canvas.beginPath()
    path.moveTo(pen.x + corners[0][0] * pen.size, pen.y + corners[0][1] * pen.size)
    for right, up in corners[1:]:
        path.lineTo(pen.x + right * pen.size, pen.y + up * pen.size)
    pen.canvas.saveState()
    pen.canvas.setLineWidth(1.3)
    pen.canvas.setLineJoin(1)
    pen.canvas.setLineCap(1)
    pen.canvas.drawPath(path, stroke=1, fill=0)
    pen.canvas.restoreState()


def _signature(canvas: Canvas, data: FeedbackFormData, fonts: FontChain, y: float) -> None:
    """Unit and date on the right, with room for the round stamp over them."""
    unit = f"单位（盖章）：{data.school}"
    room = (WIDTH - 2 * MARGIN) * mm
    natural = fonts.width(unit, BODY_SIZE)
    right = (WIDTH - MARGIN) * mm
    draw_text(canvas, fonts, unit, right, y, BODY_SIZE, condense=min(1, room / natural), align="right")
    day = data.signed_on
    words = f"{day.year}年{day.month}月{day.day}日" if day else f"{data.season_year}年　　　月　　　日"
    draw_text(canvas, fonts, words, right, y - 2 * BODY_SIZE, BODY_SIZE, align="right")


def _note(canvas: Canvas, data: FeedbackFormData, fonts: FontChain) -> None:
    text = (
        "（请将盖章后的此表寄送我中心或以PDF格式发送到我中心相关联系人邮箱。"
        f"未及时反馈者，将会影响{data.class_year}届毕业生学历电子注册和纸质照片交付！）"
    )
    y = 34 * mm
    for row in wrap(text, (WIDTH - 2 * MARGIN) * mm, NOTE_SIZE, fonts):
        draw_text(canvas, fonts, row, MARGIN * mm, y, NOTE_SIZE)
        y -= NOTE_SIZE * 1.6
    canvas.setFillGray(0.35)
    draw_text(canvas, fonts, "盖章后的扫描件或照片也可登录图采系统上传。", MARGIN * mm, y - 3, NOTE_SIZE - 2)
    canvas.setFillGray(0)
