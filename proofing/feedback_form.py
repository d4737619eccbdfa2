"""Draws the feedback form (电子图像校对反馈表, annex 3 of the notice) as a PDF of one page. No database."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from portal.pdf.fonts import FontChain
from portal.pdf.paper import NOT_FIRST, document, draw_text, wrap

WIDTH, HEIGHT = 210, 297
MARGIN = 28
TITLE_SIZE, BODY_SIZE, NOTE_SIZE = 20.0, 14.0, 10.5
LEADING = 1.95
INDENT = "　　"
SATISFACTION = ("满意", "比较满意", "不满意")


@dataclass(frozen=True)
class FeedbackFormData:
    """The values of the form. An empty or None value is left blank, to be filled in by hand.

    `portraits_quality` and `service_quality` are indexes into SATISFACTION.
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
    corrected: tuple[str, ...] = ()  # student numbers: whose data were corrected after the form was accepted


@dataclass(frozen=True)
class Span:
    """A part of a sentence: plain text; with `blank` > 0 a ruled field of at least `blank` em."""

    text: str
    blank: float = 0


@dataclass
class _TextWriter:
    """Writes sentences from the top of the page down. `x`, `y` is the position in points."""

    canvas: Canvas
    fonts: FontChain
    y: float = (HEIGHT - 34) * mm
    left: float = MARGIN * mm
    right: float = (WIDTH - MARGIN) * mm
    size: float = BODY_SIZE
    x: float = field(default=MARGIN * mm)

    def write_sentence(self, *spans: Span | str, space_before: float = 0) -> None:
        self.y -= space_before * mm
        self.x = self.left
        for span in spans:
            span = Span(span) if isinstance(span, str) else span
            if span.blank:
                self._blank(span)
            else:
                self._write(span.text)
        self.y -= self.size * LEADING

    def _write(self, text: str) -> None:
        for char in text:
            width = self.fonts.width(char, self.size)
            # A closing mark may hang over the margin rather than begin a line.
            if self.x + width > self.right + 0.1 and char not in NOT_FIRST:
                self._next_line()
            draw_text(self.canvas, self.fonts, char, self.x, self.y, self.size)
            self.x += width

    def _blank(self, span: Span) -> None:
        """Write the value centred on its rule. A value that is wider than a line is condensed."""
        natural = self.fonts.width(span.text, self.size)
        width = min(max(span.blank * self.size, natural + self.size), self.right - self.left)
        if self.x + width > self.right + 0.1:
            self._next_line()
        self._rule(self.x, width)
        condense = min(1, (width - 4) / natural) if natural else 1
        draw_text(
            self.canvas,
            self.fonts,
            span.text,
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

    def write_on_lines(self, text: str, lines: int) -> None:
        """Write free text on at least `lines` ruled lines.

        A long text gets smaller type, down to 8 pt.
        """
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
    writer = _TextWriter(canvas, fonts, y=(HEIGHT - 54) * mm)
    writer.write_sentence(f"{data.center}：")
    writer.write_sentence(
        f"{INDENT}我单位已于",
        *_date(data.received_on),
        f"收到{data.class_year}届毕业生电子图像共",
        Span("" if data.count is None else str(data.count), blank=4),
        "人，经校对全部电子照片确认无误。",
    )
    writer.write_sentence(f"{INDENT}对此次图像采集的照片质量评价（请打√）：", space_before=1)
    _choices(writer, data.portraits_quality, "；")
    writer.write_sentence(f"{INDENT}对{data.center_short}今年的电子图像采集工作评价（请打√）：", space_before=1)
    _choices(writer, data.service_quality, "。")
    writer.write_sentence(f"{INDENT}意见和建议：", space_before=1)
    writer.write_on_lines(data.remarks, 3)
    writer.write_sentence(
        "学校经办人：", Span(data.handler, blank=6), "；联系电话：", Span(data.phone, blank=8), "；", space_before=3
    )
    _signature(canvas, data, fonts, writer.y - 14 * mm)
    _note(canvas, data, fonts)
    _corrected(canvas, data, fonts)


def _title(canvas: Canvas, fonts: FontChain, text: str) -> None:
    """The title in bold. The font has no bold weight, so the letters get a thin outline."""
    line = canvas.beginText((WIDTH * mm - fonts.width(text, TITLE_SIZE)) / 2, (HEIGHT - 36) * mm)
    line.setFont(fonts.first.fontName, TITLE_SIZE)
    line.setTextRenderMode(2)
    canvas.saveState()
    canvas.setLineWidth(0.5)
    line.textOut(text)
    line.setTextRenderMode(0)
    canvas.drawText(line)
    canvas.restoreState()


def _date(day: date | None) -> list[Span | str]:
    year, month, number = (str(day.year), str(day.month), str(day.day)) if day else ("", "", "")
    return [Span(year, blank=3), "年", Span(month, blank=2), "月", Span(number, blank=2), "日"]


def _choices(writer: _TextWriter, chosen: int | None, end: str) -> None:
    writer.x = writer.left + 2 * writer.size
    for i, word in enumerate(SATISFACTION):
        _box(writer, ticked=i == chosen)
        writer._write(f"{word}{'；　' if i < len(SATISFACTION) - 1 else end}")
    writer._next_line()


def _box(writer: _TextWriter, *, ticked: bool) -> None:
    draw_text(writer.canvas, writer.fonts, "□", writer.x, writer.y, writer.size)
    if ticked:
        _tick(writer)
    writer.x += writer.fonts.width("□", writer.size)


def _tick(writer: _TextWriter) -> None:
    """A tick of two strokes, because the font has no character for it."""
    corners = [(0.16, 0.42), (0.38, 0.12), (0.98, 0.86)]
    path = writer.canvas.beginPath()
    path.moveTo(writer.x + corners[0][0] * writer.size, writer.y + corners[0][1] * writer.size)
    for right, up in corners[1:]:
        path.lineTo(writer.x + right * writer.size, writer.y + up * writer.size)
    writer.canvas.saveState()
    writer.canvas.setLineWidth(1.3)
    writer.canvas.setLineJoin(1)
    writer.canvas.setLineCap(1)
    writer.canvas.drawPath(path, stroke=1, fill=0)
    writer.canvas.restoreState()


def _signature(canvas: Canvas, data: FeedbackFormData, fonts: FontChain, y: float) -> None:
    """School and date on the right. The space below is for the round stamp."""
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


def _corrected(canvas: Canvas, data: FeedbackFormData, fonts: FontChain) -> None:
    """Below the note: whose data were corrected after the form was accepted."""
    if not data.corrected:
        return
    most = 6
    named = "、".join(data.corrected[:most]) + ("等" if len(data.corrected) > most else "")
    text = f"表后更正：{len(data.corrected)}人（学号{named}），以系统数据为准。"
    y = 12 * mm
    for line in wrap(text, (WIDTH - 2 * MARGIN) * mm, 9, fonts):
        draw_text(canvas, fonts, line, MARGIN * mm, y, 9)
        y -= 9 * 1.4
