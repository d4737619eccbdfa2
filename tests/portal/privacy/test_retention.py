"""Data that is kept long enough is deleted by one job a night, which says how much."""

import datetime as dt

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from billing.models import Callback
from capture.models import Imprint, Photo
from portal.background import jobs
from portal.database.scope import Scope, opened
from portal.models import Event, Look, Notification
from portal.privacy import retention
from portal.tenancy import system_scope
from schools.models import Season
from students.identity import id_encryption
from students.models import Student
from students.privacy import rotation
from tests import factories
from tests.portal.privacy.test_looks import looked
from tests.support.words import said

pytestmark = pytest.mark.django_db


@pytest.fixture
def _kept_for_long(owner, school, settings):
    """Of each kind one row that is too old and one that is not."""
    settings.KEEP_LOOKS_DAYS = settings.KEEP_MESSAGES_DAYS = settings.CALLBACK_DAYS = 10
    now = timezone.now()
    for days in (11, 9):
        past = now - dt.timedelta(days=days)
        looked(owner, days_ago=days, number=1)
        with system_scope():
            row = Notification.objects.create(recipient_key="student:1", school=school, kind="photo_failed")
            Notification.objects.filter(pk=row.pk).update(created_at=past)
        row = Callback.objects.create(provider="simulator", external_id=str(days))
        Callback.objects.filter(pk=row.pk).update(received_at=past)
    Callback.objects.create(provider="simulator", external_id="signed", verified=True)
    Callback.objects.filter(verified=True).update(received_at=now - dt.timedelta(days=11))
    with opened(Scope(session="old")):
        Session.objects.create(session_key="old", session_data="", expire_date=now - dt.timedelta(days=2))


def run() -> jobs.Job:
    job = retention.start()
    jobs.run(job.pk)
    job.refresh_from_db()
    return job


@pytest.mark.usefixtures("_kept_for_long")
def test_what_is_too_old_goes_and_the_rest_stays():
    report = run().result["deleted"]
    assert {name: report[name] for name in ("looks", "messages", "callbacks", "sessions")} == {
        "looks": 1,
        "messages": 1,
        "callbacks": 1,
        "sessions": 1,
    }
    with system_scope():
        assert (Look.objects.count(), Notification.objects.count()) == (1, 1)
    assert sorted(Callback.objects.values_list("verified", flat=True)) == [False, True]
    assert Event.objects.get(kind="job.data_deleted").facts == {name: 1 for name in report if report[name]}


@pytest.mark.usefixtures("_kept_for_long")
def test_the_page_says_what_is_due_and_what_the_last_night_deleted(center_client):
    page = center_client.get("/center/retention/").content.decode()
    assert page.count("_DAYS") == len(retention.RULES) == 16
    run()
    assert said("The last report") in center_client.get("/center/retention/").content.decode()


@pytest.mark.usefixtures("_kept_for_long")
def test_no_days_keep_for_ever(settings):
    settings.KEEP_LOOKS_DAYS = 0
    assert "looks" not in run().result["deleted"]
    assert Look.objects.count() == 2


# what the registry asks for: document numbers and approved portraits


@pytest.fixture
def closed(season):
    """Close the season so many days ago."""

    def closed(days):
        closed_on = timezone.localdate() - dt.timedelta(days=days)
        Season.objects.filter(pk=season.pk).update(status=Season.Status.CLOSED, closed_on=closed_on)

    return closed


def test_numbers_go_for_good_so_many_days_after_the_closing(student, closed, settings, owner_client):
    number, settings.KEEP_NUMBERS_DAYS = student.id_number, 10
    hashes = id_encryption.digests(number)
    closed(10)
    assert run().result["deleted"]["numbers"] == 0
    closed(11)
    assert run().result["deleted"]["numbers"] == 1
    with system_scope():
        row = Student.objects.get(pk=student.pk)
        assert (bytes(row.id_sealed), row.id_number, row.masked_id) == (b"", "", said("Deleted"))
        assert not Student.objects.filter(id_hash__in=hashes).exists()
        assert (row.name, row.student_no) == (student.name, student.student_no)
        jobs.run(rotation.start_rotation().pk)
    assert said("Deleted") in owner_client.get(f"/school/roster/{student.pk}/").content.decode()
    assert run().result["deleted"]["numbers"] == 0


def test_portraits_go_so_many_days_after_the_closing(student, closed, settings):
    settings.KEEP_PORTRAITS_DAYS = 10
    photo = factories.photo(student, "approved")
    names, storage = [photo.portrait.name, photo.thumbnail.name], photo.portrait.storage
    with system_scope():
        Imprint.objects.create(photo=photo, school=student.school)
    closed(11)
    assert run().result["deleted"]["portraits"] == 1
    assert [storage.exists(name) for name in names] == [False, False]
    with system_scope():
        row = Photo.objects.get(pk=photo.pk)
        assert (row.status, row.portrait.name, row.thumbnail.name) == ("approved", "", "")
        assert not Imprint.objects.exists()


def test_both_stay_until_the_center_names_a_term_and_while_the_season_is_open(student, closed, settings):
    settings.KEEP_NUMBERS_DAYS = 10
    Season.objects.update(closed_on=timezone.localdate() - dt.timedelta(days=99))
    assert run().result["deleted"]["numbers"] == 0
    settings.KEEP_NUMBERS_DAYS = 0
    closed(9999)
    assert not {"numbers", "portraits"} & run().result["deleted"].keys()
    with system_scope():
        assert Student.objects.get().id_number == student.id_number
