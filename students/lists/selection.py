"""The students that somebody selected in a list: picked ones, or all that the filters find; and a job that knows them."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from portal.errors import PortalError
from portal.models import Job
from students.lists.student_list import StudentList, filter_students
from students.models import Student

MOST_PICKED = 500  # ticked rows, whose ids stand in an address; as static/js/picks.js
MOST_BY_ID = 2000  # a smaller set is kept by its ids: what was searched for may be the name of one student


def asked_by(form: Any, listed: Any) -> dict[str, str]:
    """What the address of a page about the selection has: `pick`, or with `every` the filters of the list."""
    if form.get("every"):
        return {name: listed[name] for name in (*StudentList.filters, "sort") if listed.get(name)}
    picked = {pk for pk in form.getlist("pick") if pk.isascii() and pk.isdigit()}
    if len(picked) > MOST_PICKED:
        raise PortalError(
            _("At most %(n)d students can be ticked. Narrow the list by its filters, and choose all that match.")
            % {"n": MOST_PICKED}
        )
    return {"pick": ",".join(sorted(picked, key=int))}


def as_params(students: QuerySet[Student], asked: Any, total: int) -> dict[str, Any]:
    """For the params of a job: ids, or the filters of a large set."""
    if total <= MOST_BY_ID:
        return {"students": list(students.order_by("pk").values_list("pk", flat=True))}
    return {"asked": {name: asked[name] for name in StudentList.filters if asked.get(name)}}


def students_of(job: Job) -> QuerySet[Student]:
    found = Student.objects.filter(season=job.season)
    if job.school:
        found = found.filter(school=job.school)
    if "students" in job.params:
        return found.filter(pk__in=job.params["students"])
    return filter_students(found, job.params["asked"])
