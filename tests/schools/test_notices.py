"""The notices of the center: published in versions to the schools they are for, read and confirmed by them."""

import io
import zipfile

import openpyxl
import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from django.utils.translation import override

from portal.errors import Conflict, PortalError
from portal.models import Event, Job, Notification, Role
from portal.tenancy import center_scope, school_scope
from schools import enrolments, group_messages
from schools.models import Area, Notice, NoticeAddressee, NoticeFile, NoticeReceipt, NoticeVersion, School
from schools.notices import attachments, publishing, reading
from tests import factories
from tests.conftest import client_of
from tests.support.words import said
from vision.rules import RULES

pytestmark = pytest.mark.django_db


@pytest.fixture
def notice(school, season, center_admin) -> Notice:
    with center_scope():
        return publishing.create(season, by=center_admin, title="安排", body="# 一\n\n每天检查")


def publish(notice: Notice, by, **fields) -> NoticeVersion:
    with center_scope():
        return publishing.publish(notice, by=by, **fields)


def corrected(notice: Notice, by, **fields) -> Notice:
    with center_scope():
        changed = publishing.change(notice, by=by, body=f"{notice.body}！")
        publishing.publish(changed, by=by, **{"change": "加了一个字"} | fields)
    return changed


def url(name: str, notice: Notice, *more: int) -> str:
    return reverse(f"schools:{name}", args=[notice.pk, *more])


# publishing


def test_a_school_sees_a_notice_once_it_is_published_and_no_more_when_it_is_withdrawn(
    notice, center_admin, owner_client
):
    assert owner_client.get(url("notice", notice)).status_code == 404
    publish(notice, center_admin)
    assert "每天检查" in owner_client.get(url("notice", notice)).content.decode()
    with center_scope():
        publishing.withdraw(notice, by=center_admin, reason="错发")
    assert owner_client.get(url("notice", notice)).status_code == 404
    with center_scope(), pytest.raises(PortalError, match=said("This notice was withdrawn. Write a new one.")):
        publishing.change(notice, by=center_admin, title="x")
    with center_scope(), pytest.raises(Conflict):
        publishing.withdraw(notice, by=center_admin, reason="x")
    kinds = set(Event.objects.filter(object_type="schools.notice").values_list("kind", flat=True))
    assert kinds == {"notice.created", "notice.published", "notice.withdrawn"}


def test_a_correction_is_a_version_of_its_own_and_the_one_before_stays(notice, center_admin, owner_client):
    publish(notice, center_admin)
    with center_scope(), pytest.raises(PortalError, match=said("Nothing has changed since version %(n)d.", n=1)):
        publishing.publish(notice, by=center_admin)
    changed = corrected(notice, center_admin)
    page = owner_client.get(url("notice", notice)).content.decode()
    assert "每天检查！" in page
    assert "加了一个字" in page
    old = owner_client.get(url("notice", notice) + "?version=1").content.decode()
    assert "每天检查！" not in old
    with center_scope():
        publishing.change(changed, by=center_admin, title="下一稿")
    assert "下一稿" not in owner_client.get(url("notice", notice)).content.decode()


def test_no_database_role_changes_what_was_published(notice, center_admin):
    version = publish(notice, center_admin)
    for change in (
        lambda: NoticeVersion.objects.filter(pk=version.pk).update(body="x"),
        lambda: NoticeVersion.objects.filter(pk=version.pk).delete(),
    ):
        with center_scope(), pytest.raises(DatabaseError), transaction.atomic():
            change()


