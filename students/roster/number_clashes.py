"""Rows of confirmed imports whose document number a student of another school has.

That a row is missing afterwards tells the school that the number is on another roster. So each such import
leaves an event, the center sees every row until it has settled it or the number is free again, and a school
may have MOST_OPEN of them: an import with more writes nothing at all.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _

from portal import history
from portal.errors import PortalError
from portal.models import Event
from portal.tenancy import across_schools
from schools.models import School, Season
from students.models import RosterImport, Student
from students.roster.importer import Plan

# A class that changed its school fits in; a list of guesses does not.
MOST_OPEN = 50


@dataclass(frozen=True)
class Clash:
    roster: RosterImport
    row: int | str  # as people call it
    student: int  # of the other school


class TooManyClashes(PortalError):
    """`report` and `count`: of the plan that was not written."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(
            _(
                "Nothing was imported: too many rows have document numbers of other schools. The center has been told "
                "and sees them; when it has settled them, upload the file again."
            )
        )
        self.report = {"elsewhere": plan.report["elsewhere"]}  # not which rows: the school reads the others
        self.count = len(plan.elsewhere)


def of_season(season: Season, *, school: School | None = None) -> list[Clash]:
    """What the center has not settled, of all schools or of one, newest import first; the same student wanted
    again by the same school is listed once. Needs a scope that sees the imports."""
    imports = RosterImport.objects.filter(season=season, report__elsewhere__0__isnull=False).select_related("school")
    imports = imports.defer(*RosterImport.SEALED)
    found: dict[tuple[int, int], Clash] = {}
    for roster in (imports.filter(school=school) if school else imports).order_by("-pk"):
        for row, student in roster.report["elsewhere"]:
            found.setdefault((roster.school_id, student), Clash(roster, row, student))
    return _still_taken(list(found.values()))


def _still_taken(clashes: list[Clash]) -> list[Clash]:
    """Without those whose student is gone or has had another number since the import."""
    students = {clash.student for clash in clashes}
    with across_schools():
        there = set(Student.objects.filter(pk__in=students).values_list("pk", flat=True))
        freed = dict(
            Event.objects.filter(object_type=Student._meta.label_lower, object_id__in=students)
            .filter(Q(kind="student.changed", facts__has_key="id_number") | Q(kind="student.erased", facts__whole=True))
            .order_by()
            .values_list("object_id")
            .annotate(Max("at"))
        )
    return [
        clash
        for clash in clashes
        if clash.student in there and freed.get(clash.student, clash.roster.created_at) <= clash.roster.created_at
    ]


def require_few(plan: Plan, roster: RosterImport) -> None:
    """Raise TooManyClashes where the school would have more than MOST_OPEN rows that wait for the center."""
    if plan.elsewhere:
        waiting = {clash.student for clash in of_season(roster.season, school=roster.school)}
        if len(waiting | set(plan.elsewhere.values())) > MOST_OPEN:
            raise TooManyClashes(plan)


def record(roster: RosterImport, count: int, *, by: history.Actor) -> None:
    if count:
        facts = {"import": roster.pk, "count": count}
        history.record("roster.number_elsewhere", roster, by=by, facts=facts)


def settle(roster: RosterImport, *, by: history.Actor) -> int:
    """Take the rows of an import off the list, and the same students out of the school's earlier ones; return
    how many. Needs a scope of the center."""
    with transaction.atomic():
        ours = RosterImport.objects.filter(season=roster.season_id, school=roster.school_id, pk__lte=roster.pk)
        rows = {
            row.pk: row
            for row in ours.filter(report__elsewhere__0__isnull=False).select_for_update(of=("self",), no_key=True)
        }
        if roster.pk not in rows:
            return 0
        settled = {student for _row, student in rows[roster.pk].report["elsewhere"]}
        for row in rows.values():
            _without(row, settled)
        facts = {"import": roster.pk, "count": len(settled)}
        history.record("roster.clashes_settled", roster, by=by, facts=facts)
    return len(settled)


def _without(row: RosterImport, students: Iterable[int]) -> None:
    left = [[place, student] for place, student in row.report["elsewhere"] if student not in students]
    row.report = row.report | {"elsewhere": left}
    row.save(update_fields=["report"])
