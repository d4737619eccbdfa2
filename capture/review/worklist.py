"""The reviewer's worklist: which photos, in which order, and how many of each kind."""

import datetime as dt
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, OuterRef, Q, QuerySet
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

import vision
from capture.daily_check import start_of
from capture.models import Finding, FindingsByRule, Photo, PhotosByCollege, PhotosByDay, PhotosByState
from portal import student_limits
from portal.pages.lists import ALL, Filter, List, cases, choice, row, search
from schools.models import Area, School, Season
from students.lists import class_choice
from students.models import Student
from students.without_list import appearances

STATES = (
    Photo.Status.SUBMITTED,
    Photo.Status.APPROVED,
    Photo.Status.RETURNED,
    Photo.Status.READY,
    Photo.Status.CHECKING,
    Photo.Status.REJECTED,
    Photo.Status.FAILED,
    Photo.Status.WITHDRAWN,
)
OF_PHOTOS = {"day", "has_passed", "is_first"}  # what is not known of findings
CLEAN, MARKED, APPEALED = "clean", "marked", "appealed"


HAS_APPEAL = ExpressionWrapper(Q(appealed_at__isnull=False), output_field=BooleanField())


def photos_of(season: Season, school: School | None = None) -> QuerySet[Photo]:
    """Every attempt, of one school or of all; that of a student who has moved at the school where the student is."""
    photos = Photo.objects.filter(season=season, is_moved=False).alias(has_appeal=HAS_APPEAL)
    return photos.filter(school=school) if school else photos


def _with_finding(photos: QuerySet[Photo], finding: str) -> QuerySet[Photo]:
    """The photos with a finding: CLEAN, MARKED, the name of a rule, or REJECTED_BY and its name; APPEALED: of students
    who appeal.

    A photo has at most one finding a rule.
    """
    has_any = Exists(Finding.objects.filter(photo=OuterRef("pk")))
    if finding == CLEAN:
        return photos.filter(~has_any)
    if finding == MARKED:
        return photos.filter(has_any)
    if finding == APPEALED:
        return photos.filter(appealed_at__isnull=False)
    if finding.startswith(REJECTED_BY):
        rule = finding.removeprefix(REJECTED_BY)
        return photos.filter(findings__rule=rule, findings__outcome=Finding.Outcome.REJECT)
    return photos.filter(findings__rule=finding)


def _findings() -> list[tuple[str, Any]]:
    rules = [(name, vision.rule_label(name)) for name in vision.RULE_NAMES]
    rejected = [(f"{REJECTED_BY}{name}", label) for name, label in rules]
    ways = [(CLEAN, _("Without findings")), (MARKED, _("With findings")), (APPEALED, _("A look asked for"))]
    return [*ways, *rules, *rejected]


ATTEMPTS = {
    "current": (_("The current photo of each student"), Q(is_current=True)),
    "every": (_("Every attempt"), Q()),
    "first": (_("The first attempt of each student"), Q(attempt=1)),
}
HAS_PASSED = ~Q(status__in=Photo.UNPASSED) & Q(appealed_at=None)  # as `PhotosByDay` counts it
VERDICTS = {
    "passed": (_("Accepted by the check"), HAS_PASSED),
    "unpassed": (_("Not accepted, or not yet"), ~HAS_PASSED),
}
REJECTED_BY = "reject-"  # before the name of a rule: the photos that it has rejected, without those that it only marks


def _of_day(photos: QuerySet[Photo], day: dt.date) -> QuerySet[Photo]:
    return photos.filter(taken_at__gte=start_of(day), taken_at__lt=start_of(day + dt.timedelta(days=1)))


