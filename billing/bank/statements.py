"""Taking a bank's file: it is kept, its lines are taken once, and they are matched at once.

A file whose columns are not known waits until a person says what they are (`assign`), which is remembered by the row of
headings. A file with a wrong cell is not taken at all: its sentence names row and column.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from billing.bank import proposals, reading
from billing.bank.columns import (
    Assignment,
    Columns,
    assigned_columns,
    find_columns,
    known_columns,
    row_key,
)
from billing.bank.reading import Problem, Reading
from billing.books import reconciliation
from billing.models import BankHeadings, BankLine, BankStatement
from portal import files, history
from portal.changes import states
from portal.errors import Conflict, PortalError
from portal.models import User
from portal.security import encryption
from portal.untrusted import workbooks
from students.roster.headings import RawRow, keys_of

Status = BankStatement.Status
SAMPLES = 3  # cells shown of a column
MAX_TOLD = 50  # repeated lines and breaks of the balance that the report keeps


def upload(*, content: bytes, filename: str, by: User) -> BankStatement:
    """Store a file and take its lines, or have its columns assigned.

    Raises PortalError for a file that is no statement, and for one that has been uploaded already.
    """
    if len(content) > settings.UPLOAD_MAX_BYTES["bank"]:
        limit = settings.UPLOAD_MAX_BYTES["bank"] // 1024 // 1024
        raise PortalError(
            _("The file is larger than %(limit)d MB. Export a shorter period and upload that.") % {"limit": limit}
        )
    digest = hashlib.sha256(content).hexdigest()
    _require_new(digest)
    statement = BankStatement(filename=filename[-120:], digest=digest, uploaded_by_name=by.actor_name)
    try:
        found: Reading | None = reading.read(content, remembered=_remembered())
    except reading.UnknownColumns as error:
        found, statement.report = None, {"message": str(error)}
    with files.writing() as write:
        sealed = encryption.encrypt_bytes(content, _place(statement))
        written = write.store(statement, {"file": sealed}, filename="statement")
        statement.file, statement.file_size = written["file"], written["file_size"]
        with transaction.atomic():
            _insert(statement)
            history.record("bankstatement.uploaded", statement, by=by, facts={"file": statement.filename})
            if found:
                _take(statement, found, by=by)
    return statement


def _require_new(digest: str) -> None:
    same = BankStatement.objects.filter(digest=digest).exclude(status=Status.DROPPED).first()
    if same:
        raise PortalError(
            _("This file was uploaded on %(day)s already, as “%(name)s”.")
            % {"day": f"{same.uploaded_at:%Y-%m-%d}", "name": same.filename}
        )


def _insert(statement: BankStatement) -> None:
    """Raises PortalError when somebody else has uploaded the same file meanwhile."""
    try:
        with transaction.atomic():
            statement.save()
    except IntegrityError:
        _require_new(statement.digest)
        raise


def content_of(statement: BankStatement) -> bytes:
    with statement.file.open("rb") as file:
        return encryption.decrypt_bytes(file.read(), _place(statement))


def _place(statement: BankStatement) -> encryption.Place:
    return encryption.Place("bankstatement.file", statement.digest)


def assign(statement: BankStatement, *, assignment: Assignment, by: User) -> BankStatement:
    """Say what the columns of a file are, and take its lines. It is remembered when the lines could be taken.

    Raises PortalError for wrong cells, Conflict when the file was taken or dropped meanwhile.
    """
    if statement.status != Status.HEADINGS:
        raise Conflict
    found = reading.read(content_of(statement), assignment=assignment)
    if found.problems:
        raise WrongCells(found.problems)
    with transaction.atomic():
        _take(statement, found, by=by, assigned=assignment.stored)
        BankHeadings.objects.update_or_create(
            headings=row_key(found.columns.labels),
            defaults={"fields": dict(assignment.fields), "changed_by_name": by.actor_name},
        )
    return statement


def drop(statement: BankStatement, *, by: User) -> BankStatement:
    """Drop a file whose columns nobody assigned. Its lines were never taken."""
    with transaction.atomic():
        states.change(statement, Status.DROPPED, by=by)
        files.delete_after_commit([statement.file.name])
    return statement


class WrongCells(PortalError):
    """Cells of a file cannot be read: nothing of it is taken."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def _remembered() -> dict[str, dict[str, str]]:
    return dict(BankHeadings.objects.values_list("headings", "fields"))


