"""The people of the center and of the schools: accounts, roles, and the contact person for the
capture.

Nobody can sign up. An administrator makes an account and gives its owner a link that works once,
within three days.
"""

import logging
import smtplib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.dispatch import Signal
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import history, permissions, student_limits
from portal.accounts import email_addresses, open_sessions, passwords, second_factor, telling
from portal.changes.field_changes import change_fields
from portal.database.scope import about_account
from portal.errors import MailNotTaken, NotAllowed, PortalError
from portal.models import Membership, Role, User
from portal.models.people import CENTER_ROLES, LIMITABLE_ROLES, SCHOOL_ROLES, rank_of
from portal.security.rate_limits import Daily
from portal.student_limits import Limit
from portal.tenancy import Tenant

log = logging.getLogger(__name__)
LINKS = Daily(
    "links",
    300,
    gettext_lazy("You have made %(n)d accounts and links, the most for one day. You can go on in %(hours)d h."),
)
# Sent with `member` when a school has another contact person, or the contact person's name or phone
# has changed.
contact_changed = Signal()


@dataclass(frozen=True)
class Invitation:
    """A new account or link. `link` is "" when it was mailed; else it is shown once. It is not stored."""

    member: Membership
    link: str


def invite(
    *,
    username: str,
    full_name: str,
    roles: Collection[str],
    by: User,
    school: Tenant | None = None,
    email: str = "",
    phone: str = "",
    limit: Limit = student_limits.NONE,
) -> Invitation:
    """Make an account without a password, and the link by which its owner sets one."""
    own = _check_may_manage(by, school)
    _check_roles(roles, school, limit, own)
    LINKS.count(by.pk)
    user = User(username=username, email=email.lower(), full_name=full_name, phone=phone)
    return _invite(user, Membership(school=school), roles, limit, by=by)


def has_administrator() -> bool:
    """Whether the center has somebody who invites the others."""
    return Membership.objects.filter(school=None, roles__contains=[Role.CENTER_ADMIN], user__is_active=True).exists()


def invite_first(*, username: str, full_name: str, email: str = "") -> Invitation:
    """The center's first administrator, by a command of the operator: nobody is there yet who could invite."""
    if has_administrator():
        raise PortalError(_("The center has an administrator, who invites the others under “People”."))
    user = User(username=username, email=email.lower(), full_name=full_name)
    return _invite(user, Membership(), [Role.CENTER_ADMIN], student_limits.NONE, by=history.SYSTEM)


def _invite(new: User, member: Membership, roles: Collection[str], limit: Limit, *, by: history.Actor) -> Invitation:
    taken = PortalError(_("The user name %(name)s is taken. Choose another one.") % {"name": new.username})
    if User.objects.filter(username__iexact=new.username).exists():
        raise taken
    with transaction.atomic():
        try:
            with transaction.atomic():
                member.user = User.objects.create_user(
                    new.username, new.email, None, full_name=new.full_name, phone=new.phone
                )
        except IntegrityError as error:  # another request was faster
            raise taken from error
        _write_roles(member, roles, limit)
        facts = {"name": new.full_name, "username": new.username} | _changes({}, _facts(member))
        history.record("person.invited", member, by=by, facts=facts)
        email_addresses.keep_in_step(member.user)
        return _invitation(member)


def _write_roles(member: Membership, roles: Collection[str], limit: Limit) -> None:
    """The one place that writes who may do what."""
    member.roles = [role for role in Role if role in roles]
    member.colleges, member.class_names = sorted(limit.colleges), sorted(limit.class_names)
    member.save()


def _facts(member: Membership) -> dict[str, Any]:
    return {"roles": list(member.roles), "colleges": member.colleges, "class_names": member.class_names}


def _changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """{name: [before, after]} of the facts that differ, for the history."""
    return {name: [before.get(name, []), value] for name, value in after.items() if before.get(name, []) != value}


def renew_link(member: Membership, *, by: User) -> Invitation:
    """A new link for a person who forgot the password.

    The old password and open sessions end at once, and the person is told. Only for who stands below:
    others ask for a link themselves (“Forgot the password?”), or the operator.
    """
    own = _check_may_manage(by, member.school)
    _check_below(member, own)
    if not member.user.is_active:
        raise PortalError(_("This account is switched off. Switch it on first."))
    LINKS.count(by.pk)
    with transaction.atomic():
        passwords.end_password(member.user)
        open_sessions.end(member.user)
        history.record("person.link_renewed", member, by=by, facts={"name": member.user.actor_name})
        telling.tell(member, "account.link_renewed", {"by": by.actor_name})
        return _invitation(member)


