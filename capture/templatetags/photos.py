"""Marks of photos for templates."""

from collections.abc import Iterable
from typing import Any

from django import template

from capture import explanation

register = template.Library()


@register.filter
def marks_of(found: Iterable[explanation.Explained]) -> list[dict[str, Any]]:
    return explanation.marks(found)
