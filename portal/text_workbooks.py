"""Writing a long table of texts as .xlsx: a tenth of the time that openpyxl takes, and no row stays in memory.

Every cell is text and no cell is a formula (`portal.formulas`). Tables with numbers, dates or colours are written
with openpyxl.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from tempfile import TemporaryFile
from typing import IO
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl.utils import get_column_letter

from portal import formulas

_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NUMBER = "\x01"  # stands for the number of a row: no XML has it
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


def write(
    title: str,
    columns: Sequence[tuple[str, float]],
    rows: Iterable[Sequence[str]],
    *,
    neutralised: Callable[[str], str] = formulas.harmless,
) -> IO[bytes]:
    """The open file; the same rows give the same bytes. `columns`: (heading, width in characters) each; the row of
    headings stays in view.

    `neutralised` makes a text harmless; it is the identity where the rows are so already.
    """
    file = TemporaryFile()  # noqa: SIM115 (the caller closes it)
    letters = tuple(get_column_letter(index) for index in range(1, len(columns) + 1))
    with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=4) as package:
        workbook = (
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
            f'<sheet name={quoteattr(title)} sheetId="1" r:id="rId1"/></sheets></workbook>'
        )
        for name, content in (_PARTS | {"xl/workbook.xml": workbook}).items():
            with package.open(name, "w") as part:  # `writestr` would put the time of day into the file
                part.write(f"{_DECLARATION}{content}".encode())
        with package.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(f"{_DECLARATION}{_beginning([width for _heading, width in columns])}".encode())
            sheet.write(_row(1, letters, [heading for heading, _width in columns]))
            for number, row in enumerate(rows, start=2):
                sheet.write(_row(number, letters, [neutralised(text) for text in row]))
            sheet.write(b"</sheetData></worksheet>")
    file.seek(0)
    return file


def _beginning(widths: Sequence[float]) -> str:
    cols = "".join(
        f'<col min="{index}" max="{index}" width="{width}" customWidth="1"/>' for index, width in enumerate(widths, 1)
    )
    pane = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    return (
        f'<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">{pane}</sheetView></sheetViews>'
        f"<cols>{cols}</cols><sheetData>"
    )


def _row(number: int, letters: tuple[str, ...], texts: Sequence[str]) -> bytes:
    """A cell without text is left out."""
    filled = tuple(letter for letter, text in zip(letters, texts, strict=True) if text)
    row = _shape(filled) % tuple([_escaped(text) for text in texts if text])
    return row.replace(_NUMBER, str(number)).encode()


@lru_cache(maxsize=1000)
def _shape(letters: tuple[str, ...]) -> str:
    """A row with cells in these columns, without its texts and its number."""
    cells = [
        f'<c r="{letter}{_NUMBER}" t="inlineStr"><is><t xml:space="preserve">%s</t></is></c>' for letter in letters
    ]
    return f'<row r="{_NUMBER}">{"".join(cells)}</row>'


def _escaped(text: str) -> str:
    if formulas.is_plain(text):
        return text
    return escape(_NOT_IN_XML.sub("", text) if not text.isprintable() else text)
