"""What clerks really send: each kind of trouble in a file that the test makes."""

import datetime as dt
import io
import zipfile

import openpyxl
import pytest
import xlwt

from portal.untrusted import sheets
from students.roster import cells, spreadsheet_writer
from students.roster.spreadsheet_reader import open_roster
from students.roster.validation import RowValidator, clean_row
from tests.students.roster import books


def judged(content):
    """(roster, {row: clean values}, {row: {field: problem}}, {row: {field: warning}})."""
    with open_roster(content) as roster:
        validator = RowValidator(roster.place)
        good = {roster.place(row.number): row.values for row in validator.valid_rows(roster.rows)}
    wrong = {roster.place(number): problems for number, problems in validator.wrong.items()}
    return roster, good, wrong, {roster.place(number): found for number, found in validator.warned.items()}


def codes(found):
    return {row: {name: problem.code for name, problem in problems.items()} for row, problems in found.items()}


def row_with(**cells):
    """(clean values, {field: problem}, {field: warning}) of one row, whose texts no file is needed for."""
    return clean_row(books.row(1, **cells))


def styled(heading, value, number_format):
    """A roster whose first student has a value with a number format."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(books.HEADINGS)
    sheet.append(books.row(1, **{heading: value}))
    sheet.cell(2, books.HEADINGS.index(heading) + 1).number_format = number_format
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def xls(*lines):
    book = xlwt.Workbook()
    sheet = book.add_sheet("名单")
    for y, line in enumerate([books.HEADINGS, *lines]):
        for x, value in enumerate(line):
            sheet.write(y, x, *value) if isinstance(value, tuple) else sheet.write(y, x, value)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_leading_zeros_of_a_number_format_are_kept():
    assert judged(styled("学号", 12345, "0000000"))[1][2]["student_no"] == "0012345"
    in_xls = xls(books.row(1, 学号=(12345, xlwt.easyxf(num_format_str="0000000"))))
    assert judged(in_xls)[1][2]["student_no"] == "0012345"


@pytest.mark.parametrize("heading", ["班级", "学号"])
def test_a_cell_that_became_a_date_is_refused_with_what_it_shows(heading):
    _roster, good, wrong, _warned = judged(styled(heading, dt.date(2026, 3, 1), "m-d"))
    (problem,) = wrong[2].values()
    assert (good, problem.code, problem.params) == ({}, "date", {"value": "2026-03-01"})


@pytest.mark.parametrize("typed", ["2026/3/1", "2026-03-01", "3月1日", "1-Mar", "Mar-01"])
def test_a_class_that_was_a_date_before_it_was_saved_as_text_is_refused(typed):
    assert row_with(班级=typed)[1]["class_name"].code == "date"


@pytest.mark.parametrize("typed", ["3-1", "2301", "3.1班", "软件2301"])
def test_a_class_that_is_no_date_is_kept(typed):
    assert row_with(班级=typed)[0]["class_name"] == typed


@pytest.mark.parametrize("value", ["#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!"])
def test_error_values_are_named_at_their_cells_in_optional_columns_too(value):
    for typed in (f"{sheets.ERROR}{value}", value):  # a cell of a workbook, and text that it was saved as
        (problem,) = row_with(学院=typed)[1].values()
        assert (problem.code, problem.params) == ("error", {"value": value})


def test_an_error_value_of_xls_is_named():
    book = xlwt.Workbook()
    sheet = book.add_sheet("名单")
    for y, line in enumerate([books.HEADINGS, books.row(1)]):
        for x, value in enumerate(line):
            if (y, x) == (1, 6):
                sheet.row(1).set_cell_error(6, 42)
            else:
                sheet.write(y, x, value)
    stream = io.BytesIO()
    book.save(stream)
    assert codes(judged(stream.getvalue())[2]) == {2: {"college": "error"}}


def test_a_truth_value_is_said_at_its_cell():
    for content in (books.roster(books.row(1, 姓名=True)), xls(books.row(1, 姓名=True))):
        _roster, _good, wrong, _warned = judged(content)
        assert wrong[2]["name"] == ("truth", {"value": "TRUE"})


@pytest.mark.parametrize("typed", ["'{}", "’{}", '="{}"', "{}\t"])
def test_what_protects_a_number_in_a_cell_is_no_part_of_it(typed):
    document = books.row(1)[books.HEADINGS.index("证件号码")]
    for content in (
        books.roster(books.row(1, 证件号码=typed.format(document))),
        xls(books.row(1, 证件号码=typed.format(document))),
    ):
        _roster, good, wrong, _warned = judged(content)
        assert (good[2]["id_number"], wrong) == (document, {})


@pytest.mark.parametrize("value", ["NaN", "INF"])
def test_a_number_that_is_none_is_said_at_its_cell(value):
    content = books.roster(books.row(1, 培养层次=777))
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w") as new:
        for info in old.infolist():
            new.writestr(info.filename, old.read(info).replace(b"<v>777</v>", f"<v>{value}</v>".encode()))
    assert codes(judged(stream.getvalue())[2]) == {2: {"level": "number"}}


def test_a_sheet_for_each_class_is_read_and_the_others_are_named():
    book = openpyxl.Workbook()
    for number, name in enumerate(("一班", "二班"), 1):
        sheet = book.create_sheet(name)
        sheet.append(books.HEADINGS)
        sheet.append(books.row(number))
    book.create_sheet("藏").append(books.HEADINGS)
    book["藏"].sheet_state = "hidden"
    book["二班"].append(books.row(3, 学号=books.row(1)[0]))
    content = books.xlsx(["请先阅读"], book=book, title="说明")
    roster, good, wrong, _warned = judged(content)
    assert roster.sheets == ["一班", "二班"]
    assert roster.left_out == ["说明", "藏"]
    assert set(good) == {"一班!2", "二班!2"}
    assert wrong["二班!3"]["student_no"].params == {"row": "一班!2"}


@pytest.mark.parametrize("hidden", ["\u200b", "\ufeff", "\u202d", "\u00a0", "\u2060", "\u00ad", "\u3000", "\u200e"])
def test_invisible_characters_that_mean_nothing_are_left_out(hidden):
    values, wrong, _warned = clean_row([f"{cell}{hidden}" for cell in books.row(1)])
    assert wrong == {}
    assert values["student_no"] == "202300001"
    assert (values["name"], values["class_name"], values["phone"]) == ("王小明", "软件2301", "13800000000")
    assert row_with(姓名=f"王{hidden}小明")[0]["name"] == "王小明"


def test_an_invisible_character_that_means_something_is_named():
    (problem,) = row_with(姓名="\u0641\u200d\u0642")[1].values()
    assert problem.params == {"character": "U+200D"}


@pytest.mark.parametrize("sign", "·•・･‧∙⋅．｡。●◦▪﹒᛫ㆍ.")
def test_what_is_typed_for_the_dot_of_a_name_becomes_the_dot(sign):
    assert row_with(姓名=f"买买提{sign}吐尔逊")[0]["name"] == "买买提·吐尔逊"
    assert row_with(姓名=f"买买提 {sign} 吐尔逊")[0]["name"] == "买买提·吐尔逊"


@pytest.mark.parametrize("sign", "‥-*_/,、")
def test_another_sign_in_a_name_is_named(sign):
    (problem,) = row_with(姓名=f"买买提{sign}吐尔逊")[1].values()
    assert (problem.code, problem.params) == ("name_sign", {"sign": cells.named(sign)})


@pytest.mark.parametrize(
    "name",
    ["王䶮", "李𬭚", "张𠮷", "陈𰻝", "周\U00031350", "吴\U0002ebf0", "林〇", "曹龴", "何﨎", "吕鿽", "郑\U000323b0"],
)
def test_every_han_character_is_a_name_whatever_python_knows(name):
    assert row_with(姓名=name)[0]["name"] == name


def test_forms_of_a_character_become_the_character():
    assert row_with(姓名="孙⽂明")[0]["name"] == "孙文明"
    assert row_with(姓名="钱葛\U000e0100")[0]["name"] == "钱葛"
    assert row_with(姓名="刘\ue863")[1]["name"].code == "private_character"
    assert row_with(姓名="刘\U00033480")[1]["name"].code == "characters"  # not assigned


def test_what_cannot_be_printed_is_said_at_the_import():
    _values, wrong, warned = row_with(姓名="吴\U0002ebf0")
    assert wrong == {}
    assert warned["name"].params == {"characters": "\U0002ebf0 (U+2EBF0)"}


@pytest.mark.parametrize("filler", ["无", "-", "/", "—", "none", "NULL", "N/A", "暂无", "--"])
def test_a_filler_in_an_optional_column_is_left_out_with_a_warning(filler):
    values, wrong, warned = row_with(手机号=filler, 邮箱=filler, 学院=filler, 性别=filler)
    assert wrong == {}
    assert (values["phone"], values["email"], values["college"], values["gender"]) == ("", "", "", "male")
    assert {name: found.code for name, found in warned.items()} == dict.fromkeys(warned, "filler")
    assert set(warned) == {"phone", "email", "college", "gender"}
    assert row_with(姓名=filler)[1]["name"].code == "filler"


@pytest.mark.parametrize("typed", ["13800138000/13900139000", "13800138000（母亲）", "13800138000、13900139000"])
def test_more_than_one_phone_is_left_out_with_a_warning(typed):
    values, wrong, warned = row_with(手机号=typed)
    assert (values["phone"], wrong, warned["phone"].code) == ("", {}, "phone_unclear")


@pytest.mark.parametrize("typed", ["86-13800138000", "+86 138 0013 8000", "0086 13800138000", "138–0013–8000"])
def test_one_phone_with_its_country_is_read(typed):
    assert row_with(手机号=typed)[0]["phone"] == "13800138000"


def test_the_exact_heading_wins_and_the_other_column_is_named():
    head = ["学号", "姓名", "身份证号", "系部", "学院", "专业名称", "班级", "联系电话", "手机"]
    line = ["T1", "王小明", books.row(1)[4], "计算机系", "信息学院", "软件", "一班", "025-83330000", "13800000000"]
    roster, good, _wrong, _warned = judged(books.xlsx(head, line))
    assert (good[2]["college"], good[2]["phone"]) == ("信息学院", "13800000000")
    assert roster.ignored == ["系部", "联系电话"]


def test_headings_of_other_systems_are_understood():
    head = ["考生号", "学  号", "姓\n名", "公民身份号码", "院（系）", "专业", "班号", "移动电话"]
    line = ["2332", "T1", "王小明", books.row(1)[4], "信息学院", "软件", "一班", "13800000000"]
    assert judged(books.xlsx(head, line))[1][2]["class_name"] == "一班"
    codes_of_columns = ["XH", "XM", "SFZH", "XYMC", "ZYMC", "BJMC"]
    assert judged(books.xlsx(codes_of_columns, line[1:7]))[1][2]["college"] == "信息学院"


def test_titles_merged_cells_repeated_headings_and_notes():
    book = openpyxl.Workbook()
    sheet = book.active
    for line in (["名单"], books.HEADINGS, books.row(1), books.row(2, 班级=None), books.HEADINGS, books.row(3)):
        sheet.append(line)
    sheet.append(["合计：3人"])
    sheet.append(["制表人：张三", "", "", "审核人：李四"])
    column = books.HEADINGS.index("班级") + 1
    sheet.merge_cells(start_row=3, end_row=4, start_column=column, end_column=column)
    stream = io.BytesIO()
    book.save(stream)
    roster, good, wrong, _warned = judged(stream.getvalue())
    assert wrong == {}
    assert [good[row]["class_name"] for row in (3, 4, 6)] == ["软件2301"] * 3
    assert roster.headings_again == 1
    assert roster.notes == [(7, "合计：3人"), (8, "制表人：张三 审核人：李四")]


def test_a_student_whose_cells_are_missing_is_wrong_and_no_note():
    assert codes(judged(books.roster(books.row(1)[:1]))[2])[2]["name"] == "empty"
    assert codes(judged(books.roster(["2023 01", "王小明"]))[2])[2]["student_no"] == "student_no"


def test_hidden_rows_are_read_and_counted():
    book = openpyxl.Workbook()
    for line in (books.HEADINGS, books.row(1), books.row(2)):
        book.active.append(line)
    book.active.row_dimensions[3].hidden = True
    stream = io.BytesIO()
    book.save(stream)
    roster, good, _wrong, _warned = judged(stream.getvalue())
    assert (set(good), roster.hidden) == ({2, 3}, 1)


@pytest.mark.parametrize("control", ["\x07", "\x0b", "\x01", "\x1f"])
def test_control_characters_are_refused_and_the_wrong_rows_can_be_downloaded(control):
    line = books.row(1, 姓名=f"王{control}明", 专业=f"软{control}件")
    _values, wrong, _warned = clean_row(line)
    assert {name: problem.code for name, problem in wrong.items()} == {"name": "characters", "major": "characters"}
    content = spreadsheet_writer.wrong_rows_workbook([(2, line, {"name": "x"})])
    assert openpyxl.load_workbook(io.BytesIO(content)).active["B2"].value == f"王{chr(0x2400 + ord(control))}明"


def test_line_ends_in_a_cell_are_spaces():
    found = row_with(姓名="王\n小明", 专业="软件\n工程")[0]
    assert (found["name"], found["major"]) == ("王小明", "软件 工程")


@pytest.mark.parametrize("masked", ["320102********7715", "3****************5", "3201××××××××××7715"])
def test_a_masked_number_is_said_to_be_masked(masked):
    assert row_with(证件号码=masked)[1]["id_number"].code == "masked"
