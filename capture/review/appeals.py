"""An appeal: the student of a rejected photo asks for the look of a person, once a photo.

The photo goes back to a worker, which makes the portrait if one can be made at all, and from there
into review, in front of all others (`worklist.photos_of`). Nothing but a person decides it.
"""

from django.utils import timezone
from django.utils.translation import gettext as _

from capture.judging import judge
from capture.models import Photo
from capture.review.student_words import clean_words
from capture.upload import submission
from portal import history
from portal.changes import states
from portal.changes.transactions import retried
from portal.errors import Conflict, PortalError
from schools.models import Enrolment, School, Season
from students.models import Student

WORDS_LENGTH = 200
UNREADABLE = "unreadable"


def appeal(*, student: Student, enrolment: Enrolment, reason: str, words: str = "", by: history.Actor) -> Photo:
    """Ask for a person's look at the current photo, which the check has rejected.

    `reason`: one of `Photo.Appeal`; `words`: what the student adds, may be empty.

    What a submission needs is needed here too: an unlocked account, a school in the right phase, and
    the fee where the student pays. Raises PortalError for a picture that cannot be opened, and
    Conflict when the photo is not rejected or a person has been asked already.
    """
    submission.require_can_submit(student, enrolment)
    return _appeal(student, _clean_reason(reason), clean_words(words, WORDS_LENGTH), by)


@retried
def _appeal(student: Student, reason: str, words: str, by: history.Actor) -> Photo:
    locked = Student.objects.select_for_update(no_key=True).get(pk=student.pk)
    photo = submission.current_photo(student)
    if photo is None or locked.is_locked:
        raise Conflict
    if photo.appealed_at is not None:
        raise Conflict(_("You have asked for this photo already. A person at your school looks at it."))
    if photo.status == Photo.Status.REJECTED and not is_allowed(photo):
        raise PortalError(_("This picture cannot be opened, so nobody can look at it. Please take a new photo."))
    judge.requeue(
        photo,
        by=by,
        only_from=Photo.Status.REJECTED,
        kind="photo.appealed",
        facts={"student": student.pk},
        appealed_at=timezone.now(),
        appeal=reason,
        appeal_words=words,
    )
    states.change(locked, Student.Stage.CHECKING, by=by, facts={"photo": photo.pk})
    student.stage = locked.stage
    return photo


def is_allowed(photo: Photo) -> bool:
    """Whether the student may ask for a person's look at this photo now."""
    if photo.status != Photo.Status.REJECTED or not photo.is_current or photo.appealed_at is not None:
        return False
    return bool(photo.original) and not any(finding.rule == UNREADABLE for finding in photo.findings.all())


def count_waiting(season: Season, school: School | None) -> int:
    """Photos in review whose students have appealed, of one school or of all."""
    waiting = Photo.objects.filter(
        season=season, is_current=True, status=Photo.Status.SUBMITTED, appealed_at__isnull=False
    )
    return (waiting.filter(school=school) if school else waiting).count()


def _clean_reason(reason: str) -> str:
    if reason not in Photo.Appeal.values:
        raise PortalError(_("Please choose why a person should look at the photo."))
    return reason
