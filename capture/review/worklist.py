"""The reviewer's worklist: which photos, in which order, and how many of each kind."""

from typing import Any

from django import forms
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

import vision
from capture.models import Finding, Photo
from portal.lists import ALL, Filter, List, choice, row, search, text
from schools.models import School, Season
from students.models import Student

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


def photos_of(season: Season, school: School | None = None) -> QuerySet[Photo]:
    """The current photo of each student, of one school or of all."""
    photos = Photo.objects.filter(season=season, is_current=True)
    return photos.filter(school=school) if school else photos


def _with_finding(photos: QuerySet[Photo], finding: str) -> QuerySet[Photo]:
    """The photos with a finding: CLEAN, MARKED or the name of a rule.

    A photo has at most one finding a rule.
    """
    has_any = Exists(Finding.objects.filter(photo=OuterRef("pk")))
    if finding == CLEAN:
        return photos.filter(~has_any)
    if finding == MARKED:
        return photos.filter(has_any)
    return photos.filter(findings__rule=finding)


def _findings() -> list[tuple[str, Any]]:
    rules = [(name, vision.rule_label(name)) for name in vision.RULE_NAMES]
    return [(CLEAN, _("Without findings")), (MARKED, _("With findings")), *rules]


class Worklist(List):
    """The photos of a school in the order of upload; by default those in review."""

    filters = {
        "state": choice("status", [(s.value, s.label) for s in STATES], label=_("State"), has_all=True),
        "class": text("student__class_name", label=_("Class")),
        "finding": Filter(
            forms.ChoiceField(
                label=_("Finding"),
                required=False,
                choices=_findings,
            ),
            _with_finding,
        ),
        "q": search("student__name__startswith", "student__student_no__startswith"),
    }
    sorts = {"": ("pk",)}
    defaults = {"state": Photo.Status.SUBMITTED.value}
    page_size = 30

    def part(self, start: int, stop: int) -> QuerySet[Photo]:
        rows: QuerySet[Photo] = self.found.select_related("student").prefetch_related("findings")[start:stop]
        return rows

    @property
    def states(self) -> list[tuple[str, Any, int]]:
        """(state, label, photos) for the chips."""
        counts = self.counts("state")
        return [(state.value, state.label, counts.get(state, 0)) for state in STATES]

    def rules(self, most: int) -> list[tuple[str, Any, int]]:
        """(rule, its label, photos), the most frequent first, of the photos that all filters but
        `finding` select."""
        photos = self.narrowed(without="finding")
        rows = Finding.objects.filter(photo__in=photos.order_by()).values_list("rule").annotate(n=Count("pk"))
        return [(rule, vision.rule_label(rule), n) for rule, n in sorted(rows, key=lambda row: -row[1])[:most]]


class CenterPhotos(Worklist):
    """The photos of every school, the newest first."""

    filters = {
        **Worklist.filters,
        "school": row("school", School.objects.all(), label=_("School"), to_field="code"),
    }
    sorts = {"": ("-pk",)}
    defaults = {"state": ALL}
    page_size = 48


def approvable_together(photos: QuerySet[Photo]) -> QuerySet[Photo]:
    """Photos that may be approved together: in review, without a finding, the account not
    locked."""
    waiting = photos.filter(status=Photo.Status.SUBMITTED, is_current=True, student__locked_at=None)
    return _with_finding(waiting, CLEAN)


def classes_of(season: Season, school: School) -> list[str]:
    rows = Student.objects.filter(season=season, school=school).exclude(stage=Student.Stage.WAITING)
    return list(rows.order_by("class_name").values_list("class_name", flat=True).distinct())


def neighbours(photos: QuerySet[Photo], photo: Photo) -> tuple[int | None, int | None]:
    """Ids of the photos before and after this one in the order of the list."""
    before = photos.filter(pk__lt=photo.pk).order_by("-pk").values_list("pk", flat=True).first()
    after = photos.filter(pk__gt=photo.pk).order_by("pk").values_list("pk", flat=True).first()
    return before, after
