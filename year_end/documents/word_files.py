"""A Word document on A4 in the form of an official letter: title, text, tables, a line at the foot of each page."""

import datetime as dt
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.oxml.shared import OxmlElement
from docx.shared import Mm, Pt

from year_end.documents.packages import reproducible
from year_end.documents.tables import Table

TITLE_FONT, TEXT_FONT = "方正小标宋简体", "仿宋"
EDGE = Mm(20)
EARLIEST = dt.datetime(1980, 1, 1, tzinfo=dt.UTC)


def write(title: str, text: str, tables: Sequence[Table], *, foot: str) -> bytes:
    """The file. Paragraphs are the lines of `text`; the lines of its last block, the signature, stand at the right."""
    document = Document()
    _set_page(document)
    core = document.core_properties
    core.title, core.author, core.created, core.modified = title, "", EARLIEST, EARLIEST
    heading = document.add_paragraph()
    heading.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _run(heading, title, size=22, font=TITLE_FONT)
    blocks = [block.splitlines() for block in text.split("\n\n") if block.strip()]
    for n, block in enumerate(blocks):
        is_signature = n == len(blocks) - 1 > 0
        for line in block:
            _add_line(document, line, indent=n > 0 and not is_signature, right=is_signature)
    for table in tables:
        _add_table(document, table)
    footer = document.sections[0].footer.paragraphs[0]
    _run(footer, foot, size=8, font=TEXT_FONT)
    file = BytesIO()
    document.save(file)
    return reproducible(file.getvalue())


def _set_page(document: Any) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = EDGE
    section.top_margin = section.bottom_margin = Mm(25)
    style = document.styles["Normal"]
    style.font.name, style.font.size = TEXT_FONT, Pt(14)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), TEXT_FONT)


def _run(paragraph: Any, text: str, *, size: float, font: str, bold: bool = False) -> None:
    run = paragraph.add_run(text)
    run.font.size, run.font.name, run.bold = Pt(size), font, bold
    run._element.rPr.rFonts.set(qn("w:eastAsia"), font)


def _add_line(document: Any, line: str, *, indent: bool, right: bool) -> None:
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.space_after = Pt(4)
    if indent:
        paragraph.paragraph_format.first_line_indent = Pt(28)
    if right:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    _run(paragraph, line, size=14, font=TEXT_FONT)


def _add_table(document: Any, table: Table) -> None:
    if table.title:
        title = document.add_paragraph()
        title.paragraph_format.space_before = Pt(18)
        title.paragraph_format.keep_with_next = True
        _run(title, table.title, size=14, font=TEXT_FONT, bold=True)
    grid = document.add_table(rows=1, cols=len(table.headings), style="Table Grid")
    grid.autofit = False
    _fill(grid.rows[0], table, table.headings, bold=True)
    _repeat(grid.rows[0])
    for row in table.rows:
        _fill(grid.add_row(), table, row)


def _fill(row: Any, table: Table, texts: Sequence[str], *, bold: bool = False) -> None:
    cells = row.cells
    for n, text in enumerate(texts):
        cells[n].width = Mm(table.widths[n])
        paragraph = cells[n].paragraphs[0]
        if n in table.numbers:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        _run(paragraph, text, size=11, font=TEXT_FONT, bold=bold)


def _repeat(row: Any) -> None:
    """The row of headings stands on every page."""
    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(mark)
