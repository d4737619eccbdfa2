"""What Prometheus reads, who may, and that nobody stands in it."""

import pytest
from django.core.cache import cache
from prometheus_client.parser import text_string_to_metric_families

from capture.models import Finding, Photo
from portal import tasks
from portal.background import health
from portal.tenancy import system_scope
from tests import factories

pytestmark = pytest.mark.django_db
TOKEN = "a-token-of-the-monitor"


@pytest.fixture
def scrape(client, settings):
    settings.HEALTH_TOKEN = TOKEN

    def read():
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        families = text_string_to_metric_families(answer.content.decode())
        return {
            (each.name, *sorted(each.labels.values())): each.value for family in families for each in family.samples
        }

    yield read
    cache.delete(health.NOTED)


def test_only_the_monitor_reads_them(client, settings):
    settings.HEALTH_TOKEN = TOKEN
    for sent in ("", "Bearer ", "Bearer another"):
        assert client.get("/metrics", headers={"Authorization": sent}).status_code == 404
    settings.HEALTH_TOKEN = ""
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_queues_photos_rejects_and_requests_are_counted(scrape, client, student):
    with system_scope():
        photo = factories.photo(student, Photo.Status.CHECKING)
        Finding.objects.create(photo=photo, school=student.school, season=student.season, rule="tilt", outcome="reject")
    tasks.sweep()
    before = scrape()
    assert before["tucai_queue_rows", "photos"] == 1
    assert before["tucai_photos", "checking"] == 1
    assert before["tucai_rejects", "tilt"] == 1
    assert (before["tucai_database_up",], before["tucai_redis_up",]) == (1, 1)
    assert 0 < before["tucai_disk_free_ratio",] < 1
    client.get(f"/?{student.name}")
    client.get(f"/{student.name}/")
    after = scrape()
    counted = {key: value - before.get(key, 0) for key, value in after.items() if key[0] == "tucai_requests_total"}
    assert sorted(value for value in counted.values() if value) == [1, 1]
    assert student.name not in str(after)


def test_without_a_sweep_the_machine_is_told_all_the_same(scrape):
    cache.delete(health.NOTED)
    assert ("tucai_database_up",) in scrape()
