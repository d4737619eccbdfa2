"""The same or nearly the same picture under another student, or from an earlier season: found, told, and cleared by a person.

Photos are compared with those of the whole province by their imprints (vision.imprint). A likeness is only ever a warning: the
reviewers of both sides see both pictures, and one of them locks an account or says that it is another picture.
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
from portal import history, notifications
from portal.errors import Conflict
from portal.formatting import mask
from portal.models import User
from portal.tenancy import across_schools, school_scope, system_scope
from portal.transactions import retried
from schools.models import School, Season
from vision.imprint import mirror_imprint, split_words

log = logging.getLogger(__name__)
RULE = "duplicate"
MOST_SHOWN = 20  # a picture from the internet may come from a whole class: the nearest are proof enough
SWEPT_AT_ONCE = 500
# The words bring in a thousand or two of a million rows; only these are compared bit by bit. The student's own attempts, which
# are nearest to each other of all, are left out before the nearest are taken, so that no number of them hides another's picture.
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
# PostgreSQL takes words that it has no statistics of for frequent, and would rather read the whole table: 100 times slower.
PLANNER = "SELECT set_config('enable_seqscan', %s, true), set_config('jit', %s, true)"


@dataclass(frozen=True)
class Match:
    """Another student's photo: in how many of the 512 bits it differs, as it is or mirrored."""

    photo_id: int
    bits: int
    is_mirrored: bool


def keep(photo: Photo, imprint: str) -> None:
    """Store the imprint of a photo; from then on every photo is compared with it."""
    values = {"school_id": photo.school_id, "bits": binary(imprint), "words": split_words(imprint)}
    Imprint.objects.update_or_create(photo=photo, defaults=values)


def binary(imprint: str) -> str:
    """As PostgreSQL writes a bit string."""
    return f"{int(imprint, 16):0{IMPRINT_BITS}b}"