@pytest.mark.parametrize(
    ("narrowed", "told"),
    [
        ({}, {"10001", "10002"}),
        ({"kinds": ["college"]}, {"10002"}),
        ({"phases": ["preparing"]}, set()),
        ({"by_area": "south"}, {"10002"}),
        ({"by_school": "10001"}, {"10001"}),
    ],
    ids=["all", "kind", "phase", "area", "school"],
)
def test_it_is_addressed_to_the_schools_that_fit(notice, center_admin, school, other_school, narrowed, told):
    south = Area.objects.create(code="south", name="South")
    School.objects.filter(pk=other_school.pk).update(area=south, kind="college")
    fields = {name: value for name, value in narrowed.items() if not name.startswith("by_")}
    fields |= {"areas": [south.pk]} if "by_area" in narrowed else {}
    fields |= {"schools": [school.pk]} if "by_school" in narrowed else {}
    with center_scope():
        changed = publishing.change(notice, by=center_admin, **fields) if fields else notice
        if told:
            publishing.publish(changed, by=center_admin)
        else:
            with pytest.raises(PortalError):
                publishing.publish(changed, by=center_admin)
        assert set(NoticeAddressee.objects.values_list("school__code", flat=True)) == told


def test_a_school_that_joins_later_is_told_too(notice, center_admin, school, season):
    publish(notice, center_admin)
    late = School.objects.create(code="10003", name="Hill College", area=school.area)
    factories.person("late", Role.SCHOOL_OFFICER, late)
    with center_scope():
        enrolments.enrol([late], season=season, by=center_admin)
    with school_scope(late):
        assert reading.visible(late, season).get() == notice
        assert Notification.objects.get().kind == "notice"


def test_another_schools_notice_is_not_there(notice, center_admin, school, outsider_client):
    with center_scope():
        publishing.change(notice, by=center_admin, schools=[school.pk])
        publishing.publish(Notice.objects.get(), by=center_admin)
    assert "安排" not in outsider_client.get(reverse("schools:notices")).content.decode()
    for name in ("notice", "notice_print"):
        assert outsider_client.get(url(name, notice)).status_code == 404
    assert outsider_client.post(url("notice_confirm", notice), {"version": 1}).status_code == 404


# reading and confirming


def test_reading_is_noted_and_a_correction_is_unread_again(notice, center_admin, school, season, owner, owner_client):
    publish(notice, center_admin)

    def unread() -> int:
        with school_scope(school):
            return reading.unread(reading.visible(school, season), owner).count()

    assert unread() == 1
    owner_client.get(url("notice", notice))
    assert unread() == 0
    corrected(notice, center_admin)
    assert unread() == 1
    owner_client.get(url("notice", notice) + "?version=1")
    assert unread() == 1


def test_an_administrator_confirms_for_the_school(notice, center_admin, owner_client, colleague, owner):
    publish(notice, center_admin)
    assert client_of(colleague).post(url("notice_confirm", notice), {"version": 1}).status_code == 403
    owner_client.post(url("notice_confirm", notice), {"version": 1})
    with center_scope():
        row = reading.addressees(notice).get()
        assert (row.is_confirmed, row.is_done, row.confirmed_by, row.readers) == (True, True, owner.actor_name, 1)
    assert Event.objects.get(kind="notice.confirmed").school_id == owner.membership.school_id


def test_only_the_version_that_was_read_can_be_confirmed(notice, center_admin, owner_client):
    publish(notice, center_admin)
    corrected(notice, center_admin)
    owner_client.post(url("notice_confirm", notice), {"version": 1})
    with center_scope():
        assert not reading.addressees(notice).get().is_confirmed


@pytest.mark.parametrize("asks_again", [True, False])
def test_a_correction_asks_again_or_leaves_the_confirmations(notice, center_admin, owner_client, asks_again):
    publish(notice, center_admin)
    owner_client.post(url("notice_confirm", notice), {"version": 1})
    corrected(notice, center_admin, asks_again=asks_again)
    with center_scope():
        notice.refresh_from_db()
        assert reading.addressees(notice).get().is_confirmed is not asks_again


