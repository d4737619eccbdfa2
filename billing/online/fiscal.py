"""Fiscal e-receipts (财政电子票据): the table that the center's issuing system takes, and what comes back from it.

The product issues none: only a system of the finance department may. It hands over what has been paid, and keeps the
number and the file that come back beside the receipt.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.books import sheets
from billing.models import Receipt
from portal import files, history
from portal.errors import PortalError
from portal.untrusted import workbooks
from schools.models import Season

FILE_TYPES = {"pdf": "application/pdf", "ofd": "application/ofd"}
_BEGINS = {"pdf": b"%PDF-", "ofd": b"PK"}
MAX_FILE = 2 * 1024 * 1024  # bytes of one e-receipt
MAX_TABLE = 10 * 1024 * 1024
KEY, CODE, NUMBER, CHECK = "业务流水号", "票据代码", "票据号码", "校验码"
# Of the printed form: payer, item, standard, number, amount, remarks. The rest is how such systems take a table.
COLUMNS = (
    *(KEY, "交款人类型", "交款人", "交款人统一社会信用代码", "开票日期", "项目编码", "项目名称"),
    *("单位", "数量", "标准", "金额", "交款方式", "备注"),
)
PERSON = "个人"
_FISCAL = re.compile(r"[0-9A-Za-z]{1,20}")


@dataclass
class Read:
    """What was read: receipts that got a number, and a file; and what fits no receipt, as sentences."""

    numbers: int = 0
    files: int = 0
    problems: list[str] | None = None

    def problem(self, sentence: str) -> None:
        self.problems = [*(self.problems or []), sentence]


def waiting(season: Season) -> QuerySet[Receipt]:
    """The valid receipts of the season that have no fiscal e-receipt yet."""
    return Receipt.objects.filter(season=season, voided_at=None, fiscal_number="").order_by("serial")


def export(season: Season, *, item_code: str, item_name: str, by: history.Actor) -> IO[bytes]:
    """The table of `waiting`, as an open .xlsx file. It names no document number: the e-receipt shows none."""
    receipts = waiting(season).select_related("order__student", "school")
    facts = {"count": receipts.count(), "item_code": item_code, "item_name": item_name}
    history.record("receipts.fiscal_exported", season, by=by, facts=facts)
    rows = (_row(receipt, item_code, item_name) for receipt in receipts.iterator(chunk_size=2000))
    return sheets.write("开票明细", COLUMNS, rows)


def _row(receipt: Receipt, item_code: str, item_name: str) -> list[Any]:
    amount = sheets.yuan(receipt.amount_fen)
    remarks = f"{receipt.school.name} {receipt.order.student.student_no} 订单 {receipt.order.number}"
    paid_on = timezone.localdate(receipt.order.paid_at)
    return [
        receipt.number,
        PERSON,
        receipt.payer,
        "",
        paid_on,
        item_code,
        item_name,
        "人",
        1,
        amount,
        amount,
        "网上支付",
        remarks,
    ]


def last_item(season: Season) -> dict[str, str]:
    """The item's code and name of the last export, to be proposed again."""
    last = history.of(season).filter(kind="receipts.fiscal_exported").order_by("-id").first()
    return (
        {name: last.facts[name] for name in ("item_code", "item_name")} if last else {"item_name": "毕业生图像采集费"}
    )


def read(season: Season, uploaded: Iterable[Any], *, by: history.Actor) -> Read:
    """Read tables with numbers, then files that are named by a number. Raises PortalError for what is neither."""
    done = Read()
    files_of = sorted(uploaded, key=lambda file: _ending(file.name) in FILE_TYPES)  # tables first
    if not files_of:
        raise PortalError(_("Choose a file."))
    for file in files_of:
        if _ending(file.name) in FILE_TYPES:
            _read_file(season, file, done)
        else:
            _read_table(season, file, done)
    facts = {"numbers": done.numbers, "files": done.files, "problems": len(done.problems or [])}
    history.record("receipts.fiscal_read", season, by=by, facts=facts)
    return done


