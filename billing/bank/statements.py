"""Taking a bank's file: it is kept, and a job takes its lines once and matches them.

A file whose columns are not known waits until a person says what they are (`assign`), which is remembered by the row of
headings. A file with a wrong cell is not taken at all: its sentence names row and column.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.bank import proposals, reading
from billing.bank.columns import (
    UNASSIGNED,
    Assignment,
    Columns,
    assigned_columns,
    find_columns,
    known_columns,
    row_key,
)
from billing.bank.reading import Reading
from billing.books import reconciliation
from billing.models import Allocation, BankHeadings, BankLine, BankStatement
from portal import files, history
from portal.background import jobs
from portal.changes import states
from portal.database import inserting
from portal.errors import Conflict, PortalError
from portal.models import Job, User
from portal.security import encryption
from portal.security.sealed_files import SealedFiles
from students.privacy import rotation
from students.roster.headings import RawRow, keys_of

Status = BankStatement.Status
KIND = "bank_statement"
STEPS = 3  # of the job: the file is read, its lines are taken, they are matched
SAMPLES = 3  # cells shown of a column
MAX_TOLD = 50  # repeated lines and breaks of the balance that the report keeps


def upload(*, content: bytes, filename: str, by: User) -> BankStatement:
    """Store a file and start the job that reads it. Raises PortalError for one that has been uploaded already."""
    if len(content) > settings.UPLOAD_MAX_BYTES["bank"]:
        limit = settings.UPLOAD_MAX_BYTES["bank"] // 1024 // 1024
        raise PortalError(
            _("The file is larger than %(limit)d MB. Export a shorter period and upload that.") % {"limit": limit}
        )
    digest = hashlib.sha256(content).hexdigest()
    _require_new(digest)
    statement = BankStatement(filename=filename[-120:], digest=digest, uploaded_by_name=by.actor_name)
    with files.writing() as write:
        written = SEALED.store(statement, content, write=write, filename="statement")
        statement.file, statement.file_size = written["file"], written["file_size"]
        with transaction.atomic():
            _insert(statement)
            history.record("bankstatement.uploaded", statement, by=by, facts={"file": statement.filename})
            _start(statement, by=by)
    return statement


def _start(statement: BankStatement, *, by: User) -> None:
    statement.job = jobs.create(KIND, by=by, total=STEPS, params={"statement": statement.pk})
    statement.save(update_fields=["job"])


@jobs.handler(KIND, label=gettext_lazy("Reading a bank statement"), queue="build", seen_with="fees.see")
def run(job: Job) -> None:
    """Read the file, take its lines, match them. A second run goes on where a lost one ended."""
    statement = BankStatement.objects.get(pk=job.params["statement"])
    if statement.status == Status.READING:
        _read(job, statement)
    if statement.status == Status.TAKEN:
        _match(statement)
    job.result = {"statement": statement.status}


def _read(job: Job, statement: BankStatement) -> None:
    """What is no statement is dropped, and the job fails with the reason."""
    by = job.created_by or history.SYSTEM
    assignment = Assignment(**statement.assigned) if statement.assigned else UNASSIGNED
    try:
        found = reading.read(content_of(statement), assignment=assignment, remembered=_remembered())
    except reading.UnknownColumns as error:
        _ask_for_columns(statement, error.head, by=by, message=str(error))
        return
    except PortalError as error:
        _drop(statement, by=by, report={"message": str(error)})
        raise
    jobs.progress(job, 1)
    if found.problems:
        _ask_for_columns(statement, found.head, by=by, problems=list(map(str, found.problems[:MAX_TOLD])))
        return
    with transaction.atomic():
        _take(statement, found, by=by)
        if statement.assigned:
            BankHeadings.objects.update_or_create(
                headings=row_key(found.columns.labels),
                defaults={"fields": dict(assignment.fields), "changed_by_name": by.actor_name},
            )
    jobs.progress(job, 2)


def _ask_for_columns(
    statement: BankStatement, head: reading.Head, *, by: User | history.System, **told: object
) -> None:
    """The first rows are kept as text of JSON: they may hold NUL, which jsonb does not."""
    states.change(statement, Status.HEADINGS, by=by, report={"head": json.dumps(head), **told})


def _match(statement: BankStatement) -> None:
    """Match the lines of which nothing is booked or proposed."""
    matched = Allocation.objects.filter(line__statement=statement, status__in=Allocation.LIVE).values("line")
    rows = statement.lines.filter(status=BankLine.Status.OPEN).exclude(pk__in=matched)
    proposals.propose(list(rows), by=history.SYSTEM)
    reconciliation.match_payouts()


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
    return SEALED.content_of(statement)


def _place(statement: BankStatement) -> encryption.Place:
    return encryption.Place("bankstatement.file", statement.digest)


SEALED = SealedFiles(BankStatement.objects.all, "file", _place)
rotation.registers("bank statements", SEALED.count_by_version, SEALED.rewrite)


def assign(statement: BankStatement, *, assignment: Assignment, by: User) -> BankStatement:
    """Say what the columns of a file are, and have it read again. It is remembered when the lines could be taken.

    Raises Conflict when the file was taken or dropped meanwhile.
    """
    only_from: list[str] = [Status.HEADINGS]
    with transaction.atomic():
        states.change(statement, Status.READING, by=by, only_from=only_from, assigned=assignment.stored, report={})
        _start(statement, by=by)
    return statement


def drop(statement: BankStatement, *, by: User) -> BankStatement:
    """Drop a file whose columns nobody assigned, or that could not be read. Its lines were never taken."""
    return _drop(statement, by=by)


def _drop(statement: BankStatement, *, by: User | history.System, **fields: Any) -> BankStatement:
    with transaction.atomic():
        states.change(statement, Status.DROPPED, by=by, **fields)
        files.delete_after_commit([statement.file.name])
    return statement


def _remembered() -> dict[str, dict[str, str]]:
    return dict(BankHeadings.objects.values_list("headings", "fields"))


def _take(statement: BankStatement, found: Reading, *, by: User | history.System) -> None:
    """Write the lines that are new, and say which are not."""
    with connection.cursor() as cursor:  # two files at the same time are taken one after the other
        cursor.execute("LOCK TABLE billing_bankline IN SHARE ROW EXCLUSIVE MODE")
    keys = [line.key for line in found.lines]
    taken = {
        key: (pk, statement_id)
        for key, pk, statement_id in BankLine.objects.filter(key__in=keys).values_list("key", "pk", "statement_id")
    }
    new = [line for line in found.lines if line.key not in taken]
    try:
        rows = inserting.insert([_row(statement, line) for line in new])
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
    )


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
    """The columns at a row, or at the likeliest one, of a file whose job has asked for them."""
    sheet, head = json.loads(statement.report["head"])
    found = None if row else find_columns(head, _remembered())
    number = row if row and row <= len(head) else found.row if found else reading.likely_row(head)
    labels = head[number - 1]
    return Layout(
        sheet=sheet,
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
