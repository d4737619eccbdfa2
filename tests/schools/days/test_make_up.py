"""Make-up days: for those who missed theirs, beside the proofreading of the others."""

import datetime as dt
import uuid

import pytest
from django.utils import timezone

from capture import capture_period, window_reminders
from capture.models import Photo
from capture.upload import intake
from portal.errors import NotAllowed, PortalError
from portal.models import Event, Notification
from portal.tenancy import center_scope, school_scope, system_scope
from schools.days import opening_hours, timetable
from schools.models import Enrolment, Season, Window, WindowKind
from students.models import Student
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
Status = Enrolment.Status


@pytest.fixture
def make_up(school, season, center_admin) -> Window:
    """Today; the days of all ended a week ago."""
    today = timezone.localdate()
    with center_scope():
        Window.objects.update(starts_on=today - 20 * DAY, ends_on=today - 7 * DAY)
        (row,) = timetable.add_make_up(season, [school.area], starts_on=today, ends_on=today, by=center_admin)
    return row


def told_of(kind: str) -> set[str]:
    with system_scope():
        return set(Notification.objects.filter(kind=kind).values_list("recipient_key", flat=True))


def enrolment_in(school, season, status: str) -> Enrolment:
    fields = {}
    if status != Status.PREPARING:
        fields = {"capture_ended_on": timezone.localdate() - 6 * DAY, "proof_due_on": timezone.localdate() + 30 * DAY}
    with system_scope():
        Enrolment.objects.filter(school=school, season=season).update(status=status, **fields)
    return factories.enrolment_of(school, season)


def upload(student: Student, enrolment: Enrolment) -> Photo:
    with school_scope(student.school):
        factories.consent(student)
        return intake.accept_upload(
            student=student,
            enrolment=enrolment,
            data=factories.jpeg(900, 1200),
            token=uuid.uuid4(),
            origin="camera",
            by=student,
        )


def test_who_missed_the_days_photographs_while_the_others_proofread(school, season, make_up):
    enrolment = enrolment_in(school, season, Status.PROOFREADING)
    due = enrolment.proof_due_on
    assert upload(factories.student(school, season), enrolment).status == Photo.Status.CHECKING
    enrolment.refresh_from_db()
    assert (enrolment.status, enrolment.proof_due_on) == (Status.PROOFREADING, due)


@pytest.mark.parametrize("stage", [Student.Stage.REVIEW, Student.Stage.APPROVED, Student.Stage.PROOFED])
def test_who_has_a_photo_takes_none(school, season, make_up, stage):
    student = factories.student(school, season, stage=stage)
    with pytest.raises(PortalError):
        upload(student, enrolment_in(school, season, Status.PROOFREADING))


@pytest.mark.parametrize("status", [Status.FEEDBACK_SENT, Status.FEEDBACK_ACCEPTED])
def test_nobody_photographs_once_the_form_is_with_the_center(school, season, make_up, status):
    with pytest.raises(NotAllowed):
        upload(factories.student(school, season), enrolment_in(school, season, status))


def test_the_camera_is_shut_on_the_day_before(school, season, make_up):
    Window.objects.filter(pk=make_up.pk).update(starts_on=make_up.starts_on + DAY, ends_on=make_up.ends_on + DAY)
    with pytest.raises(NotAllowed):
        upload(factories.student(school, season), enrolment_in(school, season, Status.PROOFREADING))


def test_the_capture_ends_with_the_days_of_all_although_make_up_days_come(school, season, make_up):
    Window.objects.filter(pk=make_up.pk).update(starts_on=make_up.starts_on + DAY, ends_on=make_up.ends_on + DAY)
    with school_scope(school):
        assert capture_period.end_if_over(enrolment=factories.enrolment_of(school, season), at=timezone.now())
    assert factories.enrolment_of(school, season).status == Status.PROOFREADING


def test_students_read_that_they_are_make_up_days(school, season, make_up):
    with school_scope(school):
        plan = opening_hours.schedule_of(enrolment=enrolment_in(school, season, Status.PROOFREADING))
        assert "补采" in plan.describe_days(timezone.now())


def test_they_are_told_on_the_eve(school, season, owner, make_up):
    enrolment_in(school, season, Status.PROOFREADING)
    waiting = factories.student(school, season)
    factories.student(school, season, stage=Student.Stage.APPROVED)
    window_reminders.remind_all(make_up.starts_on - DAY)
    assert told_of("make_up_opens") | told_of("school_make_up_opens") == {waiting.actor_key, owner.actor_key}
    assert window_reminders.remind_all(make_up.starts_on) == 0


def test_schools_of_an_open_season_are_told_and_those_of_a_draft_are_not(school, season, owner, center_admin):
    day = timezone.localdate() + 30 * DAY
    with center_scope():
        Season.objects.update(status=Season.Status.DRAFT)
        season.refresh_from_db()
        timetable.add_make_up(season, [school.area], starts_on=day, ends_on=day, by=center_admin)
        assert told_of("make_up.set") == set()
        Season.objects.update(status=Season.Status.OPEN)
        row = Window.objects.select_related("season", "area").get(kind=WindowKind.MAKE_UP)
        timetable.change_make_up(row, starts_on=day, ends_on=day + DAY, by=center_admin)
    assert told_of("make_up.changed") == {owner.actor_key}
    assert Event.objects.filter(kind__in=("window.added", "window.changed")).count() == 2


def test_the_center_gives_them_on_its_page_and_takes_them_away(school, season, center_admin, owner):
    client, day = client_of(center_admin), timezone.localdate() + 30 * DAY
    days = {"areas": [school.area_id], "starts_on": day, "ends_on": day + DAY}
    assert client.post("/center/season/make-up/new/", days).status_code == 302
    row = Window.objects.get(kind=WindowKind.MAKE_UP)
    page = client.get("/center/season/schedule/", follow=True)
    assert page.context["rows"][0].make_up == [row]
    client.post(f"/center/season/make-up/{row.pk}/", {"starts_on": day, "ends_on": day})
    row.refresh_from_db()
    assert row.ends_on == day
    client.post(f"/center/season/make-up/{row.pk}/remove/")
    assert Window.objects.get().kind == WindowKind.REGULAR
    for kind in ("make_up.set", "make_up.changed", "make_up.removed"):
        assert told_of(kind) == {owner.actor_key}


def test_the_days_of_all_are_not_changed_by_the_pages_of_make_up_days(school, season, center_admin):
    regular = Window.objects.get()
    client = client_of(center_admin)
    assert client.get(f"/center/season/make-up/{regular.pk}/", follow=True).status_code == 404
    assert client.post(f"/center/season/make-up/{regular.pk}/remove/").status_code == 404


def test_editing_annex_1_leaves_make_up_days_alone(school, season, center_admin, make_up):
    lines = [timetable.AreaDays("North", 1, dt.date(2022, 3, 21), dt.date(2022, 3, 27), area=school.area)]
    with center_scope():
        timetable.set_timetable(season, lines, by=center_admin)
    assert Window.objects.regular().get().starts_on == dt.date(2022, 3, 21)
    assert Window.objects.filter(pk=make_up.pk).exists()