def test_those_who_have_not_are_reminded_once_a_day(notice, center_admin, owner_client, outsider, colleague):
    publish(notice, center_admin)
    owner_client.post(url("notice_confirm", notice), {"version": 1})
    with center_scope():
        Notification.objects.all().delete()
        assert reading.remind(notice, by=center_admin) == 1
        assert reading.remind(notice, by=center_admin) == 0
        assert list(Notification.objects.values_list("kind", "recipient_key")) == [
            ("notice_reminder", outsider.actor_key)
        ]
        tomorrow = timezone.localdate() + timezone.timedelta(days=1)
        assert reading.remind(notice, by=center_admin, today=tomorrow) == 1


def test_the_center_filters_and_exports_who_has_read(notice, center_admin, center_client, owner_client, outsider):
    publish(notice, center_admin)
    owner_client.get(url("notice", notice))
    page = center_client.get(url("center_notice", notice) + "?state=unread").content.decode()
    assert "Riverside University" in page
    assert "Lakeside University" not in page
    sheet = center_client.post(url("notice_export", notice), {"state": "read"})
    (row,) = list(openpyxl.load_workbook(io.BytesIO(sheet.content)).active.iter_rows(min_row=2, values_only=True))
    assert row[2] == "Lakeside University"
    assert row[9]
    assert Event.objects.get(kind="notice.exported").facts == {"count": 1}


def test_the_number_of_queries_does_not_grow_with_the_schools(
    notice, center_admin, center_client, season, django_assert_max_num_queries
):
    for number in range(6):
        row = factories.school(season=season, code=f"2000{number}", name=f"School {number}")
        factories.person(f"admin{number}", Role.SCHOOL_ADMIN, row)
    publish(notice, center_admin)
    with django_assert_max_num_queries(45):
        center_client.get(url("center_notice", notice))


def test_telling_many_schools_takes_as_many_statements_as_telling_one(center_admin, season, owner):
    def statements(call) -> int:
        with CaptureQueriesContext(connection) as asked:
            call()
        return len(asked)

    def tell() -> list[int]:
        draft = publishing.create(season, by=center_admin, title="安排", body="每天检查")
        to_schools = group_messages.start(School.objects.all(), subject="a", body="b", by=center_admin)
        return [
            statements(lambda: publishing.publish(draft, by=center_admin)),
            statements(lambda: reading.remind(draft, by=center_admin)),
            statements(lambda: group_messages.send(to_schools)),
            Job.objects.filter(pk=to_schools.pk).update(status=Job.Status.DONE),
        ]

    with center_scope():
        alone = tell()
        for number in range(5):
            row = factories.school(season=season, code=f"3000{number}", name=f"School {number}")
            factories.person(f"clerk{number}", Role.SCHOOL_ADMIN, row)
        told = Notification.objects.count()
        assert tell() == alone
        assert Notification.objects.count() == told + 3 * 6


# attached files


