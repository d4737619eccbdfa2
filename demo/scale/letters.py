"""What schools and center write to each other: letters, and requests for other days."""

import datetime as dt
import itertools

from demo.scale.copying import Table
from demo.scale.school_rows import Writer
from demo.scale.student_rows import Campus
from schools.models import DaysRequest, Inquiry, InquiryMessage, WindowException

# (topic, subject, letter, answer)
LETTERS = (
    ("general", "实习学生能否延后采集", "我校有一个班级在外地实习，能否安排在最后两天采集？", "可以，请在系统内申请其他日期。"),
    ("photos", "戴头巾的学生如何拍摄", "有少数民族学生因宗教原因佩戴头巾，照片会被退回吗？", "请学生在拍摄前申报，审核时予以确认。"),
    ("fees", "缴费发票", "学校转账后如何取得财政电子票据？", "到账核对后三个工作日内开具。"),
    ("prints", "纸质照片收件人变更", "收件人已更换，请寄给教务处王老师。", "已更新收件信息。"),
)  # fmt: skip
INQUIRY, REQUEST = "schools.inquiry", "schools.daysrequest"


def make(writer: Writer, campuses: list[Campus]) -> None:
    letter = Table(
        Inquiry, "id", "school_id", "season_id", "topic", "subject", "status", "created_at", "updated_at"
    )  # fmt: skip
    message = Table(InquiryMessage, "school_id", "inquiry_id", "text", "by_name", "is_center", "sent_at")
    numbers = itertools.count(writer.numbers.first["schools_inquiry"])
    for n, campus in enumerate(campuses):
        for topic, subject, text, answer in LETTERS[: n % 5]:
            pk, asked = next(numbers), campus.imported_at + dt.timedelta(hours=n % 50)
            answered = min(asked + dt.timedelta(days=1), writer.numbers.now)
            status = ("open", "answered", "closed")[pk % 3] if campus.phase == "capturing" else "closed"
            letter.add(pk, campus.school_id, campus.season_id, topic, subject, status, asked, answered)
            message.add(campus.school_id, pk, text, campus.reviewer[1], False, asked)
            writer.tell(campus, asked, "inquiry.asked", INQUIRY, pk, by=campus.reviewer, after="open")
            if status != "open":
                message.add(campus.school_id, pk, answer, campus.officer[1], True, answered)
                writer.change(campus, answered, INQUIRY, pk, "open", "answered", by=campus.officer)
            if status == "closed":
                writer.change(campus, answered, INQUIRY, pk, "answered", "closed", by=campus.officer)
    _ask_for_days(writer, campuses)
    for table in (letter, message):
        writer.rows[table.name] += table.copy()


def _ask_for_days(writer: Writer, campuses: list[Campus]) -> None:
    """A tenth of the schools asks for longer hours on its last day."""
    request = Table(
        DaysRequest, "id", "school_id", "season_id", "status", "starts_on", "ends_on", "opens_at", "closes_at", "reason",
        "asked_by", "asked_at", "answer", "decided_at", "exception_id")  # fmt: skip
    exception = Table(
        WindowException, "id", "school_id", "season_id", "starts_on", "ends_on", "opens_at", "closes_at", "reason"
    )
    hours, reason = (dt.time(7), dt.time(21)), "毕业班集中返校，需延长当天采集时间。"
    numbers = itertools.count(writer.numbers.first["schools_daysrequest"])
    first = writer.numbers.first["schools_windowexception"]
    for n, campus in enumerate(campuses):
        if n % 10 or campus.phase == "preparing":
            continue
        pk, status = (
            next(numbers),
            ("granted", "refused", "asked" if campus.phase == "capturing" else "granted")[n // 10 % 3],
        )
        asked = campus.imported_at + dt.timedelta(days=5)
        decided = None if status == "asked" else asked + dt.timedelta(days=1)
        days, granted = (campus.ends_on, campus.ends_on), first + pk if status == "granted" else None
        if granted:
            exception.add(granted, campus.school_id, campus.season_id, *days, *hours, reason)
        request.add(pk, campus.school_id, campus.season_id, status, *days, *hours, reason, campus.reviewer[1], asked,
                    "场地条件不允许。" if status == "refused" else "", decided, granted)  # fmt: skip
        writer.tell(campus, asked, "days_request.asked", REQUEST, pk, by=campus.reviewer, after="asked", reason=reason)
        if decided:
            writer.change(campus, decided, REQUEST, pk, "asked", status, by=campus.officer)
    for table in (exception, request):
        writer.rows[table.name] += table.copy()
