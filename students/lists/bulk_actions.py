"""What can be done to many students of a list at once, in a job: to each by the rule for a single one, or a file of them.

Rooms register their actions: `register(BulkAction("unlock", …))`. The page asks first and says how many they are.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import permissions
from portal.background import jobs
from portal.errors import NotAllowed, PortalError
from portal.models import Job, Membership, User
from schools.models import Enrolment, School, Season
from students.lists import selection
from students.models import Student

NAMED = 5  # refusals that the job's message names


class NoQuestion(forms.Form):
    """Nothing has to be entered."""


@dataclass(frozen=True)
class BulkAction:
    """`narrow` finds the students whom it is about; `do(student, by, values)` does it to one of them.

    Instead of `do`, `make(job, students)` makes one file of them.
    """

    name: str
    label: Any
    text: Any  # what happens, for the page that asks
    icon: str
    may: str
    do: Callable[[Student, User, dict[str, Any]], Any] | None = None
    make: Callable[[Job, QuerySet[Student]], None] | None = None
    narrow: Callable[[QuerySet[Student]], QuerySet[Student]] = field(default=lambda students: students)
    form: Callable[..., forms.Form] = NoQuestion
    for_center: bool = False
    with_list: bool | None = None  # only where the school hands over a list, or (False) hands over none
    wants_enrolment: bool = False  # whether the form is given the enrolment
    is_danger: bool = False

    def form_of(self, data: Any, enrolment: Enrolment | None) -> forms.Form:
        return self.form(data, enrolment=enrolment) if self.wants_enrolment else self.form(data)

    def fits(self, enrolment: Enrolment | None) -> bool:
        hands_over_list = enrolment is None or enrolment.hands_over_list
        return self.with_list is None or self.with_list == hands_over_list

    @property
    def kind(self) -> str:
        return f"students_{self.name}"


ACTIONS: dict[str, BulkAction] = {}


def register(action: BulkAction) -> None:
    """Also registers the kind of job, which every worker must know."""
    ACTIONS[action.name] = action
    file_may = action.may if action.make else ""
    jobs.handler(
        action.kind, label=action.label, queue="build", file_may=file_may, holds_students=action.make is not None
    )(partial(_run, action))


def offered(member: Membership) -> list[BulkAction]:
    return [
        action
        for action in ACTIONS.values()
        if permissions.may(member, action.may) and (action.for_center or not member.is_center)
    ]


def start(
    action: BulkAction,
    students: QuerySet[Student],
    asked: Any,
    *,
    values: dict[str, Any],
    school: School | None,
    season: Season,
    by: User,
) -> Job:
    """The job for those of `students` whom the action is about. Raises NotAllowed and, for nobody, PortalError."""
    if action not in offered(by.membership):
        raise NotAllowed(_("Your role does not include this."))
    concerned = action.narrow(students)
    total = concerned.count()
    if not total:
        raise PortalError(_("None of the selected students is one to do this to."))
    params = selection.as_params(concerned, asked, total) | {"values": values}
    return jobs.create_alone(
        action.kind, among=[action.kind], by=by, school=school, season=season, total=total, params=params
    )


def _run(action: BulkAction, job: Job) -> None:
    """Safe to run twice: whom the action is no longer about is passed over."""
    by = job.created_by
    if by is None or action not in offered(by.membership):
        raise NotAllowed(_("Your role does not include this."))
    if action.make is not None:
        action.make(job, action.narrow(selection.students_of(job)))
        return
    assert action.do is not None
    done, refused = 0, []
    concerned = list(action.narrow(selection.students_of(job)).select_related("school", "season"))
    for number, student in enumerate(concerned, start=1):
        try:
            action.do(student, by, job.params["values"])
            done += 1
        except PortalError as error:
            refused.append(f"{student.student_no}: {error}")
        jobs.progress(job, number, len(concerned))
    job.result = {"done": done, "refused": len(refused)}
    sentences = [ngettext("Done for %(n)d student.", "Done for %(n)d students.", done) % {"n": done}]
    if refused:
        sentences.append(
            ngettext("Refused for %(n)d: %(first)s", "Refused for %(n)d, such as %(first)s", len(refused))
            % {"n": len(refused), "first": "; ".join(refused[:NAMED])}
        )
    job.message = " ".join(sentences)
