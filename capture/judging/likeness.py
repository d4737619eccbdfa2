"""Likenesses: the same or nearly the same picture under another student, or from an earlier season.

Each photo is compared with all photos of the province by its imprint (vision.likeness.imprint). A likeness
is only a warning: the reviewers of both schools see both pictures. A reviewer then locks an
account, or clears the likeness.
"""

import datetime as dt
import logging
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from capture.judging import limits
from capture.models import IMPRINT_BITS, Finding, Imprint, Likeness, Photo
from portal import history, notifications, student_limits
from portal.changes.transactions import retried
from portal.errors import Conflict
from portal.formatting import mask
from portal.models import User
from portal.tenancy import across_schools, school_scope, system_scope
from schools.models import School, Season
from vision.likeness.imprint import mirror_imprint, split_words

log = logging.getLogger(__name__)
RULE = "duplicate"
MOST_SHOWN = 20  # a whole class may send the same picture from the internet: the nearest are enough as proof
SWEPT_AT_ONCE = 500
# The words select 1,000 to 2,000 of a million rows; only these are compared bit by bit. The
# student's own attempts are the nearest of all. They are left out before the limit, so that they
# cannot displace the picture of another student.
NEAR = """
WITH alike AS MATERIALIZED (
    SELECT photo_id, bit_count(bits # %(bits)s::bit(512)) AS straight, bit_count(bits # %(turned)s::bit(512)) AS turned
    FROM capture_imprint WHERE words && %(words)s::int[]
)
SELECT photo_id, least(straight, turned) AS bits, turned < straight AS is_mirrored FROM alike
WHERE least(straight, turned) <= %(limit)s
    AND photo_id <> ALL (ARRAY(SELECT id FROM capture_photo WHERE student_id = %(student)s))
ORDER BY 2, 1 LIMIT %(most)s
"""
# PostgreSQL assumes that words without statistics are frequent, and would read the whole table: 100
# times slower.
PLANNER = "SELECT set_config('enable_seqscan', %s, true), set_config('jit', %s, true)"


@dataclass(frozen=True)
class Match:
    """Another student's photo.

    `bits`: how many of the 512 bits differ, as it is or mirrored, whichever is less.
    """

    photo_id: int
    bits: int
    is_mirrored: bool


def store_imprint(photo: Photo, imprint: str) -> None:
    """Store the imprint of a photo (hexadecimal); from then on every new photo is compared with
    it."""
    values = {"school_id": photo.school_id, "bits": to_bit_string(imprint), "words": split_words(imprint)}
    Imprint.objects.update_or_create(photo=photo, defaults=values)


def to_bit_string(imprint: str) -> str:
    """The text of 0 and 1 that PostgreSQL takes for a bit string, from a hexadecimal imprint."""
    return f"{int(imprint, 16):0{IMPRINT_BITS}b}"


