"""Workbooks for download: the template of a roster, and the wrong rows of an import."""

import re
from collections.abc import Iterable
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from portal import formulas
from students.roster.cells import GENDER_HEADINGS, ID_TYPE_HEADINGS, shown
from students.roster.columns import COLUMNS, OWN_EXTRAS, Column
from students.roster.spreadsheet_reader import EXAMPLE

TEXT = "@"
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # no XML can hold them
TYPED_ROWS = 5000  # rows that are formatted as text and have drop-downs
LEVELS = ("专科", "本科", "硕士", "博士", "第二学士学位", "高职升本")
SHEET, INSTRUCTIONS, LISTS = "学生数据表", "填写说明", "选项"

_HEAD = PatternFill("solid", fgColor="0B3A5B")
_HEAD_REQUIRED = PatternFill("solid", fgColor="1673B5")
_EXAMPLE_FILL = PatternFill("solid", fgColor="EDEDED")
_WRONG = PatternFill("solid", fgColor="FFD9D6")
_REASON = PatternFill("solid", fgColor="FFF3D6")
_LINE = Border(bottom=Side(style="thin", color="C9CFD4"))
_MIDDLE = Alignment(vertical="center", wrap_text=True)

# Instructions and comment of each heading. The workbook is an official form: Chinese only.
NOTES = {
    "student_no": "必填。学校内唯一，导入时以学号为准：同一学号再次导入即更新该生信息。只能使用字母、数字和 - . _ /。",
    "name": "必填。与身份证件完全一致。少数民族姓名用间隔号“·”。生僻字请用国标输入法录入，不要使用造字。",
    "gender": "填“男”或“女”；留空时按身份证号码自动填入。",
    "id_type": "从下拉列表中选择；留空视为居民身份证。",
    "id_number": "必填。单元格须为文本格式。18 位号码按国家标准校验（地区、出生日期、性别、校验码）。",
    "level": "如：本科、硕士、博士、专科。",
    "college": "学院或院系全称。",
    "major": "必填。专业全称，将印在照片上。",
    "class_name": "必填。班级名称，将印在照片上。",
    "phone": "学生本人手机号，用于采集通知。",
    "email": "学生本人邮箱，用于采集通知。",
}
EXAMPLE_VALUES = {
    "student_no": f"{EXAMPLE}2023010101",
    "name": "李小明",
    "gender": "男",
    "id_type": "居民身份证",
    "id_number": "320102200102039993",
    "level": "本科",
    "college": "信息工程学院",
    "major": "软件工程",
    "class_name": "软件2301班",
    "phone": "13800000000",
    "email": "student@example.org",
}
RULES = (
    "一、请在“学生数据表”中填写，每行一名学生；不要修改表头，列的先后次序不限。带 * 的列必填。",
    "二、证件号码、学号、手机号所在列已设为文本格式。从其他表格复制时，请使用“选择性粘贴 - 数值”，以保持文本格式。",
    "三、如号码显示为 3.20102E+17 或末三位变成 000，说明号码已被表格软件四舍五入、无法还原，须将该列设为文本后重新录入。",
    "四、第 2 行为示例，导入时自动忽略，可以保留或删除。",
    "五、同一文件可以重复导入：学号已存在的更新，不存在的新增；名单中有而文件中没有的学生不会被删除。",
    "六、导入前系统先行校验并显示预览，有错误的行会逐格注明原因，可下载错误行、改正后再次上传。",
    "七、模板之外的列不会导入，系统会给出提示。",
)


def template_workbook(*, title: str) -> bytes:
    """The template: a table with text columns and drop-downs, instructions, hidden lists."""
    book = Workbook()
    _write_table(book.active)
    _write_instructions(book.create_sheet(INSTRUCTIONS), title)
    _write_lists(book.create_sheet(LISTS))
    return _to_bytes(book)


def _write_table(sheet: Any) -> None:
    sheet.title = SHEET
    for index, column in enumerate(COLUMNS, 1):
        _write_heading(sheet.cell(1, index), column)
        example = sheet.cell(2, index, EXAMPLE_VALUES[column.field])
        example.fill, example.font, example.number_format = _EXAMPLE_FILL, Font(italic=True, color="7A7A7A"), TEXT
        letter = get_column_letter(index)
        sheet.column_dimensions[letter].width = column.width
        # The format of the whole column, for rows below TYPED_ROWS.
        sheet.column_dimensions[letter].number_format = TEXT
    for row in sheet.iter_rows(min_row=3, max_row=TYPED_ROWS + 2, max_col=len(COLUMNS)):
        for cell in row:
            cell.number_format = TEXT
    sheet.row_dimensions[1].height = 26
    sheet.freeze_panes = "C2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(COLUMNS))}1"
    for number, (field, _values) in enumerate(_lists(), 1):
        _add_drop_down(sheet, field, number)


def _write_heading(cell: Any, column: Column) -> None:
    cell.value = f"{column.heading}*" if column.required else column.heading
    cell.fill = _HEAD_REQUIRED if column.required else _HEAD
    cell.font = Font(bold=True, color="FFFFFF")
    cell.alignment = Alignment(horizontal="center", vertical="center")
    cell.number_format = TEXT
    cell.comment = Comment(NOTES[column.field], "Tucai", height=90, width=260)


