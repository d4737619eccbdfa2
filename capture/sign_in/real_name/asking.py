"""Asking real-name services: one after the other in the order of the operator's file, within their limit of a day, with costs.

Of an answer stays its count; the event of the sign-in has the service and its number of the answer.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import F, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from capture.models import RealNameCount
from capture.sign_in import real_name
from capture.sign_in.real_name.base import Denied, Face, Pending, Person, Silent
from portal.errors import PortalError
from portal.tenancy import across_schools
from schools.models import Season

log = logging.getLogger(__name__)


class NobodyAnswers(PortalError):
    """Nothing is known of the visitor: no service has answered, or all are used up for today."""

    status = 503

    def __init__(self) -> None:
        super().__init__(
            _(
                "The real-name services do not answer, or are used up for today. Sign in another way, or go to a station"
                " of your school with your document."
            )
        )


class NotFinished(PortalError):
    """The service has no result yet, or does not say it now. The visitor may ask again."""

    status = 409

    def __init__(self) -> None:
        super().__init__(_("There is no result yet. Finish on the page of the service, then try again here."))


@dataclass(frozen=True)
class Answer:
    """A yes. `reference`: the service's number of it."""

    service: str
    reference: str


def check(person: Person, season: Season) -> Answer:
    """That name and number belong together. Raises Denied, or NobodyAnswers."""
    for name in _within_limit(season, "checks", real_name.accounts()):
        try:
            reference = real_name.service(name).check(person)
        except Silent as error:
            _note_silence(season, name, error)
        except Denied as error:
            _count(season, name, denied=1, cost_fen=error.is_charged * _price(name, "fen_per_check"))
            raise
        else:
            _count(season, name, passed=1, cost_fen=_price(name, "fen_per_check"))
            return Answer(name, reference)
    raise NobodyAnswers


def begin_face(person: Person, season: Season, *, back: str, browser: str) -> tuple[str, Face]:
    """(service, its page for this person). `back`: a path of ours. Raises Denied, or NobodyAnswers."""
    for name in _within_limit(season, "faces", real_name.accounts(with_face=True)):
        try:
            address = settings.SITE_URL + back
            return name, real_name.service(name).begin_face(person, back=address, browser=browser)
        except Silent as error:
            _note_silence(season, name, error)
        except Denied:
            _count(season, name, denied=1)
            raise
    raise NobodyAnswers


def result_of_face(name: str, token: str, person: Person, season: Season) -> Answer:
    """That the face behind this token is the person's. Raises Denied, or NotFinished."""
    if name not in real_name.accounts(with_face=True):
        raise Denied("expired")
    try:
        reference = real_name.service(name).face(token, person)
    except Pending as error:
        raise NotFinished from error
    except Silent as error:
        _note_silence(season, name, error)
        raise NotFinished from error
    except Denied as error:
        _count(season, name, denied=1, cost_fen=error.is_charged * _price(name, "fen_per_face"))
        raise
    _count(season, name, passed=1, cost_fen=_price(name, "fen_per_face"))
    return Answer(name, reference)


@dataclass(frozen=True)
class Use:
    """How a service was used in a season. `today`: asked today, of `per_day`."""

    title: Any
    looks_at_faces: bool
    today: int
    per_day: int
    season: dict[str, int]

    @property
    def is_used_up(self) -> bool:
        return self.today >= self.per_day


def uses(season: Season) -> list[Use]:
    """For the center: each service that is set up, or was used in the season, in the order in which they are asked."""
    rows = RealNameCount.objects.filter(season=season)
    used = rows.order_by().values_list("service", flat=True).distinct()
    found = []
    for name in dict.fromkeys([*real_name.accounts(), *(name for name in used if name in real_name.SERVICES)]):
        own = rows.filter(service=name)
        sums = own.aggregate(**{field: Sum(field, default=0) for field in NUMBERS})
        today = own.filter(day=timezone.localdate()).aggregate(n=Sum(F("checks") + F("faces"), default=0))["n"]
        account = real_name.accounts().get(name, {})
        found.append(Use(real_name.title_of(name), bool(account.get("face")), today, account.get("per_day", 0), sums))
    return found


NUMBERS = ("checks", "faces", "passed", "denied", "silent", "cost_fen")


def _within_limit(season: Season, kind: str, names: Iterable[str]) -> Iterator[str]:
    """Those that may be asked once more today; each is counted when it is taken."""
    for name in names:
        row = _row(season, name)
        with across_schools():
            free = RealNameCount.objects.filter(pk=row.pk, checks__lt=_per_day(name) - F("faces"))
            is_free = free.update(**{kind: F(kind) + 1})
        if is_free:
            yield name
        else:
            log.warning("The real-name service %s is used up for today.", name)


def _note_silence(season: Season, name: str, error: Silent) -> None:
    log.warning("The real-name service %s says nothing: %s", name, error)
    _count(season, name, silent=1)


def _count(season: Season, name: str, **more: int) -> None:
    row = _row(season, name)
    with across_schools():
        RealNameCount.objects.filter(pk=row.pk).update(**{field: F(field) + n for field, n in more.items()})


def _row(season: Season, name: str) -> RealNameCount:
    with across_schools():
        day = timezone.localdate()
        return RealNameCount.objects.get_or_create(season=season, service=name, day=day)[0]


def _per_day(name: str) -> int:
    return int(real_name.accounts()[name]["per_day"])


def _price(name: str, field: str) -> int:
    return int(real_name.accounts()[name].get(field) or 0)