class Worklist(List):
    """The photos of a school: those of students who appeal, then the others, each in the order of
    upload; by default the current ones that are in review."""

    filters = {
        "state": choice("status", Photo.Status.choices, label=_("State"), has_all=True),
        **class_choice.filters("student__"),
        "finding": Filter(
            forms.ChoiceField(
                label=_("Finding"),
                required=False,
                choices=_findings,
            ),
            _with_finding,
        ),
        "q": search("student__name__startswith", "student__student_no__startswith"),
        "attempts": cases(ATTEMPTS, label=_("Which attempts")),
        "day": Filter(forms.DateField(label=_("Day"), required=False), _of_day),
    }
    tucked_away: tuple[str, ...] = ("attempts", "day")  # filters that the page shows only while they are set
    sorts = {"": ("-has_appeal", "pk")}
    defaults = {"state": Photo.Status.SUBMITTED.value, "attempts": "current"}
    page_size = 30

    def part(self, start: int, stop: int) -> QuerySet[Photo]:
        rows: QuerySet[Photo] = self.found.select_related("student").prefetch_related("findings")[start:stop]
        return rows

    @property
    def appeals(self) -> int:
        """How many photos with an appeal all filters but `finding` select."""
        return int(self.narrowed(without="finding").filter(appealed_at__isnull=False).count())

    @property
    def states(self) -> list[tuple[str, Any, int]]:
        """(state, label, photos) for the chips."""
        return [(state.value, state.label, self._by_state.get(state, 0)) for state in STATES]

    @property
    def narrowings(self) -> list[tuple[str, str]]:
        """(words, query string without it) for the filters in `tucked_away`, and for a rule that has rejected."""
        names = [
            name for name in self.tucked_away if name in self.chosen and self.chosen[name] != self.defaults.get(name)
        ]
        if str(self.wanted.get("finding", "")).startswith(REJECTED_BY):
            names.append("finding")
        return [(self._words_of(name), self._query_without(name)) for name in names]

    def _words_of(self, name: str) -> str:
        value = self.wanted[name]
        if name == "day":
            return date_format(value, "DATE_FORMAT")
        if name == "finding":
            return gettext("Not accepted: %(rule)s") % {"rule": vision.rule_label(value.removeprefix(REJECTED_BY))}
        return str(dict(self.choices(name))[value]) if name == "attempts" else str(value)

    def _query_without(self, name: str) -> str:
        left = {key: value for key, value in self.asked.items() if value and key not in (name, "page", "photo")}
        return f"?{urlencode(left)}"

    @cached_property
    def _by_state(self) -> dict[Any, int]:
        return self.counts("state")

    def rules(self, most: int) -> list[tuple[str, Any, int]]:
        """(rule, its label, photos), the most frequent first, of the photos that all filters but
        `finding` select."""
        rows = sorted(self._count_rules(), key=lambda row: -row[1])[:most]
        return [(rule, vision.rule_label(rule), n) for rule, n in rows]

    def _count_rules(self) -> list[tuple[str, int]]:
        photos = self.narrowed(without="finding")
        return list(Finding.objects.filter(photo__in=photos.order_by()).values_list("rule").annotate(n=Count("*")))