def _take(statement: BankStatement, found: Reading, *, by: User, **fields: Any) -> None:
    """Write the lines that are new, say which are not, and match them."""
    if found.problems:
        statement.report = {"message": "\n".join(map(str, found.problems[:MAX_TOLD]))}
        statement.save(update_fields=["report"])
        return
    with connection.cursor() as cursor:  # two files at the same time are taken one after the other
        cursor.execute("LOCK TABLE billing_bankline IN SHARE ROW EXCLUSIVE MODE")
    keys = [line.key for line in found.lines]
    taken = {
        key: (pk, statement_id)
        for key, pk, statement_id in BankLine.objects.filter(key__in=keys).values_list("key", "pk", "statement_id")
    }
    new = [line for line in found.lines if line.key not in taken]
    try:
        rows = BankLine.objects.bulk_create([_row(statement, line) for line in new], batch_size=1000)
    except IntegrityError as error:
        raise Conflict from error
    known = [(line.row, *taken[line.key]) for line in found.lines if line.key in taken]
    dates = [line.booked_on for line in found.lines]
    report = {
        "lines": len(found.lines) + len(found.again),
        "new": len(rows),
        "again": found.again[:MAX_TOLD],
        "again_count": len(found.again),
        "known": known[:MAX_TOLD],
        "known_count": len(known),
        "breaks": [list(each) for each in found.breaks[:MAX_TOLD]],
        "breaks_count": len(found.breaks),
        "in_fen": sum(max(line.amount, 0) for line in found.lines),
        "out_fen": -sum(min(line.amount, 0) for line in found.lines),
        "difference_fen": found.difference,
    }
    states.change(
        statement,
        Status.TAKEN,
        by=by,
        facts={"count": len(rows)},
        report=report,
        account_no=found.account,
        starts_on=min(dates),
        ends_on=max(dates),
        opening_fen=found.opening,
        closing_fen=found.closing,
        **fields,
    )
    proposals.propose(rows, by=history.SYSTEM)
    reconciliation.match_payouts()


def _row(statement: BankStatement, line: reading.Line) -> BankLine:
    is_foreign = line.currency != "CNY"
    return BankLine(
        statement=statement,
        row=line.row,
        key=line.key,
        serial=line.serial,
        booked_on=line.booked_on,
        booked_at=line.booked_at,
        amount_fen=0 if is_foreign else line.amount,
        currency=line.currency,
        foreign_amount=line.amount if is_foreign else None,
        balance_fen=line.balance,
        payer=line.payer,
        payer_account=line.payer_account,
        remark=line.remark,
    )


# What a person sees of a file to assign its columns.


@dataclass(frozen=True)
class ColumnShown:
    """`key`: see `students.roster.headings.keys_of`. `field`: what the column is taken for now."""

    key: str
    number: int
    label: str
    samples: list[str]
    field: str


@dataclass(frozen=True)
class Layout:
    """The sheet and the row of the headings, with the other rows that may hold them: [(number, its texts)]."""

    sheet: str
    row: int
    rows: list[tuple[int, str]]
    columns: list[ColumnShown]


def layout(statement: BankStatement, *, row: int | None = None) -> Layout:
    """The columns of the file at a row, or at the likeliest one."""
    with workbooks.opened(content_of(statement)) as book:
        sheet = max((sheet for sheet in book.sheets if sheet.visible), key=lambda sheet: sheet.last)
        head = sheet.head_rows()
    found = None if row else find_columns(head, _remembered())
    number = row if row and row <= len(head) else found.row if found else reading.likely_row(head)
    labels = head[number - 1]
    return Layout(
        sheet=sheet.name,
        row=number,
        rows=[
            (at, " | ".join(filter(None, texts))[:80]) for at, texts in enumerate(head, 1) if sum(map(bool, texts)) > 1
        ],
        columns=_shown(found or _columns_at(number, labels), head[number:]),
    )


def _columns_at(number: int, labels: RawRow) -> Columns:
    fields = _remembered().get(row_key(labels))
    return assigned_columns(number, labels, fields) if fields else known_columns(number, labels)


def _shown(columns: Columns, below: list[RawRow]) -> list[ColumnShown]:
    fields = columns.fields
    shown = []
    for index, (key, label) in enumerate(zip(keys_of(columns.labels), columns.labels, strict=True)):
        texts = [
            row[index].replace("\0date ", "").replace("\0", "") for row in below if index < len(row) and row[index]
        ]
        shown.append(ColumnShown(key, index, label, list(dict.fromkeys(texts))[:SAMPLES], fields.get(index, "")))
    return shown
