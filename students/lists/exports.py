"""Export of a student list. Every export is an event; document numbers are masked by default."""

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from portal import history, permissions
from portal.errors import NotAllowed, PortalError
from portal.models import User
from students.lists import resources
from students.models import Student

MAX_STUDENTS = 100_000  # students in one file; the whole file is built in memory


def export_students(
    students: QuerySet[Student],
    *,
    of: Model,
    by: User,
    file_format: str,
    in_clear: bool = False,
    with_school: bool = False,
) -> bytes:
    """The content of the file, "xlsx" or "csv".

    `of` is the object of the event: the enrolment or the season. Raises NotAllowed when `by` may
    not export numbers in clear, and PortalError for more than MAX_STUDENTS.
    """
    file_format = file_format if file_format in resources.CONTENT_TYPES else "xlsx"
    if in_clear:
        _check_in_clear(by)
    count = students.count()
    if count > MAX_STUDENTS:
        raise PortalError(
            _("A file holds at most %(most)d students. Choose a school or a stage first.") % {"most": MAX_STUDENTS}
        )
    rows = students.select_related("school") if with_school else students
    content = resources.write_file(rows, file_format=file_format, in_clear=in_clear, with_school=with_school)
    facts = {"count": count, "format": file_format, "in_clear": in_clear}
    history.record("roster.exported", of, by=by, facts=facts)
    return content


def _check_in_clear(by: User) -> None:
    if not permissions.may(by.membership, "students.export_in_clear"):
        raise NotAllowed(_("Document numbers in clear are for the administrators of the school alone."))
