"""Deleting document numbers some days after the closing of their season.

Ciphertext and hash are overwritten: the number cannot be had back, and no number can be compared with it.
The row stays, as the school's and the registry's record of who was photographed.
"""

import datetime as dt

from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import Cast, Concat

from schools.models import Season
from students.models import Correction, Student

NO_HASH = "deleted:"  # with the id of the row behind it, since hashes are unique in a season


def due(before: dt.datetime) -> QuerySet[Student]:
    """The students of seasons that were closed before this moment, who still have a number."""
    return Student.objects.filter(season__in=Season.objects.closed_before(before)).exclude(id_sealed=b"")


def delete(before: dt.datetime) -> int:
    """Delete the numbers that are due; return how many. Needs a scope of all schools."""
    students = due(before)
    Correction.objects.filter(student__in=students).exclude(wanted_sealed=None).update(wanted_sealed=None)
    return students.update(
        id_sealed=b"", id_masked="", id_tail=None, id_hash=Concat(Value(NO_HASH), Cast(F("pk"), CharField()))
    )
