"""The student's consent to the use of the portrait: to which version of the season's text, and when."""

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
    """The student confirms the own data and agrees to the version that was shown; twice is once.

    Raises Conflict when the text was changed after it had been shown.
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
