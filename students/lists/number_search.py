"""Search by a document number, its last characters, or a phone number, none of which may stand in an address.

The words are sent by POST; the address of the list has them encrypted (`SealedField`). The last characters are looked
up in coarse buckets (`id_encryption.tail_bucket`), whose few students are then compared in clear.
"""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.errors import PortalError
from portal.models import Look, User
from portal.security import attempts, encryption
from schools.models import Enrolment
from students.identity import id_encryption
from students.models import Student
from students.roster import cells

LAST = (4, 6)  # characters of a document number that may be searched for
FREE = 200  # searches a day that find nobody; then each waits longer, as at signing in
PLACE = encryption.Place("students.search", "")


def seal(words: str) -> str:
    """For the address. Raises PortalError for what is no number."""
    words = id_encryption.normalise(cells.half_width(words))
    if not words.replace("(", "").replace(")", "").replace("-", "").isalnum() or len(words) < min(LAST):
        raise PortalError(
            _("Type the whole document number, its last four or six characters, or a whole phone number.")
        )
    return encryption.encrypt_text(words[:24], PLACE)


def ask(students: QuerySet[Student], words: str, *, by: User) -> str:
    """What was typed, for the address (`seal`). Who guesses one end after another finds nobody mostly: those are
    counted. Raises Delayed after FREE of them.
    """
    sealed = seal(words)
    attempts.begin("number_search", by.actor_key, free=FREE)
    if find(students, id_encryption.normalise(cells.half_width(words))).exists():
        attempts.take_back("number_search", by.actor_key)
    return sealed


def kind_of_look(asked: Mapping[str, Any]) -> Look.Kind:
    """Of a list of students with these filters."""
    return Look.Kind.NUMBER if asked.get("number") else Look.Kind.LIST


def find(students: QuerySet[Student], words: str) -> QuerySet[Student]:
    """The students with this document number or phone or, for LAST characters, whose number ends so."""
    if len(words) in LAST:
        return students.filter(pk__in=[*_ending_with(students, words), *_shown_with(students, words)])
    phone = cells.CLEANERS["phone"](words)
    if isinstance(phone, str) and len(words) <= 14:
        by_phone = students.filter(phone=phone)
        if by_phone.exists():
            return by_phone
    return students.filter(id_hash__in=id_encryption.digests(words))


def _ending_with(students: QuerySet[Student], words: str) -> list[int]:
    """Numbers that cannot be read end with nothing; the list shows them as unreadable."""
    seasons = students.order_by().values_list("season_id", flat=True).distinct()[:1]
    buckets = [bucket for season in seasons for bucket in id_encryption.tail_buckets(words, season_id=season)]
    found = []
    for student in students.filter(id_tail__in=buckets).order_by():
        try:
            if student.id_number.endswith(words):
                found.append(student.pk)
        except encryption.Unreadable:
            continue
    return found


def _shown_with(students: QuerySet[Student], words: str) -> list[int]:
    """Who appeared by a capture code, whose document number in stars shows these last characters. Schools without a list
    are few: they stand in the query, so that its index is used.
    """
    season = students.order_by().values_list("season_id", flat=True).distinct()[:1]
    schools = list(
        Enrolment.objects.filter(season__in=season, hands_over_list=False).values_list("school_id", flat=True)
    )
    if not schools:
        return []
    coded = students.filter(school__in=schools, id_type=Student.IdType.REGISTRY, id_masked__endswith=words)
    return list(coded.order_by().values_list("pk", flat=True))


class SealedField(forms.CharField):
    """What `seal` made, in clear. Anything else is an unknown value."""

    def __init__(self) -> None:
        super().__init__(label=gettext_lazy("Document number or phone"), required=False)

    def clean(self, value: Any) -> str:
        if not value:
            return ""
        try:
            return encryption.decrypt_text(str(value), PLACE)
        except encryption.Unreadable as error:
            raise ValidationError("sealed") from error
