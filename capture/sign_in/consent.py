"""The student's consent to the use of the portrait."""

from django.db import transaction
from django.utils.translation import gettext as _

from capture.models import Consent
from portal import history
from portal.errors import Conflict
from schools.models import Season
from students.models import Student


def has_agreed(student: Student, season: Season) -> bool:
    return Consent.objects.filter(student=student, version=season.consent_version).exists()


def agree(*, student: Student, season: Season, version: str, by: Student) -> Consent:
    """Record that the student agrees to this version of the text; a second call changes nothing.

    Raises Conflict when the season's text has another version by now.
    """
    if version != season.consent_version:
        raise Conflict(_("The text has changed in the meantime. Please read it again."))
    with transaction.atomic():
        consent, is_new = Consent.objects.get_or_create(
            student=student, version=version, defaults={"school_id": student.school_id}
        )
        if is_new:
            history.record("student.agreed", student, by=by, facts={"version": version})
    return consent
