"""Data that is kept long enough is deleted by one job a night, which says how much."""

import datetime as dt

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from billing.models import Callback
from portal.background import jobs
from portal.database.scope import Scope, opened
from portal.models import Event, Look, Notification
from portal.privacy import retention
from portal.tenancy import system_scope
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
        row = Callback.objects.create(provider="simulator", external_id=str(days), body="x")
        Callback.objects.filter(pk=row.pk).update(received_at=past)
    Callback.objects.create(provider="simulator", external_id="signed", body="x", verified=True)
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
    assert page.count("_DAYS") == len(retention.RULES) == 8
    run()
    assert said("The last report") in center_client.get("/center/retention/").content.decode()


@pytest.mark.usefixtures("_kept_for_long")
def test_no_days_keep_for_ever(settings):
    settings.KEEP_LOOKS_DAYS = 0
    assert "looks" not in run().result["deleted"]
    assert Look.objects.count() == 2
