"""The kinds of notifications: the text, link and channels of each.

A room registers its kinds in its module `notification_kinds`:

    register(
        NotificationKind("photo_returned", _("Your photo was returned"), _("Reason: %(reason)s"), link="/me/"),
        group="photo",
    )

Only the kind and its parameters are stored. `render` makes the text, in the active language, when
it is sent or shown.
"""

import datetime as dt
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from portal import formatting

log = logging.getLogger(__name__)
INBOX, EMAIL = "inbox", "email"
ACCOUNT = "account"
# The groups of kinds for which people choose their channels.
GROUPS: dict[str, Any] = {
    "photo": gettext_lazy("Photo and review"),
    "data": gettext_lazy("Data and proofreading"),
    "fee": gettext_lazy("Fees"),
    "print": gettext_lazy("Printing and delivery"),
    "season": gettext_lazy("Season, days and messages"),
    ACCOUNT: gettext_lazy("Account and safety"),
}
FIXED = frozenset({ACCOUNT})  # nobody can do without these


@dataclass(frozen=True)
class NotificationKind:
    """`subject` and `body` are lazily translated, with placeholders as in `%(reason)s`.

    `formats` has a function for each stored parameter that is shown in another form, such as a code
    by its label; a parameter of DAYS is a day. Urgent deliveries are sent before others. A kind that goes to many people at once
    should not be urgent. `may`: the action that people of a school or of the center must be allowed, to be
    told what is told to the school or to the center. `channels`: only those whose words are ours; a text
    message or one of WeChat needs a template that its provider has approved, and goes for the kinds for which
    the operator entered one.
    """

    name: str
    subject: Any
    body: Any = ""
    link: Any = ""
    is_urgent: bool = True
    channels: tuple[str, ...] = (INBOX, EMAIL)
    formats: Mapping[str, Callable[[Any], object]] = field(default_factory=dict)
    may: str = "messages.read"

    @cached_property
    def parameters(self) -> set[str]:
        """The names of the placeholders in subject and body."""
        named = _Names()
        self.subject % named
        self.body % named
        return named.asked

    def check(self, parameters: Mapping[str, Any]) -> None:
        """Raise TypeError for missing or unknown parameters, and for translated text as a value."""
        if parameters.keys() != self.parameters:
            wanted, given = sorted(self.parameters), sorted(parameters)
            raise TypeError(f"Notification {self.name} takes {wanted}, and was given {given}.")
        translated = [name for name, value in parameters.items() if isinstance(value, Promise)]
        if translated:
            raise TypeError(
                f"Notification {self.name}: {translated} are text already; store a code, and use `formats`."
            )


class _Names(dict[str, Any]):
    """A mapping for `%` that collects the names of the placeholders."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> int:
        self.asked.add(name)
        return 0


@dataclass(frozen=True)
class Letter:
    """The text of a notification in one language, and what it was made of, as text."""

    subject: str
    body: str
    kind: str = ""
    values: Mapping[str, str] = field(default_factory=dict, compare=False)


DAYS = frozenset({"day", "last", "starts_on", "ends_on"})
KINDS: dict[str, NotificationKind] = {}
_GROUP_OF: dict[str, str] = {}
# {(kind, language): (subject, body)} that the center wrote instead of the built-in text.
Texts = Mapping[tuple[str, str], tuple[str, str]]


def register(*kinds: NotificationKind, group: str = "season") -> None:
    """`group`: one of GROUPS."""
    for kind in kinds:
        if kind.name in KINDS:
            raise ValueError(f"Two kinds of notifications are called {kind.name}.")
        KINDS[kind.name], _GROUP_OF[kind.name] = kind, group


def as_written(kind: NotificationKind, part: Any) -> str:
    """Subject or body in the active language with its placeholders, `%(n)s` for each. Of several plurals the largest."""
    marks = {name: 9_000_001 + place for place, name in enumerate(sorted(kind.parameters))}
    text = str(part % marks).replace("%", "%%")
    for name, mark in marks.items():
        text = text.replace(str(mark), f"%({name})s")
    return text


def title_of(name: str) -> str:
    """What kind it is, in a few words: the subject with "…" for what changes."""
    kind = KINDS.get(name)
    return re.sub(r"%\(\w+\)s", "…", as_written(kind, kind.subject)) if kind else name


def group_of(kind: str) -> str:
    return _GROUP_OF.get(kind, "season")


def get(name: str) -> NotificationKind:
    """Raises LookupError for a kind that no room has registered."""
    try:
        return KINDS[name]
    except KeyError:
        raise LookupError(f"No room has registered notifications of kind {name}.") from None


def render(name: str, parameters: Mapping[str, Any], texts: Texts | None = None) -> Letter:
    """The text in the active language: the center's own of `texts`, else the built-in one.

    For a kind that no longer exists it is a sentence that says so.
    """
    kind = KINDS.get(name)
    if kind is None:
        log.error("A stored notification is of the unknown kind %s", name)
        return Letter(_("A message of an earlier version"), "")
    values = {key: _shown(kind, key, value) for key, value in parameters.items()}
    subject, body = (texts or {}).get((name, get_language() or ""), (kind.subject, kind.body))
    written = {key: str(value) for key, value in values.items()}
    return Letter(" ".join((subject % values).split()), (body % values).strip(), name, written)


def _shown(kind: NotificationKind, name: str, value: Any) -> Any:
    if name in kind.formats:
        return kind.formats[name](value)
    return _day_words(value) if name in DAYS else value


def _day_words(day: str | dt.date) -> str:
    return formatting.day_of(dt.date.fromisoformat(str(day)), today=timezone.localdate())
