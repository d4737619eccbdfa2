"""Taking the list out: always an event, document numbers in clear only for a school's administrator who asks for them."""

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from portal import history, permissions
from portal.errors import NotAllowed, PortalError
from portal.models import User
from students import resources
from students.models import Student

MOST = 100_000  # students in one file: more than any school has, less than memory minds


def export(
    students: QuerySet[Student], *, of: Model, by: User, form: str, in_clear: bool = False, with_school: bool = False
) -> bytes:
    """The file. `of`: the enrolment or the season whose list it is. Raises NotAllowed for numbers that are not for `by`."""
    form = form if form in resources.CONTENT_TYPES else "xlsx"
    if in_clear:
        _check_in_clear(by)
    count = students.count()
    if count > MOST:
        raise PortalError(
            _("A file holds at most %(most)d students. Choose a school or a stage first.") % {"most": MOST}
        )
    rows = students.select_related("school") if with_school else students
    content = resources.exported(rows, form=form, in_clear=in_clear, with_school=with_school)
    facts = {"count": count, "format": form, "in_clear": in_clear}
    history.record("roster.exported", of, by=by, facts=facts)
    return content


def _check_in_clear(by: User) -> None:
    if not permissions.may(by.membership, "students.export_in_clear"):
        raise NotAllowed(_("Document numbers in clear are for the administrators of the school alone."))
