"""The notices of the scale demo's seasons, whom they were sent to, and who of the schools has read them."""

import datetime as dt

from demo.scale.copying import Table
from demo.scale.school_rows import Writer
from demo.scale.student_rows import Campus
from portal.models import User
from schools.models import Notice, NoticeAddressee, NoticeFile, NoticeReceipt, NoticeVersion, School, Season

CORRECTED = "补拍日期已更新，请以本版本为准。"


def publish(season: Season, schools: list[School], officer: User) -> Notice:
    """The season's notice in two versions, to all schools. The first notice of a season is the one that students read."""
    title = f"关于做好{season.graduating_class}届毕业生图像采集工作的通知"
    notice = Notice.objects.create(
        season=season, status=Notice.Status.PUBLISHED, title=title, body=season.notice, has_annexes=True, for_schools=True,
        for_students=True, asks_confirmation=True, number=2,
    )  # fmt: skip
    NoticeVersion.objects.bulk_create(
        NoticeVersion(
            notice=notice, number=number, title=title, body=season.notice, has_annexes=True,
            change=CORRECTED if number > 1 else "", published_by=officer.actor_name,
        )
        for number in (1, 2)
    )  # fmt: skip
    NoticeAddressee.objects.bulk_create(
        NoticeAddressee(
            notice=notice, school=school, confirmed_number=2 if n % 5 else None,
            confirmed_by=school.contact_name if n % 5 else "",
        )
        for n, school in enumerate(schools)
    )  # fmt: skip
    return notice


def tell(writer: Writer, campuses: list[Campus]) -> None:
    """When each version was published, read and confirmed."""
    receipt = Table(
        NoticeReceipt,
        "id",
        "school_id",
        "notice_id",
        "reader_key",
        "number",
        "read_at",
        "confirmed_number",
        "confirmed_at",
    )
    first = {campus.season_id: campus for campus in reversed(campuses)}
    for campus in first.values():
        assert campus.notice_id is not None
        at, what = _published(campus, campuses), ("schools.notice", campus.notice_id)
        for days, kind, facts in (
            (-2, "notice.created", {}),
            (0, "notice.published", {"notice_version": 1}),
            (6, "notice.corrected", {"notice_version": 2, "change": CORRECTED}),
        ):
            told = at + dt.timedelta(days=days), kind, *what, None, campus.season_id, *campus.officer
            writer.events.append((*told, "", "published" if kind == "notice.published" else "", facts, "web"))
    for notice in dict.fromkeys(campus.notice_id for campus in campuses if campus.notice_id):
        _attach(writer, notice)
    number = writer.numbers.first["schools_noticereceipt"] + writer.numbers.students  # behind those of the students
    for n, campus in enumerate(campuses):
        at = _published(campus, campuses) + dt.timedelta(days=7, minutes=n)
        confirmed = n % 5 != 0
        receipt.add(number + n, campus.school_id, campus.notice_id, campus.reviewer[0], 2, at, 2 if confirmed else None,
                    at if confirmed else None)  # fmt: skip
        if confirmed:
            writer.tell(
                campus,
                at,
                "notice.confirmed",
                "schools.notice",
                campus.notice_id or 0,
                by=campus.reviewer,
                notice_version=2,
            )
    writer.rows[receipt.name] += receipt.copy()


def _attach(writer: Writer, notice: int) -> None:
    name, size = writer.pictures.form
    file = NoticeFile.objects.create(
        notice_id=notice, name="采集流程图.jpg", file=name, file_size=size, media_type="image/jpeg"
    )
    NoticeVersion.objects.filter(notice=notice).update(files=[file.pk])


def _published(campus: Campus, campuses: list[Campus]) -> dt.datetime:
    first = min(other.imported_at for other in campuses if other.season_id == campus.season_id)
    return first - dt.timedelta(days=20)
