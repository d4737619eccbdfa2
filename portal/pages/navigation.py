"""The menu of each portal. A room registers its pages in its module `registration`:

    navigation.register("center", "billing:center_fees", _("Fees"), "banknotes", order=70)

Pages of one subject that stand side by side have a row of tabs, shown by `{% tabs "center.fees" %}`:

    navigation.register_tab("center.fees", "billing:day_book", _("Day book"), order=30)

A person sees only the entries of pages that the person may open (`portal.access.may_open`). The numbers in the
badges of a menu or of a row of tabs are counted in one statement.
"""

import logging
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, Literal

from django.db import transaction
from django.db.models import QuerySet
from django.urls import Resolver404, resolve, reverse

from portal import outages
from portal.access import may_open
from portal.database.counting import count_each
from portal.tenancy import across_schools, school_scope

log = logging.getLogger(__name__)
Portal = Literal["center", "school"]
Counted = Callable[[Any], QuerySet | None]


@dataclass(frozen=True)
class Entry:
    """`name`: a URL name.

    `icon`: a heroicon. `counted(request)` gives the rows whose number stands in the badge of the entry; None: none.
    """

    name: str
    label: Any
    icon: str
    order: int
    counted: Counted | None = None


@dataclass(frozen=True)
class NavItem:
    """An entry as a page shows it. `count` is None when it could not be counted."""

    label: Any
    url: str
    icon: str
    active: bool
    count: int | None = 0


_ENTRIES: dict[Portal, list[Entry]] = {"center": [], "school": []}
_TABS: dict[str, list[Entry]] = {}


def register(portal: Portal, name: str, label: Any, icon: str, *, order: int, counted: Counted | None = None) -> None:
    """Register the page with this URL name in the menu of a portal.

    The smallest `order` stands first.
    """
    _ENTRIES[portal].append(Entry(name, label, icon, order, counted))
    _ENTRIES[portal].sort(key=lambda entry: entry.order)


def register_tab(row: str, name: str, label: Any, *, order: int, counted: Counted | None = None) -> None:
    """Register the page with this URL name in a row of tabs. Pages below its URL belong to the tab too."""
    _TABS.setdefault(row, []).append(Entry(name, label, "", order, counted))
    _TABS[row].sort(key=lambda entry: entry.order)


def tabs(request: Any, row: str) -> list[NavItem]:
    """The row of tabs for the person of the request. The tab with the longest URL that fits is active."""
    items = _items(request, _TABS[row])
    open_url = max((item.url for item in items if request.path.startswith(item.url)), key=len, default="")
    return [replace(item, active=item.url == open_url) for item in items]


def entries(portal: Portal) -> list[Entry]:
    """All entries of a portal, by `order`."""
    return list(_ENTRIES[portal])


def name_of(path: str) -> str:
    """The name of the page with this address, as the menus and tabs write it. A page below it has its address, too."""
    labels = {entry.name: entry.label for entries in (*_TABS.values(), *_ENTRIES.values()) for entry in entries}
    above = path
    while above.strip("/"):
        try:
            label = labels.get(resolve(above).view_name)
        except Resolver404:
            label = None
        if label:
            return str(label) if above == path else f"{label} ({path})"
        above = above.rstrip("/").rpartition("/")[0] + "/"
    return path


def shown(request: Any) -> list[NavItem]:
    """The menu for the person of the request. The entry with the longest URL that fits is active."""
    member = getattr(request, "membership", None)
    if member is None:
        return []
    found = _ENTRIES["center" if member.is_center else "school"]
    items = _items(request, found)
    home = reverse(found[0].name)  # all pages lie below it
    fits = [item.url for item in items if item.active and (item.url != home or request.path == home)]
    open_url = max(fits, key=len, default="")
    return [replace(item, active=item.url == open_url) for item in items]


def _items(request: Any, found: list[Entry]) -> list[NavItem]:
    entries = [entry for entry in found if may_open(request.membership, entry.name)]
    numbers = _numbers(request, entries)
    places = [(entry, reverse(entry.name)) for entry in entries]
    return [
        NavItem(entry.label, url, entry.icon, request.path.startswith(url), numbers.get(entry.name, 0))
        for entry, url in places
    ]


def _numbers(request: Any, found: list[Entry]) -> dict[str, int | None]:
    """{URL name: number in the badge}. The menu stands on pages that open no scope, too.

    A number that cannot be counted takes no page down.
    """
    school = request.membership.school
    counting = [entry for entry in found if entry.counted]
    with school_scope(school) if school else across_schools():
        try:
            # Inside a transaction, what failed must not break what follows.
            with transaction.atomic() if transaction.get_connection().in_atomic_block else nullcontext():
                return _count(request, counting)
        except Exception as error:
            if outages.is_machines(error):  # the page has no answer either
                raise
            log.exception("The numbers of the menu on %s could not be counted", request.path)
            return dict.fromkeys(entry.name for entry in counting)


def _count(request: Any, found: list[Entry]) -> dict[str, int | None]:
    asked = [(entry.name, entry.counted(request)) for entry in found if entry.counted]
    counted = {name: rows for name, rows in asked if rows is not None}
    return dict(zip(counted, count_each(list(counted.values())), strict=True))
