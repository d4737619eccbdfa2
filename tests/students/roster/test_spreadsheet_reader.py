"""Reading files, valid ones and others."""

import io
import struct
import zipfile

import openpyxl
import pytest
import xlwt

from portal.untrusted import archive, read_workbook, sheets
from portal.untrusted.limits import MB, Refused
from students.roster import spreadsheet_reader, spreadsheet_writer
from students.roster.spreadsheet_reader import UnreadableSheet, open_roster
from tests.students.roster import books
from tests.support.words import said

EMPTY = said("The file is empty. Fill the template with your students and upload it.")
DAMAGED = said("The file is damaged. Open it in Excel or WPS, save it as .xlsx and upload it again.")
NO_SPREADSHEET = said("This is no spreadsheet. Upload an .xlsx, .xls, .ods or .csv file.")
TOO_LARGE = said("The workbook is too large once unpacked. Copy the list alone into the template and upload that.")


def texts(content):
    return [line for _number, line in read(content)[1]]


def read(content):
    """(the roster with its counts, its rows)."""
    with open_roster(content) as roster:
        return roster, list(roster.rows)


def refusal(content):
    with pytest.raises(UnreadableSheet) as caught:
        read(content)
    return str(caught.value)


def refused_within(limits, content):
    """The code with which the reader's own program refuses a file, under lower limits."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in limits.items():
            patch.setattr(archive, name, value)
        with pytest.raises(Refused) as caught:
            read_workbook.read(content)
    return caught.value.code


def with_part(content, name, data):
    """The archive with one part replaced."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info.filename, data if info.filename == name else old.read(info))
    return stream.getvalue()


def part(content, name):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name)


# what is read


def test_xlsx_is_read_with_its_row_numbers():
    roster, rows = read(books.roster(books.row(1), [], books.row(2)))
    assert [number for number, _line in rows] == [2, 4]
    assert rows[0][1] == books.row(1)
    assert roster.sheets == ["学生数据表"]
    assert roster.ignored == []


def test_xls_is_read():
    book = xlwt.Workbook()
    sheet = book.add_sheet("名单")
    for y, line in enumerate([books.HEADINGS, books.row(1), books.row(2)]):
        for x, value in enumerate(line):
            sheet.write(y, x, value)
    stream = io.BytesIO()
    book.save(stream)
    assert texts(stream.getvalue()) == [books.row(1), books.row(2)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_csv_is_read_in_every_encoding(encoding, delimiter):
    content = books.csv_text(books.row(1), books.row(2), delimiter=delimiter).encode(encoding)
    assert texts(content) == [books.row(1), books.row(2)]


def test_csv_numbers_wrapped_against_rounding_are_read():
    line = books.row(1)
    wrapped = [f'"=""{cell}"""' if i == 4 else cell for i, cell in enumerate(line)]
    assert texts(books.csv_text(wrapped).encode())[0][4] == line[4]


def test_content_decides_and_not_the_name():
    assert texts(books.csv_text(books.row(1)).encode("gb18030")) == [books.row(1)]


def test_headings_below_a_merged_title_in_another_order_and_spelling():
    lines = [
        ["湖滨大学2023届毕业生名册"],
        [],
        ["序号", "姓名（必填）", "身份证号 *", "学  号", "专业名称", "所在班级", "备注"],
        [1, "王小明", books.row(1)[4], "2023001", "软件工程", "软件2301", "班长"],
    ]
    roster, ((number, line), *rest) = read(books.xlsx(*lines))
    assert roster.headings[0].row == 3
    assert roster.ignored == ["序号", "备注"]
    assert (number, line[:2], line[7], rest) == (4, ["2023001", "王小明"], "软件工程", [])


def test_headings_merged_over_two_rows():
    lines = [
        ["基本信息", "", "证件", "", "培养单位", ""],
        ["学号", "姓名", "", "", "专业", "班级"],
        ["2023001", "王小明", "x", books.row(1)[4], "软件工程", "软件2301"],
    ]
    lines[0][3] = "证件号码"
    assert [line[4] for line in texts(books.xlsx(*lines))] == [books.row(1)[4]]


def test_english_headings():
    head = ["Student No.", "Full name", "ID number", "Major", "Class"]
    assert texts(books.xlsx(head, ["1", "王小明", "x", "软件工程", "软件2301"]))[0][0] == "1"


def test_the_sheet_with_the_headings_is_found_among_others():
    book = openpyxl.Workbook()
    book.create_sheet("名单").append(books.HEADINGS)
    book["名单"].append(books.row(1))
    content = books.xlsx(["请先阅读"], book=book, title="说明")
    roster, _rows = read(content)
    assert (roster.sheets, roster.left_out) == (["名单"], ["说明"])


def test_numbers_typed_as_numbers():
    line = books.row(1, 学号=20230001, 证件号码=320102200102030013, 手机号=13800000000)
    found = texts(books.roster(line))[0]
    assert (found[0], found[4], found[9]) == ("20230001", "3.20102E+17", "13800000000")


def test_formulas_without_a_result_are_marked_and_others_give_theirs():
    content = books.roster(books.row(1, 姓名="=A1"), books.row(2))
    assert texts(content)[0][1] == sheets.FORMULA
    sheet = part(content, "xl/worksheets/sheet1.xml")
    solved = sheet.replace(b"<f>A1</f><v />", b"<f>A1</f><v>7</v>").replace(b"<f>A1</f><v></v>", b"<f>A1</f><v>7</v>")
    assert solved != sheet
    assert texts(with_part(content, "xl/worksheets/sheet1.xml", solved))[0][1] == "7"


def test_the_template_reads_as_an_empty_roster_and_its_example_is_left_aside():
    roster, rows = read(spreadsheet_writer.template_workbook(title="x"))
    assert roster.sheets == [spreadsheet_writer.SHEET]
    assert rows == []


def test_our_workbook_of_wrong_rows_reads_like_the_file_it_came_from():
    content = spreadsheet_writer.wrong_rows_workbook([(7, books.row(1, 姓名="=1+1"), {"name": "wrong"})])
    roster, rows = read(content)
    assert roster.ignored == []
    assert [line for _number, line in rows] == [books.row(1, 姓名="=1+1")]


# what is refused


def test_missing_columns_are_named():
    sentence = refusal(books.xlsx(["学号", "姓名", "专业"], ["1", "王", "软件"]))
    assert sentence == said(
        "These columns are missing: %(columns)s. Headings were found in row %(row)d of “%(sheet)s”."
        " Compare with the template.",
        columns="证件号码、班级",
        row=1,
        sheet="学生数据表",
    )


def test_columns_that_come_twice_are_named():
    assert "姓名" in refusal(books.xlsx([*books.HEADINGS, "姓名"], books.row(1)))


def test_wrong_sheet_names_the_sheets():
    sentence = refusal(books.xlsx(["收入", "支出"], [1, 2], title="账目"))
    assert "账目" in sentence
    assert "学号、姓名、证件号码、专业、班级" in sentence


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", EMPTY),
        (b"\x00\x00", EMPTY),
        (b"PK\x03\x04not a zip", DAMAGED),
        (b"\x89PNG\r\n\x1a\n\x00\x00", NO_SPREADSHEET),
        (b"%PDF-1.4\n\x00\xff", NO_SPREADSHEET),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 4096, DAMAGED),
    ],
)
def test_what_is_no_spreadsheet_gets_a_sentence(content, sentence):
    assert refusal(content) == sentence


