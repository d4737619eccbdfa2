"""Stations of the schools, devices at them, and when each class comes."""

import datetime as dt
import itertools

from capture.models import Slot, Station, StationSession
from demo.scale import names
from demo.scale.copying import Table
from demo.scale.school_rows import Writer
from demo.scale.student_rows import Campus
from schools.models import GroupDays

PER_HOUR, OPENS, CLOSES, A_DAY = 60, dt.time(8), dt.time(18), 500  # students a day at one station
STEP = dt.timedelta(minutes=60 * names.PER_CLASS // PER_HOUR)
PLACES = ("图书馆一楼大厅", "大学生活动中心", "体育馆东门", "教学楼A座大厅")


def make(writer: Writer, campuses: list[Campus]) -> None:
    station = Table(Station, "id", "school_id", "season_id", "name", "place", "per_hour", "has_soft_light", "helper",
        "on_days_off")  # fmt: skip
    slot = Table(
        Slot, "school_id", "season_id", "station_id", "college", "class_name", "first_no", "last_no", "students", "day", "starts_at",
        "ends_at")  # fmt: skip
    device = Table(StationSession, "school_id", "station_id", "helper_id", "begun_at")
    group = Table(
        GroupDays, "school_id", "season_id", "college", "class_name", "starts_on", "ends_on", "opens_at", "closes_at"
    )
    numbers = itertools.count(writer.numbers.first["capture_station"])
    for n, campus in enumerate(campuses):
        days = (campus.ends_on - campus.starts_on).days + 1
        own = [next(numbers) for _ in range(1 + campus.size // days // A_DAY)]
        at = campus.imported_at + dt.timedelta(days=2)
        for place, pk in enumerate(own):
            name = f"采集点{place + 1}"
            station.add(
                pk,
                campus.school_id,
                campus.season_id,
                name,
                PLACES[(n + place) % len(PLACES)],
                PER_HOUR,
                True,
                "志愿者两名",
                True,  # the students of the story come on every day of the school
            )
            writer.tell(campus, at, "station.added", "capture.station", pk, by=campus.reviewer)
            if campus.phase == "capturing" and place == 0:
                begun = writer.numbers.now - dt.timedelta(hours=n % 8)
                device.add(campus.school_id, pk, campus.reviewer_id, begun)
                writer.tell(campus, begun, "station.device_begun", "capture.station", pk, by=campus.reviewer)
        _plan(slot, campus, own, days)
        writer.tell(campus, at, "enrolment.slots_made", "schools.enrolment", campus.enrolment_id, by=campus.reviewer)
        if n % 4 == 0:
            college = names.placed(0, campus.graduating_class).college
            group.add(
                campus.school_id,
                campus.season_id,
                college,
                "",
                campus.starts_on,
                campus.ends_on,
                dt.time(8),
                dt.time(20),
            )
    for table in (station, slot, device, group):
        writer.rows[table.name] += table.copy()


def _plan(slot: Table, campus: Campus, stations: list[int], days: int) -> None:
    """The classes in their order: each on the day on which its first student comes, one after another at each station."""
    taken: dict[int, int] = {}
    for first in range(0, campus.size, names.PER_CLASS):
        place, last = names.placed(first, campus.graduating_class), min(first + names.PER_CLASS, campus.size) - 1
        day = first * days // campus.size
        number = taken[day] = taken.get(day, -1) + 1
        begin = dt.datetime.combine(campus.starts_on + dt.timedelta(days=day), OPENS) + number // len(stations) * STEP
        if begin + STEP > dt.datetime.combine(begin.date(), CLOSES):
            continue  # more than a day holds: these come without a slot
        slot.add(
            campus.school_id, campus.season_id, stations[number % len(stations)], place.college, place.class_name, "", "",
            last - first + 1, begin.date(), begin.time(), (begin + STEP).time(),
        )  # fmt: skip
