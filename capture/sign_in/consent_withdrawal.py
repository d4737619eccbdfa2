"""Taking the consent back. It ends what is still to come; what is printed or registered stays."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from capture import retention
from capture.models import Consent, Photo
from capture.sign_in import consent
from capture.upload import submission
from portal import history, notifications
from portal.errors import Conflict
from students.models import Student

# In the hands of the school: it takes the photo back, or the registry needs it.
HANDED_IN = (Photo.Status.SUBMITTED, Photo.Status.APPROVED)


def withdraw(*, student: Student, by: Student) -> None:
    """End the consent, delete what the comparison keeps and every photo that is not handed in, and tell
    the school when one is. Raises Conflict when there is no consent."""
    with transaction.atomic():
        locked = Student.objects.select_for_update(of=("self",), no_key=True).get(pk=student.pk)
        if not Consent.objects.filter(student=student, ended_at=None).update(ended_at=timezone.now()):
            raise Conflict(_("There is no consent to take back."))
        history.record("student.consent_withdrawn", student, by=by)
        consent.forget_face(student)
        photos = Photo.objects.filter(student=student)
        submission.end_unsubmitted(locked, by=by)
        if photos.filter(is_current=True, status__in=HANDED_IN).exists():
            notifications.notify_school(
                student.school,
                season=student.season,
                kind="consent_withdrawn",
                parameters={"student": student.name},
                student=student,
            )
    for photo in photos.exclude(status__in=HANDED_IN):
        retention.purge(photo)
