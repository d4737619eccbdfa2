"""Notifying people: a notification for each recipient, and a delivery for each channel that sends it.

Only kind and parameters are stored. The text is made when it is read, in the reader's language
(`portal.notification_kinds`).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy

from portal import notification_kinds, permissions
from portal.database import inserting
from portal.models import Delivery, Membership, Notification
from portal.notification_kinds import NotificationKind
from portal.notifications import contacts, deliveries
from portal.notifications.channels import channels_for
from portal.notifications.channels.base import Recipient
from portal.security.rate_limits import Daily
from portal.tenancy import Tenant, across_schools, check_write

CHUNK_SIZE = inserting.ROWS
TO_MANY = Daily(
    "messages to many",
    20,
    gettext_lazy(
        "You have sent %(n)d messages to many people, the most for one day. Put what is left into one; you can go on in %(hours)d h."
    ),
)
LinkOfSeason = Callable[[str, Any], str]
_LINKS: list[LinkOfSeason] = []


def links_to_seasons(function: LinkOfSeason) -> LinkOfSeason:
    """Register function(link, season) -> the same page in that season."""
    _LINKS.append(function)
    return function


def notify(
    recipient: Recipient,
    *,
    school: Tenant,
    kind: str,
    parameters: Mapping[str, Any] | None = None,
    link: str = "",
    season: Any = None,
) -> Notification:
    """Notify one person. `link` replaces the link of the kind; `season` is that of its page, where it has one."""
    checked = _checked_kind(kind, parameters)
    (row,) = _store([recipient], [school.pk], checked, parameters, _link_in(season, link or str(checked.link)))
    return row


def notify_school(
    school: Tenant,
    *,
    kind: str,
    season: Any,
    parameters: Mapping[str, Any] | None = None,
    link: str = "",
    student: Any = None,
) -> list[Notification]:
    """Notify the active people of the school who may do what the kind asks for (`may`).

    `season`: the one to whose page the link leads, whatever season the reader works in when it is opened.

    `student`: whom it is about; a person limited to other colleges or classes is not told. Erasing the
    student deletes it.
    """
    checked = _checked_kind(kind, parameters)
    told: list[Recipient] = [
        member.user for member in _readers(checked, [school]) if student is None or member.limit.admits(student)
    ]
    link, about = _link_in(season, link or str(checked.link)), student.actor_key if student else ""
    return _store(told, [school.pk] * len(told), checked, parameters, link, about=about)


def notify_schools(
    schools: Iterable[Tenant],
    *,
    kind: str,
    season: Any,
    parameters: Mapping[str, Any] | None = None,
    link: str = "",
) -> dict[int, int]:
    """As `notify_school`, many schools in the same few statements. Returns {id of the school: people told}."""
    return notify_members(
        _readers(notification_kinds.get(kind), schools), kind=kind, season=season, parameters=parameters, link=link
    )


def notify_members(
    members: Iterable[Membership],
    *,
    kind: str,
    season: Any,
    parameters: Mapping[str, Any] | None = None,
    link: str = "",
) -> dict[int, int]:
    """Notify people of schools, CHUNK_SIZE rows in a statement; the query has selected their users.

    Returns {id of the school: people told}.
    """
    checked, waiting = _checked_kind(kind, parameters), iter(members)
    link, told = _link_in(season, link or str(checked.link)), Counter[int]()
    with transaction.atomic():
        while chunk := list(islice(waiting, CHUNK_SIZE)):
            schools = [member.school_id for member in chunk]
            _store([member.user for member in chunk], schools, checked, parameters, link)
            told.update(pk for pk in schools if pk is not None)
    return told


def _readers(kind: NotificationKind, schools: Iterable[Tenant | None]) -> list[Membership]:
    """The active people of the schools who may do what the kind asks for."""
    people = Membership.objects.filter(school__in=list(schools), user__is_active=True).select_related("user")
    return [member for member in people if permissions.may(member, kind.may)]


def notify_center(
    *, kind: str, season: Any, parameters: Mapping[str, Any] | None = None, link: str = ""
) -> list[Notification]:
    """Notify the active people of the center who may do what the kind asks for (`may`).

    `season`: as for a school; None for what is of no season, such as a bank's bill.
    """
    checked = _checked_kind(kind, parameters)
    people = Membership.objects.filter(school=None, user__is_active=True).select_related("user")
    told: list[Recipient] = [member.user for member in people if permissions.may(member, checked.may)]
    with across_schools():  # what a school does may concern the center too
        return _store(told, [None] * len(told), checked, parameters, _link_in(season, link or str(checked.link)))


def notify_many(
    recipients: Iterable[Any], *, school: Tenant | None, kind: str, parameters: Mapping[str, Any] | None = None
) -> int:
    """Send many recipients the same notification, CHUNK_SIZE rows in a statement.

    `school`: of all of them; None: each has its own (`school_id`), in a scope that writes rows of all.
    Returns how many there were.
    """
    checked, waiting, number = _checked_kind(kind, parameters), iter(recipients), 0
    with transaction.atomic():
        while chunk := list(islice(waiting, CHUNK_SIZE)):
            schools = [school.pk if school else recipient.school_id for recipient in chunk]
            number += len(_store(chunk, schools, checked, parameters, str(checked.link)))
    return number


def notify_each(letters: Iterable[tuple[Recipient, Mapping[str, Any]]], *, school: Tenant, kind: str) -> int:
    """Send many recipients the same kind, each with parameters of its own; as `notify_many`."""
    checked, waiting, number = notification_kinds.get(kind), iter(letters), 0
    with transaction.atomic():
        while chunk := list(islice(waiting, CHUNK_SIZE)):
            for _recipient, parameters in chunk:
                checked.check(parameters)
            recipients = [recipient for recipient, _parameters in chunk]
            own = [dict(parameters) for _recipient, parameters in chunk]
            ids = [school.pk] * len(chunk)
            number += len(_store(recipients, ids, checked, None, str(checked.link), each=own))
    return number


def _link_in(season: Any, link: str) -> str:
    """The link with the season in it, as rooms have registered; without a season as it is."""
    for name_season in _LINKS if season is not None else ():
        link = name_season(link, season)
    return link


def _checked_kind(name: str, parameters: Mapping[str, Any] | None) -> NotificationKind:
    kind = notification_kinds.get(name)
    kind.check(parameters or {})
    return kind


def _store(
    recipients: list[Recipient],
    schools: list[int | None],
    kind: NotificationKind,
    parameters: Mapping[str, Any] | None,
    link: str,
    about: str = "",
    each: list[dict[str, Any]] | None = None,
) -> list[Notification]:
    """One INSERT for the notifications and one for their deliveries. `schools`: the id of each recipient's school;
    `each`: the parameters of each recipient.

    Urgent deliveries are queued after the commit.
    """
    values = {"kind": kind.name, "about_key": about, "link": link}
    own = each or [dict(parameters or {}) for _recipient in recipients]
    rows = [
        Notification(recipient_key=recipient.actor_key, school_id=school, parameters=texts, **values)
        for recipient, school, texts in zip(recipients, schools, own, strict=True)
    ]
    for pk in set(schools):
        check_write(pk)
    with transaction.atomic():
        inserting.insert(rows)
        sent = inserting.insert(_deliveries(recipients, rows, kind))
        if kind.is_urgent:
            transaction.on_commit(lambda: deliveries.enqueue_all(sent))
    return rows


def _deliveries(recipients: list[Recipient], rows: list[Notification], kind: NotificationKind) -> list[Delivery]:
    channels, group = channels_for(kind), notification_kinds.group_of(kind.name)
    known = contacts.of(recipients) if channels else {}
    return [
        Delivery(
            school_id=row.school_id,
            notification=row,
            channel=channel.name,
            address=address,
            language=recipient.language,
            is_urgent=kind.is_urgent,
        )
        for channel in channels
        for recipient, row in zip(recipients, rows, strict=True)
        if (
            address := contacts.address(
                channel.address_of(recipient), known.get((recipient.actor_key, channel.name)), group
            )
        )
        is not None
    ]