def _invitation(member: Membership) -> Invitation:
    """Mail the link to the person's own address. Only without a mail server is it shown, to be handed over.

    Raises PortalError when there is a mail server and no address, or it does not take the mail.
    """
    token = default_token_generator.make_token(member.user)
    key = {"uidb36": user_pk_to_url_str(member.user), "key": token}
    link = settings.SITE_URL + reverse("account_reset_password_from_key", kwargs=key)
    if not can_mail():
        return Invitation(member, link)
    if not member.user.email:
        raise PortalError(_("Enter the person's e-mail address: the link is mailed there, and shown to nobody."))
    _mail_link(member.user, link)
    return Invitation(member, "")


def can_mail() -> bool:
    """Whether a mail server is set up.

    The console and file backends would write the link to a log.
    """
    return not settings.EMAIL_BACKEND.endswith(
        ("console.EmailBackend", "filebased.EmailBackend", "mail_files.EmailBackend")
    )


def _mail_link(user: User, link: str) -> None:
    """Not a notification: a notification and its parameters are stored, and the link must not be
    stored, because it gives access to the account. For the same reason it is not queued or sent again.
    """
    text = _(
        "%(name)s, please open this link within three days and choose a password:\n\n%(link)s\n\nUser name: %(user)s"
    )
    body = text % {"name": user.actor_name, "link": link, "user": user.username}
    try:
        EmailMessage(_("Your account at Tucai"), body, to=[user.email]).send()
    except (OSError, smtplib.SMTPException) as error:
        log.warning("The link for user %s was not mailed: %s", user.pk, error)
        raise MailNotTaken from error


def remove_second_factor(member: Membership, *, by: User, reason: str) -> None:
    """For a person below who has lost it. Open sessions end, and the person sets up a new one."""
    own = _check_may_manage(by, member.school)
    if member.rank >= own.rank:
        raise NotAllowed(
            _(
                "%(name)s stands as high as you or higher: only somebody who stands higher, or the operator removes the"
                " second step."
            )
            % {"name": member.user.actor_name}
        )
    second_factor.remove_lost(member.user, by=by, reason=reason)


def change_person(
    member: Membership,
    *,
    by: User,
    full_name: str,
    roles: Collection[str],
    email: str = "",
    phone: str = "",
    limit: Limit = student_limits.NONE,
) -> Membership:
    """Change name, roles, limits, e-mail and phone. The person is told, at the old address.

    Nobody can change their own roles, limits and address, and one administrator must remain.
    """
    own = _check_may_manage(by, member.school)
    _check_not_above(member, own)
    with transaction.atomic():
        locked = (
            Membership.objects.select_for_update(of=("self",), no_key=True).select_related("user").get(pk=member.pk)
        )
        if email.lower() != locked.user.email.lower():
            _check_may_change_address(locked, own)
            telling.tell(locked, "account.email_changed", {"by": by.actor_name, "email": email or "–"})
        locked.user = change_fields(
            locked.user, by=by, event_kind="person.changed", full_name=full_name, email=email.lower(), phone=phone
        )
        email_addresses.keep_in_step(locked.user)
        _change_roles(locked, roles, limit, by=by, own=own)
        if locked.is_contact:
            contact_changed.send(Membership, member=locked)
    return locked


def _change_roles(member: Membership, roles: Collection[str], limit: Limit, *, by: User, own: Membership) -> None:
    before = _facts(member)
    asked = [role for role in Role if role in roles], sorted(limit.colleges), sorted(limit.class_names)
    if asked == (member.roles, member.colleges, member.class_names):
        return
    _check_not_self(member, by)
    _check_roles(roles, member.school, limit, own)
    if permissions.roles_of("people.manage").isdisjoint(roles):
        _check_not_last(member)
    _write_roles(member, roles, limit)
    history.record("person.role_changed", member, by=by, facts=_changes(before, _facts(member)))
    telling.tell(member, "account.roles_changed", {"by": by.actor_name, "roles": list(member.roles)})


def switch_off(member: Membership, *, by: User) -> Membership:
    """Deactivate an account.

    Its sessions end; its events stay in the history.
    """
    _check_not_above(member, _check_may_manage(by, member.school))
    _check_not_self(member, by)
    with transaction.atomic():
        _check_not_last(member)
        with about_account(member.user_id):
            User.objects.filter(pk=member.user_id).update(is_active=False)
        Membership.objects.filter(pk=member.pk).update(is_contact=False)
        open_sessions.end(member.user)
        history.record("person.switched_off", member, by=by, facts={"name": member.user.actor_name})
    return member


