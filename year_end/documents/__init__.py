"""The documents of the year's end: bulletin and table of allowances as Word and PDF, the ranking as a workbook.

In Chinese only, as official documents. Each is drawn from a `Report` alone: the same report gives the same bytes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from year_end.documents import bulletin_document, ranking_workbook, subsidy_table
from year_end.reports import Report

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PDF = "application/pdf"


@dataclass(frozen=True)
class Document:
    """`is_public`: schools may have it once the bulletin is published."""

    label: Any
    content_type: str
    make: Callable[[Report], bytes]
    is_public: bool = False


DOCUMENTS = {
    "bulletin.docx": Document(_("Bulletin (Word)"), WORD, bulletin_document.word, is_public=True),
    "bulletin.pdf": Document(_("Bulletin (PDF)"), PDF, bulletin_document.pdf, is_public=True),
    "subsidies.docx": Document(_("Table of allowances (Word)"), WORD, subsidy_table.word),
    "subsidies.pdf": Document(_("Table of allowances (PDF)"), PDF, subsidy_table.pdf),
    "ranking.xlsx": Document(_("Ranking with its parts (Excel)"), EXCEL, ranking_workbook.make),
}
