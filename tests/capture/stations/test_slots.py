"""The slots of a school's classes: made, moved, kept by students, read by them."""

import datetime as dt
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from capture.models import Slot, Station
from capture.stations import slots
from capture.upload import intake
from portal.errors import NotAllowed, PortalError
from schools.models import Season, Window
from tests import factories
from tests.capture.conftest import sign_in
from tests.support.words import said

pytestmark = pytest.mark.django_db
MORNING = dt.time(8), dt.time(12)


@pytest.fixture
def tomorrow() -> dt.date:
    return timezone.localdate() + dt.timedelta(days=1)


@pytest.fixture
def enrolment(enrolment, tomorrow):
    """Open tomorrow and the day after, 08:00 to 18:00."""
    Season.objects.filter(pk=enrolment.season_id).update(opens_at=dt.time(8), closes_at=dt.time(18))
    Window.objects.update(starts_on=tomorrow, ends_on=tomorrow + dt.timedelta(days=1))
    enrolment.season.refresh_from_db()
    return enrolment


@pytest.fixture
def station(scoped, enrolment):
    return Station.objects.create(
        school=enrolment.school, season=enrolment.season, name="甲站", place="一楼", per_hour=12, on_days_off=True,
        opens_at=dt.time(7), closes_at=dt.time(13), break_from=dt.time(9), break_to=dt.time(10),
    )  # fmt: skip


@pytest.fixture
def two_classes(scoped, enrolment):
    """Three students of one class, of whom one has been photographed, and one of another."""
    of = {"school": enrolment.school, "season": enrolment.season}
    rows = [factories.student(**of, class_name="一班", student_no=f"A{n}") for n in range(3)]
    factories.photo(rows[0], "approved")
    return [*rows, factories.student(**of, class_name="二班", student_no="B1")]


def shown() -> list[tuple[str, str, int]]:
    return [(slot.class_name, slot.hours, slot.students) for slot in Slot.objects.all()]


def test_the_plan_keeps_to_school_and_station_and_leaves_out_who_is_done(
    enrolment, station, two_classes, owner, tomorrow
):
    made = slots.make(enrolment=enrolment, from_day=tomorrow, by=owner)
    assert shown() == [("一班", "08:00–08:10", 2), ("二班", "08:10–08:15", 1)]
    assert (made.slots, made.split) == (2, 0)
    assert slots.without_slot(enrolment, tomorrow) == {}


def test_the_page_shows_one_day_and_leads_to_the_others(owner_client, enrolment, station, two_classes, tomorrow):
    later = tomorrow + dt.timedelta(days=1)
    of = {"school": station.school, "season": station.season, "station": station, "starts_at": dt.time(8)}
    for day, class_name in ((tomorrow, "软件2301"), (later, "会计2301")):
        Slot.objects.create(**of, ends_at=dt.time(9), day=day, class_name=class_name, students=3)
    page = owner_client.get(reverse("capture:plan")).content.decode()
    assert "软件2301" in page
    assert "会计2301" not in page
    assert f"?day={later}" in page
    page = owner_client.get(reverse("capture:plan"), {"day": str(later)}).content.decode()
    assert "会计2301" in page
    assert "软件2301" not in page
    assert owner_client.get(reverse("capture:plan"), {"day": "31.02."}).status_code == 200


def test_what_was_moved_by_hand_stays_when_the_plan_is_made_anew(enrolment, station, two_classes, owner, tomorrow):
    slots.make(enrolment=enrolment, from_day=tomorrow, by=owner)
    moved = Slot.objects.get(class_name="一班")
    moved.starts_at, moved.ends_at = dt.time(11), dt.time(11, 30)
    slots.save(slot=moved, by=owner)
    slots.make(enrolment=enrolment, from_day=tomorrow, by=owner)
    assert shown() == [("二班", "08:00–08:05", 1), ("一班", "11:00–11:30", 2)]


def test_a_plan_that_does_not_fit_changes_nothing_and_says_by_how_much(
    enrolment, station, two_classes, owner, tomorrow
):
    slots.make(enrolment=enrolment, from_day=tomorrow, by=owner)
    before = shown()
    Station.objects.update(opens_at=dt.time(7), closes_at=dt.time(8, 5), break_from=None, break_to=None)
    with pytest.raises(slots.NoRoom) as refused:
        slots.make(enrolment=enrolment, from_day=tomorrow, by=owner)
    assert [int(part) for part in re.findall(r"\d+", str(refused.value))] == [1, 2]
    assert shown() == before
    with pytest.raises(PortalError):
        slots.make(enrolment=enrolment, from_day=timezone.localdate(), by=owner)