def end_sessions(member: Membership, *, by: User) -> None:
    """Sign a person out everywhere, such as after a lost telephone. The person is told."""
    _check_not_above(member, _check_may_manage(by, member.school))
    with transaction.atomic():
        number = open_sessions.end(member.user)
        facts = {"name": member.user.actor_name, "count": number}
        history.record("person.sessions_ended", member, by=by, facts=facts)
        telling.tell(member, "account.sessions_ended", {"by": by.actor_name})


def switch_on(member: Membership, *, by: User) -> Membership:
    _check_not_above(member, _check_may_manage(by, member.school))
    with transaction.atomic():
        with about_account(member.user_id):
            User.objects.filter(pk=member.user_id).update(is_active=True)
        history.record("person.switched_on", member, by=by, facts={"name": member.user.actor_name})
    return member


def make_contact(member: Membership, *, by: User) -> Membership:
    """Make a person the school's contact for the capture (the notice asks for a named person)."""
    _check_may_manage(by, member.school)
    if member.school is None or not member.user.is_active:
        raise PortalError(_("Only an active person of a school can be responsible for its capture."))
    with transaction.atomic():
        peers = Membership.objects.select_for_update(no_key=True).filter(school=member.school)
        before = ", ".join(peer.user.actor_name for peer in peers if peer.is_contact)
        peers.update(is_contact=False)
        Membership.objects.filter(pk=member.pk).update(is_contact=True)
        member.is_contact = True
        history.record("person.made_contact", member, by=by, facts={"name": [before, member.user.actor_name]})
        contact_changed.send(Membership, member=member)
    return member


def _check_may_manage(by: User, school: Tenant | None) -> Membership:
    """The membership of `by`, who may manage people: at the center of every school, at a school only
    its own. An operator, who has none, stands above all. Raises NotAllowed for others.
    """
    if by.is_superuser:
        return Membership(user=by)
    own = Membership.objects.select_related("user").filter(user=by, user__is_active=True).first()
    permissions.check(own, "people.manage")
    if own is None or not (own.is_center or (school is not None and own.school_id == school.pk)):
        raise NotAllowed(_("You may only manage the people of your own school."))
    return own


def _check_roles(roles: Collection[str], school: Tenant | None, limit: Limit, own: Membership) -> None:
    """Raise PortalError for roles that do not fit the organisation or the limit, and NotAllowed for
    one above the own rank.
    """
    if not roles:
        raise PortalError(_("Choose at least one role."))
    if not set(roles) <= (CENTER_ROLES if school is None else SCHOOL_ROLES):
        raise PortalError(_("This role does not fit here."))
    if max(rank_of(role) for role in roles) > own.rank:
        raise NotAllowed(_("You may not give a role above your own."))
    if Role.SCHOOL_MONITOR in roles and not limit.class_names:
        raise PortalError(_("Choose the class of the class monitor."))
    if (limit.colleges or limit.class_names) and not set(roles) <= LIMITABLE_ROLES:
        raise PortalError(_("Only officers, reviewers and station helpers can be limited to colleges or classes."))


def _check_not_above(member: Membership, own: Membership) -> None:
    if member.rank > own.rank:
        raise NotAllowed(_("%(name)s stands above you.") % {"name": member.user.actor_name})


def _check_below(member: Membership, own: Membership) -> None:
    if member.rank >= own.rank:
        raise NotAllowed(
            _(
                "%(name)s stands as high as you or higher: only “Forgot the password?” on the sign-in page, somebody who"
                " stands higher, or the operator makes a link."
            )
            % {"name": member.user.actor_name}
        )


def may_change_address(member: Membership, own: Membership) -> bool:
    """Whoever changes an address can have a link sent there: only for who stands below."""
    return member.rank < own.rank


def _check_may_change_address(member: Membership, own: Membership) -> None:
    if not may_change_address(member, own):
        raise NotAllowed(_("Only the person can change the e-mail address, under “Sign-in security”."))


def _check_not_self(member: Membership, by: User) -> None:
    if member.user_id == by.pk:
        raise PortalError(_("You cannot change your own rights. Another administrator can."))


def _check_not_last(member: Membership) -> None:
    """Raise PortalError for the last administrator.

    Two cannot remove each other at once: who waited for the lock asks in a second statement, which sees what
    the first one has done. In the statement that locks, whether an account is active would be read of before.
    """
    managing = sorted(permissions.roles_of("people.manage"))
    if not set(managing) & set(member.roles):
        return
    people = Membership.objects.filter(school=member.school).order_by("pk")
    list(people.select_for_update(no_key=True))
    if not people.filter(roles__overlap=managing, user__is_active=True).exclude(pk=member.pk).exists():
        raise PortalError(_("This is the last administrator. Make somebody else an administrator first."))
