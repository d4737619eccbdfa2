"""What a season begins with: a notice that schools read and confirm, a school's stations, and the plan of its classes."""

from django.utils import timezone

from capture.models import Station
from capture.stations import places, slots
from demo import schools
from portal.models import User
from portal.tenancy import school_scope, system_scope
from schools.models import Enrolment, Notice, Season
from schools.notices import publishing, reading

STATIONS = (("一号采集点", "逸夫楼 101"), ("二号采集点", "图书馆南门"))
TITLE = "关于做好本年度毕业生图像采集工作的通知"


def make(season: Season) -> None:
    """Publish the notice and plan the capture of the first school, unless it has been done."""
    with system_scope():
        if Notice.objects.filter(season=season).exists():
            return
        officer = User.objects.get(username=schools.OFFICER)
        notice = Notice.objects.create(season=season, title=TITLE, body=season.notice, has_annexes=True)
        version = publishing.publish(notice, by=officer)
    for entry in schools.SCHOOLS[2:5]:
        school, person = schools.school_of(entry), User.objects.get(username=entry.account)
        with school_scope(school):
            reading.confirm(notice, version.number, reader=person, school=school)
    _plan(season, schools.SCHOOLS[0])


def _plan(season: Season, entry: schools.DemoSchool) -> None:
    school, person = schools.school_of(entry), User.objects.get(username=entry.account)
    with school_scope(school):
        enrolment = Enrolment.objects.select_related("season", "school").get(season=season, school=school)
        for name, place in STATIONS:
            station = Station(
                school=school, season=season, name=name, place=place, on_days_off=True, has_soft_light=True
            )
            places.save_station(station=station, by=person)
        if day := slots.first_day(enrolment, timezone.localdate()):
            slots.make(enrolment=enrolment, from_day=day, by=person)
