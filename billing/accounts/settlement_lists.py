"""The students of a settlement as a workbook, document numbers masked. It is an official list: Chinese only."""

from io import BytesIO

from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from billing.models import Settlement, SettlementLine
from portal import formulas, history
from portal.formatting import yuan
from portal.models import User

# (heading, width in characters)
COLUMNS = (
    ("序号", 6), ("学号", 18), ("姓名", 14), ("证件号码", 24), ("学院", 24), ("专业", 24), ("班级", 20), ("金额（元）", 12),
    ("说明", 16),
)  # fmt: skip
TAKEN_OFF = "前次结算后减少"


def workbook(settlement: Settlement, *, by: User) -> bytes:
    """The content of the .xlsx file. The download stands in the history."""
    rows = SettlementLine.objects.filter(settlement=settlement)
    book = Workbook(write_only=True)
    sheet = book.create_sheet("结算单学生名单")
    sheet.freeze_panes = "A4"
    for place, (_heading, width) in enumerate(COLUMNS, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.append([f"{settlement.school.name}　结算单 {settlement}　截至{settlement.as_of:%Y-%m-%d}"])
    sheet.append([f"{settlement.students}人 × {yuan(settlement.price_fen)}元 = {yuan(settlement.amount_fen)}元"])
    sheet.append([heading for heading, _width in COLUMNS])
    for number, line in enumerate(rows.iterator(chunk_size=2000), start=1):
        sheet.append(_cells(number, line, settlement.price_fen))
    stream = BytesIO()
    book.save(stream)
    facts = {"number": settlement.number, "count": rows.count()}
    history.record("settlement.downloaded", settlement, by=by, facts=facts)
    return stream.getvalue()


def _cells(number: int, line: SettlementLine, price_fen: int) -> list[object]:
    texts = (line.student_no, line.name, line.masked_id, line.college, line.major, line.class_name)
    price = price_fen / 100  # a cell holds a floating point number; whole fen are exact in two decimals
    return [
        number,
        *(formulas.harmless_delimited(text) for text in texts),
        -price if line.is_taken_off else price,
        TAKEN_OFF if line.is_taken_off else "",
    ]