def near(imprint: str, *, limit: float, student_id: int) -> list[Match]:
    """Photos of others, of all schools and seasons, within `limit` bits, the nearest first. The student's own attempts are none."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PLANNER, ["off", "off"])
        cursor.execute(NEAR, values_of(imprint, limit=limit, student_id=student_id))
        rows = cursor.fetchall()
        cursor.execute(PLANNER, ["on", "on"])
    return [Match(*row) for row in rows]


def values_of(imprint: str, *, limit: float, student_id: int) -> dict[str, Any]:
    """What NEAR asks for."""
    turned = mirror_imprint(imprint)
    return {
        "bits": binary(imprint),
        "turned": binary(turned),
        "words": split_words(imprint) + split_words(turned),
        "limit": int(limit),
        "student": student_id,
        "most": MOST_SHOWN,
    }


@retried
def compare(photo: Photo) -> list[Match]:
    """Compare a photo whose imprint is committed with all others, and write down what is alike on both sides.

    Two photos judged at the same instant find each other: each is searched for after its own imprint is committed, so the later
    search sees both. Safe to run twice.
    """
    with across_schools():
        imprint, limit = Imprint.objects.filter(photo=photo).first(), limit_of(photo.season)
        matches = []
        if imprint is not None and limit is not None:
            matches = near(hex_of(imprint.bits), limit=limit, student_id=photo.student_id)
        _write(photo, matches)
    return matches


def hex_of(bits: str) -> str:
    """The imprint of a stored bit string."""
    return f"{int(bits, 2):0{IMPRINT_BITS // 4}x}"


def limit_of(season: Season) -> float | None:
    """At how many bits a picture counts as the same in this season; None: the search is switched off."""
    bounds = limits.bounds(limits.in_force(season), background=season.background)
    return bounds.get(RULE, "warn")


def _write(photo: Photo, matches: list[Match]) -> None:
    rows = _locked([photo.pk, *(match.photo_id for match in matches)])
    mine = rows.pop(photo.pk)
    for match in matches:
        other = rows[match.photo_id]
        if _note(mine, other, match) and not _is_own(mine, other):
            _note(other, mine, match)
            _mark(other)
            _notify_found(other)
    _mark(mine, compared_at=timezone.now())
    photo.outcome = mine.outcome


def _locked(ids: list[int]) -> dict[int, Photo]:
    """The photos, held in the order of their ids, so that two comparisons never wait for each other."""
    photos = Photo.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=ids)
    return {row.pk: row for row in photos.select_related("student", "school", "season").order_by("pk")}


def _note(photo: Photo, other: Photo, match: Match) -> bool:
    """Write one side down; False when it is known."""
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
    """Whether both are the same person, who graduates a second time."""
    return photo.season_id != other.season_id and photo.student.id_hash == other.student.id_hash


def _mark(photo: Photo, **fields: Any) -> None:
    """Let the finding and the colour of a photo follow its open likenesses, and set `fields`. A season that is over is not
    judged again.

    One UPDATE: a row that is updated twice in one transaction has its foreign keys checked once more at COMMIT, which waits
    for whoever holds the student's row, and that may be a student who waits for this photo.
    """
    if photo.season.status != Season.Status.CLOSED:
        photo.outcome = fields["outcome"] = _outcome(photo)
    if fields:
        Photo.objects.filter(pk=photo.pk).update(**fields)


def _outcome(photo: Photo) -> str:
    """Write the finding of the nearest open likeness, or take it away; the colour that the photo has then."""
    nearest = Likeness.objects.filter(photo=photo, cleared_at=None).first()
    if nearest is None:
        Finding.objects.filter(photo=photo, rule=RULE).delete()
    else:
        values = {"school_id": photo.school_id, "outcome": Finding.Outcome.WARN, "value": nearest.bits}
        values["limit"] = limit_of(photo.season)
        Finding.objects.update_or_create(photo=photo, rule=RULE, defaults=values)
    return photo.outcome_found()


def _notify_found(photo: Photo) -> None:
    """A photo that is still to be decided shows the likeness by itself; of a decided one its reviewers have to hear."""
    if photo.status not in Photo.DECIDED:
        return
    about = {"name": photo.student.name, "number": photo.student.student_no, "year": photo.season.graduating_class}
    notifications.notify_school(photo.school, kind="likeness_found", parameters=about, link=_light_table(photo))


def _light_table(photo: Photo) -> str:
    """Photos of a season that is over have no light table any more."""
    return "" if photo.season.status == Season.Status.CLOSED else f"/school/review/?state=all&photo={photo.pk}"


@retried
def clear(*, likeness: Likeness, by: User) -> Likeness:
    """A person has looked at both: not the same picture. A school settles its own side, so that no school speaks for another;
    the center settles both. Raises Conflict when that has been said before."""
    with across_schools():
        photos = _locked([likeness.photo_id, likeness.other_id])
        sides = Likeness.objects.filter(photo__in=photos, other__in=photos, cleared_at=None)
        if by.membership.school_id:
            sides = sides.filter(school=by.membership.school_id)
        settled = list(sides.values_list("photo_id", flat=True))
        if not settled:
            raise Conflict(_("Somebody has already said that these are not the same picture."))
        sides.update(cleared_at=timezone.now(), cleared_by_name=_signature(by))
        for pk in settled:
            _mark(photos[pk])
            history.record("photo.likeness_cleared", photos[pk], by=by, facts={"bits": likeness.bits})
        likeness.refresh_from_db()
    return likeness


def _signature(by: User) -> str:
    school = by.membership.school
    return f"{by.actor_name} ({school.name if school else _('center')})"[:120]


def sweep() -> int:
    """Compare the photos whose worker was lost between the verdict and the comparison. How many. One that cannot be compared is
    logged and waits; those behind it do not wait with it."""
    before = timezone.now() - dt.timedelta(seconds=settings.CLAIM_SECONDS)
    with system_scope():
        left = Photo.objects.filter(compared_at=None, checked_at__lt=before).select_related("season", "school")
        photos = list(left.order_by("checked_at")[:SWEPT_AT_ONCE])
    for photo in photos:
        try:
            with school_scope(photo.school):
                compare(photo)
        except Exception:
            log.exception("Photo %s could not be compared", photo.pk)
    return len(photos)


@dataclass(frozen=True)
class Side:
    """The other picture, as much of it as the viewer may see. `student_no` only of the viewer's own school."""

    likeness: Likeness
    photo_id: int
    name: str
    student_no: str
    school_name: str
    year: int
    taken_at: dt.datetime
    state: Any
    is_mine: bool  # of the viewer's own school, or the viewer is the center
    is_present: bool  # of a season that is not over, so that it has a light table
    kind: str  # of the picture that is left: preview, portrait or none
    is_locked: bool
    answer: Likeness | None  # what the other side has said, if it has cleared its own

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


def sides(photo: Photo, *, viewer: School | None) -> list[Side]:
    """What a photo is like, for the people of one school, or of the center (None). Open ones first, then the nearest."""
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
    is_mine = viewer is None or other.school_id == viewer.pk or row.is_own
    return Side(
        likeness=row,
        photo_id=other.pk,
        name=other.student.name if is_mine else mask(other.student.name),
        student_no=other.student.student_no if is_mine else "",
        school_name=other.school.name,
        year=other.season.graduating_class,
        taken_at=other.taken_at,
        state=other.get_status_display(),
        is_mine=viewer is None or other.school_id == viewer.pk,
        is_present=other.season.status != Season.Status.CLOSED,
        kind="preview" if other.preview else "portrait" if other.portrait else "",
        is_locked=other.student.is_locked,
        answer=answer,
    )


def other_picture(likeness: Likeness, *, by: User) -> Any:
    """The other side's picture as a file, for somebody who may see this side; the look goes into the other side's history."""
    with across_schools():
        other = Photo.objects.select_related("student").get(pk=likeness.other_id)
        file = other.preview or other.portrait
        if file:
            history.record("photo.compared", other, by=by, facts={"student": other.student_id})
    return file
