"""Good workbooks and PDFs, and what becomes of them in hostile hands. The same seed gives the same files."""

import io
import re
import struct
import zipfile
from collections.abc import Callable, Iterator
from functools import lru_cache
from random import Random

import openpyxl
import xlwt
from reportlab.pdfgen.canvas import Canvas

from tests.students.roster import books

Sample = tuple[str, Callable[[], bytes]]
Change = Callable[[bytes, Random], bytes]
ODS_NAMES = "".join(
    f' xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{prefix}:1.0"' for prefix in ("office", "table", "text")
)


@lru_cache
def good_xlsx() -> bytes:
    """A roster with formats, merged cells, a hidden row and a second sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    for line in (["名单"], books.HEADINGS, *books.rows(40)):
        sheet.append(line)
    sheet["A5"].number_format = "0000000"
    sheet["A5"], sheet["B6"], sheet["C7"] = 12345, "=A1", 1.5
    sheet.merge_cells("I4:I6")
    sheet.row_dimensions[9].hidden = True
    book.create_sheet("二").append(books.HEADINGS)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@lru_cache
def good_xls() -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("名单")
    for y, line in enumerate([books.HEADINGS, *books.rows(40)]):
        for x, value in enumerate(line):
            sheet.write(y, x, value)
    sheet.write(50, 0, 12345, xlwt.easyxf(num_format_str="0000000"))
    sheet.write_merge(45, 46, 0, 0, "甲")
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@lru_cache
def good_ods() -> bytes:
    rows = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>' for cell in line
        )
        + '<table:table-cell table:number-columns-repeated="900"/></table:table-row>'
        for line in (books.HEADINGS, *books.rows(40))
    )
    table = f'<table:table table:name="T">{rows}</table:table>'
    content = f"<office:document-content{ODS_NAMES}><office:body><office:spreadsheet>{table}</office:spreadsheet></office:body></office:document-content>"
    return packed({"content.xml": content.encode()})


def good_csv(encoding: str) -> bytes:
    return books.csv_text(*books.rows(40)).encode(encoding)


@lru_cache
def good_pdf() -> bytes:
    """Two pages of text, lines and a picture, partly uncompressed."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pageCompression=0)
    for number in range(2):
        canvas.drawString(100, 700, f"feedback {number}")
        canvas.circle(300, 400, 80, fill=number)
        canvas.linkURL("https://example.org/", (0, 0, 100, 100))
        canvas.acroForm.textfield(name=f"f{number}", x=100, y=200, value="x")
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


# what is done to the bytes of any file


def _flip(data: bytes, chance: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 3, 30))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _cut(data: bytes, chance: Random) -> bytes:
    return data[: chance.randrange(len(data))]


def _hole(data: bytes, chance: Random) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + bytes(chance.choice((0, 1, 50))) + data[start + chance.randrange(200) :]


def _double(data: bytes, chance: Random) -> bytes:
    start = chance.randrange(len(data))
    piece = data[start : start + chance.randrange(1, 400)]
    return data[:start] + piece * chance.choice((2, 3, 500)) + data[start:]


def _numbers(data: bytes, chance: Random) -> bytes:
    """Sizes, counts and offsets of other values, as text and as little-endian numbers."""
    huge = [b"0", b"-1", b"1e308", b"NaN", b"4294967295", b"99999999999999999999", b"65536", b"1048576"]
    found = list(re.finditer(rb"\d+", data))
    if found and chance.random() < 0.7:
        for match in chance.sample(found, min(len(found), 3)):
            if match.end() <= len(data):
                data = data[: match.start()] + chance.choice(huge) + data[match.end() :]
        return data
    place = chance.randrange(max(1, len(data) - 4))
    return data[:place] + struct.pack("<I", chance.choice((0, 1, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF))) + data[place + 4 :]


BYTES: dict[str, Change] = {"flip": _flip, "cut": _cut, "hole": _hole, "double": _double, "numbers": _numbers}


# what is done to the XML of a workbook

_TOKENS = [
    b"<!DOCTYPE x [<!ENTITY a 'b'>]>",
    b"&a;",
    b"\0",
    b"\xff\xfe",
    b"<c>",
    b"</row>",
    b"<![CDATA[",
    b"]]>",
    b"<?xml?>",
]
_TOKENS += [
    b' r="XFD1048576"',
    b' r="A0"',
    b' t="s"',
    b' t="e"',
    b' s="99999"',
    b"<v>1e400</v>",
    b"<row r='7'>",
    b"<t>" * 300,
]


def _spell(data: bytes, chance: Random) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + chance.choice(_TOKENS) + data[start:]


def _tags(data: bytes, chance: Random) -> bytes:
    """Tags that are missing, doubled or exchanged."""
    tags = list(re.finditer(rb"<[^<>]{1,200}>", data))
    if not tags:  # a picture
        return _flip(data, chance)
    one, other = chance.choice(tags), chance.choice(tags)
    return data[: one.start()] + chance.choice((b"", one[0] * 2, other[0])) + data[one.end() :]


XML: dict[str, Change] = {**BYTES, "spell": _spell, "tags": _tags}


def _parts(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return stream.getvalue()


def _in_a_part(content: bytes, change: Change, chance: Random) -> bytes:
    parts = _parts(content)
    for _ in range(chance.choice((1, 1, 2))):
        name = chance.choice([name for name, data in parts.items() if data])
        parts[name] = change(parts[name], chance)
    return packed(parts)


def changed(name: str, make: Callable[[], bytes], change: Change, seed: str, *, inside: bool) -> Sample:
    def made() -> bytes:
        chance = Random(seed)
        return _in_a_part(make(), change, chance) if inside else change(make(), chance)

    return name, made


def workbooks(seed: int, number: int) -> Iterator[Sample]:
    """Half of them changed inside of their parts, then packed again, so that the damage reaches the reader."""
    packed = {"xlsx": good_xlsx, "ods": good_ods}
    plain = {"xls": good_xls, "csv": lambda: good_csv("utf-8"), "gb18030": lambda: good_csv("gb18030")} | packed
    families = [
        (f"{kind} {change}", make, done, False) for kind, make in plain.items() for change, done in BYTES.items()
    ]
    families += [
        (f"{kind} xml {change}", make, done, True) for kind, make in packed.items() for change, done in XML.items()
    ] * 2
    for n in range(number):
        name, make, change, inside = families[n % len(families)]
        yield changed(f"{name}: {n}", make, change, f"{seed} {n}", inside=inside)


def pdfs(seed: int, number: int) -> Iterator[Sample]:
    families = list(BYTES.items())
    for n in range(number):
        name, change = families[n % len(families)]
        yield changed(f"pdf {name}: {n}", good_pdf, change, f"{seed} {n}", inside=False)
