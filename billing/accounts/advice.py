"""The payment advice (缴费通知) of a school as a PDF of one page: what it owes, and where to transfer it.

It is an official letter: Chinese only.
"""

import datetime as dt
import tempfile
from dataclasses import dataclass
from pathlib import Path

from django.utils import timezone
from django.utils.translation import gettext as _
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from billing.accounts import fee_accounts, ledger, settlements
from billing.accounts.capitals import in_capitals
from billing.models import Settlement
from portal.errors import PortalError
from portal.formatting import yuan
from portal.pdf.fonts import FontChain, installed_fonts
from portal.pdf.paper import document, draw_code, draw_text, wrap
from schools.models import Enrolment, Season

WIDTH, HEIGHT, MARGIN = 210, 297, 24
TITLE_SIZE, BODY_SIZE, SMALL_SIZE = 20.0, 11.5, 9.0
LEADING = 1.75
ROW = 9.5  # mm, of the tables
LABEL = 34  # mm, the left column of the bank details
CODE = 40  # mm, the edge of the QR code
NEVER_TO_A_PERSON = "不得将款项交予中心工作人员或汇入其个人账户。"


@dataclass(frozen=True)
class Advice:
    """What the letter says. Amounts are integer fen; `settled` names the settlement that it rests on, if any."""

    center: str
    school: str
    year: int
    graduating_class: int
    day: dt.date
    due_on: dt.date
    photographed: int
    billed: int
    price_fen: int
    charged_fen: int
    received_fen: int
    due_fen: int
    reference: str
    settled: str
    account_name: str
    bank: str
    account_no: str
    bank_code: str
    contact: str

    @property
    def scanned(self) -> str:
        """The text of the QR code, line by line, to be copied from a phone into the bank's form."""
        lines = (
            f"户名：{self.account_name}",
            f"账号：{self.account_no}",
            f"开户行：{self.bank}",
            f"行号：{self.bank_code}",
            f"金额：{yuan(self.due_fen).replace(',', '')}元",
            f"附言：{self.reference}",
        )
        return "\n".join(line for line in lines if not line.endswith("："))


def of(enrolment: Enrolment) -> bytes:
    """The PDF of what the school owes now. Raises PortalError when it owes nothing, or the bank account is missing."""
    data = advice_of(enrolment)
    with tempfile.TemporaryDirectory() as folder:
        return write(data, Path(folder, "advice.pdf"), fonts=installed_fonts("serif")).read_bytes()


def advice_of(enrolment: Enrolment) -> Advice:
    season = enrolment.season
    statement = fee_accounts.statement(enrolment)
    if not statement.due_fen:
        raise PortalError(_("Nothing is due, so there is no payment advice."))
    if not season.bank_account_no or not season.bank_account_name:
        raise PortalError(_("The season has no bank account yet. The center has to enter it first."))
    settled = settlements.of(enrolment).filter(status__in=Settlement.STANDING).first()
    if settlements.settled_fen(enrolment) != statement.charged_fen:
        settled = None  # students have been photographed since
    return Advice(
        center=season.center_name,
        school=enrolment.school.name,
        year=season.year,
        graduating_class=season.graduating_class,
        day=timezone.localdate(),
        due_on=season.payment_due,
        photographed=statement.photographed,
        billed=statement.billed,
        price_fen=season.price_fen,
        charged_fen=statement.charged_fen,
        received_fen=statement.received_fen,
        due_fen=statement.due_fen,
        reference=ledger.account_of(enrolment).reference,
        settled=str(settled or ""),
        account_name=season.bank_account_name,
        bank=season.bank_name,
        account_no=season.bank_account_no,
        bank_code=season.bank_code,
        contact=_contact(season),
    )


def _contact(season: Season) -> str:
    parts = (season.contact_name, season.contact_phone, season.contact_email)
    return "　".join(part for part in parts if part)


def write(data: Advice, path: Path, *, fonts: FontChain) -> Path:
    """Write the letter to `path`; the same data gives the same bytes."""
    title = f"{data.graduating_class}届毕业生图像采集缴费通知"
    with document(path, fonts=fonts, width=WIDTH, height=HEIGHT, title=title, author=data.center) as canvas:
        _Letter(canvas, fonts, data).draw()
        canvas.showPage()
    return path


