"""Orders of print runs for any number of schools: what they would hold is shown before, then a job makes them.

Each school is one transaction of `print_runs.create`. What was ordered, what was left out and why stands in the job.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import models, transaction
from django.db.models import Count
from django.utils.translation import get_language, gettext_lazy, ngettext, override
from django.utils.translation import gettext as _

from billing.accounts import owing
from portal import permissions
from portal.background import jobs
from portal.errors import NotAllowed, PortalError
from portal.models import Job, User
from portal.tenancy import school_scope
from printing import print_runs, reprints
from printing.models import PrintItem
from schools.models import Action, Enrolment, Season
from students import progress
from students.models import Student

KIND = "print_order"
Stage = Student.Stage


class LeftOut(models.TextChoices):
    """Why students of a school are not in its run. The first three are steps of the list of students."""

    TODO = "todo", gettext_lazy("no photo yet")
    REVIEW = "review", gettext_lazy("photo in check or review")
    APPROVED = "approved", gettext_lazy("not confirmed yet")
    REFUSED = "refused", gettext_lazy("have not agreed to the printing house")
    IN_RUN = "in_run", gettext_lazy("in a run that is not printed yet")


@dataclass
class SchoolPlan:
    """What an order of one school would hold. `again` of its `students` were printed before."""

    enrolment: Enrolment
    students: int = 0
    again: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    owed_fen: int = 0

    @property
    def refusal(self) -> str:
        """Why nothing is ordered, if the order were given now; "" if something is."""
        season = self.enrolment.season
        if not self.enrolment.allows(Action.PRINT):
            return _("the feedback form is not accepted")
        if not self.students:
            return _("nobody is to be printed")
        if self.owed_fen and season.owing_rule == Season.OwingRule.BLOCK:
            return _("money is owed")
        return ""


def plan(season: Season, enrolments: Iterable[Enrolment], students: Collection[int] | None = None) -> list[SchoolPlan]:
    """For each of these schools, or of `students` alone. The number of queries does not grow with the schools."""
    plans = {row.school_id: SchoolPlan(row) for row in enrolments}
    counts = progress.counts_by_school(season) if students is None else _counts_of(students)
    waiting = PrintItem.objects.filter(
        run__season=season, run__printed_at=None, student__stage=Stage.PROOFED, school__in=list(plans)
    )
    in_run = _by_school(waiting if students is None else waiting.filter(student__in=students))
    # Most of a season's proofread students are in a run: consent and portrait are looked up for the schools of the others.
    some = [pk for pk in plans if pk in counts and counts[pk].count(Stage.PROOFED) > in_run.get(pk, 0)]
    ready = _by_school(print_runs.printable(season, some, students)) if some else {}
    repeated = _printed_before(season, plans, students)
    owed = owing.due_by_school(season, plans)
    for school, found in plans.items():
        found.students, found.again, found.owed_fen = ready.get(school, 0), repeated.get(school, 0), owed.get(school, 0)
        found.left_out = _left_out(
            counts.get(school, progress.StageCounts()), students=found.students, in_run=in_run.get(school, 0)
        )
    return list(plans.values())


def _by_school(rows: Any) -> dict[int, int]:
    return dict(rows.order_by().values_list("school_id").annotate(n=Count("*")))


def _counts_of(students: Collection[int]) -> dict[int, progress.StageCounts]:
    counts: dict[int, progress.StageCounts] = {}
    rows = Student.objects.filter(pk__in=students).order_by().values_list("school_id", "stage")
    for school, stage, number in rows.annotate(n=Count("*")):
        counts.setdefault(school, progress.StageCounts()).add(stage, number)
    return counts


def _printed_before(season: Season, schools: Iterable[int], students: Collection[int] | None = None) -> dict[int, int]:
    """The students of each school who wait for a sheet and have had one."""
    rows = Student.objects.filter(
        school__in=list(schools), stage=Stage.PROOFED, pk__in=reprints.students_waiting(season)
    ).exclude(print_runs.in_open_run("pk"))
    return _by_school(rows if students is None else rows.filter(pk__in=students))


def _left_out(counts: progress.StageCounts, *, students: int, in_run: int) -> dict[str, int]:
    found = {str(step): counts.count(*progress.STAGES_OF[step]) for step in ("todo", "review", "approved")}
    found |= {LeftOut.IN_RUN: in_run, LeftOut.REFUSED: max(counts.count(Stage.PROOFED) - in_run - students, 0)}
    return {str(reason): number for reason, number in found.items() if number}


def start(
    enrolments: Iterable[Enrolment],
    *,
    season: Season,
    by: User,
    reason: str = "",
    students: Collection[int] | None = None,
) -> Job:
    """Order the sheets of these schools, or of these of their students alone, as a job.

    `reason`: why those that owe are printed all the same.
    """
    picked = sorted(row.pk for row in enrolments)
    if not picked:
        raise PortalError(_("Pick at least one school."))
    chosen = {} if students is None else {"students": sorted(students)}
    params = {"enrolments": picked, "reason": reason, "language": get_language()} | chosen
    return jobs.create(KIND, by=by, season=season, total=len(picked), params=params)


@jobs.handler(
    KIND,
    label=gettext_lazy("Ordering print runs"),
    seen_with="prints.see",
    cancel_may="prints.order",
    page="printing:print_order",
)
def _order(job: Job) -> None:
    """Safe to run twice: a school that stands in the result is passed over."""
    by = job.created_by
    if by is None or not permissions.may(by.membership, "prints.order"):
        raise NotAllowed(_("Your role does not include this."))
    give_way = jobs.turn()
    rows = Enrolment.objects.filter(pk__in=job.params["enrolments"]).select_related("school", "season")
    with override(job.params["language"]):
        for row in rows.order_by("school__code"):
            if str(row.pk) in job.result:
                continue
            give_way()
            with school_scope(row.school):
                _order_one(job, row, by=by)
            jobs.progress(job, len(job.result))
        job.message = _sum(job)


def _order_one(job: Job, enrolment: Enrolment, *, by: User) -> None:
    students = job.params.get("students")
    (found,) = plan(enrolment.season, [enrolment], students)
    told: dict[str, Any] = {"left_out": found.left_out}
    try:
        with transaction.atomic():
            run = print_runs.create(enrolment, by=by, reason=job.params["reason"], students=students)
            jobs.keep(job, str(enrolment.pk), told | {"run": run.pk, "students": run.students})
    except PortalError as refusal:
        jobs.keep(job, str(enrolment.pk), told | {"refusal": str(refusal)})


def _sum(job: Job) -> str:
    ordered = [told["students"] for told in job.result.values() if "run" in told]
    text = ngettext(
        "%(n)s print run is ordered, with %(students)s students.",
        "%(n)s print runs are ordered, with %(students)s students.",
        len(ordered),
    )
    text %= {"n": f"{len(ordered):,}", "students": f"{sum(ordered):,}"}
    refused = len(job.result) - len(ordered)
    if refused:
        text += " " + ngettext("Nothing for %(n)s school.", "Nothing for %(n)s schools.", refused) % {
            "n": f"{refused:,}"
        }
    return text
