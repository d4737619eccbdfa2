"""The program that opens strangers' workbooks: every spelling of a file, and none that takes it down."""

import io
import multiprocessing
import subprocess
import sys
import zipfile

import openpyxl
import pytest
import xlwt

from portal.untrusted import process, read_workbook, sheets, workbooks
from portal.untrusted.limits import Refused

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def archive(parts: dict[str, str | bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in parts.items():
            packed.writestr(name, data)
    return stream.getvalue()


def workbook(*sheet_parts: str | bytes, strings: str = "", styles: str = "", book: str = "") -> bytes:
    """An .xlsx with these XML sheets."""
    numbers = range(1, len(sheet_parts) + 1)
    listed = "".join(f'<sheet name="S{n}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
    targets = "".join(
        f'<Relationship Id="rId{n}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
    )
    targets += f'<Relationship Id="s" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/>'
    targets += f'<Relationship Id="f" Type="{RELATIONS}/styles" Target="/xl/styles.xml"/>'
    parts: dict[str, str | bytes] = {
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{RELATIONS}">{book}<sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="x">{targets}</Relationships>',
    }
    parts |= {f"xl/worksheets/sheet{n}.xml": part for n, part in zip(numbers, sheet_parts, strict=True)}
    if strings:
        parts["xl/sharedStrings.xml"] = f"<sst {MAIN}>{strings}</sst>"
    if styles:
        parts["xl/styles.xml"] = f"<styleSheet {MAIN}>{styles}</styleSheet>"
    return archive(parts)


def sheet(rows: str, *, after: str = "") -> str:
    return f"<worksheet {MAIN}><sheetData>{rows}</sheetData>{after}</worksheet>"


def text(place: str, value: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'


def head(content: bytes) -> list[tuple[int, list[str]]]:
    return read_workbook.read(content)[0].head


def refusal(content: bytes) -> str:
    with pytest.raises(Refused) as caught:
        read_workbook.read(content)
    return caught.value.code


def ods(table: str, *, styles: str = "") -> bytes:
    names = "".join(
        f' xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{prefix}:1.0"'
        for prefix in ("office", "table", "text", "style")
    )
    body = f"<office:automatic-styles>{styles}</office:automatic-styles>"
    body += f"<office:body><office:spreadsheet>{table}</office:spreadsheet></office:body>"
    return archive({"content.xml": f"<office:document-content{names}>{body}</office:document-content>"})


# .xlsx


def test_a_far_cell_is_refused_under_every_spelling():
    far = '<row r="600000"><c r="BZ600000"><v>1</v></c></row>'
    plain = sheet(far)
    prefixed = plain.replace("<", "<x:").replace("<x:/", "</x:").replace("xmlns=", "xmlns:x=")
    spaced = plain.replace('<c r="BZ600000">', "<c\n r = 'BZ600000'\t>")
    for part in (plain, prefixed, spaced, plain.encode("utf-16"), f'<?xml version="1.0" encoding="latin-1"?>{plain}'):
        assert refusal(workbook(part)) == "far"


def test_an_empty_cell_far_out_is_no_matter():
    rows = f'<row r="1">{text("A1", "a")}</row><row r="1048576"><c r="XFD1048576" s="1"/></row>'
    assert head(workbook(sheet(rows))) == [(1, ["a"])]


def test_cells_and_rows_without_a_place_follow_each_other():
    rows = '<row><c t="str"><v>a</v></c><c><v>2</v></c></row><row><c r="B2"><v>3</v></c><c><v>4</v></c></row>'
    assert head(workbook(sheet(rows))) == [(1, ["a", "2"]), (2, ["", "3", "4"])]


def test_shared_strings_are_read_without_their_readings():
    strings = "<si><t>王</t><rPh sb='0' eb='1'><t>wang</t></rPh></si><si><r><t>小</t></r><r><t>明</t></r></si>"
    cells = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
    assert head(workbook(sheet(cells), strings=strings)) == [(1, ["王", "小明"])]
    assert refusal(workbook(sheet(cells))) == "damaged"  # no such string


def test_escaped_characters_of_shared_strings_are_read_as_what_they_are():
    """Other programs write the end of a line so, and an underscore that only looks like it."""
    strings = "<si><t>软件_x000D_</t></si><si><t>a_x005F_x0041_</t></si><si><t>b_x41_</t></si>"
    cells = "".join(f'<c t="s"><v>{n}</v></c>' for n in range(3)) + '<c t="str"><v>王_x0020_明</v></c>'
    assert head(workbook(sheet(f"<row>{cells}</row>"), strings=strings)) == [
        (1, ["软件", "a_x0041_", "b_x41_", "王 明"]),
    ]


def test_dates_errors_formulas_and_numbers_that_are_none_are_marked():
    styles = '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
    cells = '<c s="1"><v>46082</v></c><c t="d"><v>2026-03-01</v></c><c t="e"><v>#N/A</v></c><c><f>A1</f></c>'
    cells += "<c><v>NaN</v></c><c><f>1+1</f><v>2</v></c><c t='b'><v>1</v></c>"
    (_number, found), *_rest = head(workbook(sheet(f"<row>{cells}</row>"), styles=styles))
    date = f"{sheets.DATE}2026-03-01"
    assert found == [
        date,
        date,
        f"{sheets.ERROR}#N/A",
        sheets.FORMULA,
        f"{sheets.NUMBER}NaN",
        "2",
        f"{sheets.TRUTH}TRUE",
    ]


def test_documents_with_entities_are_refused():
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + sheet(
        f"<row>{text('A1', '&b;')}</row>"
    )
    assert refusal(workbook(bomb)) == "damaged"
    outside = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>' + sheet(f"<row>{text('A1', '&a;')}</row>")
    assert refusal(workbook(outside)) == "damaged"


def test_one_long_string_in_many_cells_is_stopped():
    row = "".join(f'<c r="{letter}1" t="s"><v>0</v></c>' for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    rows = "".join(f'<row r="{n}">{row}</row>' for n in range(1, 100))
    assert refusal(workbook(sheet(rows), strings=f"<si><t>{'长' * 30_000}</t></si>")) == "too_large"
    assert refusal(workbook(sheet(f"<row>{text('A1', 'a' * 40_000)}</row>"))) == "too_large"


def test_too_many_sheets_parts_and_merges_are_refused():
    assert refusal(workbook(*[sheet("")] * 251)) == "many_sheets"
    assert refusal(archive({f"xl/{n}.xml": "" for n in range(2001)})) == "damaged"
    merges = "<mergeCells>" + '<mergeCell ref="A1:A3"/>' * 60_001 + "</mergeCells>"
    assert refusal(workbook(sheet("", after=merges))) == "too_large"


def test_links_to_other_files_are_not_followed():
    content = workbook(sheet(f"<row>{text('A1', 'a')}</row>"))
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    outside = parts["xl/_rels/workbook.xml.rels"].replace(b'Id="rId1"', b'TargetMode="External" Id="rId1"')
    assert read_workbook.read(archive(parts | {"xl/_rels/workbook.xml.rels": outside})) == []


def test_hidden_rows_and_sheets_and_merges_are_told():
    rows = f'<row r="1">{text("A1", "a")}</row><row r="2" hidden="1">{text("A2", "b")}</row>'
    merges = '<mergeCells><mergeCell ref="A1:A2"/><mergeCell ref="A1:D1"/></mergeCells>'
    (found,) = read_workbook.read(workbook(sheet(rows, after=merges)))
    assert (found.hidden, found.merges, found.last) == ([2], [(1, 0, 2, 0)], 2)
    book = openpyxl.Workbook()
    book.create_sheet("secret").sheet_state = "veryHidden"
    book["secret"]["A1"] = "x"
    stream = io.BytesIO()
    book.save(stream)
    assert [(one.name, one.visible, one.head) for one in read_workbook.read(stream.getvalue())] == [
        ("Sheet", True, []),
        ("secret", False, []),
    ]


# .xls and .ods


def test_xls_tells_formats_errors_dates_and_hidden_rows():
    book = xlwt.Workbook()
    found = book.add_sheet("名单")
    found.write(0, 0, 12345, xlwt.easyxf(num_format_str="0000000"))
    found.write(0, 1, 46082, xlwt.easyxf(num_format_str="yyyy-mm-dd"))
    found.row(0).set_cell_error(2, 42)
    found.write_merge(1, 2, 0, 0, "甲班")
    found.row(1).hidden = True
    stream = io.BytesIO()
    book.save(stream)
    (read,) = read_workbook.read(stream.getvalue())
    assert read.head[0] == (1, ["0012345", f"{sheets.DATE}2026-03-01", f"{sheets.ERROR}#N/A"])
    assert (read.hidden, read.merges) == ([2], [(2, 0, 3, 0)])


def test_ods_repeats_are_counted_and_not_laid_out():
    cell = '<table:table-cell office:value-type="string"><text:p>a</text:p></table:table-cell>'
    empty = '<table:table-cell table:number-columns-repeated="16384"/>'
    rows = f'<table:table-row>{cell}{empty}</table:table-row><table:table-row table:number-rows-repeated="1048570"><table:table-cell/></table:table-row>'
    assert head(ods(f'<table:table table:name="T">{rows}</table:table>')) == [(1, ["a"])]
    for bomb in (
        f'<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row>',
        cell.replace("<table:table-cell", '<table:table-row><table:table-cell table:number-columns-repeated="16384"')
        + "</table:table-row>",
    ):
        assert refusal(ods(f"<table:table>{bomb}</table:table>")) == "far"


def test_ods_cells_are_read_as_they_are_shown():
    cells = (
        '<table:table-cell office:value-type="float" office:value="12345"><text:p>0012345</text:p></table:table-cell>'
    )
    cells += '<table:table-cell office:value-type="date" office:date-value="2026-03-01"><text:p>3-1</text:p></table:table-cell>'
    cells += '<table:table-cell office:value-type="string"><text:p>#N/A</text:p></table:table-cell>'
    cells += '<table:table-cell><office:annotation><text:p>note</text:p></office:annotation><text:p>a<text:s text:c="2"/>b</text:p></table:table-cell>'
    table = f'<table:table><table:table-row table:visibility="filter">{cells}</table:table-row></table:table>'
    (found,) = read_workbook.read(ods(table))
    assert found.head == [(1, ["0012345", f"{sheets.DATE}2026-03-01", "#N/A", "a  b"])]
    assert found.hidden == [1]


# text


def test_text_wrapped_against_rounding_is_unwrapped():
    assert head(b'a,b\n"=""0123""",\'0456\n') == [(1, ["a", "b"]), (2, ["0123", "0456"])]


def test_the_place_of_a_damaged_byte_is_named():
    good = "学号,姓名\r\n1,王小明\r\n2,李小红\r\n" * 20
    for encoding in ("gb18030", "utf-8"):
        content = good.encode(encoding)
        with pytest.raises(Refused) as caught:
            read_workbook.read(content + b"\xff\r\n")
        assert caught.value.params == {"line": 61, "byte": "FF", "position": len(content) + 1}


# the process


def test_a_lost_reader_is_final_with_a_sentence(monkeypatch):
    """Whatever ends the process, the caller gets a sentence at once."""
    for end in ("import os; os.abort()", "x = bytearray(10**10)", "while True: pass"):
        confined = "from portal.untrusted.limits import MB, confine\nconfine(memory=128 * MB, seconds=1)"
        program = f"import sys\nsys.stdin.buffer.read()\n{confined}\n{end}"
        monkeypatch.setattr(process, "command", lambda _name, program=program: [sys.executable, "-c", program])
        with pytest.raises(workbooks.UnreadableSheet) as caught, workbooks.opened(b"a,b"):
            pass
        assert str(caught.value) == str(workbooks.REFUSALS["lost"])


def test_a_reader_that_never_ends_is_killed(monkeypatch):
    monkeypatch.setattr(process, "command", lambda _name: [sys.executable, "-c", "import time; time.sleep(600)"])
    monkeypatch.setattr(workbooks, "SECONDS", 0.3)
    with pytest.raises(workbooks.UnreadableSheet), workbooks.opened(b"a,b"):
        pass


def test_the_reader_gets_no_secret_and_needs_no_django(monkeypatch):
    asked = "import sys, os, portal.untrusted.read_workbook; print('django' in sys.modules, sorted(os.environ))"
    monkeypatch.setenv("TUCAI_TEST_SECRET", "x")
    environment = process.environment()
    done = subprocess.run(
        [sys.executable, "-c", asked], env=environment, cwd=process.ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("False")
    assert "SECRET" not in done.stdout


def test_limits_bind_the_process_itself():
    asked = "from portal.untrusted.limits import *; confine(memory=256 * MB, seconds=9); import resource as r; print(r.getrlimit(r.RLIMIT_AS)[0] // MB, r.getrlimit(r.RLIMIT_CPU)[0])\ntry: bytearray(512 * MB)\nexcept MemoryError: print('bounded')"
    done = subprocess.run([sys.executable, "-c", asked], cwd=process.ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["256", "9", "bounded"]


def test_a_worker_of_celery_may_read(tmp_path):
    """Its processes are daemons, which may have no children of multiprocessing."""
    out = tmp_path / "names"
    worker = multiprocessing.get_context("fork").Process(target=_write_names, args=(out,), daemon=True)
    worker.start()
    worker.join(60)
    assert out.read_text() == "CSV"


def _write_names(out):
    with workbooks.opened(b"a,b\n1,2\n") as book:
        out.write_text(book.sheets[0].name)
