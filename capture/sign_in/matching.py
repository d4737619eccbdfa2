"""Whose claim it is: what a provider has verified is compared with the rosters of all seasons that have begun.

An unknown number, a wrong name and a wrong student number are the same answer after the same work.
"""

import hmac
import unicodedata
from collections.abc import Sequence

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from capture.sign_in import wechat_binding
from capture.sign_in.providers.base import Claim, Facts, MaskedIdentity, Refused, SeenDocument, WeChatAccount
from schools.models import School, Season
from students.identity import id_encryption
from students.models import Student

DOTS = str.maketrans(dict.fromkeys("•‧・∙⋅．.", "·"))


def students_of(claim: Claim) -> list[Student]:
    """The students whose claim it may be: one row a season, the newest first. Asked in the scope of all schools."""
    match claim:
        case MaskedIdentity():
            return [row for row in numbered(claim.student_no) if _is_masked(claim, row)]
        case SeenDocument():
            return [row for row in numbered(claim.student_no) if row.pk == claim.student]
        case WeChatAccount():
            linked = wechat_binding.student_ids(claim.channel, claim.openid)
            return list(_of_seasons().filter(pk__in=linked, school__is_active=True)[:1])  # of the newest season
        case Facts():
            rows = _of_seasons().filter(id_hash__in=id_encryption.digests(claim.id_number))
            rows = rows.exclude(id_type=Student.IdType.REGISTRY)  # it is no number that somebody types
            tried: Sequence[Student | None] = [*rows] or [None]
            return [row for row in tried if _is_known(row, claim.name, claim.student_no) and row]


def still_there(pk: int) -> Student:
    """The student whom a claim has named before. Raises Refused for one who has left the roster since."""
    student = _of_seasons().filter(pk=pk, school__is_active=True).first()
    if student is None or student.is_erased:
        raise Refused(_("You are not in the roster any more. Ask your school."))
    return student


def named_by(claim: Claim, season: Season) -> list[Student]:
    """The students whom a claim that failed names.

    The document number has no part in it: who may read the history would see by a guess whose it is.
    """
    if isinstance(claim, WeChatAccount):
        return []
    numbers = [student for student in numbered(claim.student_no) if student.season_id == season.pk]
    return [student for student in numbers if not isinstance(claim, Facts) or is_same(claim.name, student.name)]


def refusal_of(claim: Claim) -> tuple[str, str]:
    """What is told to whom no student's claim it is, and a word for the history."""
    match claim:
        case MaskedIdentity():
            return _(
                "This capture code does not belong to this student number: name and document number in it are others."
                " Use your own code, and look at the number."
            ), "someone_else"
        case SeenDocument():
            return _("You are not in the roster any more. Ask your school."), ""
        case WeChatAccount():
            return _(
                "This WeChat is not linked to a student yet. Sign in another way, then link it; from then on one tap is"
                " enough."
            ), ""
        case Facts():
            return _(
                "We do not find you in the roster with these details. Look for typing errors; else ask your school."
            ), ""


def _of_seasons() -> QuerySet[Student]:
    """The students of all seasons that have begun, the newest first."""
    rows = Student.objects.select_related("school", "season").exclude(season__status=Season.Status.DRAFT)
    return rows.exclude(stage=Student.Stage.LEFT).order_by("-season__year")


def numbered(student_no: str) -> list[Student]:
    """The students of all schools with this student number. Schools and seasons stand in the query, so that its index
    is used.
    """
    typed = "".join(unicodedata.normalize("NFKC", student_no).split())
    schools = list(School.objects.filter(is_active=True).values_list("pk", flat=True))
    seasons = list(Season.objects.exclude(status=Season.Status.DRAFT).values_list("pk", flat=True))
    spellings = {typed, typed.upper(), typed.lower()}
    return list(_of_seasons().filter(season__in=seasons, school__in=schools, student_no__in=spellings))


def _is_known(row: Student | None, name: str, student_no: str) -> bool:
    """Whether both are those of the row and its school is active. The same work without a row."""
    is_named = is_same(name, row.name if row else "") & is_same(student_no, row.student_no if row else "")
    return is_named & (row is not None and row.school.is_active)


def _is_masked(claim: MaskedIdentity, row: Student) -> bool:
    if row.appeared_by_code:
        return is_same(claim.number, row.id_number)
    return fits_mask(claim.masked_name, row.name) and fits_mask(claim.masked_document, row.id_number)


def fits_mask(masked: str, known: str) -> bool:
    """Whether both are the same but for the stars, of which there may not be only."""
    shown, clear = comparable(masked), comparable(known)
    is_alike = len(shown) == len(clear) and all(one in ("*", other) for one, other in zip(shown, clear, strict=True))
    return is_alike and any(one != "*" for one in shown)


def is_same(given: str, known: str) -> bool:
    """Compare in constant time; False for an empty `known`."""
    same = hmac.compare_digest(comparable(given).encode(), comparable(known).encode())
    return same & bool(known)


def comparable(text: str) -> str:
    """The text without differences of typing: spaces, full width, case, the dot in names of ethnic
    minorities."""
    return "".join(unicodedata.normalize("NFKC", text).translate(DOTS).split()).casefold()
