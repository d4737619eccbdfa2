import pytest

from portal.errors import PortalError
from portal.models import Event
from portal.tenancy import center_scope
from schools import enrolments, seasons
from schools.models import Area, Enrolment, School
from tests import factories
from tests.support.words import said


@pytest.fixture(autouse=True)
def _center():
    with center_scope():
        yield


@pytest.fixture
def newcomer(center_admin, season):
    area, _ = Area.objects.get_or_create(code="north", defaults={"name": "North"})
    return enrolments.add_school(by=center_admin, code="10009", name="Hill College", area=area)


def test_a_school_takes_part_once(newcomer, season, center_admin):
    assert len(enrolments.enrol([newcomer], season=season, by=center_admin)) == 1
    assert enrolments.enrol([newcomer], season=season, by=center_admin) == []
    assert Enrolment.objects.get(school=newcomer).status == "preparing"
    assert Event.objects.filter(kind="enrolment.created", school=newcomer).count() == 1


def test_an_inactive_school_is_passed_over_and_a_closed_season_refuses(newcomer, season, center_admin):
    enrolments.change_school(newcomer, by=center_admin, is_active=False)
    assert enrolments.enrol([School.objects.get()], season=season, by=center_admin) == []
    seasons.close_season(season, by=center_admin)
    with pytest.raises(PortalError, match=said("The capture of season %(year)s is closed.", year=season.year)):
        enrolments.enrol([newcomer], season=season, by=center_admin)


def test_a_school_in_an_open_season_stays_active(school, center_admin):
    with pytest.raises(
        PortalError, match=said("This school takes part in a season that is open. Close the season first.")
    ):
        enrolments.change_school(school, by=center_admin, is_active=False)


def test_a_school_that_has_not_begun_can_be_taken_out(newcomer, season, center_admin):
    (row,) = enrolments.enrol([newcomer], season=season, by=center_admin)
    enrolments.withdraw(row, by=center_admin)
    assert not Enrolment.objects.exists()
    assert Event.objects.filter(kind="enrolment.withdrawn").count() == 1


def test_a_school_with_a_roster_or_a_started_capture_cannot_be_taken_out(newcomer, school, season, center_admin):
    (row,) = enrolments.enrol([newcomer], season=season, by=center_admin)
    factories.student(newcomer, season)
    with pytest.raises(PortalError, match=said("This school has already begun and cannot be taken out of the season.")):
        enrolments.withdraw(row, by=center_admin)
    with pytest.raises(PortalError, match=said("This school has already begun and cannot be taken out of the season.")):
        enrolments.withdraw(Enrolment.objects.get(school=school), by=center_admin)
