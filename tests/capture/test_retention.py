"""The purge: what beat calls at night, on real files, until the report of its job."""

import datetime as dt

import pytest
from django.utils import timezone

from capture import retention, tasks
from capture.models import Finding, Photo
from portal import history
from portal.background import jobs
from portal.models import Job
from portal.tenancy import system_scope
from schools.models import Season
from tests import factories

DAYS = 180


@pytest.fixture(autouse=True)
def _unscoped_rows():
    with system_scope():
        yield


@pytest.fixture
def close(season):
    """Close the season so many days ago; its pictures are kept for DAYS."""

    def close(days_ago: int) -> None:
        closed_on = timezone.localdate() - dt.timedelta(days=days_ago)
        Season.objects.filter(pk=season.pk).update(
            status=Season.Status.CLOSED, closed_on=closed_on, retention_days=DAYS
        )

    return close


@pytest.fixture
def photos(school, season) -> dict[str, Photo]:
    """One photo in each state that is left at the end of a season."""
    states = (Photo.Status.APPROVED, Photo.Status.SUBMITTED, Photo.Status.READY, Photo.Status.REJECTED)
    return {
        status: factories.photo(
            factories.student(school, season),
            status,
            findings={"eyes": "reject"} if status == Photo.Status.REJECTED else None,
        )
        for status in states
    }


def run_night() -> list[Job]:
    """What beat and the worker do at ten past three; the jobs that were made."""
    before = set(Job.objects.values_list("pk", flat=True))
    tasks.purge()
    made = [job.pk for job in Job.objects.exclude(pk__in=before)]
    for pk in made:
        jobs.run(pk)
    return list(Job.objects.filter(pk__in=made))


def stored(settings) -> set[str]:
    """The names of all private files that are on disk."""
    return {str(path.relative_to(settings.MEDIA_ROOT)) for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()}


def test_night_after_the_last_day_of_retention_leaves_approved_portraits_alone(photos, close, settings, season):
    close(DAYS + 1)
    assert len(stored(settings)) == 14  # original and preview of four; portrait and thumbnail of three
    (job,) = run_night()
    approved = Photo.objects.get(pk=photos["approved"].pk)
    assert stored(settings) == {approved.portrait.name, approved.thumbnail.name}
    assert (approved.original.name, approved.preview.name) == ("", "")
    others = Photo.objects.exclude(pk=approved.pk)
    assert set(others.values_list("original", "preview", "portrait", "thumbnail")) == {("", "", "", "")}
    assert len(others) == 3
    assert Finding.objects.get().photo_id == photos["rejected"].pk

    report = {"photos": 4, "season": season.year}
    assert (job.kind, job.status, job.season, job.school, job.result) == ("purge", "done", season, None, report)
    event = history.of(season).get(kind="season.purged")
    assert (event.actor_key, event.facts) == (history.SYSTEM.actor_key, report)


def test_last_day_of_retention_touches_nothing(photos, close, settings):
    before = stored(settings)
    close(DAYS)
    assert run_night() == []
    assert stored(settings) == before


@pytest.mark.parametrize(
    "changes", [{"status": Season.Status.OPEN}, {"closed_on": None}, {"retention_days": DAYS + 1}], ids=str
)
def test_season_that_is_open_or_whose_own_days_are_not_over_is_left_alone(photos, close, settings, season, changes):
    close(DAYS + 1)
    Season.objects.filter(pk=season.pk).update(**changes)
    before = stored(settings)
    assert run_night() == []
    assert stored(settings) == before


def test_purge_ordered_for_a_season_that_was_opened_again_does_nothing(photos, close, settings, season):
    close(DAYS + 1)
    before = stored(settings)
    tasks.purge()
    Season.objects.update(status=Season.Status.OPEN)
    job = Job.objects.get()
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.status, job.result) == (Job.Status.DONE, {})
    assert stored(settings) == before
    assert not history.of(season).filter(kind="season.purged").exists()


def test_pictures_of_the_season_beside_it_stay(photos, close, settings, school, season):
    newer = factories.season(year=season.year + 1, graduating_class=season.year + 2)
    kept = factories.photo(factories.student(school, newer), Photo.Status.SUBMITTED)
    close(DAYS + 1)
    (job,) = run_night()
    assert job.result["photos"] == 4
    kept.refresh_from_db()
    assert {kept.original.name, kept.preview.name, kept.portrait.name, kept.thumbnail.name} <= stored(settings)


def test_purge_waits_for_the_one_before_and_finds_nothing_after_it(photos, close):
    close(DAYS + 1)
    assert retention.start_purges() == 1
    assert retention.start_purges() == 0
    Job.objects.update(status=Job.Status.RUNNING)
    assert retention.start_purges() == 0
    Job.objects.update(status=Job.Status.QUEUED, claimed_at=None)
    jobs.run(Job.objects.get().pk)
    assert run_night() == []


def test_purge_that_was_lost_halfway_is_made_again_and_takes_the_rest(photos, close, settings):
    close(DAYS + 1)
    retention.purge(photos["rejected"])
    (job,) = run_night()
    assert job.result["photos"] == 3
    assert len(stored(settings)) == 2


@pytest.mark.parametrize("left", ["original", "preview", "portrait"])
def test_one_picture_that_is_left_is_found(photos, close, season, left):
    close(DAYS + 1)
    run_night()
    Photo.objects.filter(pk=photos["ready"].pk).update(**{left: "forgotten.jpg"})
    assert run_night()[0].result["photos"] == 1
    assert getattr(Photo.objects.get(pk=photos["ready"].pk), left).name == ""


def test_long_purge_shows_how_far_it_is(school, season, close):
    close(DAYS + 1)
    student = factories.student(school, season)
    first = factories.photo(student, Photo.Status.REJECTED, is_current=False)
    rows = [Photo(school=school, season=season, student=student, is_current=False, sha256="0" * 64) for _ in range(100)]
    for row in rows:
        row.original.name = first.original.name
    Photo.objects.bulk_create(rows)
    (job,) = run_night()
    assert (job.total, job.result["photos"]) == (101, 101)