class CenterPhotos(Worklist):
    """The photos of every school in `season`, the newest first. What all of them are counted by stands in the counters."""

    tucked_away = tuple(class_choice.LEVELS)
    filters = {
        **Worklist.filters,
        "area": row("school__area", Area.objects.all(), label=_("Area")),
        "school": row("school", School.objects.all(), label=_("School"), to_field="code"),
        "verdict": cases(VERDICTS, label=_("Automatic check")),
    }
    sorts = {"": ("-pk",)}
    defaults = {"state": ALL, "attempts": "current"}
    page_size = 48

    def __init__(self, season: Any, asked: Any) -> None:
        super().__init__(photos_of(season), asked)
        self.season = season

    def _known(self, *without: str) -> dict[str, Any] | None:
        """What the counters are asked for: the filters, but `without`; None when the rows have to be counted."""
        wanted = {name: value for name, value in self.wanted.items() if name not in without and value != ALL}
        if self.season is None or student_limits.present() or {"q", "major", "class_name"} & set(wanted):
            return None
        if "college" in wanted and {"day", "finding"} & set(wanted):
            return None  # of these no counter knows the college
        found = {"season": self.season}
        if wanted.pop("attempts") != "every":
            found |= {"is_first": True} if self.wanted["attempts"] == "first" else {"is_current": True}
        if "verdict" in wanted:
            found["has_passed"] = wanted.pop("verdict") == "passed"
        if "state" in wanted:
            found["status"] = wanted.pop("state")
        finding = wanted.pop("finding", "")
        if finding in (CLEAN, MARKED, APPEALED):
            return None
        if finding:
            found["rule"] = finding.removeprefix(REJECTED_BY)
            if finding.startswith(REJECTED_BY):
                found["outcome"] = Finding.Outcome.REJECT
        return found | {"school__area" if name == "area" else name: value for name, value in wanted.items()}

    def counts(self, name: str) -> dict[Any, int]:
        asked = self._known("state") if name == "state" else None
        if asked is None:
            return super().counts(name)
        if "college" in asked:
            return PhotosByCollege.numbers("status", **asked)
        if "rule" in asked:
            return super().counts(name) if asked.keys() & OF_PHOTOS else FindingsByRule.numbers("status", **asked)
        if asked.keys() & OF_PHOTOS or "is_current" not in asked:
            return PhotosByDay.numbers("status", **asked)
        del asked["is_current"]
        return PhotosByState.numbers("status", **asked)

    @cached_property
    def count(self) -> int:
        state = self.wanted["state"]
        return sum(self._by_state.values()) if state == ALL else self._by_state.get(state, 0)

    def _count_rules(self) -> list[tuple[str, int]]:
        asked = self._known("finding")
        if asked is None or asked.keys() & OF_PHOTOS or "college" in asked:
            # Of all first attempts there is no counter, and to count them takes a second.
            return super()._count_rules() if asked is None or {"day", "college"} & asked.keys() else []
        return list(FindingsByRule.numbers("rule", **asked).items())

    def part(self, start: int, stop: int) -> QuerySet[Photo]:
        """The ids first, from the nearer end: a page in the middle passes over hundreds of thousands, which stand in an
        index, while the rows are long: what was measured (2 KB of JSON a photo) no card shows."""
        keys = self.found.values_list("pk", flat=True)
        if start > self.count // 2:
            keys, start, stop = keys.reverse(), max(self.count - stop, 0), self.count - start
        ids = list(keys[start:stop])
        rows = Photo.objects.filter(pk__in=ids).select_related("student", "school").prefetch_related("findings")
        return self.ordered(rows.defer("measures", "geometry"))


def approvable_together(photos: QuerySet[Photo]) -> QuerySet[Photo]:
    """Photos that may be approved together: in review, without a finding, no look asked for, no
    exemption, the account not locked."""
    waiting = photos.filter(
        status=Photo.Status.SUBMITTED, is_current=True, student__locked_at=None, appealed_at=None, excuses={}
    ).exclude(student__in=appearances.unconfirmed_students())
    return _with_finding(waiting, CLEAN)


def places_of(season: Season, school: School) -> list[class_choice.Place]:
    """The classes in which somebody has taken a photo."""
    stages = [stage for stage in Student.Stage if stage != Student.Stage.WAITING]
    return class_choice.of_school(school, season, stage__in=stages)


def before(photos: QuerySet[Photo], photo: Photo) -> QuerySet[Photo]:
    """The photos before this one in the order of `Worklist`, the nearest first."""
    ahead = Q(pk__lt=photo.pk, appealed_at__isnull=photo.appealed_at is None)
    if photo.appealed_at is None:
        ahead |= Q(appealed_at__isnull=False)
    return photos.filter(ahead).order_by(HAS_APPEAL.asc(), "-pk")


def after(photos: QuerySet[Photo], photo: Photo) -> QuerySet[Photo]:
    """The photos after this one in the order of `Worklist`, the nearest first."""
    behind = Q(pk__gt=photo.pk, appealed_at__isnull=photo.appealed_at is None)
    if photo.appealed_at is not None:
        behind |= Q(appealed_at=None)
    return photos.filter(behind).order_by(HAS_APPEAL.desc(), "pk")
