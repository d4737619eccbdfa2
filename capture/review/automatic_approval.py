"""Approval without a person: where the season asks for it, and only of photos in which nothing at all was found."""

from capture.judging import limits, replay
from capture.models import Finding, Photo
from capture.review import decisions
from portal import history
from portal.errors import Conflict
from portal.transactions import retried


def approve_if_green(photo: Photo) -> Photo:
    """Approve a photo that was just handed in, if nobody need look at it; else it waits for review as it is."""
    if not is_green(photo):
        return photo
    try:
        return _approve(photo)
    except Conflict:  # locked, decided by a person or found meanwhile
        photo.refresh_from_db()
        return photo


@retried
def _approve(photo: Photo) -> Photo:
    approved = decisions.approve(photo=photo, by=history.SYSTEM, kind="photo.approved_automatically")
    # A likeness may have come since the look; none can now, for the approval holds the photo's row.
    if Finding.objects.filter(photo=photo).exists():
        raise Conflict
    return approved


def is_green(photo: Photo) -> bool:
    """Green as it was judged and under the limits of today, with no finding of any kind, compared with all other photos,
    the account open."""
    limit_set = limits.in_force(photo.season)
    if not limit_set.approves_green or photo.outcome != "green" or photo.student.is_locked:
        return False
    if photo.compared_at is None or photo.findings.exists():
        return False
    return not replay.of_photo(photo, limits.bounds(limit_set, background=photo.season.background))
