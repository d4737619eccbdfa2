"""Day book and balances, read from the sums that the database keeps of each day (DaySum).

Amounts are fen and never negative, but for the balance, where what was overpaid is: what was charged, what of it was taken
back, what came in, and what of that went back or had been booked in error.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.books import sheets
from billing.models import DaySum, LedgerEntry
from billing.online import providers
from portal.pages.lists import List, choice, row
from schools.models import School, Season

BANK = "bank"  # in addresses, for the entries without a provider
CHARGE = Q(kind=LedgerEntry.Kind.CHARGE)
# {name of the grouping: columns of DaySum}
GROUPS = {
    "day": ("day",),
    "school": ("school", "school__name", "school__code"),
    "provider": ("provider",),
    "season": ("season", "season__year"),
}


@dataclass(frozen=True)
class Line:
    """The sums of one day, school, provider or season. `balance_fen` of a day runs from the first day."""

    charged_fen: int
    lowered_fen: int
    received_fen: int
    returned_fen: int
    balance_fen: int
    group: dict[str, Any] = field(default_factory=dict, hash=False)

    @property
    def name(self) -> str:
        if "day" in self.group:
            return str(self.group["day"])
        if "provider" in self.group:
            return provider_title(self.group["provider"])
        return str(self.group.get("school__name") or self.group["season__year"])


def provider_title(provider: str) -> str:
    return providers.title_of(provider) if provider else _("Bank transfer")


def provider_choices() -> list[tuple[str, str]]:
    """The providers that have entries, and the bank."""
    used = DaySum.objects.order_by("provider").values_list("provider", flat=True).distinct()
    return [(BANK, provider_title("")), *((name, provider_title(name)) for name in used if name)]


def sums_by(rows: QuerySet[DaySum], group: str) -> list[Line]:
    """The sums by day (newest first, with running balances), school, provider or season."""
    columns = GROUPS[group]
    summed = (
        rows.order_by(*columns)
        .values(*columns)
        .annotate(
            charged=Sum("debit_fen", filter=CHARGE, default=0),
            lowered=Sum("credit_fen", filter=CHARGE, default=0),
            received=Sum("credit_fen", filter=~CHARGE, default=0),
            returned=Sum("debit_fen", filter=~CHARGE, default=0),
        )
    )
    lines, running = [], 0
    for found in summed:
        charged, lowered, received, returned = (
            found.pop(name) for name in ("charged", "lowered", "received", "returned")
        )
        balance = charged - lowered - received + returned
        running += balance
        lines.append(Line(charged, lowered, received, returned, running if group == "day" else balance, found))
    return lines[::-1] if group == "day" else lines


def total(lines: Iterable[Line]) -> Line:
    lines = list(lines)
    charged, lowered, received, returned = (
        sum(map(attrgetter(name), lines)) for name in ("charged_fen", "lowered_fen", "received_fen", "returned_fen")
    )
    return Line(charged, lowered, received, returned, charged - lowered - received + returned)


def _of_provider(rows: Any, value: str) -> Any:
    return rows.filter(provider="" if value == BANK else value)


class DayBook(List):
    """`rows` are DaySums; what is found are Lines. `by` in the address: see GROUPS."""

    filters = {
        "season": row("season", label=gettext_lazy("Season")),
        "school": row("school", label=gettext_lazy("School")),
        "provider": choice("provider", [], label=gettext_lazy("Payment method")),
        "by": choice(
            "by",
            [
                ("day", gettext_lazy("Day book")),
                ("school", gettext_lazy("Schools")),
                ("provider", gettext_lazy("Ways of payment")),
                ("season", gettext_lazy("Seasons")),
            ],
            label=gettext_lazy("Balances by"),
        ),
    }
    defaults = {"by": "day"}

    def prepare(self, form: Any) -> None:
        form.fields["season"].queryset = Season.objects.order_by("-year")
        form.fields["school"].queryset = School.objects.order_by("name")
        form.fields["provider"].choices = [("", _("All")), *provider_choices()]

    def narrowed(self, *, without: str = "") -> Any:
        rows, wanted = self.rows, self.wanted
        if "season" in wanted and wanted["by"] != "season":
            rows = rows.filter(season=wanted["season"])
        if "school" in wanted:
            rows = rows.filter(school=wanted["school"])
        return _of_provider(rows, wanted["provider"]) if "provider" in wanted else rows

    def ordered(self, rows: Any) -> list[Line]:
        return sums_by(rows, self.wanted["by"])

    @property
    def total(self) -> Line:
        return total(self.found)


def sheet(lines: Iterable[Line], *, heading: str) -> Any:
    """The lines as an open .xlsx file."""
    headings = (heading, _("Charged"), _("Charge lowered"), _("Money received"), _("Paid back"), _("Balance"))
    rows = (
        [
            line.group.get("day") or line.name,
            *map(
                sheets.yuan,
                (line.charged_fen, line.lowered_fen, line.received_fen, line.returned_fen, line.balance_fen),
            ),
        ]
        for line in lines
    )
    return sheets.write(heading, headings, rows)
