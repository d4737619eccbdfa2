"""The ranking as a workbook: every part of each score, allowances, persons, what was counted, and the rules."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from decimal import Decimal
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from portal import formulas
from year_end.documents.packages import reproducible
from year_end.reports import Line, Report

PARTS = {
    "coverage": "采集率",
    "first_pass": "首次合格率",
    "feedback": "反馈表及时",
    "fee": "交费及时",
    "kept": "未重置率",
}
TERMS = PARTS | {
    "loss_a_day": "每逾期一个工作日扣该项的%",
    "commended_percent": "拟表扬单位占比%",
    "criticised_below": "低于此分拟通报",
    "allowance_fen": "每名实拍学生补贴（分）",
}
COUNTED = {
    "code": "学校代码",
    "name": "单位",
    "area": "地区",
    "payment_mode": "交费方式",
    "is_over": "采集期已过",
    "is_finished": "反馈表已接收",
    "roster": "应采集",
    "captured": "已采集",
    "paid": "已采集且在线交费",
    "first_photos": "有照片的学生",
    "first_passed": "首张合格",
    "resets": "重置次数",
    "form_due_on": "反馈表截止",
    "form_sent_on": "反馈表提交",
    "fee_due_on": "交费截止",
    "fee_settled_on": "交费完成",
}
PERCENT, AMOUNT = "0.0%", "#,##0.00"


def make(report: Report) -> bytes:
    book = Workbook()
    book.remove(book.worksheets[0])
    _ranking(book, report)
    rows = [[line.code, line.name, line.captured, _yuan(line)] for line in report.lines]
    rows.append(["", "合计", sum(line.captured for line in report.lines), Decimal(report.allowance_fen) / 100])
    _sheet(book, "补贴", ("学校代码", "单位", "实拍人数", "补贴（元）"), rows, {4: AMOUNT})
    _sheet(book, "表扬个人", ("姓名", "职务", "单位"), report.persons)
    facts = [[_plain(value) for name, value in asdict(row).items() if name in COUNTED] for row in report.counted]
    _sheet(book, "统计依据", tuple(COUNTED.values()), facts)
    _sheet(book, "说明", ("项目", "数据"), _notes(report))
    file = BytesIO()
    book.save(file)
    return reproducible(file.getvalue())


def _ranking(book: Workbook, report: Report) -> None:
    headings = ["名次", "学校代码", "单位", "地区", "应采集", "已采集", "已完成"]
    for name, weight in report.weights.items():
        headings += [PARTS[name], f"得分（满分{weight}）"]
    headings += ["总分", "优秀组织单位", "通报", "补贴（元）"]
    formats = {8 + 2 * n: PERCENT for n in range(len(PARTS))} | {len(headings): AMOUNT}
    _sheet(book, "排名", headings, [_line(line, report.weights) for line in report.lines], formats)


def _line(line: Line, weights: dict[str, int]) -> list[Any]:
    """The points of a part are those that it gives to the sum; a part that is not measured has none.

    Of a finished school the measured parts are scaled to 100 (`Figures.measured`).
    """
    row: list[Any] = [line.rank, line.code, line.name, line.area, line.roster, line.captured, _plain(line.is_finished)]
    measured = sum(weight for name, weight in weights.items() if line.shares[name] is not None)
    scale = 100 / (measured or 1) if line.is_finished else 1
    for name, weight in weights.items():
        share = line.shares[name]
        row += [share, None if share is None else round(weight * share * scale, 2)]
    return [*row, line.score, _plain(line.is_commended), _plain(line.is_criticised), _yuan(line)]


def _yuan(line: Line) -> Decimal:
    return Decimal(line.allowance_fen) / 100


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return "是" if value else ""
    return {"school": "学校统一交费", "student": "学生个人交费"}.get(value, value)


def _notes(report: Report) -> list[tuple[str, Any]]:
    totals = report.totals
    return [
        ("年度", report.year),
        ("数据截至", report.as_of.isoformat()),
        ("采集工作", "已结束" if totals.is_over else "未结束（阶段性数据）"),
        ("参加单位", totals.enrolled),
        ("已完成单位", totals.finished),
        ("应采集", totals.roster),
        ("已采集", totals.captured),
        *((TERMS[name], value) for name, value in report.rules.items()),
        ("数据校验码（SHA-256）", report.sha256),
    ]


def _sheet(
    book: Workbook,
    title: str,
    headings: Sequence[str],
    rows: Iterable[Sequence[Any]],
    formats: dict[int, str] | None = None,
) -> None:
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    sheet.append(list(headings))
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for row in rows:
        sheet.append([formulas.harmless(value) if isinstance(value, str) else value for value in row])
    for column, heading in enumerate(headings, 1):
        sheet.column_dimensions[get_column_letter(column)].width = max(10, 2 * len(heading) + 2)
    for column, number_format in (formats or {}).items():
        for (cell,) in sheet.iter_rows(min_row=2, min_col=column, max_col=column):
            cell.number_format = number_format
