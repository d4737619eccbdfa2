"""A person's address of the calendar, for programs that cannot sign in. Whoever has it reads the calendar until it is ended."""

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.urls import reverse

from portal import history, permissions
from portal.models import Membership, User
from schools.models import CalendarLink

_SIGNER = Signer(salt="schools.calendar")


def link_of(user: User) -> CalendarLink | None:
    return CalendarLink.objects.filter(account=user.pk).first()


def address_of(link: CalendarLink) -> str:
    """The whole address, with the host."""
    return settings.SITE_URL + reverse("schools:calendar_file", args=[_SIGNER.sign(str(link.pk))])


def renew(*, by: User) -> CalendarLink:
    """A new address; the old one, if there is one, is shut."""
    with transaction.atomic():
        CalendarLink.objects.filter(account=by.pk).delete()
        link = CalendarLink.objects.create(account=by.pk)
        history.record("calendar.opened", by, by=by)
    return link


def end(*, by: User) -> None:
    with transaction.atomic():
        if CalendarLink.objects.filter(account=by.pk).delete()[0]:
            history.record("calendar.ended", by, by=by)


def reader(signed: str) -> Membership | None:
    """Whose calendar the address opens; None where it is wrong or ended, or the person may not see it any more."""
    try:
        number = _SIGNER.unsign(signed)
    except BadSignature:
        return None
    link = CalendarLink.objects.filter(pk=int(number)).first()
    if link is None:
        return None
    people = Membership.objects.select_related("user", "school__area")
    member = people.filter(user=link.account, user__is_active=True).first()
    return member if member and not member.is_shut_out and permissions.may(member, "schedule.see") else None
