"""Students who sign in, below the pages."""

from typing import Any

from capture.sign_in import credentials
from capture.sign_in.providers import all_providers
from capture.sign_in.providers.base import Visit
from students.identity.student_access import Recognition
from students.models import Student


def recognise(
    student: Student, *, address: str = "::", way: str = "roster_facts", year: int | None = None, **typed: Any
) -> Student:
    """The student who is recognised by what a student types; `typed`: what is typed otherwise."""
    values = {"name": student.name, "student_no": student.student_no} | typed
    values.setdefault("id_number", typed.get("id_number") or student.id_number)
    visit = Visit(season=student.season, address=address)
    found = credentials.sign_in(provider=all_providers()[way], visit=visit, values=values, year=year)
    assert isinstance(found, Recognition)
    return found.student
