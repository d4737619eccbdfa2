"""The number of notices that the student of a page has not read."""

from typing import Any

from django import template

from portal.tenancy import school_scope
from schools.notices import reading

register = template.Library()


@register.simple_tag
def unread_notices(request: Any) -> int:
    student = getattr(request, "student", None)
    if student is None:
        return 0
    with school_scope(student.school):
        return reading.unread(reading.visible(student.school, student.season_id, to_students=True), student).count()
