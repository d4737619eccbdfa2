"""Beside the demo's season stands last year's, in the archive."""

import pytest

from capture.models import Photo, Slot
from demo import first_days, last_season, loading, schools
from portal.models import Membership, Role
from portal.tenancy import system_scope
from schools.models import Notice, NoticeAddressee, Season
from students.models import Student

pytestmark = pytest.mark.django_db


def test_demo_has_an_archived_season_a_notice_a_plan_and_a_monitor():
    loading.load()
    season = Season.objects.get()
    for _again in range(2):
        first_days.make(season)
        last = last_season.make(season)
    assert (last.year, last.status) == (season.year - 1, Season.Status.ARCHIVED)
    with system_scope():
        stages = set(Student.objects.filter(season=last).values_list("stage", flat=True))
        assert stages == {Student.Stage.WAITING, Student.Stage.DELIVERED}
        assert (
            Photo.objects.filter(season=last).count() == Student.objects.filter(season=last, stage="delivered").count()
        )
        notice = Notice.objects.get(season=season)
        assert notice.number == 1
        assert NoticeAddressee.objects.filter(notice=notice, confirmed_number=1).count() == 3
        monitor = Membership.objects.get(roles=[Role.SCHOOL_MONITOR])
        assert Slot.objects.filter(season=season, class_name=monitor.class_names[0]).exists()


def test_accounts_of_the_demo_sign_in_with_its_password(client):
    schools.make_season()
    assert client.login(username="school-monitor", password=schools.PASSWORD)
