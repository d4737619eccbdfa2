"""The open sessions of a person of the staff: listed with device and place, and ended.

Every sign-in writes a row. Its session is ended by deleting it, so that the next request with its
cookie is a stranger's. Rows stay for a while, so that a new place or device is noticed.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from allauth.account import signals
from django.conf import settings
from django.contrib import auth
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.dispatch import Signal, receiver
from django.utils import timezone

from portal.accounts import telling
from portal.accounts.addresses import address_of, place_of
from portal.accounts.devices import device_of
from portal.accounts.sessions import stored_key
from portal.database.scope import about_account, current, opened
from portal.models import Membership, SignIn, User

SIGN_IN = "sign_in"  # key of the session: the id of its row


@contextmanager
def _of(user: User) -> Iterator[QuerySet[SignIn]]:
    """The sign-ins of an account, which the statements inside name."""
    with about_account(user.pk):
        yield SignIn.objects.filter(user=user)


@receiver(auth.user_logged_in)
def begin(request: Any, user: User, **_signal: Any) -> None:
    """Write the row of a new session, and tell the person when place or device is new."""
    if request.session.session_key is None:  # Django dropped the session of another person
        request.session.save()
    address, device = address_of(request.META), device_of(request.META.get("HTTP_USER_AGENT", ""))
    with _of(user) as own:
        known = list(own.values_list("address", "device"))
        row = SignIn(user=user, address=address, device=device, seen_at=timezone.now())
        row.session_key = stored_key(request.session.session_key)
        row.save()
    request.session[SIGN_IN] = row.pk
    is_new = place_of(address) not in {place_of(place) for place, _device in known} or device not in {
        name for _place, name in known
    }
    member = Membership.objects.select_related("school").filter(user=user).first()
    if known and is_new and member:
        telling.tell(member, "account.new_place", {"address": address, "device": device or "–"})


def is_known(user: User, address: str) -> bool:
    """Whether the account signed in from the network around this address before."""
    with _of(user) as own:
        return place_of(address) in {place_of(known) for known in own.values_list("address", flat=True).distinct()}


def used(request: Any) -> bool:
    """Note that the session is in use, perhaps under a new key. Returns False when it was ended meanwhile."""
    with _of(request.user) as own:
        row = own.filter(pk=request.session.get(SIGN_IN), ended_at=None)
        return bool(row.update(seen_at=timezone.now(), session_key=stored_key(request.session.session_key)))


def listed(request: Any) -> list[SignIn]:
    """The open sessions of who asks, the last used first; `is_this` of each."""
    with _of(request.user) as own:
        rows = list(_open(own))
    for row in rows:
        row.is_this = row.pk == request.session.get(SIGN_IN)  # type: ignore[attr-defined]
    return rows


def _open(own: QuerySet[SignIn]) -> QuerySet[SignIn]:
    """Those that have not ended by themselves either: see portal.security.sessions."""
    now = timezone.now()
    return own.filter(
        ended_at=None,
        at__gt=now - dt.timedelta(seconds=settings.SESSION_COOKIE_AGE),
        seen_at__gt=now - dt.timedelta(seconds=settings.SESSION_IDLE_SECONDS),
    )


# All sessions of a person end, or all besides one: `user`. Rooms above end what the person opened elsewhere.
ended = Signal()


def end(user: User, *, pk: int | None = None, besides: int | None = None) -> int:
    """End one session of a person, or all, or all besides one. Returns how many."""
    with transaction.atomic(), _of(user) as own:
        wanted = own.filter(ended_at=None)
        if pk is not None:
            wanted = wanted.filter(pk=pk)
        if besides is not None:
            wanted = wanted.exclude(pk=besides)
        if pk is None:
            ended.send(User, user=user)
        rows = list(wanted.select_for_update(no_key=True))
        for row in rows:
            with opened(replace(current(), session=row.session_key)):
                Session.objects.filter(session_key=row.session_key).delete()
        own.filter(pk__in=[row.pk for row in rows]).update(ended_at=timezone.now())
    return len(rows)


@receiver(auth.user_logged_out)
def end_own(request: Any, user: User | None, **_signal: Any) -> None:
    pk = request.session.get(SIGN_IN)
    if user is not None and pk:
        with _of(user) as own:
            own.filter(pk=pk).update(ended_at=timezone.now())


@receiver(signals.password_changed)
@receiver(signals.password_set)
@receiver(signals.password_reset)
def end_others(request: Any, user: User, **_signal: Any) -> None:
    """A new password ends all other sessions, and so does a change of the second factor."""
    end(user, besides=request.session.get(SIGN_IN) if request.user == user else None)
