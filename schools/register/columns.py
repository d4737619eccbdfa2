"""Columns that rooms add to the center's list of schools.

A room registers a group in its module `registration`: one function reads the figures of all schools of a season,
in a number of queries that does not grow with the schools, and columns and filters show them:

    columns.register(
        "fees",
        read=read_fees,  # (season) -> {school id: figures}
        empty=NO_FEES,  # of a school that takes part and is not in the answer
        columns=[Column("due", _("Due"), lambda row: row.due_fen, kind="fen", link=account_url)],
        filters=[Choices("money", _("Fees"), {"open": (_("Nothing received"), lambda row: row.state == "open")})],
        may="fees.see",
        order=30,
    )

Who may not do `may` sees neither the columns nor the filters.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from portal import permissions
from portal.models import Membership
from schools.models import School, Season

Figures = Any
Kind = Literal["number", "share", "fen", "state"]


def no_link(school: School, figures: Figures) -> str:
    return ""


@dataclass(frozen=True)
class Column:
    """`name`: the order in the query string. `value` of the figures is what the list is sorted by and what an export holds.

    `kind`: a whole number, a `share` (of `whole`), fen, or a `state` of `model` ("room.model", for the colours of its
    badge) with its `labels`. `link`: where the figure leads; it counts what that list shows.
    """

    name: str
    label: Any
    value: Callable[[Figures], Any]
    kind: Kind = "number"
    whole: Callable[[Figures], int] | None = None
    model: str = ""
    labels: Mapping[str, Any] = field(default_factory=dict)
    link: Callable[[School, Figures], str] = no_link

    def sort_key(self, figures: Figures) -> Any:
        value = self.value(figures)
        if self.whole is not None:
            return value / self.whole(figures) if self.whole(figures) else 0
        return list(self.labels).index(value) if value in self.labels else -1 if self.labels else value


@dataclass(frozen=True)
class Choices:
    """A filter by the figures: {value: (label, condition on the figures)}."""

    name: str
    label: Any
    cases: Mapping[str, tuple[Any, Callable[[Figures], bool]]]


@dataclass(frozen=True, eq=False)
class Group:
    name: str
    read: Callable[[Season], Mapping[int, Figures]]
    empty: Figures
    columns: Sequence[Column]
    filters: Sequence[Choices]
    may: str
    order: int


_GROUPS: list[Group] = []


def register(
    name: str,
    *,
    read: Callable[[Season], Mapping[int, Figures]],
    empty: Figures,
    columns: Sequence[Column],
    filters: Sequence[Choices] = (),
    may: str,
    order: int,
) -> None:
    """The group with the smallest `order` stands first."""
    _GROUPS.append(Group(name, read, empty, columns, filters, may, order))
    _GROUPS.sort(key=lambda group: group.order)


def groups_of(member: Membership | None) -> list[Group]:
    """The groups whose figures the person may see."""
    return [group for group in _GROUPS if permissions.may(member, group.may)]
