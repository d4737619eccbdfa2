"""Whether a school hands over a list of its students, and how many it says they are."""

from django.db import transaction
from django.utils.translation import gettext as _

from portal.changes.field_changes import change_fields
from portal.errors import Conflict, PortalError
from portal.models import User
from schools.models import Action, Enrolment, School, Season
from students.models import Student


def choose(enrolment: Enrolment, *, hands_over_list: bool, stated_students: int, by: User) -> Enrolment:
    """Raises PortalError when the season does not allow it, Conflict once there are students of the other way."""
    with transaction.atomic():
        row = (
            Enrolment.objects.select_for_update(of=("self",), no_key=True).select_related("season").get(pk=enrolment.pk)
        )
        row.require(Action.IMPORT)
        if row.hands_over_list != hands_over_list:
            _require_changeable(row, hands_over_list)
        if not hands_over_list and not stated_students:
            raise PortalError(_("Say how many students you expect: plan and progress are reckoned with it."))
        fields = {"hands_over_list": hands_over_list, "stated_students": 0 if hands_over_list else stated_students}
        return change_fields(row, by=by, event_kind="enrolment.list_chosen", **fields)


def _require_changeable(row: Enrolment, hands_over_list: bool) -> None:
    if not hands_over_list and row.season.without_list == Season.WithoutList.NO:
        raise PortalError(_("In this season every school hands over a list. Ask the center."))
    if Student.objects.filter(school=row.school_id, season=row.season_id).exists():
        raise Conflict(_("There are students already: the way in which they come can no longer be changed."))


def require_list(enrolment: Enrolment) -> None:
    """Raise PortalError where students come by their capture codes, so that no list is stored."""
    if not enrolment.hands_over_list:
        raise PortalError(
            _("Your school hands over no list: students appear by their capture codes. Nothing is imported or added.")
        )


def without_list(season: Season) -> list[School]:
    """The schools of a season that hand over no list, in the order of their codes. Needs a scope of all schools."""
    rows = Enrolment.objects.filter(season=season, hands_over_list=False, school__is_active=True)
    return [row.school for row in rows.select_related("school").order_by("school__code")]
