"""The student's consent: to the portrait, and separately to face comparison and to the printing house.

Each agreement is a row with the words that were agreed to. It is never changed, only ended: by a
withdrawal (capture.sign_in.consent_withdrawal), or by the next agreement.
"""

import datetime as dt
import hashlib
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from capture.live import films
from capture.models import Consent, ConsentText, FaceComparison, FaceNumbers, Finding, Imprint, Likeness, Photo
from portal import history
from portal.errors import Conflict, PortalError
from portal.security import encryption
from schools.models import Season
from students.identity import id_numbers
from students.models import Student

AGE_OF_CONSENT = 14  # below it a guardian agrees (PIPL, article 31)


def has_agreed(student: Student, season: Season) -> bool:
    return Consent.objects.filter(student=student, version=season.consent_version, ended_at=None).exists()


def in_force(student: Student) -> Consent | None:
    """The agreement that holds now, if only to an earlier version of the text."""
    return Consent.objects.select_related("text").filter(student=student, ended_at=None).first()


def allows_comparison(student: Student) -> bool:
    """Whether the student's photo may be compared with those of all others."""
    return Consent.objects.filter(student=student, ended_at=None, face_comparison=True).exists()


def allows_admission_comparison(student: Student) -> bool:
    """Whether the student's face may be compared with the admission photo and the faces of the same school."""
    return Consent.objects.filter(student=student, ended_at=None, admission_comparison=True).exists()


def allows_film(student: Student) -> bool:
    """Whether the camera page may send a few frames of the second before the shutter."""
    return Consent.objects.filter(student=student, ended_at=None, film=True).exists()


def allows_printing() -> Exists:
    """A condition on photos: the student has agreed to the printing house."""
    return Exists(Consent.objects.filter(student=OuterRef("student"), ended_at=None, printing=True))


def is_under_age(student: Student, *, today: dt.date | None = None) -> bool | None:
    """Whether a guardian has to agree, by the birthday of the document number. None: the number says none (a passport, the
    registry's number), and the student is asked."""
    try:
        born = id_numbers.birthday_of(student.id_number, student.id_type)
    except encryption.Unreadable:
        return None
    if born is None:
        return None
    today = today or timezone.localdate()
    return (today.year - AGE_OF_CONSENT, today.month, today.day) < (born.year, born.month, born.day)


def agree(
    *,
    student: Student,
    season: Season,
    version: str,
    by: Student,
    face_comparison: bool = False,
    admission_comparison: bool = False,
    film: bool = False,
    printing: bool = False,
    guardian_name: str = "",
    says_under_age: bool | None = None,
    station: str = "",
) -> Consent:
    """Record that the student agrees to this version of the text, and to what else is ticked.

    `says_under_age`: what the student answered where no birthday is known. `station`: the name of the station on whose screen
    the student ticked; empty for an own device.

    The same again changes nothing. Raises Conflict when the season's text has another version by now,
    and PortalError when a guardian has to agree and is not named, or nobody knows whether one has to.
    """
    if version != season.consent_version:
        raise Conflict(_("The text has changed in the meantime. Please read it again."))
    guardian_name = " ".join(guardian_name.split())
    known = is_under_age(student)
    if known is None and says_under_age is None:
        raise PortalError(_("Please say whether you are under 14."))
    if (says_under_age if known is None else known) and not guardian_name:
        raise PortalError(_("You are under 14: your parent or guardian has to agree and give their name."))
    text = _text_of(season)
    chosen = {
        "face_comparison": face_comparison,
        "admission_comparison": admission_comparison,
        "film": film,
        "printing": printing,
    }
    ticks = chosen | {"guardian_name": guardian_name}
    with transaction.atomic():
        Student.objects.select_for_update(of=("self",), no_key=True).get(pk=student.pk)  # one agreement at a time
        present = Consent.objects.filter(student=student, ended_at=None)
        if same := present.filter(text=text, version=version, **ticks).first():
            return same
        present.update(ended_at=timezone.now())
        made = Consent.objects.create(
            student=student, school_id=student.school_id, version=version, text=text, station=station, **ticks
        )
        facts: dict[str, Any] = {"version": version, "text": text.sha256[:12]} | chosen
        facts |= {"by_guardian": bool(guardian_name)} | ({"station": station} if station else {})
        facts |= {"says_under_age": says_under_age} if known is None else {}
        history.record("student.agreed", student, by=by, facts=facts)
        if not face_comparison:
            forget_imprints(student)
        if not film:
            films.forget(student)
        if admission_comparison:  # what was taken before the tick is compared now
            Photo.objects.filter(student=student, is_current=True).update(face_compared_at=None)
        else:
            forget_face_numbers(student)
    return made


def forget_face(student: Student) -> None:
    """Delete what the comparisons and the film keep of the student's face."""
    forget_imprints(student)
    forget_face_numbers(student)
    films.forget(student)


FOUND_BY_FACE = ("same_person", "same_face")  # rules
FACE_MEASURES = ("face_distance", "face_answered", "other_face_distance")


def forget_face_numbers(student: Student) -> None:
    """And what was found by them, on both sides."""
    photos = Photo.objects.filter(student=student)
    for photo in photos.filter(face_comparisons__isnull=False).distinct():
        Finding.objects.filter(photo=photo, rule__in=FOUND_BY_FACE).delete()
        measures = {name: value for name, value in photo.measures.items() if name not in FACE_MEASURES}
        Photo.objects.filter(pk=photo.pk).update(measures=measures, outcome=photo.outcome_found())
    FaceNumbers.objects.filter(student=student).delete()
    FaceComparison.objects.filter(photo__student=student).delete()
    FaceComparison.objects.filter(other_student=student).delete()


def forget_imprints(student: Student) -> None:
    Imprint.objects.filter(photo__student=student).delete()
    Likeness.objects.filter(photo__student=student).delete()


def _text_of(season: Season) -> ConsentText:
    """The season's words as they are now, kept once for everybody who agrees to them."""
    words = season.consent_text
    sha256 = hashlib.sha256(words.encode()).hexdigest()
    return ConsentText.objects.get_or_create(sha256=sha256, defaults={"words": words})[0]