class _Letter:
    """Draws from the top of the page down; `y` is the baseline of the next line, in points."""

    left, right = MARGIN * mm, (WIDTH - MARGIN) * mm

    def __init__(self, canvas: Canvas, fonts: FontChain, data: Advice) -> None:
        self.canvas, self.fonts, self.data = canvas, fonts, data
        self.y = (HEIGHT - 34) * mm

    def draw(self) -> None:
        data = self.data
        number = f"编号：{data.settled or data.reference}"
        draw_text(self.canvas, self.fonts, number, self.right, (HEIGHT - 18) * mm, SMALL_SIZE, align="right")
        draw_text(self.canvas, self.fonts, "缴费通知", WIDTH / 2 * mm, self.y, TITLE_SIZE, align="center")
        self.y -= 16 * mm
        self._paragraph(f"{data.school}：", indent=False)
        self._paragraph(self._reason())
        self.y -= 2 * mm
        self._sums()
        self.y -= 7 * mm
        by = (
            f"该款应于{_day(data.due_on)}前交清，现已逾期，请尽快"
            if data.day > data.due_on
            else f"请于{_day(data.due_on)}前，"
        )
        self._paragraph(f"{by}按下列账户信息汇款，并在附言中填写本通知的附言码，以便及时入账：")
        self.y -= 1 * mm
        self._bank_details()
        self.y -= 7 * mm
        self._paragraph(NEVER_TO_A_PERSON)
        self._code_and_signature()

    def _reason(self) -> str:
        data = self.data
        others = data.photographed - data.billed
        without = f"，其中{others}人由学生本人交费或免交，学校应交{data.billed}人" if others else ""
        settled = f"（结算单 {data.settled}）" if data.settled else ""
        return (
            f"截至{_day(data.day)}，经系统统计，贵校{data.graduating_class}届毕业生图像采集实拍{data.photographed}人"
            f"{without}{settled}。收费标准为{yuan(data.price_fen).removesuffix('.00')}元/人。"
        )

    def _paragraph(self, text: str, *, indent: bool = True) -> None:
        first = "　　" if indent else ""
        for row in wrap(first + text, self.right - self.left, BODY_SIZE, self.fonts):
            draw_text(self.canvas, self.fonts, row, self.left, self.y, BODY_SIZE)
            self.y -= BODY_SIZE * LEADING

    def _sums(self) -> None:
        """Due, received and balance in three columns, then the balance in capitals."""
        data = self.data
        cells = (
            (f"应交（{data.billed}人）", data.charged_fen),
            ("已收", data.received_fen),
            ("本次应付", data.due_fen),
        )
        top, width = self.y + BODY_SIZE, (self.right - self.left) / len(cells)
        for place, (label, amount) in enumerate(cells):
            right = self.left + (place + 1) * width - 3 * mm
            self._cell(label, right, top - 6.3 * mm, SMALL_SIZE, width, align="right")
            self._cell(f"¥{yuan(amount)}", right, top - 15.6 * mm, BODY_SIZE + 1, width, align="right")
            if place:
                self.canvas.line(self.left + place * width, top, self.left + place * width, top - 2 * ROW * mm)
        in_words = f"本次应付（大写）：人民币{in_capitals(data.due_fen)}"
        self._cell(in_words, self.left + 3 * mm, top - 25.3 * mm, BODY_SIZE, self.right - self.left)
        self._rules(top, 3)
        self.y = top - 3 * ROW * mm - BODY_SIZE

    def _bank_details(self) -> None:
        data = self.data
        rows = [
            ("账户名称", data.account_name),
            ("开户行", data.bank),
            ("账号", data.account_no),
            ("开户行行号", data.bank_code),
            ("金额", f"¥{yuan(data.due_fen)}"),
            ("附言码（必填）", data.reference),
        ]
        rows = [row for row in rows if row[1]]
        top = self.y + BODY_SIZE
        for place, (label, value) in enumerate(rows):
            y = top - (place * ROW + 6.3) * mm
            self._cell(label, self.left + 3 * mm, y, SMALL_SIZE + 1, LABEL * mm)
            self._cell(value, self.left + (LABEL + 3) * mm, y, BODY_SIZE, self.right - self.left - LABEL * mm)
        self.canvas.line(self.left + LABEL * mm, top, self.left + LABEL * mm, top - len(rows) * ROW * mm)
        self._rules(top, len(rows))
        self.y = top - len(rows) * ROW * mm - BODY_SIZE

    def _rules(self, top: float, rows: int) -> None:
        """The frame of a table, and the lines between its rows."""
        self.canvas.setLineWidth(0.5)
        self.canvas.rect(self.left, top - rows * ROW * mm, self.right - self.left, rows * ROW * mm)
        for row in range(1, rows):
            self.canvas.line(self.left, top - row * ROW * mm, self.right, top - row * ROW * mm)

    def _cell(self, text: str, x: float, y: float, size: float, width: float, *, align: str = "left") -> None:
        """One line, condensed when it is wider than its cell."""
        room, natural = width - 6 * mm, self.fonts.width(text, size)
        draw_text(self.canvas, self.fonts, text, x, y, size, condense=min(1, room / natural), align=align)

    def _code_and_signature(self) -> None:
        data, top = self.data, self.y
        draw_code(self.canvas, data.scanned, self.left, top - CODE * mm, CODE * mm)
        hint = "扫码可复制以上汇款信息"
        draw_text(
            self.canvas, self.fonts, hint, self.left + CODE / 2 * mm, top - (CODE + 4) * mm, SMALL_SIZE, align="center"
        )
        y = top - CODE / 2 * mm
        for text in (data.center, _day(data.day)):
            draw_text(self.canvas, self.fonts, text, self.right, y, BODY_SIZE, align="right")
            y -= BODY_SIZE * LEADING
        if data.contact:
            line = f"联系人：{data.contact}"
            draw_text(self.canvas, self.fonts, line, self.left, 16 * mm, SMALL_SIZE)


def _day(day: dt.date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
