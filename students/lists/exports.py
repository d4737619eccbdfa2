"""Export of a student list. Every export is an event; document numbers are masked by default.

A short list is written while the person waits, a longer one by a job.
"""

from collections.abc import Callable
from typing import IO, Any

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import history, permissions
from portal.background import jobs
from portal.errors import NotAllowed, PortalError
from portal.models import Job, User
from schools.models import Enrolment, School, Season
from students.lists import resources
from students.lists.student_list import StudentList, filter_students
from students.models import Student

MAX_STUDENTS = 100_000  # in one file
AT_ONCE = 2000  # students in a file that is made while the person waits
KINDS = ("roster_export", "roster_export_in_clear")  # of jobs


def export_students(
    students: QuerySet[Student],
    *,
    of: Model,
    by: history.Actor,
    file_format: str,
    in_clear: bool = False,
    with_school: bool = False,
    progress: Callable[[int], None] = lambda done: None,
) -> IO[bytes]:
    """The open file, "xlsx" or "csv".

    `of` is the object of the event: the enrolment or the season. Raises NotAllowed when `by` may
    not export numbers in clear, and PortalError for more than MAX_STUDENTS.
    """
    count = _checked(students, by=by, in_clear=in_clear)
    content = resources.write_file(
        students, file_format=file_format, in_clear=in_clear, with_school=with_school, progress=progress
    )
    facts = {"count": count, "format": file_format, "in_clear": in_clear}
    history.record("roster.exported", of, by=by, facts=facts)
    return content


def start(
    students: QuerySet[Student],
    asked: Any,
    *,
    school: School | None,
    season: Season,
    by: User,
    file_format: str,
    filename: str,
    in_clear: bool = False,
) -> Job:
    """The job that writes the file of `students`: those that `asked`, the filters, finds. One at a time for a person.

    Without a school, those of all schools. Raises as `export_students`.
    """
    total = _checked(students, by=by, in_clear=in_clear)
    names = (*StudentList.filters, "sort")
    return jobs.create_alone(
        KINDS[in_clear],
        among=KINDS,
        by=by,
        school=school,
        season=season,
        total=total,
        # What was searched for is no personal data: more than AT_ONCE names begin with it.
        params={
            "asked": {name: asked[name] for name in names if asked.get(name)},
            "format": file_format,
            "filename": filename,
        },
    )


@jobs.handler(
    "roster_export",
    label=gettext_lazy("Export of students"),
    queue="build",
    file_may="students.export",
    holds_students=True,
)
def make(job: Job) -> None:
    _make(job, in_clear=False)


@jobs.handler(
    "roster_export_in_clear",
    label=gettext_lazy("Export of students with their document numbers"),
    queue="build",
    file_may="students.export_in_clear",
    holds_students=True,
)
def make_in_clear(job: Job) -> None:
    _make(job, in_clear=True)


def _make(job: Job, *, in_clear: bool) -> None:
    assert job.season
    students = Student.objects.filter(season=job.season)
    of: Model = job.season
    if job.school:
        students = students.filter(school=job.school)
        of = Enrolment.objects.filter(school=job.school, season=job.season).first() or job.school
    content = export_students(
        filter_students(students, job.params["asked"]),
        of=of,
        by=job.created_by or history.SYSTEM,
        file_format=job.params["format"],
        in_clear=in_clear,
        with_school=job.school is None,
        progress=lambda done: jobs.progress(job, min(done, job.total)),
    )
    jobs.attach_file(job, job.params["filename"], content)


def _checked(students: QuerySet[Student], *, by: history.Actor, in_clear: bool) -> int:
    """How many they are. Raises as `export_students`."""
    if in_clear and not (isinstance(by, User) and permissions.may(by.membership, "students.export_in_clear")):
        raise NotAllowed(_("Document numbers in clear are for the administrators of the school alone."))
    count = students.count()
    if count > MAX_STUDENTS:
        raise PortalError(
            _("A file holds at most %(most)d students. Choose a school or a stage first.") % {"most": MAX_STUDENTS}
        )
    return count
