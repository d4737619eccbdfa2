"""List pages: filters, order and page from the query string, and the rows that they select.

A room declares each list once. Its page, its export and its bulk actions use the same declaration:

    class Shipments(List):
        filters = {
            "q": search("school__name__icontains", "tracking_no__startswith"),
            "status": choice("status", Shipment.Status.choices, label=_("State")),
        }
        sorts = {"": ("-id",), "shipped": ("shipped_on",)}

    shipments = Shipments(Shipment.objects.filter(season=season), request.GET)

`shipments.page` is the page to show, `shipments.chips("status")` the choices with their counts.
Unknown values in the query string are ignored, and the page says so with
`{% list_problems shipments %}`. An export or a bulk action calls `require_known()` first, which raises PortalError
instead: it must not cover more rows than the user meant.

Why not django-filter: it has no counts for the choices, no paging, and no rows that are not a
queryset; and it ignores an unknown order silently.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any, ClassVar

from django import forms
from django.core.paginator import EmptyPage, Page, PageNotAnInteger, Paginator
from django.db.models import Count, Model, Q, QuerySet
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.errors import PortalError
from portal.pages.form_fields import whole_number

LONGEST = 120  # characters of a value that are read


@dataclass(frozen=True)
class Filter:
    """`field` validates the value, `narrow(rows, value)` applies it, `count(rows)` gives {value:
    number of rows}.
    """

    field: forms.Field
    narrow: Callable[[Any, Any], Any]
    count: Callable[[Any], dict[Any, int]] | None = None


@dataclass(frozen=True)
class Choice:
    """One value of a filter, and how many rows it would show; None where they are not counted."""

    value: str
    label: Any
    count: int | None


def _by_column(column: str) -> Callable[[Any], dict[Any, int]]:
    return lambda rows: dict(rows.order_by().values_list(column).annotate(n=Count("*")))


def search(*lookups: str) -> Filter:
    """Text that must match one of the look-ups."""

    def narrow(rows: Any, words: str) -> Any:
        words = " ".join(words.split())
        return rows.filter(reduce(or_, (Q(**{lookup: words}) for lookup in lookups)))

    return Filter(search_field(), narrow)


def search_field() -> forms.Field:
    return forms.CharField(label=gettext_lazy("Search"), required=False)


def text(column: str, *, label: Any) -> Filter:
    """Any text, compared with the column."""
    field = forms.CharField(label=label, required=False)
    return Filter(field, lambda rows, value: rows.filter(**{column: value}), _by_column(column))


ALL = "all"


def choice(column: str, choices: Sequence[tuple[str, Any]], *, label: Any, has_all: bool = False) -> Filter:
    """One of the column's choices.

    With `has_all`, "all" is a value too: for a filter that has a default.
    """
    if has_all:
        choices = [*choices, (ALL, gettext_lazy("All"))]

    def narrow(rows: Any, value: str) -> Any:
        return rows if has_all and value == ALL else rows.filter(**{column: value})

    return Filter(forms.ChoiceField(label=label, required=False, choices=choices), narrow, _by_column(column))


def cases(conditions: Mapping[str, tuple[Any, Q]], *, label: Any) -> Filter:
    """Values that each stand for a condition: {value: (label, condition)}."""

    def narrow(rows: Any, value: str) -> Any:
        return rows.filter(conditions[value][1])

    def count(rows: Any) -> dict[Any, int]:
        numbers = {f"n{i}": Count("pk", filter=q) for i, (_label, q) in enumerate(conditions.values())}
        return dict(zip(conditions, rows.order_by().aggregate(**numbers).values(), strict=True))

    choices = [(value, label) for value, (label, _q) in conditions.items()]
    return Filter(forms.ChoiceField(label=label, required=False, choices=choices), narrow, count)


def row(column: str, rows: QuerySet[Any] | None = None, *, label: Any, to_field: str | None = None) -> Filter:
    """A row of another table by its key, or by the column `to_field`.

    Without `rows` the list's `prepare` gives them.
    """
    field: forms.ModelChoiceField = forms.ModelChoiceField(rows, label=label, required=False, to_field_name=to_field)

    def narrow(rows: Any, value: Model) -> Any:
        return rows.filter(**{column: value.pk})

    return Filter(field, narrow, _by_column(column))


class List:
    """`rows` filtered and ordered by the query string `asked`.

    `filters` and `sorts` are keyed by the names in the query string; sort "" is the default order.
    """

    filters: ClassVar[Mapping[str, Filter]] = {}
    sorts: ClassVar[Mapping[str, tuple[str, ...]]] = {"": ()}
    defaults: ClassVar[Mapping[str, str]] = {}  # value of a filter when the query string has none, or an unknown one
    page_size: ClassVar[int] = 50
    longest: ClassVar[Mapping[str, int]] = {}  # characters of a value that are read, where more than LONGEST

    def __init__(self, rows: Any, asked: Mapping[str, str]) -> None:
        self.rows = rows
        self.asked = {name: str(value).strip()[: self.longest.get(name, LONGEST)] for name, value in asked.items()}
        form_class = type("FilterForm", (forms.Form,), {name: each.field for name, each in self.filters.items()})
        self.form: forms.Form = form_class(
            self.asked | {name: self.asked.get(name) or value for name, value in self.defaults.items()}
        )
        self.prepare(self.form)

    def prepare(self, form: forms.Form) -> None:
        """Override it to set choices that depend on the person."""

    # what is asked for

    @cached_property
    def wanted(self) -> dict[str, Any]:
        """{filter: cleaned value} of the filters that are set to a known value."""
        self.form.is_valid()
        found = {name: value for name, value in self.form.cleaned_data.items() if value}
        return found | {name: value for name, value in self.defaults.items() if name in self.form.errors}

    @property
    def chosen(self) -> dict[str, str]:
        """{filter: text in the query string} of the same filters."""
        return {name: self.defaults[name] if name in self.form.errors else self.form.data[name] for name in self.wanted}

    @property
    def sort(self) -> str:
        """The order in use: a key of `sorts`, with "-" before it when reversed; "" is the default."""
        sort = self.asked.get("sort", "")
        return sort if sort.removeprefix("-") in self.sorts and sort != "-" else ""

    @cached_property
    def unknown(self) -> list[str]:
        """A sentence for each unknown filter value and for an unknown order."""
        self.wanted  # noqa: B018 - fills the form's errors
        sentences = [
            _("“%(value)s” is not known for “%(filter)s”; this filter is left out.")
            % {"value": self.form.data[name], "filter": self.form.fields[name].label}
            for name in self.form.errors
        ]
        if self.asked.get("sort", "") != self.sort:
            sentences.append(
                _("The list cannot be sorted by “%(value)s”; it stands in its usual order.")
                % {"value": self.asked["sort"]}
            )
        return sentences

    def require_known(self) -> "List":
        """The list itself.

        Raises PortalError if the query string has an unknown value. For exports and bulk actions.
        """
        if self.unknown:
            raise PortalError(" ".join(self.unknown))
        return self

    @property
    def problems(self) -> list[str]:
        """A sentence for each unknown value, including an unknown page."""
        page = self.page
        asked = self.asked.get("page", "")
        if asked in ("", str(page.number)):
            return self.unknown
        sentence = _("There is no page “%(value)s”; page %(number)d is shown.")
        return [*self.unknown, sentence % {"value": asked, "number": page.number}]

    # what is found

    def narrowed(self, *, without: str = "") -> Any:
        """The rows that match all filters except `without`, unordered."""
        rows = self.rows
        for name, value in self.wanted.items():
            if name != without:
                rows = self.filters[name].narrow(rows, value)
        return rows

    def ordered(self, rows: Any) -> Any:
        names = self.sorts[self.sort.removeprefix("-")]
        if self.sort.startswith("-"):
            names = tuple(name.removeprefix("-") if name.startswith("-") else f"-{name}" for name in names)
        return rows.order_by(*names) if names else rows

    @cached_property
    def found(self) -> Any:
        return self.ordered(self.narrowed())

    @cached_property
    def count(self) -> int:
        return len(self.found) if isinstance(self.found, list) else self.found.count()

    def part(self, start: int, stop: int) -> Any:
        return self.found[start:stop]

    @cached_property
    def page(self) -> Page:
        pages = _Pages(self)
        number = self.asked.get("page") or 1
        try:
            return pages.page(number)
        except (PageNotAnInteger, EmptyPage):
            return pages.get_page(number)

    # the choices

    def counts(self, name: str) -> dict[Any, int]:
        """{value: number of rows} of one filter, with the other filters applied."""
        count = self.filters[name].count
        if count is None:
            raise TypeError(f"the filter {name} has no counts")
        return count(self.narrowed(without=name))

    def choices(self, name: str) -> Sequence[tuple[str, Any]]:
        field: Any = self.form.fields[name]
        choices: Sequence[tuple[str, Any]] = field.choices
        return choices

    def chips(self, name: str) -> list[Choice]:
        """Every choice of the filter with its count."""
        counts = self.counts(name)
        return [Choice(value, label, counts.get(value, 0)) for value, label in self.choices(name)]

    def number_of_all(self, chips: list[Choice]) -> int:
        """The rows of all choices of a filter. A list whose choices overlap leaves out what is counted twice."""
        return sum(choice.count or 0 for choice in chips)


class _Pages(Paginator):
    """Counts and slices by the list's own `count` and `part`, which subclasses make cheaper."""

    def __init__(self, of: List) -> None:
        super().__init__(of.found, of.page_size)
        self.of = of

    @cached_property
    def count(self) -> int:
        return self.of.count

    def page(self, number: int | str) -> Page:
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        return Page(self.of.part(start, start + self.per_page), number, self)


class KeyedList(List):
    """Newest first, paged by primary key (`before`): every page costs the same, and nothing is
    counted.
    """

    page_size = 100

    @cached_property
    def before(self) -> int | None:
        return whole_number(self.asked.get("before"))

    @cached_property
    def _read(self) -> list[Any]:
        rows = self.narrowed() if self.before is None else self.narrowed().filter(pk__lt=self.before)
        return list(rows.order_by("-pk")[: self.page_size + 1])

    @property
    def shown(self) -> list[Any]:
        return self._read[: self.page_size]

    @property
    def older(self) -> int | None:
        """`before` of the next page; None on the last page."""
        return self._read[self.page_size - 1].pk if len(self._read) > self.page_size else None

    @property
    def problems(self) -> list[str]:
        if self.before is not None or not self.asked.get("before"):
            return self.unknown
        sentence = _("“%(value)s” is no place in this list; the newest are shown.") % {"value": self.asked["before"]}
        return [*self.unknown, sentence]
