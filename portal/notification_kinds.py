"""The kinds of notifications: the text, link and channels of each.

A room registers its kinds in its module `notification_kinds`:

    register(NotificationKind("photo_returned", _("Your photo was returned"), _("Reason: %(reason)s"), link="/me/"))

Only the kind and its parameters are stored. `render` makes the text, in the active language, when
it is sent or shown.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

log = logging.getLogger(__name__)
INBOX, EMAIL = "inbox", "email"


@dataclass(frozen=True)
class NotificationKind:
    """`subject` and `body` are lazily translated, with placeholders as in `%(reason)s`.

    `formats` has a function for each stored parameter that is shown in another form, such as a code
    by its label. Urgent deliveries are sent before others. A kind that goes to many people at once
    should not be urgent. `may`: the action that people of a school or of the center must be allowed, to be
    told what is told to the school or to the center.
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
    """The text of a notification in one language."""

    subject: str
    body: str


KINDS: dict[str, NotificationKind] = {}


def register(*kinds: NotificationKind) -> None:
    for kind in kinds:
        if kind.name in KINDS:
            raise ValueError(f"Two kinds of notifications are called {kind.name}.")
        KINDS[kind.name] = kind


def get(name: str) -> NotificationKind:
    """Raises LookupError for a kind that no room has registered."""
    try:
        return KINDS[name]
    except KeyError:
        raise LookupError(f"No room has registered notifications of kind {name}.") from None


def render(name: str, parameters: Mapping[str, Any]) -> Letter:
    """The text in the active language.

    For a kind that no longer exists it is a sentence that says so.
    """
    kind = KINDS.get(name)
    if kind is None:
        log.error("A stored notification is of the unknown kind %s", name)
        return Letter(_("A message of an earlier version"), "")
    values = {key: kind.formats[key](value) if key in kind.formats else value for key, value in parameters.items()}
    subject = " ".join((kind.subject % values).split())
    return Letter(subject, (kind.body % values).strip())
