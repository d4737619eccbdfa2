"""A notice from its draft to its withdrawal. What was published stays as it is; a correction is a new version."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.dispatch import Signal
from django.utils.translation import gettext as _

from portal import history, notifications
from portal.changes import states
from portal.changes.field_changes import change_fields
from portal.errors import PortalError
from portal.models import User
from schools.models import Enrolment, Notice, NoticeAddressee, NoticeVersion, Season

# Sent inside the transaction that publishes a version: `notice`, `by`. Rooms above tell their own readers.
published = Signal()


def create(season: Season, *, by: User, **fields: Any) -> Notice:
    """A draft."""
    with transaction.atomic():
        notice = Notice.objects.create(season=season, **fields)
        history.record("notice.created", notice, by=by, after=notice.status)
    return notice


def change(notice: Notice, *, by: User, **fields: Any) -> Notice:
    """Change the draft. Readers see nothing of it before `publish`."""
    require_editable(notice)
    return change_fields(notice, by=by, **fields)


def require_editable(notice: Notice) -> None:
    if notice.status == Notice.Status.WITHDRAWN:
        raise PortalError(_("This notice was withdrawn. Write a new one."))


def addressed(notice: Notice) -> QuerySet[Enrolment]:
    """The enrolments of the season that the draft is for."""
    rows = Enrolment.objects.filter(season=notice.season_id, school__is_active=True).select_related("school__area")
    narrowed = {
        "school__area__in": notice.areas,
        "school__kind__in": notice.kinds,
        "status__in": notice.phases,
        "school__in": notice.schools,
    }
    return rows.filter(**{lookup: values for lookup, values in narrowed.items() if values})


def differs(notice: Notice) -> bool:
    """Whether the draft says something else than what readers see."""
    if notice.number == 0:
        return True
    current = notice.current
    return (notice.title, notice.body, notice.has_annexes, _draft_files(notice)) != (
        current.title,
        current.body,
        current.has_annexes,
        current.files,
    )


def publish(notice: Notice, *, by: User, change: str = "", asks_again: bool = True) -> NoticeVersion:
    """Publish the draft as the next version, to the schools that it is for and those told before.

    `change`: what is new, for the readers of the version before. `asks_again`: confirmations of earlier versions
    no longer count. Raises PortalError when nobody would be told or nothing is new.
    """
    with transaction.atomic():
        row = Notice.objects.select_for_update(no_key=True).select_related("season").get(pk=notice.pk)
        _require_publishable(row, change)
        number = row.number + 1
        version = NoticeVersion.objects.create(
            notice=row,
            number=number,
            title=row.title,
            body=row.body,
            has_annexes=row.has_annexes,
            files=_draft_files(row),
            change=change.strip(),
            published_by=by.actor_name[:60],
        )
        counts_from = number if asks_again or number == 1 else row.counts_from
        facts = {"notice_version": number, "change": change.strip()} if change.strip() else {"notice_version": number}
        if row.status == Notice.Status.DRAFT:
            states.change(row, Notice.Status.PUBLISHED, by=by, facts=facts, number=number, counts_from=counts_from)
        else:
            row.number, row.counts_from = number, counts_from
            row.save(update_fields=["number", "counts_from"])
            history.record("notice.corrected", row, by=by, facts=facts)
        _address(row, addressed(row))
        _tell(row, NoticeAddressee.objects.filter(notice=row))
        published.send(Notice, notice=row, by=by)
    notice.refresh_from_db()
    return version


def _require_publishable(notice: Notice, change: str) -> None:
    require_editable(notice)
    if not notice.for_schools and not notice.for_students:
        raise PortalError(_("Choose whom the notice is for: the people of the schools, the students, or both."))
    if not differs(notice):
        raise PortalError(_("Nothing has changed since version %(n)d.") % {"n": notice.number})
    if notice.number and not change.strip():
        raise PortalError(_("Say in one sentence what is new, so that nobody has to compare."))
    if not addressed(notice).exists():
        raise PortalError(_("No school of the season matches. Choose other areas, kinds or states."))


def _draft_files(notice: Notice) -> list[int]:
    return list(notice.files.filter(is_dropped=False).values_list("pk", flat=True))


def _address(notice: Notice, enrolments: Iterable[Enrolment]) -> list[NoticeAddressee]:
    """The rows of schools that were not told before."""
    known = set(NoticeAddressee.objects.filter(notice=notice).values_list("school_id", flat=True))
    rows = [NoticeAddressee(notice=notice, school=row.school) for row in enrolments if row.school_id not in known]
    return NoticeAddressee.objects.bulk_create(rows)


def _tell(notice: Notice, addressees: Iterable[NoticeAddressee]) -> None:
    if not notice.for_schools:
        return
    kind = "notice" if notice.number == 1 else "notice_corrected"
    told = [row.school_id for row in addressees]
    parameters, link = {"title": notice.title}, notice.school_url
    notifications.notify_schools(told, kind=kind, season=notice.season, parameters=parameters, link=link)


def tell_new_schools(season: Season, enrolments: list[Enrolment]) -> None:
    """Schools that join later are told what the schools of their area and kind were told.

    Not what was for single schools, or for schools in certain states on that day.
    """
    open_to_all = Q(schools=[], phases=[])
    for notice in Notice.objects.filter(open_to_all, season=season, status=Notice.Status.PUBLISHED):
        fitting = addressed(notice).filter(pk__in=[row.pk for row in enrolments])
        _tell(notice, _address(notice, fitting))


def withdraw(notice: Notice, *, by: User, reason: str) -> Notice:
    """Readers no longer see it; the versions stay for the center and the history."""
    if not reason.strip():
        raise PortalError(_("Please give the reason."))
    return states.change(notice, Notice.Status.WITHDRAWN, by=by, facts={"reason": reason.strip()})
