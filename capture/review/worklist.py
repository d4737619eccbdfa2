"""The reviewer's worklist: which photos, in which order, and how many of each kind."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from capture.models import Finding, Photo
from schools.models import School, Season
from students.models import Student

DEFAULT_STATE = Photo.Status.SUBMITTED
STATES = (
    Photo.Status.SUBMITTED,
    Photo.Status.APPROVED,
    Photo.Status.RETURNED,
    Photo.Status.READY,
    Photo.Status.CHECKING,
    Photo.Status.REJECTED,
    Photo.Status.FAILED,
)
CLEAN, MARKED = "clean", "marked"


@dataclass(frozen=True)
class Filters:
    """What is asked for; empty strings ask for nothing. `finding`: a rule, "clean" or "marked"."""

    state: str = DEFAULT_STATE
    class_name: str = ""
    finding: str = ""
    search: str = ""
    school: str = ""

    @classmethod
    def of(cls, query: Any) -> "Filters":
        """From the query string; an unknown state is the default, "all" is every state."""
        state = query.get("state", DEFAULT_STATE)
        return cls(
            state=state if state in STATES or state == "all" else DEFAULT_STATE,
            class_name=query.get("class", ""),
            finding=query.get("finding", ""),
            search=query.get("q", "").strip()[:60],
            school=query.get("school", ""),
        )


def photos_of(season: Season, school: School | None = None) -> QuerySet[Photo]:
    """The current photo of each student, of one school or of all."""
    photos = Photo.objects.filter(season=season, is_current=True)
    return photos.filter(school=school) if school else photos


def narrow(photos: QuerySet[Photo], filters: Filters, *, by_state: bool = True) -> QuerySet[Photo]:
    """Those that the filters ask for, in the order in which they came in."""
    if by_state and filters.state != "all":
        photos = photos.filter(status=filters.state)
    if filters.school:
        photos = photos.filter(school__code=filters.school)
    if filters.class_name:
        photos = photos.filter(student__class_name=filters.class_name)
    if filters.search:
        photos = photos.filter(_found(filters.search))
    return _with_finding(photos, filters.finding).order_by("pk")


def _found(search: str) -> Q:
    return Q(student__name__startswith=search) | Q(student__student_no__startswith=search)


def _with_finding(photos: QuerySet[Photo], finding: str) -> QuerySet[Photo]:
    """A rule is found at most once a photo, so none of these doubles a row."""
    has_any = Exists(Finding.objects.filter(photo=OuterRef("pk")))
    if finding == CLEAN:
        return photos.filter(~has_any)
    if finding == MARKED:
        return photos.filter(has_any)
    return photos.filter(findings__rule=finding) if finding else photos


def clean(photos: QuerySet[Photo]) -> QuerySet[Photo]:
    """Those that may be approved together: in review, with nothing found at all, the account open."""
    waiting = photos.filter(status=Photo.Status.SUBMITTED, is_current=True, student__locked_at=None)
    return _with_finding(waiting, CLEAN)


def count_states(photos: QuerySet[Photo]) -> dict[str, int]:
    """How many photos in each state."""
    rows = photos.order_by().values_list("status").annotate(n=Count("*"))
    return dict(rows)


def count_rules(photos: QuerySet[Photo]) -> list[tuple[str, int]]:
    """(rule, photos) of the findings, the most frequent first."""
    rows = Finding.objects.filter(photo__in=photos.order_by()).values_list("rule").annotate(n=Count("pk"))
    return sorted(rows, key=lambda row: -row[1])


def classes_of(season: Season, school: School) -> list[str]:
    rows = Student.objects.filter(season=season, school=school).exclude(stage=Student.Stage.WAITING)
    return list(rows.order_by("class_name").values_list("class_name", flat=True).distinct())


def neighbours(photos: QuerySet[Photo], photo: Photo) -> tuple[int | None, int | None]:
    """Ids of the photos before and after this one in the order of the list."""
    before = photos.filter(pk__lt=photo.pk).order_by("-pk").values_list("pk", flat=True).first()
    after = photos.filter(pk__gt=photo.pk).order_by("pk").values_list("pk", flat=True).first()
    return before, after