def _ending(name: str) -> str:
    return PurePosixPath(name).suffix.lower().removeprefix(".")


def _read_table(season: Season, file: Any, done: Read) -> None:
    if file.size > MAX_TABLE:
        raise PortalError(_("%(name)s is too large.") % {"name": file.name})
    with workbooks.opened(file.read()) as book:
        rows = [(number, cells) for _sheet, number, cells in book.rows(set(range(len(book.sheets))))]
    places: dict[str, int] = {}
    with transaction.atomic():
        for number, cells in rows:
            if {KEY, NUMBER} <= set(cells):
                places = {heading: cells.index(heading) for heading in (KEY, CODE, NUMBER, CHECK) if heading in cells}
            elif places:
                _take_row(season, number, {name: _cell(cells, place) for name, place in places.items()}, done)
    if not places:
        raise PortalError(
            _("%(name)s has no columns %(key)s and %(number)s.") % {"name": file.name, "key": KEY, "number": NUMBER}
        )


def _cell(cells: list[str], place: int) -> str:
    return unicodedata.normalize("NFKC", cells[place]).strip() if place < len(cells) else ""


def _take_row(season: Season, number: int, cells: dict[str, str], done: Read) -> None:
    key, fiscal = cells[KEY], cells[NUMBER]
    if not key or not fiscal:
        return
    values = {"fiscal_code": cells.get(CODE, ""), "fiscal_number": fiscal, "fiscal_check": cells.get(CHECK, "")}
    if not all(_FISCAL.fullmatch(value) for value in values.values() if value):
        done.problem(_("Row %(row)d: this is no number of an e-receipt.") % {"row": number})
        return
    receipt = Receipt.objects.select_for_update(no_key=True).filter(season=season, number=key).first()
    if receipt is None:
        done.problem(_("Row %(row)d: there is no receipt %(number)s.") % {"row": number, "number": key})
    elif receipt.fiscal_number and (receipt.fiscal_code, receipt.fiscal_number) != (values["fiscal_code"], fiscal):
        done.problem(_("Row %(row)d: %(number)s has another e-receipt already.") % {"row": number, "number": key})
    elif _is_of_another(receipt, values):
        done.problem(_("Row %(row)d: this e-receipt belongs to another receipt.") % {"row": number})
    elif not receipt.fiscal_number:
        Receipt.objects.filter(pk=receipt.pk).update(**values, fiscal_at=timezone.now())
        done.numbers += 1


def _is_of_another(receipt: Receipt, values: dict[str, str]) -> bool:
    same = Receipt.objects.filter(fiscal_code=values["fiscal_code"], fiscal_number=values["fiscal_number"])
    return same.exclude(pk=receipt.pk).exists()


def _read_file(season: Season, file: Any, done: Read) -> None:
    """Keep the file at the receipt that its name names: by our number, or by the number of the e-receipt."""
    ending, stem = _ending(file.name), PurePosixPath(file.name).stem
    content = file.read(MAX_FILE + 1)
    if len(content) > MAX_FILE or not content.startswith(_BEGINS[ending]):
        done.problem(_("%(name)s is no e-receipt as PDF or OFD of at most 2 MB.") % {"name": file.name})
        return
    names = re.findall(r"TC-\d{4}-\d{6}|[0-9A-Za-z]{6,20}", stem)
    found = Receipt.objects.filter(Q(number__in=names) | Q(fiscal_number__in=names), season=season)
    rows = list(found.exclude(fiscal_number="")[:2])
    if len(rows) != 1:
        done.problem(_("%(name)s names no receipt that has a number of an e-receipt.") % {"name": file.name})
        return
    (receipt,) = rows
    with files.writing() as write:
        values = write.store(receipt, {"fiscal_file": content}, filename=f"fiscal.{ending}")
        with transaction.atomic():
            Receipt.objects.filter(pk=receipt.pk).update(**values)
            files.delete_after_commit([receipt.fiscal_file.name])
    done.files += 1
