"""What the light table shows of the comparisons of one photo."""

from dataclasses import dataclass

from capture.judging import histograms, limits
from capture.judging.histograms import Histogram
from capture.models import AdmissionPhoto, FaceComparison, Photo
from capture.same_person.comparison import DISTANCE, OWN, OWN_KINDS
from capture.sign_in import consent
from vision import RULES_BY_NAME

NEWEST = 1000


@dataclass(frozen=True)
class Side:
    """One comparison. `admission`: whose admission photo stands beside the portrait (a student); `other`: which photo
    does, if its picture is still kept. `is_own`: with a picture of the same student. `is_beyond`: with a student whom a
    person limited to some classes must not see."""

    row: FaceComparison
    is_own: bool
    admission: int | None = None
    other: Photo | None = None
    is_beyond: bool = False


@dataclass(frozen=True)
class Faces:
    """All comparisons of a photo. `farther`: photos of the school with a larger distance, of `photos` newest."""

    sides: list[Side]
    histogram: Histogram | None
    farther: int
    photos: int
    admission: int | None  # the student, where there is an admission photo and no comparison with it
    is_declined: bool
    is_waiting: bool


def faces_of(photo: Photo) -> Faces | None:
    """None where there is nothing to compare."""
    rows = list(FaceComparison.objects.filter(photo=photo).select_related("other_photo", "other_student"))
    has_picture = AdmissionPhoto.objects.filter(student=photo.student_id).exists()
    if not rows and not has_picture:
        return None
    own = next((row for row in rows if row.kind in OWN_KINDS), None)
    distances = _distances(photo) if own else []
    return Faces(
        sides=[_side(row, has_picture) for row in rows],
        histogram=_histogram(photo, distances),
        farther=sum(distance > own.distance for distance in distances) if own else 0,
        photos=len(distances),
        admission=photo.student_id if has_picture and own is None else None,
        is_declined=not consent.allows_admission_comparison(photo.student),
        is_waiting=photo.face_compared_at is None,
    )


def _side(row: FaceComparison, has_picture: bool) -> Side:
    is_own = row.kind in OWN_KINDS
    if row.is_beyond_limit:
        return Side(row, is_own, is_beyond=True)
    admission = None
    if row.kind == FaceComparison.Kind.ADMISSION and has_picture:
        admission = row.photo.student_id
    elif row.kind in (FaceComparison.Kind.SWAPPED, FaceComparison.Kind.OTHER_ADMISSION):
        has_theirs = AdmissionPhoto.objects.filter(student=row.other_student_id).exists()
        admission = row.other_student_id if has_theirs else None
    other = row.other_photo if row.other_photo and row.other_photo.preview else None
    return Side(row, is_own, admission, other)


def _distances(photo: Photo) -> list[float]:
    """Of the newest photos of the school."""
    rows = FaceComparison.objects.filter(
        photo__school=photo.school_id, photo__season=photo.season_id, kind__in=OWN_KINDS
    )
    return list(rows.order_by("-id").values_list("distance", flat=True)[:NEWEST])


def _histogram(photo: Photo, distances: list[float]) -> Histogram | None:
    bounds = limits.bounds(limits.in_force(photo.season), background=photo.season.background)
    measures = [{DISTANCE: distance} for distance in distances]
    return histograms.build_histogram(RULES_BY_NAME[OWN].criteria[0], measures, bounds, OWN)
