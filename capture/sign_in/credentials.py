"""The sign-in of students: what a provider has verified is matched with the roster, counted and recorded.

No provider is named here. The pace of attempts is that of portal.security.attempts, by address and by each identity
that the provider names. All students of a campus may share an address: what one of them mistypes delays nobody else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from capture.sign_in import matching, offers, registry_codes
from capture.sign_in.providers.base import (
    Claim,
    Confirming,
    Errand,
    Facts,
    MaskedIdentity,
    Provider,
    Refused,
    SeenDocument,
    Visit,
    WeChatAccount,
)
from capture.sign_in.real_name.asking import Answer
from capture.sign_in.real_name.base import Person
from portal import history, notifications
from portal.accounts import attacks
from portal.errors import PortalError
from portal.security import attempts, rate_limits
from portal.tenancy import across_schools, school_scope
from schools.models import Enrolment, Season
from students.identity.student_access import Recognition
from students.models import CatalogueClass, Student
from students.without_list import appearances


class NotRecognised(Refused):
    """No student of the roster is who the visitor claims to be."""


class NotLinked(PortalError):
    """WeChat has said who it is, and no student has linked that."""

    status = 409


class WhichSeason(PortalError):
    """The student is in several seasons with the same student number. `years`: of these seasons, the newest first."""

    status = 409

    def __init__(self, years: list[int]) -> None:
        super().__init__(_("You are in the rosters of several years. Choose the year that you mean."))
        self.years = years


@dataclass(frozen=True)
class Away:
    """The visitor is on an errand at an outside service; then this student (the id of the row) may be signed in."""

    student: int
    provider: str
    errand: Errand


CONFIRMED_A_DAY = "6/d"  # of one student: an outside service is paid for each


@dataclass(frozen=True)
class Newcomer:
    """A visitor who is on no list: at which school, and in which class of its catalogue."""

    enrolment: Enrolment
    entry: CatalogueClass


@dataclass(frozen=True)
class Visitor:
    """Somebody who is not signed in. `actor_name`: the network address."""

    actor_name: str
    actor_key: str = "visitor"


def sign_in(
    *,
    provider: Provider,
    visit: Visit,
    values: Mapping[str, Any],
    year: int | None = None,
    newcomer: Newcomer | None = None,
) -> Recognition | Away:
    """The student whom the provider recognises by the cleaned values of its form, in any season but a draft. Away, where
    an outside service is to see the visitor first: `finish` goes on. A `newcomer` whom no school has yet appears at the
    school that hands over no list.

    Raises Refused, Delayed or Unavailable; WhichSeason where they are right in several seasons and no `year` is given;
    NotAllowed where the student's school does not offer this way.
    """
    identities = provider.identities(values)
    free = attempts.free_at(visit.address)
    for group, *who in identities:
        attempts.begin(group, visit.address, *who, free=free)
    claim: Claim | None = None
    try:
        claim = provider.verify(visit, values)
        with transaction.atomic():  # who appears and may not have the code has not appeared
            student = _student_of(claim, provider, year) if newcomer is None else _appeared(claim, newcomer)
            if isinstance(claim, MaskedIdentity):
                registry_codes.keep(student, claim)
        confirmed = _confirmed(provider, visit, student)
    except Refused as refused:
        refused.claim = refused.claim or claim
        _failed(visit, provider, refused)
        raise
    except PortalError as error:
        if (
            error.status == 503
        ):  # the fault is ours, or another service's: whoever tries again is not slowed down for it
            for group, *who in identities:
                attempts.take_back(group, visit.address, *who)
        raise
    if isinstance(confirmed, Errand):
        return Away(student.pk, provider.name, confirmed)
    for group, *who in identities:
        attempts.succeeded(group, visit.address, *who)
    attempts.entered_at(visit.address, student.actor_key)
    return _recorded(student, provider, visit, claim, confirmed)


def finish(*, away: Away, provider: Provider, visit: Visit) -> Recognition:
    """The student who comes back from an errand. Raises Refused, or a PortalError where there is no result yet."""
    assert isinstance(provider, Confirming)
    with across_schools():
        student = matching.still_there(away.student)
        _require_offered(provider, student)
        person = Person(student.name, student.id_number)
    try:
        answer = provider.result(student.season, person, away.errand)
    except Refused as refused:
        refused.claim = Facts(student.name, "", student.student_no)
        _failed(visit, provider, refused)
        raise
    attempts.entered_at(visit.address, student.actor_key)
    return _recorded(student, provider, visit, None, answer)


def _confirmed(provider: Provider, visit: Visit, student: Student) -> Answer | Errand | None:
    """What an outside service says of the student: of the name and number that the roster has, which were matched."""
    if not isinstance(provider, Confirming):
        return None
    rate_limits.refuse_too_many("confirmed", student.actor_key, CONFIRMED_A_DAY)
    with school_scope(student.school):
        person = Person(student.name, student.id_number)
    return provider.confirm(replace(visit, season=student.season), person)


def _student_of(claim: Claim, provider: Provider, year: int | None) -> Student:
    with across_schools():  # the roster says which school
        found = [row for row in matching.students_of(claim) if year in (None, row.season.year)]
        if not found:
            sentence, why = _refused_by_school(claim) or matching.refusal_of(claim)
            if isinstance(claim, WeChatAccount):  # no attempt to be somebody
                raise NotLinked(sentence)
            raise NotRecognised(sentence, why=why, claim=claim)
        if len(found) > 1:
            raise WhichSeason([row.season.year for row in found])
        (student,) = found
        _require_offered(provider, student)
    return student


def _require_offered(provider: Provider, student: Student) -> None:
    enrolment = Enrolment.objects.select_related("season").get(school=student.school_id, season=student.season_id)
    offers.require(provider, enrolment)


def _refused_by_school(claim: Claim) -> tuple[str, str] | None:
    """Of whom a school that hands over no list has not confirmed: its reason. The code says that it is this student."""
    if not isinstance(claim, MaskedIdentity) or not claim.number:
        return None
    for season in Season.objects.in_capture():
        student = appearances.known(appearances.Coded(claim.number, claim.masked_name, claim.masked_document), season)
        if student and student.appearance.status == student.appearance.Status.REFUSED:
            sentence = _(
                "%(school)s has not confirmed you: %(reason)s Sign up again with the right class and student number."
            )
            return sentence % {"school": student.school.name, "reason": student.appearance.reason}, "not_confirmed"
    return None


def _appeared(claim: Claim, newcomer: Newcomer) -> Student:
    assert isinstance(claim, MaskedIdentity)
    coded = appearances.Coded(claim.number, claim.masked_name, claim.masked_document)
    try:
        return appearances.appear(
            coded, enrolment=newcomer.enrolment, entry=newcomer.entry, student_no=claim.student_no
        )
    except appearances.NotAdmitted as error:
        raise Refused(str(error), why=error.why, claim=claim) from error


def _recorded(
    student: Student, provider: Provider, visit: Visit, claim: Claim | None, confirmed: Answer | None
) -> Recognition:
    facts = {"address": visit.address, "recognised_by": provider.name, "strength": provider.strength.value}
    if isinstance(claim, SeenDocument):
        facts |= {"helper": claim.helper, "station": claim.station}
    if confirmed:
        facts |= {"service": confirmed.service, "service_number": confirmed.reference}
    with school_scope(student.school):
        history.record("student.signed_in", student, by=student, facts=facts)
    return Recognition(student, provider.name, provider.strength.value)


def _failed(visit: Visit, provider: Provider, refused: Refused) -> None:
    """Record the failure with the students who are named, and tell people of many: the center about the
    address, the school about its student."""
    attacks.failed_at_address(visit.address)
    facts = {"recognised_by": provider.name} | ({"why": refused.why} if refused.why else {})
    with across_schools():  # whom the visitor names may be of any school
        named = matching.named_by(refused.claim, visit.season) if refused.claim else []
        if not named:
            history.record("student.sign_in_failed", visit.season, by=Visitor(visit.address), facts=facts)
        for tried in named:
            history.record("student.sign_in_failed", tried, by=Visitor(visit.address), facts=facts)
            if attempts.reached("tried", str(tried.pk), most=attacks.FAILURES_AN_IDENTITY):
                _tell_school(tried, visit.season)


def _tell_school(student: Student, season: Season) -> None:
    parameters = {"name": student.name, "number": attacks.FAILURES_AN_IDENTITY}
    with school_scope(student.school):
        notifications.notify_school(
            student.school, kind="attack.student", season=season, parameters=parameters, student=student
        )