def _lists() -> list[tuple[str, tuple[str, ...]]]:
    return [
        ("gender", tuple(GENDER_HEADINGS.values())),
        ("id_type", tuple(ID_TYPE_HEADINGS.values())),
        ("level", LEVELS),
    ]


def _add_drop_down(sheet: Any, field: str, number: int) -> None:
    values = dict(_lists())[field]
    letter, source = _letter(field), get_column_letter(number)
    rule = DataValidation(type="list", formula1=f"{LISTS}!${source}$1:${source}${len(values)}", allow_blank=True)
    # Other levels are allowed; other genders and document types are not.
    rule.showErrorMessage = field != "level"
    rule.errorTitle, rule.error = "请从列表中选择", NOTES[field]
    sheet.add_data_validation(rule)
    rule.add(f"{letter}2:{letter}{TYPED_ROWS + 2}")


def _letter(field: str) -> str:
    return get_column_letter([column.field for column in COLUMNS].index(field) + 1)


def _write_instructions(sheet: Any, title: str) -> None:
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width, sheet.column_dimensions["C"].width = (
        16,
        10,
        84,
    )
    sheet.append([title])
    sheet["A1"].font = Font(bold=True, size=15, color="0B3A5B")
    sheet.append([])
    for text in RULES:
        sheet.append([text])
        sheet.merge_cells(start_row=sheet.max_row, end_row=sheet.max_row, start_column=1, end_column=3)
        sheet.cell(sheet.max_row, 1).alignment = _MIDDLE
        sheet.row_dimensions[sheet.max_row].height = 34
    sheet.append([])
    sheet.append(["列", "必填", "说明"])
    for cell in sheet[sheet.max_row]:
        cell.font, cell.fill = Font(bold=True, color="FFFFFF"), _HEAD
    for column in COLUMNS:
        sheet.append([column.heading, "是" if column.required else "", NOTES[column.field]])
        for cell in sheet[sheet.max_row]:
            cell.alignment, cell.border = _MIDDLE, _LINE
        sheet.row_dimensions[sheet.max_row].height = 32


def _write_lists(sheet: Any) -> None:
    for number, (_field, values) in enumerate(_lists(), 1):
        for row, value in enumerate(values, 1):
            sheet.cell(row, number, value)
    sheet.sheet_state = "hidden"


def wrong_rows_workbook(rows: Iterable[tuple[int | str, list[str], dict[str, str]]]) -> bytes:
    """The wrong rows as typed. Wrong cells are coloured and have a comment with the reason.

    `rows`: (row number in the file, texts in the order of COLUMNS, {field: reason}). The last two
    columns are OWN_EXTRAS; an import of this workbook ignores them.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(SHEET)
    sheet.freeze_panes = "C2"
    widths = [column.width for column in COLUMNS] + [60, 8]
    for index, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(index)].width = width
        sheet.column_dimensions[get_column_letter(index)].number_format = TEXT
    sheet.append(_heading_cells(sheet))
    for number, texts, reasons in rows:
        cells = [
            _typed_cell(sheet, text, reasons.get(column.field, "")) for column, text in zip(COLUMNS, texts, strict=True)
        ]
        sheet.append([*cells, _reason_cell(sheet, reasons), number])
    return _to_bytes(book)


def _heading_cells(sheet: Any) -> list[Any]:
    cells = []
    for column in COLUMNS:
        cell = WriteOnlyCell(sheet)
        _write_heading(cell, column)
        cells.append(cell)
    for heading in reversed(OWN_EXTRAS):
        cell = WriteOnlyCell(sheet, heading)
        cell.font, cell.fill = Font(bold=True), _REASON
        cells.append(cell)
    return cells


def text_cell(sheet: Any, text: str) -> Any:
    """A cell that is always text, never a formula or a number. A control character becomes its picture, ␋."""
    cell = WriteOnlyCell(sheet, "")
    cell.value = _CONTROLS.sub(lambda found: chr(0x2400 + ord(found[0])), text)
    cell.data_type, cell.number_format = "s", TEXT
    if formulas.is_formula(text):
        cell.quotePrefix = True
    return cell


def _typed_cell(sheet: Any, text: str, reason: str) -> Any:
    cell = text_cell(sheet, shown(text))
    if reason:
        cell.fill = _WRONG
        cell.comment = Comment(reason, "Tucai", height=80, width=260)
    return cell


def _reason_cell(sheet: Any, reasons: dict[str, str]) -> Any:
    headings = {column.field: column.heading for column in COLUMNS}
    cell = text_cell(sheet, "\n".join(f"{headings[field]}：{reason}" for field, reason in reasons.items()))
    cell.fill, cell.alignment = _REASON, _MIDDLE
    return cell


def _to_bytes(book: Any) -> bytes:
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def template_title(season: Any, school: Any) -> str:
    return _("%(school)s: roster of the class of %(year)s") % {"school": school, "year": season.graduating_class}
