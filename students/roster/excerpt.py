"""What the pages of an import show of its file: the first rows of its sheets, and the wrong rows.

The job that reads the file keeps it, encrypted, in the row of the import; it goes with the file. So no page opens a
stranger's file.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass

from django.utils.translation import gettext as _

from portal.errors import PortalError
from portal.security import encryption
from students.identity import id_encryption
from students.models import RosterImport
from students.roster import spreadsheet_reader
from students.roster.headings import Assignment, RawRow
from students.roster.spreadsheet_reader import Table

MAX_TEXT = 200  # characters kept of a wrong cell: no column takes as many
MAX_CHARACTERS = 1_000_000  # of the first rows of all sheets; sheets beyond cannot be chosen as the roster


@dataclass(frozen=True)
class Excerpt:
    """`tables`: the sheets that may hold the roster. `wrong`: {row number: its cells as typed, in the order of COLUMNS}."""

    tables: list[Table]
    wrong: dict[int, RawRow]


def excerpt_of(row: RosterImport) -> Excerpt:
    """Raises PortalError when it is deleted, with the file."""
    if not row.excerpt:
        raise PortalError(_("The file of this import is no longer kept. Upload it again."))
    kept = json.loads(encryption.decrypt(row.excerpt, id_encryption.excerpt_place(row.pk)))
    return Excerpt([Table(*table) for table in kept["tables"]], dict(kept["wrong"]))


def sealed(row: RosterImport, excerpt: Excerpt) -> bytes:
    """For `RosterImport.excerpt`."""
    left, tables = MAX_CHARACTERS, []
    for table in excerpt.tables:
        left -= sum(len(text) for cells in table.head for text in cells)
        if left >= 0:
            tables.append((table.name, table.head))
    wrong = [(number, [text[:MAX_TEXT] for text in cells]) for number, cells in excerpt.wrong.items()]
    content = json.dumps({"tables": tables, "wrong": wrong}, ensure_ascii=False)
    return encryption.encrypt(content, id_encryption.excerpt_place(row.pk))


def wrong_cells(content: bytes, assignment: Assignment, wanted: Collection[int]) -> dict[int, RawRow]:
    """The cells of these rows. The file is read up to the last of them."""
    found: dict[int, RawRow] = {}
    if wanted:
        with spreadsheet_reader.open_roster(content, assignment) as roster:
            for number, cells in roster.rows:
                if number in wanted:
                    found[number] = cells
                    if len(found) == len(wanted):
                        break
    return found