def test_truncated_workbook_gets_a_sentence():
    content = books.roster(*books.rows(50))
    for length in (100, len(content) // 2, len(content) - 10):
        assert refusal(content[:length]) == DAMAGED


def test_web_page_under_the_name_of_a_spreadsheet():
    assert said(
        "This is a web page under the name of a spreadsheet. Open it in Excel or WPS, save it as .xlsx and upload that."
    ) in refusal("<html><table><tr><td>学号</td></tr></table></html>".encode())


def test_protected_workbook():
    assert said("The workbook is protected by a password. Remove the password and upload it again.") == refusal(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le")
    )


def test_zip_bomb_is_stopped_while_it_inflates():
    bomb = with_part(books.roster(books.row(1)), "xl/worksheets/sheet1.xml", b" " * 40 * MB)
    assert len(bomb) < MB
    assert refused_within({"MAX_SHEETS": 4 * MB}, bomb) == "too_large"


def test_zip_directory_that_lies_about_sizes_does_not_help():
    bomb = with_part(books.roster(books.row(1)), "xl/worksheets/sheet1.xml", b" " * 40 * MB)
    size = struct.pack("<I", 40 * MB)
    assert bomb.count(size) >= 1
    assert refused_within({"MAX_SHEETS": 4 * MB}, bomb.replace(size, struct.pack("<I", 10))) == "too_large"


def test_cell_far_out_is_refused_before_memory_is_taken():
    book = openpyxl.Workbook()
    book.active["XFD1048576"] = "x"
    assert refusal(books.xlsx(books.HEADINGS, book=book)) == said(
        "There is something in a cell far to the right or below row 150,000. Copy the list alone into the template."
    )


def test_many_empty_rows_that_carry_a_format_are_no_matter():
    content = books.roster(books.row(1))
    sheet = part(content, "xl/worksheets/sheet1.xml")
    empty = b"".join(b'<row r="%d"><c r="A%d" s="0"/><c r="B%d" s="0"/></row>' % (n, n, n) for n in range(3, 200_003))
    padded = with_part(content, "xl/worksheets/sheet1.xml", sheet.replace(b"</sheetData>", empty + b"</sheetData>"))
    assert texts(padded) == [books.row(1)]


def test_too_many_rows_are_refused(monkeypatch):
    monkeypatch.setattr(spreadsheet_reader, "MAX_ROWS", 3)
    assert refusal(books.roster(*books.rows(4))) == said(
        "More than %(limit)d rows. Upload the roster in parts, by college for example.", limit=3
    )


def test_macros_and_other_parts_do_not_matter():
    content = books.roster(books.row(1))
    stream = io.BytesIO(content)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"\0" * 1000)
    assert texts(stream.getvalue()) == [books.row(1)]
