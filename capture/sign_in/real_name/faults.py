"""Real-name services that do not answer, or are used up for today: the center is told once a day of each, the operator sees a
sign and a monitor reads figures.
"""

from collections.abc import Iterator
from typing import Any

from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from capture.models import RealNameCount
from capture.sign_in import real_name
from portal import notifications
from portal.background import health
from portal.watching import signs
from portal.watching.signs import Found

SILENT_LEAST = 5  # questions of a day without an answer, and half of all, before a service is said to fail
USED_UP, SILENT = "used_up", "silent"  # the fields of RealNameCount with this beginning say when the center was told
SENTENCES: dict[str, Any] = {
    USED_UP: gettext_lazy("%(service)s is used up for today: %(number)d questions"),
    SILENT: gettext_lazy("%(service)s gave no answer to %(number)d questions today"),
}


def today() -> Iterator[tuple[RealNameCount, str]]:
    """(count of today, USED_UP or SILENT) of the services that are set up. Needs a scope of all schools."""
    accounts = real_name.accounts()
    rows = RealNameCount.objects.filter(day=timezone.localdate(), service__in=accounts).select_related("season")
    for row in rows.order_by("service", "season_id"):
        if row.asked >= int(accounts[row.service]["per_day"]):
            yield row, USED_UP
        if row.silent >= SILENT_LEAST and 2 * row.silent >= row.asked:
            yield row, SILENT


def number_of(row: RealNameCount, fault: str) -> int:
    return row.asked if fault == USED_UP else row.silent


def tell() -> None:
    """By the sweep: tell the center what it was not told today. Needs a scope of all schools."""
    for row, fault in list(today()):
        field = f"{fault}_told_at"
        if RealNameCount.objects.filter(pk=row.pk, **{field: None}).update(**{field: timezone.now()}):
            parameters = {"service": row.service, "number": number_of(row, fault)}
            notifications.notify_center(kind=f"real_name.{fault}", season=row.season, parameters=parameters)


@signs.register(
    "real_name",
    label=gettext_lazy("Real-name services"),
    advice=gettext_lazy(
        "Is the account paid up, and can its address be reached from here? Students are sent to the next service or to another"
        " way until then. A new limit stands in the file of REAL_NAME_SERVICES."
    ),
)
def _sign() -> Found:
    said = [
        str(SENTENCES[fault]) % {"service": real_name.title_of(row.service), "number": number_of(row, fault)}
        for row, fault in today()
    ]
    if said:
        return Found(True, "; ".join(said))
    return Found(False, _("nothing known against them today") if real_name.accounts() else _("none is set up"))


@health.figure("real_name_questions", "Questions to real-name services today, by what came of them")
def _questions() -> health.Figures:
    rows = RealNameCount.objects.filter(day=timezone.localdate()).order_by("service").values_list("service")
    found = rows.annotate(passed_=Sum("passed"), denied_=Sum("denied"), silent_=Sum("silent"))
    return [
        ({"service": service, "answer": answer}, number)
        for service, *numbers in found
        for answer, number in zip(("passed", "denied", "silent"), numbers, strict=True)
    ]


@health.figure("real_name_faults", "Real-name services that are used up for today, or do not answer")
def _faults() -> health.Figures:
    return [
        ({"service": service, "fault": fault}, 1) for service, fault in {(row.service, why) for row, why in today()}
    ]
