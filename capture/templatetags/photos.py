"""Filters for photos."""

from collections.abc import Iterable
from typing import Any

from django import template

from capture.judging import explanations

register = template.Library()


@register.filter
def marks_of(found: Iterable[explanations.Explanation]) -> list[dict[str, Any]]:
    return explanations.marks(found)
