"""Draws a receipt (交费收据) as a PDF of one page, A5 across. No database. Official documents are Chinese only."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from billing.accounts.capitals import in_capitals
from portal.formatting import yuan
from portal.pdf.fonts import FontChain
from portal.pdf.paper import document, draw_text

WIDTH, HEIGHT, MARGIN = 210, 148, 16
ROW = 10.5
LABEL = 30  # mm
TITLE = "交费收据"
NOTE = "本收据由系统生成，作为交费凭证；不是发票，也不是财政票据。"


@dataclass(frozen=True)
class ReceiptData:
    center: str
    number: str
    payer: str
    student_no: str
    school: str
    class_year: int
    amount_fen: int
    provider: str
    order_number: str
    paid_on: date
    voided_on: date | None = None
    fiscal_number: str = ""

    @property
    def rows(self) -> list[tuple[tuple[str, str], ...]]:
        """The table: pairs of label and value, one or two in a row."""
        return [
            (("交款人", self.payer), ("学号", self.student_no)),
            (("学校", self.school),),
            (("收费项目", f"{self.class_year}届毕业生图像采集费"), ("数量", "1")),
            (("金额（小写）", f"¥{yuan(self.amount_fen)}"), ("金额（大写）", in_capitals(self.amount_fen))),
            (("交费方式", self.provider), ("交费日期", f"{self.paid_on:%Y-%m-%d}")),
            (("订单号", self.order_number), ("电子票据号", self.fiscal_number or "—")),
            (("收款单位", self.center),),
        ]


def write(data: ReceiptData, path: Path, *, fonts: FontChain) -> Path:
    """Write the receipt to `path`; the same data gives the same bytes."""
    with document(
        path, fonts=fonts, width=WIDTH, height=HEIGHT, title=f"{TITLE} {data.number}", author=data.center
    ) as canvas:
        _draw(canvas, data, fonts)
        canvas.showPage()
    return path


def _draw(canvas: Canvas, data: ReceiptData, fonts: FontChain) -> None:
    draw_text(canvas, fonts, TITLE, WIDTH / 2 * mm, (HEIGHT - 22) * mm, 20, align="center")
    draw_text(canvas, fonts, f"编号：{data.number}", (WIDTH - MARGIN) * mm, (HEIGHT - 30) * mm, 10.5, align="right")
    y = (HEIGHT - 34) * mm
    canvas.setLineWidth(0.6)
    canvas.line(MARGIN * mm, y, (WIDTH - MARGIN) * mm, y)
    for pairs in data.rows:
        y -= ROW * mm
        _row(canvas, fonts, pairs, y)
        canvas.line(MARGIN * mm, y, (WIDTH - MARGIN) * mm, y)
    note = f"本收据已于{data.voided_on:%Y-%m-%d}退款作废。" if data.voided_on else NOTE
    draw_text(canvas, fonts, note, MARGIN * mm, y - 8 * mm, 9)
    if data.voided_on:
        _stamp(canvas, fonts, "已退款作废")


def _row(canvas: Canvas, fonts: FontChain, pairs: tuple[tuple[str, str], ...], y: float) -> None:
    whole = WIDTH - 2 * MARGIN
    width = whole / len(pairs) if len(pairs) > 1 else whole
    for place, (label, value) in enumerate(pairs):
        left = MARGIN + place * width
        draw_text(canvas, fonts, label, (left + 1) * mm, y + 3.4 * mm, 10)
        room = (width - LABEL - 2) * mm
        natural = fonts.width(value, 11.5)
        condense = min(1, room / natural) if natural else 1
        draw_text(canvas, fonts, value, (left + LABEL) * mm, y + 3.4 * mm, 11.5, condense=condense)


def _stamp(canvas: Canvas, fonts: FontChain, text: str) -> None:
    """Across the sheet, framed, so that no print of it passes for a valid one."""
    canvas.saveState()
    canvas.translate(WIDTH / 2 * mm, HEIGHT / 2 * mm)
    canvas.rotate(14)
    canvas.setStrokeColorRGB(0.75, 0.1, 0.1)
    canvas.setFillColorRGB(0.75, 0.1, 0.1)
    canvas.setLineWidth(1.6)
    half = fonts.width(text, 26) / 2 + 8
    canvas.rect(-half, -9, 2 * half, 38)
    draw_text(canvas, fonts, text, 0, 0, 26, align="center")
    canvas.restoreState()
