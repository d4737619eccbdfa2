"""Whose claim it is: what a provider has verified is compared with the rosters of all seasons that have begun.

An unknown number, a wrong name and a wrong student number are the same answer after the same work.
"""

import hmac
import unicodedata
from collections.abc import Sequence

from django.utils.translation import gettext as _

from capture.sign_in.providers.base import Claim
from schools.models import Season
from students.identity import id_encryption
from students.models import Student

DOTS = str.maketrans(dict.fromkeys("•‧・∙⋅．.", "·"))


def students_of(claim: Claim) -> list[Student]:
    """The students whose claim it may be: one row a season, the newest first. Asked in the scope of all schools."""
    rows = Student.objects.select_related("school", "season").filter(id_hash__in=id_encryption.digests(claim.id_number))
    rows = rows.exclude(season__status=Season.Status.DRAFT).exclude(stage=Student.Stage.LEFT).order_by("-season__year")
    tried: Sequence[Student | None] = [*rows] or [None]
    return [row for row in tried if _is_known(row, claim.name, claim.student_no) and row]


def named_by(claim: Claim, season: Season) -> list[Student]:
    """The students whom a claim that failed names.

    The document number has no part in it: who may read the history would see by a guess whose it is.
    """
    numbered = Student.objects.select_related("school").filter(
        season=season, student_no__iexact=claim.student_no.strip()
    )
    return [student for student in numbered if is_same(claim.name, student.name)]


def refusal_of(claim: Claim) -> str:
    """What is told to whom no student's claim it is."""
    return _("We do not find you in the roster with these details. Look for typing errors; else ask your school.")


def _is_known(row: Student | None, name: str, student_no: str) -> bool:
    """Whether both are those of the row and its school is active. The same work without a row."""
    is_named = is_same(name, row.name if row else "") & is_same(student_no, row.student_no if row else "")
    return is_named & (row is not None and row.school.is_active)


def is_same(given: str, known: str) -> bool:
    """Compare in constant time; False for an empty `known`."""
    same = hmac.compare_digest(comparable(given).encode(), comparable(known).encode())
    return same & bool(known)


def comparable(text: str) -> str:
    """The text without differences of typing: spaces, full width, case, the dot in names of ethnic
    minorities."""
    return "".join(unicodedata.normalize("NFKC", text).translate(DOTS).split()).casefold()
