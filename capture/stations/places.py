"""The school's stations for photographing, and its notice to the students."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from capture.models import Slot, Station
from capture.sign_in import offers
from portal import history
from portal.errors import PortalError
from portal.models import User
from schools.models import Enrolment


def save_station(*, station: Station, by: User) -> Station:
    """Add a station or change one. Raises PortalError when another one of the school has its name."""
    kind = "station.changed" if station.pk else "station.added"
    with transaction.atomic():
        of_season = {"school": station.school, "season": station.season}
        Enrolment.objects.select_for_update(of=("self",), no_key=True).get(**of_season)  # one at a time
        if Station.objects.filter(name=station.name, **of_season).exclude(pk=station.pk).exists():
            raise PortalError(_("There is a station of this name already: choose another name, or change that one."))
        station.save()
        history.record(kind, station, by=by, facts={"name": station.name, "place": station.place})
    return station


def remove_station(*, station: Station, by: User) -> None:
    """Remove a station. Raises PortalError while classes are expected there."""
    with transaction.atomic():
        if Slot.objects.filter(station=station, day__gte=timezone.localdate()).exists():
            raise PortalError(_("Classes are expected at this station: move them to another one first."))
        history.record("station.removed", station, by=by, facts={"name": station.name})
        station.delete()


def save_notice(
    *,
    enrolment: Enrolment,
    student_notice: str,
    allow_file: bool,
    only_in_slots: bool,
    sign_in_added: Sequence[str] | None = None,
    by: User,
) -> Enrolment:
    """Set the notice that students read, whether a picture file may be sent, whether slots bind, and how else
    students may sign in (None: as it is)."""
    fields = {"student_notice": student_notice, "allow_file": allow_file, "only_in_slots": only_in_slots}
    with transaction.atomic():
        Enrolment.objects.filter(pk=enrolment.pk).update(**fields)
        for name, value in fields.items():
            setattr(enrolment, name, value)
        facts = {"allow_file": allow_file, "only_in_slots": only_in_slots, "length": len(student_notice)}
        history.record("enrolment.notice", enrolment, by=by, facts=facts)
        if sign_in_added is not None:
            enrolment = offers.choose_for_school(enrolment, names=sign_in_added, by=by)
    return enrolment