def office(*parts: str, relation: str = "") -> bytes:
    """`relation`: the type of what is outside of it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for part in parts:
            archive.writestr(zipfile.ZipInfo(part), "<x/>")  # without the time of day
        if relation:
            target = f'Type="http://example.org/relationships/{relation}" Target="http://203.0.113.1/t"'
            archive.writestr(
                "word/_rels/settings.xml.rels", f'<r><Relationship Id="a" {target} TargetMode="External"/></r>'
            )
    return stream.getvalue()


def test_a_file_is_downloaded_by_the_readers_of_its_version_even_when_the_draft_has_it_no_more(
    notice, center_admin, owner_client
):
    data = office("word/document.xml", relation="hyperlink")
    with center_scope():
        row = attachments.attach(notice, name="模板.docx", data=data, by=center_admin)
        assert owner_client.get(url("notice_file", notice, row.pk)).status_code == 404
        publishing.publish(notice, by=center_admin)
        attachments.drop(NoticeFile.objects.select_related("notice").get(), by=center_admin)
    answer = owner_client.get(url("notice_file", notice, row.pk))
    assert b"".join(answer.streaming_content) == data
    assert answer["Content-Disposition"].startswith("attachment")


def test_a_file_that_was_never_published_is_deleted(notice, center_admin, django_capture_on_commit_callbacks):
    with center_scope(), django_capture_on_commit_callbacks(execute=True):
        row = attachments.attach(notice, name="x.docx", data=office("word/document.xml"), by=center_admin)
        name, storage = row.file.name, row.file.storage
        attachments.drop(row, by=center_admin)
    assert not storage.exists(name)


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("x.exe", b"MZ", "Attach a PDF, a Word document (.docx) or an Excel workbook (.xlsx)."),
        ("x.docx", b"no archive", "This file is damaged, or has a password. Save it again without one."),
        (
            "x.docx",
            office("xl/workbook.xml"),
            "The content of this file is not what its name says. Save it again as .docx or .xlsx.",
        ),
        ("x.xlsx", office("xl/workbook.xml", "xl/vbaProject.bin"), "This file has macros. Save it without them."),
        (
            "x.docx",
            office("word/document.xml", relation="attachedTemplate"),
            "This file loads a template, picture or object from elsewhere when it is opened. Save it with all of them inside.",
        ),
        ("x.pdf", b"%PDF-1.4 broken", "This PDF is not complete. Scan or save it again."),
    ],
    ids=["kind", "damaged", "other content", "macros", "foreign template", "pdf"],
)
def test_a_file_that_is_not_what_it_says_is_refused(notice, center_admin, name, data, sentence):
    with center_scope(), pytest.raises(PortalError, match=said(sentence)):
        attachments.attach(notice, name=name, data=data, by=center_admin)
    assert not NoticeFile.objects.exists()


# on paper


def test_the_print_view_has_the_annexes_of_the_season(notice, center_admin, owner_client, season):
    with center_scope():
        changed = publishing.change(notice, by=center_admin, has_annexes=True)
        publishing.publish(changed, by=center_admin)
    window = season.windows.get()
    page = owner_client.get(url("notice_print", notice)).content.decode()
    assert f"{window.starts_on.month}月{window.starts_on.day}日—" in page
    assert "务必提前与中心联系人沟通" in page
    assert "严禁翻拍" in page
    with override("zh-hans"):
        assert all(escape(str(rule.advice)) in page for rule in RULES)
    assert f"{season.graduating_class}届毕业生电子图像共" in page


# the whole way, as the pages do it


def test_a_notice_is_written_and_published_on_the_pages(center_client, season, school, owner, owner_client):
    season.notice = "各校：\n\n一、采集时间\n\n每天拍摄。\n\n附件2\n\n要求"
    season.save()
    draft = center_client.get(reverse("schools:notice_new") + "?from=season").context["form"].initial
    assert draft["body"] == "各校：\n\n## 一、采集时间\n\n每天拍摄。"
    answer = center_client.post(reverse("schools:notice_new"), draft | {"for_schools": "on"})
    notice = Notice.objects.get()
    assert answer["Location"] == notice.get_absolute_url()
    assert "<h3>一、采集时间</h3>" in center_client.get(notice.get_absolute_url()).content.decode()
    center_client.post(url("notice_publish", notice))
    assert owner_client.get(notice.school_url).status_code == 200
    with school_scope(school):
        assert NoticeReceipt.objects.get().reader_key == owner.actor_key


def test_on_the_days_before_it_is_reminded_of_by_itself(notice, center_admin, owner):
    day = timezone.localdate() + timezone.timedelta(days=10)
    with center_scope():
        changed = publishing.change(notice, by=center_admin, confirm_by=day)
        publishing.publish(changed, by=center_admin)
        before = [reading.remind_due(day - timezone.timedelta(days=days)) for days in (4, 3, 2)]
    assert before == [0, 1, 1]


def test_reading_in_an_archived_season_notes_nothing(notice, center_admin, owner_client, season, school):
    publish(notice, center_admin)
    season.status = "archived"
    season.save()
    assert owner_client.get(url("notice", notice)).status_code == 200
    with school_scope(school):
        assert not NoticeReceipt.objects.exists()
