"""What a way to sign in has to do: `start → challenge → verify`, as frozen values.

A provider writes nothing, renders nothing and sees no request. It says what a visitor is asked for, and makes a
claim of what comes back. Whose claim it is, the roster decides (capture.sign_in.matching).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _

from capture.sign_in.real_name.asking import Answer
from capture.sign_in.real_name.base import Person
from portal.errors import PortalError
from schools.models import Season


class Strength(models.TextChoices):
    """What stands behind a sign-in, the weakest first."""

    KNOWS = "knows", _("facts that others may know")
    HOLDS = "holds", _("something that only the student should hold")
    FACE = "face", _("a live face that fits the identity card")
    SEEN = "seen", _("a person has seen the document")

    @classmethod
    def is_enough(cls, given: str, *, least: str) -> bool:
        """Whether as much or more stands behind a sign-in. `least`: empty for nothing."""
        return not least or (given in cls.values and cls.values.index(given) >= cls.values.index(least))


class Refused(PortalError):
    """What the visitor brought is not to be believed. `why`: a word for the history; `claim`: whom it names."""

    status = 403

    def __init__(self, sentence: Any, *, why: str = "", claim: "Claim | None" = None) -> None:
        super().__init__(sentence)
        self.why, self.claim = why, claim


@dataclass(frozen=True)
class Visit:
    """Somebody who wants to sign in. `season`: of the page. `address`: of the network. `browser`: its User-Agent.

    `back`: our page (its path) to which an outside service leads back; empty where there is none (the mini program).
    """

    season: Season
    address: str
    browser: str = ""
    back: str = ""


@dataclass(frozen=True)
class Asked:
    """A challenge: the visitor fills this form in. `template`: what stands above its fields.

    `simulator`: the name of the page that stands for an outside service; its label says so. `is_simulated`: the answers
    come from none. `begins_at`: the name of a page that leads
    to the outside service, in place of a form.
    """

    form: type[forms.Form]
    template: str = ""
    uses_camera: bool = False
    simulator: str = ""
    is_simulated: bool = False
    begins_at: str = ""


Challenge = Asked


@dataclass(frozen=True)
class Facts:
    """A claim: the roster has a student with these three."""

    name: str
    id_number: str
    student_no: str


@dataclass(frozen=True)
class MaskedIdentity:
    """A claim: somebody vouches for a student of this number at the registry, with name and document number in stars.

    `student_no` is what the visitor typed. A claim that failed before the registry spoke has that alone.
    """

    student_no: str
    masked_name: str = ""
    masked_document: str = ""
    number: str = ""


@dataclass(frozen=True)
class SeenDocument:
    """A claim: this person of the school has seen the document of this student (the id of the row) at this station."""

    student_no: str
    student: int
    helper: str
    station: str


@dataclass(frozen=True)
class WeChatAccount:
    """A claim: WeChat says that this is the person with the openid at our account (the channel)."""

    channel: str
    openid: str


Claim = Facts | MaskedIdentity | SeenDocument | WeChatAccount


@dataclass(frozen=True)
class Errand:
    """The visitor goes to the page `url` of an outside service and comes back. The result is asked for by the `token`."""

    service: str
    url: str
    token: str


class Provider(Protocol):
    """`title`: the way, as it is offered; `lead`: a sentence above what is asked; `proves`: what the center reads;
    `names_newcomers`: whether its claim, a MaskedIdentity with a number, is enough for who is on no list."""

    name: str
    title: Any
    lead: Any
    proves: Any
    strength: Strength
    names_newcomers: bool

    def is_set_up(self) -> bool:
        """Whether the operator's settings have what it needs."""

    def start(self, visit: Visit) -> Challenge:
        """What the visitor is asked for."""

    def identities(self, values: Mapping[str, Any]) -> list[tuple[str, ...]]:
        """(group, who …): for whom the visitor tries. Attempts are counted by each of them, at each address."""

    def verify(self, visit: Visit, values: Mapping[str, Any]) -> Claim:
        """What the cleaned values of the form claim.

        Raises Refused, or a PortalError where nothing is known of the visitor.
        """


@runtime_checkable
class Confirming(Protocol):
    """A provider whose claim an outside service confirms, for a price: only after the roster has said whose it is."""

    def confirm(self, visit: Visit, person: Person) -> Answer | Errand:
        """Raises Refused, or a PortalError where nothing is known."""

    def result(self, season: Season, person: Person, errand: Errand) -> Answer:
        """What the service says after the errand: it is asked, the visitor is not believed. Raises as `confirm`."""