def find_near(imprint: str, *, limit: float, student_id: int) -> list[Match]:
    """Photos of other students, of all schools and seasons, that differ in `limit` bits at most,
    the nearest first."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PLANNER, ["off", "off"])
        cursor.execute(NEAR, near_parameters(imprint, limit=limit, student_id=student_id))
        rows = cursor.fetchall()
        cursor.execute(PLANNER, ["on", "on"])
    return [Match(*row) for row in rows]


def near_parameters(imprint: str, *, limit: float, student_id: int) -> dict[str, Any]:
    """The parameters of the query NEAR."""
    turned = mirror_imprint(imprint)
    return {
        "bits": to_bit_string(imprint),
        "turned": to_bit_string(turned),
        "words": split_words(imprint) + split_words(turned),
        "limit": int(limit),
        "student": student_id,
        "most": MOST_SHOWN,
    }


@retried
def compare_photo(photo: Photo) -> list[Match]:
    """Compare a photo with all others, and record each likeness on both sides.

    The imprint has to be committed. Of two photos that are judged at the same time at least one
    finds the other: each search begins after its own imprint is committed, so the later search sees
    both. Safe to run twice.
    """
    with across_schools():
        row, limit = Imprint.objects.filter(photo=photo).first(), duplicate_limit(photo.season)
        matches = []
        if row is not None and limit is not None:
            matches = find_near(from_bit_string(row.bits), limit=limit, student_id=photo.student_id)
        _record_matches(photo, matches)
    return matches


def from_bit_string(bits: str) -> str:
    """The hexadecimal imprint of a stored bit string."""
    return f"{int(bits, 2):0{IMPRINT_BITS // 4}x}"


def duplicate_limit(season: Season) -> float | None:
    """The largest number of different bits at which two pictures count as alike in this season.

    None: the search is switched off.
    """
    bounds = limits.bounds(limits.in_force(season), background=season.background)
    return bounds.get(RULE, "warn")


def _record_matches(photo: Photo, matches: list[Match]) -> None:
    rows = _lock_photos([photo.pk, *(match.photo_id for match in matches)])
    mine = rows.pop(photo.pk)
    for match in matches:
        other = rows[match.photo_id]
        if _add_likeness(mine, other, match) and not _is_own(mine, other):
            _add_likeness(other, mine, match)
            _update_outcome(other)
            _notify_found(other)
    _update_outcome(mine, compared_at=timezone.now())
    photo.outcome = mine.outcome


def _lock_photos(ids: list[int]) -> dict[int, Photo]:
    """{id: photo}, locked in the order of the ids, so that two comparisons cannot block each
    other."""
    photos = Photo.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=ids)
    return {row.pk: row for row in photos.select_related("student", "school", "season").order_by("pk")}


def _add_likeness(photo: Photo, other: Photo, match: Match) -> bool:
    """Record one side; False when it is recorded already."""
    values = {
        "school_id": photo.school_id,
        "bits": match.bits,
        "is_mirrored": match.is_mirrored,
        "is_own": _is_own(photo, other),
    }
    _row, is_new = Likeness.objects.get_or_create(photo=photo, other=other, defaults=values)
    if is_new:
        history.record("photo.likeness_found", photo, by=history.SYSTEM, facts={"bits": match.bits})
    return is_new


def _is_own(photo: Photo, other: Photo) -> bool:
    """Whether both photos are of one person who graduates a second time."""
    return photo.season_id != other.season_id and photo.student.has_number_of(other.student)


def _update_outcome(photo: Photo, **fields: Any) -> None:
    """Update finding and outcome of a photo to its open likenesses, and set `fields`.

    A photo of a closed season keeps its outcome. There is only one UPDATE: PostgreSQL checks the
    foreign keys of a row that is updated twice in one transaction again at COMMIT. That check waits
    for the lock on the student's row, and the holder of that lock may wait for this photo: a
    deadlock.
    """
    if photo.season.status != Season.Status.CLOSED:
        photo.outcome = fields["outcome"] = _update_finding(photo)
    if fields:
        Photo.objects.filter(pk=photo.pk).update(**fields)


def _update_finding(photo: Photo) -> str:
    """Write the finding of the nearest open likeness, or delete it.

    Returns the new outcome of the photo.
    """
    nearest = Likeness.objects.filter(photo=photo, cleared_at=None).first()
    if nearest is None:
        Finding.objects.filter(photo=photo, rule=RULE).delete()
    else:
        values = {
            "school_id": photo.school_id,
            "season_id": photo.season_id,
            "outcome": Finding.Outcome.WARN,
            "value": nearest.bits,
            "limit": duplicate_limit(photo.season),
        }
        Finding.objects.update_or_create(photo=photo, rule=RULE, defaults=values)
    return photo.outcome_found()


def _notify_found(photo: Photo) -> None:
    """Notify the school of a photo that is decided already; an undecided photo shows the likeness
    during review."""
    if photo.status not in Photo.DECIDED:
        return
    about = {"name": photo.student.name, "number": photo.student.student_no, "year": photo.season.graduating_class}
    notifications.notify_school(
        photo.school,
        season=photo.season,
        kind="likeness_found",
        parameters=about,
        link=_review_link(photo),
        student=photo.student,
    )


def _review_link(photo: Photo) -> str:
    """The address of the photo on the review page."""
    return f"/school/review/?state=all&photo={photo.pk}"


@retried
def clear_likeness(*, likeness: Likeness, by: User) -> Likeness:
    """Record that a person has compared both and that they are not the same picture.

    A school clears its own side only; the center clears both. Raises Conflict when the likeness is
    cleared already.
    """
    limit = student_limits.present()
    with across_schools():
        photos = _lock_photos([likeness.photo_id, likeness.other_id])
        rows = Likeness.objects.filter(photo__in=photos, other__in=photos, cleared_at=None)
        if by.membership.school_id:
            rows = rows.filter(school=by.membership.school_id)
        if limit:
            rows = rows.filter(limit.condition("photo__student"))
        cleared = list(rows.values_list("photo_id", flat=True))
        if not cleared:
            raise Conflict(_("Somebody has already said that these are not the same picture."))
        rows.update(cleared_at=timezone.now(), cleared_by_name=_signature(by))
        for pk in cleared:
            _update_outcome(photos[pk])
            history.record("photo.likeness_cleared", photos[pk], by=by, facts={"bits": likeness.bits})
        likeness.refresh_from_db()
    return likeness


def _signature(by: User) -> str:
    school = by.membership.school
    return f"{by.actor_name} ({school.name if school else _('center')})"[:120]


def sweep() -> int:
    """Compare the photos whose worker stopped between verdict and comparison.

    Returns how many there were. A photo that cannot be compared is logged, and the next sweep tries
    it again; it does not stop the others.
    """
    before = timezone.now() - dt.timedelta(seconds=settings.CLAIM_SECONDS)
    with system_scope():
        left = Photo.objects.filter(compared_at=None, checked_at__lt=before).select_related("season", "school")
        photos = list(left.order_by("checked_at")[:SWEPT_AT_ONCE])
    for photo in photos:
        try:
            with school_scope(photo.school):
                compare_photo(photo)
        except Exception:
            log.exception("Photo %s could not be compared", photo.pk)
    return len(photos)


@dataclass(frozen=True)
class Side:
    """What the viewer may know about the other photo.

    `student_no` is empty for a photo of another school.
    """

    likeness: Likeness
    photo_id: int
    name: str
    student_no: str
    school_name: str
    year: int
    taken_at: dt.datetime
    state: Any
    is_mine: bool  # the viewer may see the other student's pages
    is_present: bool  # the photo's season is not closed, so that it has a review page
    kind: str  # which file still exists: "preview", "portrait" or ""
    is_locked: bool
    answer: Likeness | None  # the row of the other side, if that side has cleared it

    @property
    def agreeing(self) -> int:
        return IMPRINT_BITS - self.likeness.bits

    @property
    def degree(self) -> str:
        """How alike the two are, in words."""
        if self.likeness.bits <= SAME:
            return _("The same picture, at most saved again")
        if self.likeness.bits <= ALTERED:
            return _("The same picture, altered a little")
        return _("Nearly the same: one picture altered, or two of the same moment")


SAME, ALTERED = 24, 48


def sides_of(photo: Photo, *, viewer: School | None) -> list[Side]:
    """The likenesses of a photo, as a school (or the center: None) may see them: open ones first,
    then the nearest."""
    rows = list(Likeness.objects.filter(photo=photo))
    if not rows:
        return []
    with across_schools():
        others = Photo.objects.select_related("student", "school", "season").in_bulk([row.other_id for row in rows])
        cleared = Likeness.objects.filter(other=photo, cleared_at__isnull=False)
        answers = {row.photo_id: row for row in cleared}
    rows.sort(key=lambda row: (row.cleared_at is not None, row.bits))
    return [_side(row, others[row.other_id], viewer, answers.get(row.other_id)) for row in rows]


def _side(row: Likeness, other: Photo, viewer: School | None, answer: Likeness | None) -> Side:
    is_of_viewer = viewer is None or (other.school_id == viewer.pk and student_limits.present().admits(other.student))
    is_mine = is_of_viewer or row.is_own
    return Side(
        likeness=row,
        photo_id=other.pk,
        name=other.student.name if is_mine else mask(other.student.name),
        student_no=other.student.student_no if is_mine else "",
        school_name=other.school.name,
        year=other.season.graduating_class,
        taken_at=other.taken_at,
        state=other.get_status_display(),
        is_mine=is_of_viewer,
        is_present=other.season.status != Season.Status.CLOSED,
        kind="preview" if other.preview else "portrait" if other.portrait else "",
        is_locked=other.student.is_locked,
        answer=answer,
    )


def open_other_picture(likeness: Likeness, *, by: User) -> Any:
    """The picture of the other photo as a file, for somebody who may see this side.

    Empty when it is deleted. The view is recorded in the history of the other photo.
    """
    with across_schools():
        other = Photo.objects.select_related("student").get(pk=likeness.other_id)
        file = other.preview or other.portrait
        if file:
            history.record("photo.compared", other, by=by, facts={"student": other.student_id})
    return file
