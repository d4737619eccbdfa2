"""Where each school stands with the registry."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from portal.pages.status_badges import Badge
from printing.handover import packages
from printing.models import HandoverPackage
from schools.models import Action, Enrolment, Season
from students import progress
from students.models import Student

# state: (label, badge), in the order of the work
STATES: dict[str, tuple[Any, Badge]] = {
    "not_ready": (_("Not ready"), Badge("", "clock")),
    "ready": (_("Ready to be made"), Badge("look", "archive-box-arrow-down")),
    "making": (_("Being made"), Badge("sky", "arrow-path")),
    "failed": (_("Could not be made"), Badge("act", "x-circle")),
    "made": (_("To be sent"), Badge("look", "lock-closed")),
    "sent": (_("Sent to the registry"), Badge("sky", "paper-airplane")),
    "received": (_("Confirmed by the registry"), Badge("ok", "check-badge")),
    "outdated": (pgettext_lazy("package", "Outdated"), Badge("act", "exclamation-triangle")),
}


@dataclass(frozen=True)
class Standing:
    """One school: its last package, how many students are still to be handed over, and why no more."""

    enrolment: Enrolment
    package: HandoverPackage | None
    waiting: int  # confirmed, and the registry does not have what is true
    to_confirm: int  # with a portrait, and not confirmed
    without_portrait: int

    @property
    def may_begin(self) -> bool:
        return self.enrolment.allows(Action.HAND_OVER)

    @property
    def state(self) -> str:
        last = self.package
        if last is None:
            return "ready" if self.waiting and self.may_begin else "not_ready"
        if last.is_being_made:
            return "making"
        if last.status == HandoverPackage.Status.ORDERED:
            return "failed"
        return "outdated" if self.waiting or self.to_confirm else str(last.status)

    @property
    def label(self) -> Any:
        return STATES[self.state][0]

    @property
    def badge(self) -> Badge:
        return STATES[self.state][1]


def of_season(season: Season | None) -> list[Standing]:
    """All schools of a season, in the order of their codes. In the center's scope; five queries."""
    if season is None:
        return []
    enrolments = (
        Enrolment.objects.filter(season=season).select_related("school__area", "season").order_by("school__code")
    )
    return _standings(season, enrolments)


def of_school(enrolment: Enrolment) -> Standing:
    (found,) = _standings(
        enrolment.season, Enrolment.objects.filter(pk=enrolment.pk).select_related("school__area", "season")
    )
    return found


def _standings(season: Season, enrolments: Iterable[Enrolment]) -> list[Standing]:
    rows = list(enrolments)
    packages_made = HandoverPackage.objects.filter(enrolment__in=rows).select_related("job", "school", "season")
    last = {package.enrolment_id: package for package in packages_made.order_by("number")}
    handed = packages.handed(season)
    counts = progress.counts_by_school(season)
    return [
        _standing(
            row,
            package=last.get(row.pk),
            handed=handed.get(row.school_id, 0),
            counts=counts.get(row.school_id, progress.StageCounts()),
        )
        for row in rows
    ]


def _standing(
    row: Enrolment, *, package: HandoverPackage | None, handed: int, counts: progress.StageCounts
) -> Standing:
    stage = Student.Stage
    waiting = counts.count(*packages.CONFIRMED) - handed if row.allows(Action.HAND_OVER) else 0
    without = counts.count(stage.WAITING, stage.CHECKING, stage.RETAKE, stage.READY, stage.REVIEW)
    return Standing(row, package, waiting=waiting, to_confirm=counts.count(stage.APPROVED), without_portrait=without)
