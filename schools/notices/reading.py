"""Who has read a notice and who has confirmed it; reminding those who have not."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import BooleanField, Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import history, notifications, permissions
from portal.errors import PortalError
from portal.models import Membership
from portal.tenancy import Tenant
from schools.models import Notice, NoticeAddressee, NoticeReceipt, NoticeVersion, Season

# Sent inside the transaction that reminds: `notice`, `by`. Rooms above remind their own readers.
reminded = Signal()
DAYS_BEFORE = 3
PEOPLE, STUDENTS = "user:", "student:"  # how the keys of readers begin


def visible(school: Tenant, season: Season | None, *, to_students: bool = False) -> QuerySet[Notice]:
    """The published notices of a season that were addressed to the school, for its people or its students."""
    rows = Notice.objects.filter(season=season, status=Notice.Status.PUBLISHED, addressees__school=school)
    return rows.filter(for_students=True) if to_students else rows.filter(for_schools=True)


def with_receipt(notices: QuerySet[Notice], reader: history.Actor) -> QuerySet[Any]:
    """With `is_unread` and `is_confirmed` for a reader."""
    mine = NoticeReceipt.objects.filter(notice=OuterRef("pk"), reader_key=reader.actor_key)
    return notices.annotate(
        is_unread=~Exists(mine.filter(number__gte=OuterRef("number"))),
        is_confirmed=Exists(mine.filter(confirmed_number__gte=OuterRef("counts_from"))),
    )


def unread(notices: QuerySet[Notice], reader: history.Actor) -> QuerySet[Notice]:
    return with_receipt(notices, reader).filter(is_unread=True)


def read(notice: Notice, reader: history.Actor, *, school: Tenant) -> NoticeReceipt:
    """Note that the reader has seen the newest version; the first time is kept."""
    now = timezone.now()
    row, _is_new = NoticeReceipt.objects.get_or_create(
        notice=notice,
        reader_key=reader.actor_key,
        defaults={"school": school, "number": notice.number, "read_at": now},
    )
    if row.number < notice.number:
        row.number, row.read_at = notice.number, now
        row.save(update_fields=["number", "read_at"])
    return row


def confirm(notice: Notice, number: int | None, *, reader: history.Actor, school: Tenant) -> None:
    """The reader confirms the version that was shown; a person of the school does so for the school.

    Raises PortalError when a newer version has been published meanwhile.
    """
    with transaction.atomic():
        fresh = Notice.objects.get(pk=notice.pk)
        if fresh.status != Notice.Status.PUBLISHED or fresh.number != number:
            raise PortalError(_("The notice has changed in the meantime. Read it again, then confirm."))
        now = timezone.now()
        read(fresh, reader, school=school)
        receipts = NoticeReceipt.objects.filter(notice=fresh, reader_key=reader.actor_key)
        receipts.update(confirmed_number=fresh.number, confirmed_at=now)
        if reader.actor_key.startswith(PEOPLE):
            row = NoticeAddressee.objects.select_for_update(of=("self",), no_key=True).get(notice=fresh, school=school)
            if row.confirmed_number != fresh.number:
                row.confirmed_number, row.confirmed_at = fresh.number, now
                row.confirmed_by = reader.actor_name[:60]
                row.save(update_fields=["confirmed_number", "confirmed_at", "confirmed_by"])
                history.record("notice.confirmed", row, by=reader, facts={"notice_version": fresh.number})


def addressees(notice: Notice) -> QuerySet[Any]:
    """The schools told: `readers` and `student_readers` of the newest version, `is_confirmed`, and `is_done`, when
    nothing more is awaited of the school.
    """
    seen = NoticeReceipt.objects.filter(notice=notice, school=OuterRef("school"), number=notice.number)
    confirmed = Q(confirmed_number__isnull=False, confirmed_number__gte=notice.counts_from)
    rows = NoticeAddressee.objects.filter(notice=notice).select_related("school__area")
    rows = rows.annotate(
        readers=_count(seen.filter(reader_key__startswith=PEOPLE)),
        student_readers=_count(seen.filter(reader_key__startswith=STUDENTS)),
        is_confirmed=Case(When(confirmed, then=True), default=False, output_field=BooleanField()),
    )
    return rows.annotate(is_done=F("is_confirmed") if notice.asks_confirmation else _is_positive("readers"))


def received(school: Tenant, season: Season | None) -> QuerySet[Any]:
    """The published notices of a season as one school has them: `readers` of the newest version, `is_confirmed`."""
    seen = NoticeReceipt.objects.filter(
        notice=OuterRef("notice"), school=school, number=OuterRef("notice__number"), reader_key__startswith=PEOPLE
    )
    confirmed = Q(confirmed_number__isnull=False, confirmed_number__gte=F("notice__counts_from"))
    rows = NoticeAddressee.objects.filter(school=school, notice__season=season, notice__status=Notice.Status.PUBLISHED)
    return rows.select_related("notice").annotate(
        readers=_count(seen),
        is_confirmed=Case(When(confirmed, then=True), default=False, output_field=BooleanField()),
    )


def _count(receipts: QuerySet[NoticeReceipt]) -> Coalesce:
    return Coalesce(Subquery(receipts.order_by().values("notice").annotate(n=Count("pk")).values("n")), 0)


def _is_positive(name: str) -> Case:
    return Case(When(**{f"{name}__gt": 0}, then=True), default=False, output_field=BooleanField())


@dataclass(frozen=True)
class Reader:
    """A person of a school, and what the person has done with the notice."""

    member: Membership
    may_confirm: bool
    receipt: NoticeReceipt | None
    has_read: bool
    has_confirmed: bool


def people(notice: Notice, schools: Iterable[Tenant]) -> dict[int, list[Reader]]:
    """{id of the school: its active people who may read notices}."""
    found = Membership.objects.filter(school__in=schools, user__is_active=True).select_related("user")
    receipts = {
        row.reader_key: row
        for row in NoticeReceipt.objects.filter(notice=notice, school__in=schools, reader_key__startswith=PEOPLE)
    }
    readers: dict[int, list[Reader]] = {}
    for member in found.order_by("-is_contact", "roles", "user__full_name"):
        if member.school_id and permissions.may(member, "notices.read"):
            receipt = receipts.get(member.user.actor_key)
            readers.setdefault(member.school_id, []).append(_reader(notice, member, receipt))
    return readers


def _reader(notice: Notice, member: Membership, receipt: NoticeReceipt | None) -> Reader:
    return Reader(
        member=member,
        may_confirm=permissions.may(member, "notices.confirm"),
        receipt=receipt,
        has_read=receipt is not None and receipt.number >= notice.number,
        has_confirmed=receipt is not None and (receipt.confirmed_number or 0) >= notice.counts_from,
    )


def remind(notice: Notice, *, by: history.Actor, today: dt.date | None = None) -> int:
    """Remind the schools that nothing has come from, each at most once a day. Returns how many schools.

    Where a confirmation is asked for, its administrators are told, else all who have not read the newest version.
    """
    today = today or timezone.localdate()
    with transaction.atomic():
        row = Notice.objects.select_for_update(no_key=True).get(pk=notice.pk)
        if row.status != Notice.Status.PUBLISHED:
            raise PortalError(_("Only a published notice can be reminded of."))
        reminded.send(Notice, notice=row, by=by)
        if not row.for_schools:
            return NoticeAddressee.objects.filter(notice=row).exclude(reminded_on=today).update(reminded_on=today)
        waiting = list(addressees(row).filter(is_done=False).exclude(reminded_on=today))
        readers = people(row, [one.school for one in waiting])
        _remind(row, (reader.member for found in readers.values() for reader in found if _awaits(row, reader)))
        NoticeAddressee.objects.filter(pk__in=[one.pk for one in waiting]).update(reminded_on=today)
        if waiting:
            history.record("notice.reminded", row, by=by, facts={"count": len(waiting)})
    return len(waiting)


def remind_due(today: dt.date) -> int:
    """Remind of the notices whose day is near: on it and on the DAYS_BEFORE. Returns how many schools."""
    last = today + dt.timedelta(days=DAYS_BEFORE)
    due = Notice.objects.filter(
        status=Notice.Status.PUBLISHED, asks_confirmation=True, confirm_by__gte=today, confirm_by__lte=last
    )
    return sum(remind(notice, by=history.SYSTEM, today=today) for notice in due)


def _awaits(notice: Notice, reader: Reader) -> bool:
    """Whether something is still awaited of this person, whose school has not answered."""
    return reader.may_confirm if notice.asks_confirmation else not reader.has_read


def _remind(notice: Notice, members: Iterable[Membership]) -> None:
    kind = "notice_reminder_by" if notice.confirm_by else "notice_reminder"
    parameters = {"title": notice.title} | ({"day": notice.confirm_by} if notice.confirm_by else {})
    notifications.notify_members(
        members, kind=kind, season=notice.season, parameters=parameters, link=notice.school_url
    )


def of_version(notice: Notice, number: int | None) -> NoticeVersion | None:
    """The newest version, or that of a number; None when there is none."""
    return notice.versions.filter(number=number or notice.number).first()
