"""The second factor of signing in: who needs one and from which day, and what changing one brings with it.

django-allauth keeps and asks for the factors: codes of an app (TOTP), passkeys, and recovery codes, which
are made with the first of these. Who needs one follows from what the person may do
(`permissions.needs_second_factor`). From the first sign-in there are SECOND_FACTOR_GRACE_DAYS to set
one up; then `portal.access` opens only the pages for it. Accounts of the demo are not asked.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from allauth.mfa import signals
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import user_logged_in
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.signals import pre_delete
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import history, permissions
from portal.accounts import attacks, open_sessions, telling
from portal.accounts.addresses import address_of
from portal.database.scope import about_account
from portal.errors import NotAllowed, PortalError
from portal.history import Actor
from portal.models import Membership, User
from portal.tenancy import across_schools

Type = Authenticator.Type
FACTORS = (Type.TOTP, Type.WEBAUTHN)  # recovery codes stand in for one of these
HAS_FACTOR = Exists(Authenticator.objects.filter(user_id=OuterRef("pk"), type__in=FACTORS))  # of an account
LABELS = {
    Type.TOTP.value: gettext_lazy("authenticator app"),
    Type.WEBAUTHN.value: gettext_lazy("passkey"),
    Type.RECOVERY_CODES.value: gettext_lazy("recovery code"),
}
# The events of the history, by the type of the factor.
ADDED = {
    Type.TOTP.value: "person.totp_added",
    Type.WEBAUTHN.value: "person.webauthn_added",
    Type.RECOVERY_CODES.value: "person.recovery_codes_added",
}
REMOVED = {Type.TOTP.value: "person.totp_removed", Type.WEBAUTHN.value: "person.webauthn_removed"}


@dataclass(frozen=True)
class Missing:
    """A second factor that a person needs and does not have. From the day `due` on nothing else opens."""

    due: dt.date

    @property
    def is_overdue(self) -> bool:
        return timezone.localdate() >= self.due


class SecondFactorMissing(NotAllowed):
    """The days of grace are over."""

    def __init__(self) -> None:
        super().__init__(_("Set up the second step of signing in first, under “Sign-in security”."))


def is_required(user: User, member: Membership | None) -> bool:
    return not user.is_demo and (user.is_superuser or permissions.needs_second_factor(member))


def has_factor(user: User) -> bool:
    return Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).exists()


def missing(user: Any, member: Any) -> Missing | None:
    """What a signed-in person still has to set up; None for others, and for who has it or needs none.

    `member`: the membership, with HAS_FACTOR as `has_factor`, or None.
    """
    if not user.is_authenticated or not is_required(user, member):
        return None
    if member.has_factor if member else has_factor(user):
        return None
    if user.has_no_grace:
        return Missing(timezone.localdate())
    first = user.first_signed_in_at or user.date_joined
    return Missing(timezone.localdate(first) + dt.timedelta(days=settings.SECOND_FACTOR_GRACE_DAYS))


@receiver(user_logged_in)
def note_first_sign_in(user: User, **_signal: Any) -> None:
    if user.first_signed_in_at is None:
        user.first_signed_in_at = timezone.now()
        with about_account(user.pk):
            User.objects.filter(pk=user.pk, first_signed_in_at=None).update(first_signed_in_at=user.first_signed_in_at)


def check_may_remove(authenticator: Authenticator) -> None:
    """Raise NotAllowed for the last factor of a person who needs one."""
    user = authenticator.user
    others = Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).exclude(pk=authenticator.pk)
    if not others.exists() and is_required(user, Membership.objects.filter(user=user).first()):
        raise NotAllowed(_("You need a second step. Set up another one before you remove this one."))


@receiver(pre_delete, sender=Authenticator)
def keep_the_last(instance: Authenticator, origin: Any, **_signal: Any) -> None:
    """Two that are removed at once wait for each other, and the second is the last. `remove_lost` deletes all."""
    if origin is instance:
        list(Authenticator.objects.select_for_update().filter(user_id=instance.user_id).order_by("pk"))
        check_may_remove(instance)


def remove_lost(user: User, *, by: Actor, reason: str) -> None:
    """Take away all factors of a person who has lost them. Whoever asked for it has been checked.

    The person signs in with the password alone, and sets up a new factor before anything else.
    """
    with transaction.atomic():
        if not Authenticator.objects.filter(user_id=user.pk).delete()[0]:
            raise PortalError(_("%(name)s has no second step.") % {"name": user.actor_name})
        with about_account(user.pk):
            User.objects.filter(pk=user.pk).update(has_no_grace=True)
        open_sessions.end(user)
        _record("person.second_factor_removed", user, by=by, facts={"reason": reason})
        telling.tell_owner(user, "account.second_factor_removed", {"by": by.actor_name, "reason": reason})


@receiver(signals.authenticator_added)
def note_added(request: Any, user: User, authenticator: Authenticator, **_signal: Any) -> None:
    if authenticator.type in FACTORS:  # recovery codes come with the first of these
        _changed(request, user, authenticator, ADDED, "account.factor_added")


@receiver(signals.authenticator_removed)
def note_removed(request: Any, user: User, authenticator: Authenticator, **_signal: Any) -> None:
    if authenticator.type in FACTORS:
        _changed(request, user, authenticator, REMOVED, "account.factor_removed")


@receiver(signals.authenticator_reset)
def note_new_codes(request: Any, user: User, authenticator: Authenticator, **_signal: Any) -> None:
    _changed(request, user, authenticator, ADDED, "account.factor_added")


def _changed(request: Any, user: User, authenticator: Authenticator, events: dict[str, str], told: str) -> None:
    """The other sessions of the person end, the person is told, the history has it."""
    with transaction.atomic():
        open_sessions.end_others(request, user)
        _record(events[authenticator.type], user, by=user)
        telling.tell_owner(user, told, {"factor": authenticator.type})


@receiver(signals.authenticator_used)
def note_used(user: User, authenticator: Authenticator, **_signal: Any) -> None:
    if authenticator.type == Type.RECOVERY_CODES:
        with transaction.atomic():
            _record("person.recovery_code_used", user, by=user)
            telling.tell_owner(user, "account.recovery_code_used", {})


@receiver(signals.authentication_failed)
def note_failed(request: Any, user: User, **_signal: Any) -> None:
    _record("person.second_factor_failed", user, by=user)
    attacks.failed_at_address(address_of(request.META))
    attacks.failed_at_second_step(user)


def label_of(kind: str) -> str:
    return str(LABELS.get(kind, kind))


def _record(kind: str, user: User, *, by: Actor, facts: dict[str, Any] | None = None) -> None:
    with across_schools():  # who is signing in is in no scope yet
        history.record(kind, Membership.objects.filter(user=user).first() or user, by=by, facts=facts)
