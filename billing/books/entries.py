"""The entries of all accounts as a list: filtered, searched, sorted, counted from the sums of the days, exported."""

from collections.abc import Callable
from functools import cached_property
from typing import IO, Any

from django import forms
from django.db.models import F, Q, QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.books import sheets
from billing.books.day_book import BANK, provider_choices, provider_title
from billing.models import DaySum, LedgerEntry, Order
from portal.errors import PortalError
from portal.pages.form_fields import day_input
from portal.pages.lists import Filter, List, search_field
from schools.models import School, Season

MOST_FOUND = 500  # orders, and entries by their reference, that a search follows
MAX_ENTRIES = 50_000  # in one file


def _search(rows: Any, words: str) -> Any:
    """By key: an OR over two tables would read a whole season."""
    orders = list(Order.objects.filter(number__startswith=words).values_list("pk", flat=True)[:MOST_FOUND])
    found = list(LedgerEntry.objects.filter(order__in=orders).values_list("pk", flat=True))
    found += (
        LedgerEntry.objects.filter(reference__startswith=words)
        .order_by("reference")
        .values_list("pk", flat=True)[:MOST_FOUND]
    )
    return rows.filter(pk__in=found)


def _narrow(column: str) -> Callable[[Any, Any], Any]:
    return lambda rows, value: rows.filter(**{column: value})


def _choice(label: Any) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, required=False, choices=[("", gettext_lazy("All")), *LedgerEntry.Kind.choices]
    )


def _row(label: Any) -> forms.ModelChoiceField:
    return forms.ModelChoiceField(None, label=label, required=False, empty_label=gettext_lazy("All"))


def _day(label: Any) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=day_input())


class EntryList(List):
    filters = {
        "q": Filter(search_field(), _search),
        "season": Filter(_row(gettext_lazy("Season")), _narrow("season")),
        "school": Filter(_row(gettext_lazy("School")), _narrow("school")),
        "kind": Filter(_choice(gettext_lazy("Kind")), _narrow("kind")),
        "provider": Filter(
            _choice(gettext_lazy("Payment method")),
            lambda rows, value: rows.filter(provider="" if value == BANK else value),
        ),
        "from": Filter(_day(gettext_lazy("From")), _narrow("posted_on__gte")),
        "to": Filter(_day(gettext_lazy("To")), _narrow("posted_on__lte")),
    }
    sorts = {"": ("-id",), "amount": ("amount_fen", "id")}

    def prepare(self, form: Any) -> None:
        form.fields["season"].queryset = Season.objects.order_by("-year")
        form.fields["school"].queryset = School.objects.order_by("name")
        form.fields["provider"].choices = [("", _("All")), *provider_choices()]

    def part(self, start: int, stop: int) -> Any:
        """The ids first: what a row is joined with is not fetched for the pages that are passed over."""
        return self.found.filter(pk__in=list(self.found.values_list("pk", flat=True)[start:stop]))

    @cached_property
    def sums(self) -> dict[str, int]:
        """`entries`, `debit` and `credit` of all that is found: of the kept sums, unless something is searched."""
        if "q" in self.wanted:
            debit, credit = Q(amount_fen__gt=0), Q(amount_fen__lt=0)
            return self.narrowed().aggregate(
                entries=Sum(1, default=0),
                debit=Sum("amount_fen", filter=debit, default=0),
                credit=-Sum("amount_fen", filter=credit, default=0),
            )
        columns = {"from": "day__gte", "to": "day__lte"}
        kept = DaySum.objects.filter(
            **{columns.get(name, name): value for name, value in self.wanted.items() if name != "provider"}
        )
        if "provider" in self.wanted:
            kept = self.filters["provider"].narrow(kept, self.wanted["provider"])
        return kept.aggregate(
            entries=Sum("entries", default=0), debit=Sum("debit_fen", default=0), credit=Sum("credit_fen", default=0)
        )

    @property
    def count(self) -> int:
        return self.sums["entries"]


def listed(rows: QuerySet[LedgerEntry]) -> QuerySet[LedgerEntry]:
    """With what a page and a file show of them."""
    enrolment = F("account__enrolment")
    return rows.select_related("school", "order", "bank_line", "by").annotate(enrolment_id=enrolment)


def sheet(entries: EntryList) -> IO[bytes]:
    """What is found as an open .xlsx file. Raises PortalError for more than MAX_ENTRIES."""
    if entries.count > MAX_ENTRIES:
        sentence = _("A file holds at most %(most)d entries. Choose days or a school first.")
        raise PortalError(sentence % {"most": MAX_ENTRIES})
    headings = (
        _("Number"),
        _("Day"),
        _("Value date"),
        _("School"),
        _("School code"),
        _("Kind"),
        _("Payment method"),
        _("Reference"),
        _("Order number"),
        _("Remarks"),
        _("Debit (due)"),
        _("Credit (received)"),
        _("Balance of the account"),
        _("By"),
    )
    kinds = {value: str(label) for value, label in LedgerEntry.Kind.choices}
    titles = {"": provider_title("")} | {name: title for name, title in provider_choices() if name != BANK}
    rows = (
        [
            entry.pk,
            entry.posted_on,
            entry.booked_on,
            entry.school.name,
            entry.school.code,
            kinds[entry.kind],
            titles[entry.provider],
            entry.reference,
            entry.order.number if entry.order else "",
            entry.remarks,
            sheets.yuan(entry.debit_fen) if entry.debit_fen else None,
            sheets.yuan(entry.credit_fen) if entry.credit_fen else None,
            sheets.yuan(entry.balance_fen),
            entry.by.actor_name if entry.by else "",
        ]
        for entry in listed(entries.found).iterator(chunk_size=2000)
    )
    return sheets.write(_("Entries"), headings, rows)
