"""The object in an address must be of the season in the address: /school/2026/photos/7/ shows a photo of 2026.

A room registers in its module `registration` which objects its addresses name:

    season_objects.register({"school/photos/": (Photo, "season")})

Of what is of no season, such as a school or a bank statement, nothing is registered.
"""

import re
from collections.abc import Mapping
from typing import Any

from django.db import models

# The beginning of a route up to its first parameter, without the year -> the model, and its way to the season.
_OBJECTS: dict[str, tuple[type[models.Model], str]] = {}
_YEAR = re.compile(r"(?<=^\w{6}/)\d{4}/")  # behind school/, center/, panels


def register(objects: Mapping[str, tuple[type[models.Model], str]]) -> None:
    """Raises ValueError for an address that is registered already."""
    for start, found in objects.items():
        if start in _OBJECTS:
            raise ValueError(f"{start} names two kinds of objects.")
        _OBJECTS[start] = found


def start_of(route: str) -> str:
    """center/2026/fees/<int:pk>/mode/: center/fees/"""
    return _YEAR.sub("", route.partition("<")[0])


def year_of(route: str, parameters: Mapping[str, Any]) -> int | None:
    """The year of the season of the object that the address names.

    None where it names none, or one that the open scope does not show.
    """
    if not parameters or (start := start_of(route)) not in _OBJECTS:
        return None
    model, path = _OBJECTS[start]
    pk = next(iter(parameters.values()))
    found: int | None = model._default_manager.filter(pk=pk).values_list(f"{path}__year", flat=True).first()
    return found
