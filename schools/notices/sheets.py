"""Who has read and confirmed a notice, as a workbook: a line for each person of each school."""

from collections.abc import Iterable, Iterator
from typing import IO

from django.utils import timezone

from portal import text_workbooks
from schools.models import Notice, NoticeAddressee
from schools.notices import reading

COLUMNS = (
    ("片区", 14.0), ("学校代码", 12.0), ("学校", 28.0), ("学校确认时间", 18.0), ("确认人", 14.0), ("提醒日期", 14.0),
    ("已读学生", 10.0), ("人员", 14.0), ("角色", 18.0), ("已读时间", 18.0), ("确认时间", 18.0),
)  # fmt: skip


def write(notice: Notice, addressees: Iterable[NoticeAddressee]) -> IO[bytes]:
    """The open file, of the schools that the list selects."""
    return text_workbooks.write("已读与确认", COLUMNS, _lines(notice, list(addressees)))


def _lines(notice: Notice, addressees: list[NoticeAddressee]) -> Iterator[list[str]]:
    people = reading.people(notice, [row.school for row in addressees])
    for row in addressees:
        head = [
            row.school.area.name,
            row.school.code,
            row.school.name,
            _at(row.confirmed_at) if row.is_confirmed else "",  # type: ignore[attr-defined]
            row.confirmed_by if row.is_confirmed else "",  # type: ignore[attr-defined]
            f"{row.reminded_on:%Y-%m-%d}" if row.reminded_on else "",
            str(row.student_readers),  # type: ignore[attr-defined]
        ]
        readers = people.get(row.school_id, [])
        for reader in readers:
            receipt = reader.receipt
            yield [
                *head,
                reader.member.user.actor_name,
                reader.member.roles_label,
                _at(receipt.read_at) if receipt and reader.has_read else "",
                _at(receipt.confirmed_at) if receipt and reader.has_confirmed else "",
            ]
        if not readers:
            yield [*head, "", "", "", ""]


def _at(moment: object) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}" if moment else ""  # type: ignore[arg-type]
