"""Long tables of texts as .xlsx, opened by another program's reader."""

import openpyxl

from portal import text_workbooks

ROWS = [["1001", "王<小>&明", ""], ["=1+1", "坏\x00\x0b\ud800字", " 前后 "], ["", "二\n行", "＋86"]]


def opened(file):
    with file:
        return openpyxl.load_workbook(file).active


def test_every_cell_is_the_text_that_it_was_and_none_is_a_formula():
    sheet = opened(text_workbooks.write("学生 & <表>", [("学号", 14), ("姓名", 20), ("备注", 9.5)], ROWS))
    assert sheet.title == "学生 & <表>"
    assert list(sheet.iter_rows(values_only=True)) == [
        ("学号", "姓名", "备注"),
        ("1001", "王<小>&明", None),
        ("'=1+1", "坏字", " 前后 "),
        (None, "二\n行", "'＋86"),
    ]
    assert {cell.data_type for row in sheet for cell in row if cell.value} == {"s"}
    assert (sheet.freeze_panes, sheet.column_dimensions["C"].width) == ("A2", 9.5)


def test_more_columns_than_letters():
    columns = [(f"列{number}", 10) for number in range(30)]
    sheet = opened(text_workbooks.write("表", columns, [["值"] * 30]))
    assert [cell.value for cell in sheet[2]] == ["值"] * 30
    assert sheet["AD1"].value == "列29"
