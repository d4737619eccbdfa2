"""Approval without a person: only if the season's limits say so, and only for photos without any
finding."""

from capture.judging import limits, replay
from capture.models import AdmissionPhoto, Film, Finding, Photo
from capture.review import decisions
from capture.sign_in import consent
from portal import history
from portal.changes.transactions import retried
from portal.errors import Conflict


def approve_if_green(photo: Photo) -> Photo:
    """Approve a photo that was just submitted, if `is_green`; otherwise it waits for review."""
    if not is_green(photo):
        return photo
    try:
        return _approve(photo)
    except Conflict:  # meanwhile the account was locked, a person decided, or there is a new finding
        photo.refresh_from_db()
        return photo


def approve_waiting(photo_id: int) -> None:
    """A photo that was submitted while something was still to be compared may be green now."""
    fresh = Photo.objects.select_related("student", "season").get(pk=photo_id)
    if fresh.status == Photo.Status.SUBMITTED:
        approve_if_green(fresh)


@retried
def _approve(photo: Photo) -> Photo:
    approved = decisions.approve(photo=photo, by=history.SYSTEM, kind="photo.approved_automatically")
    # A likeness may have been found after `is_green`. From now on it cannot: the approval has
    # locked the photo's row.
    if Finding.objects.filter(photo=photo).exists():
        raise Conflict
    return approved


def is_green(photo: Photo) -> bool:
    """Whether the photo has no finding, neither stored nor under the limits in force.

    It also has to be compared with all other photos, which the student may have declined, and its face with
    the admission photo, if there is one; a film that came with it is watched. The account must not be locked. A photo whose student has appealed, or from which an exemption takes rules, is for a person.
    """
    limit_set = limits.in_force(photo.season)
    if not limit_set.approves_green or photo.outcome != "green" or photo.student.is_locked:
        return False
    if photo.appealed_at is not None or photo.excuses:
        return False
    if photo.compared_at is None or photo.findings.exists() or not consent.allows_comparison(photo.student):
        return False
    if photo.face_compared_at is None or not _admission_allows(photo):
        return False
    if Film.objects.filter(photo=photo, watched_at=None).exists():
        return False
    return not replay.replay_photo(photo, limits.bounds(limit_set, background=photo.season.background))


def _admission_allows(photo: Photo) -> bool:
    """Whether the face was compared, or there is nothing to compare it with."""
    has_picture = AdmissionPhoto.objects.filter(student=photo.student_id).exists()
    return not has_picture or consent.allows_admission_comparison(photo.student)