@pytest.mark.parametrize(
    ("days", "starts_at", "ends_at", "sentence"),
    [
        (0, (8, 30), (9, 0), ""),
        (0, (9, 0), (8, 30), "A slot ends after it begins."),
        (9, (8, 30), (9, 0), "%(day)s is not a day of your school."),
        (0, (7, 30), (8, 0), "On %(day)s your school may photograph %(hours)s."),
        (0, (8, 30), (9, 30), "%(station)s is not open then on %(day)s: %(hours)s."),
        (0, (8, 30), (8, 35), "%(n)d students need %(minutes)d minutes at %(station)s, which takes %(rate)d an hour."),
        (0, (8, 10), (8, 30), "%(station)s expects %(class_name)s at %(hours)s."),
    ],
)
def test_a_slot_is_moved_only_where_it_can_be_kept(
    enrolment, station, two_classes, owner, tomorrow, days, starts_at, ends_at, sentence
):
    slots.make(enrolment=enrolment, from_day=tomorrow, by=owner)
    slot = Slot.objects.get(class_name="一班")
    slot.day, slot.starts_at, slot.ends_at = tomorrow + dt.timedelta(days=days), dt.time(*starts_at), dt.time(*ends_at)
    values = {
        "day": slots._day(slot.day), "station": "甲站", "n": 2, "minutes": 10, "rate": 12, "class_name": "二班",
        "hours": "08:10–08:15" if "expects" in sentence else station.hours if "open then" in sentence else "08:00–18:00",
    }  # fmt: skip
    problem = slots.problem_of(slot, slots.Surroundings.of(enrolment))
    assert problem == (said(sentence, **values) if sentence else "")


def test_a_station_on_a_day_off_and_a_class_at_two_places_are_refused(enrolment, station, two_classes, owner, tomorrow):
    slots.make(enrolment=enrolment, from_day=tomorrow, by=owner)
    other = Station.objects.create(
        school=station.school, season=station.season, name="乙站", place="二楼", on_days_off=True
    )
    first = Slot.objects.get(class_name="一班")
    twin = Slot(
        school=first.school, season=first.season, station=other, class_name="一班", college=first.college, day=tomorrow,
        students=2, starts_at=first.starts_at, ends_at=first.ends_at,
    )  # fmt: skip
    assert "甲站" in slots.problem_of(twin, slots.Surroundings.of(enrolment))
    sunday = dt.date(2026, 11, 29)
    station.on_days_off = False
    assert slots._station_hours(station, sunday) == []
    assert len(slots._station_hours(station, sunday + dt.timedelta(days=1))) == 2


def test_a_part_of_a_class_is_for_its_student_numbers(enrolment, station, two_classes, owner, tomorrow):
    Station.objects.update(opens_at=dt.time(8), closes_at=dt.time(8, 5), break_from=None, break_to=None)
    two_classes[3].delete()
    slots.make(enrolment=enrolment, from_day=tomorrow, by=owner)
    assert [(row.day, row.first_no) for row in slots.of_student(two_classes[1])] == [(tomorrow, "A1")]
    assert [row.first_no for row in slots.of_student(two_classes[2])] == ["A2"]
    assert slots.of_student(two_classes[0]) == []  # is done


@pytest.mark.parametrize(("binds", "hour", "allowed"), [(False, 15, True), (True, 15, False), (True, 8, True)])
def test_outside_of_the_slot_the_school_decides(enrolment, station, two_classes, owner, tomorrow, binds, hour, allowed):
    slots.make(enrolment=enrolment, from_day=tomorrow, by=owner)
    enrolment.only_in_slots = binds
    factories.consent(two_classes[1])
    moment = timezone.make_aware(dt.datetime.combine(tomorrow, dt.time(hour, 5)))
    if allowed:
        intake.require_can_capture(two_classes[1], enrolment, at=moment)
    else:
        with pytest.raises(NotAllowed):
            intake.require_can_capture(two_classes[1], enrolment, at=moment)


def test_pages_make_show_move_and_remove_slots(enrolment, station, two_classes, owner_client, tomorrow):
    page = owner_client.post(reverse("capture:plan_make"), {"from_day": tomorrow.isoformat()}, follow=True)
    assert "08:10–08:15" in page.content.decode()
    slot = Slot.objects.get(class_name="二班")
    form = owner_client.get(reverse("capture:slot", args=[slot.pk])).content.decode()
    assert reverse("capture:slot_remove", args=[slot.pk]) in form
    assert reverse("capture:plan") in form.partition('class="form-actions"')[2]
    assert "data-open" not in owner_client.get(reverse("capture:slot_add")).content.decode()  # nothing to remove
    moved = {"station": station.pk, "day": tomorrow.isoformat(), "starts_at": "08:00", "ends_at": "08:30"}
    refused = owner_client.post(reverse("capture:slot", args=[slot.pk]), moved)
    assert refused.status_code == 400
    assert "一班" in refused.content.decode()
    assert owner_client.post(reverse("capture:slot", args=[slot.pk]), moved | {"starts_at": "08:10"}).status_code == 302
    assert slots.next_of(two_classes[3], timezone.now()).hours == "08:10–08:30"
    factories.consent(two_classes[3])
    assert "08:10–08:30" in sign_in(two_classes[3]).get("/me/").content.decode()
    assert owner_client.post(reverse("capture:station_remove", args=[station.pk])).status_code == 400
    owner_client.post(reverse("capture:slot_remove", args=[slot.pk]))
    assert not Slot.objects.filter(class_name="二班").exists()
    added = owner_client.post(
        reverse("capture:slot_add"), moved | {"starts_at": "08:15", "group": '["信息学院", "二班"]'}
    )
    assert added.status_code == 302
    assert Slot.objects.filter(class_name="二班", by_hand=True, students=1).exists()
