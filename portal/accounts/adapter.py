"""Sign-in of center and school people: django-allauth, without self-made accounts."""

import logging
import smtplib
from contextlib import suppress
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, urlsplit

from allauth.account import signals
from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.dispatch import receiver
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from portal import history
from portal.access import ShutOut
from portal.accounts import attacks, email_addresses, passwords, second_factor
from portal.accounts.addresses import address_of
from portal.accounts.factor_secrets import Clear, Sealed
from portal.database.scope import about_account, is_signing_in
from portal.errors import MailNotTaken, NotAllowed, PortalError
from portal.models import Membership, User
from portal.security import attempts
from portal.tenancy import across_schools
from portal.untrusted import brake

log = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    """Administrators make the accounts; nobody can sign up. The history records every sign-in.

    Links in mails begin with SITE_URL, whatever host the request named.
    """

    def is_open_for_signup(self, request: Any) -> bool:
        return False

    def pre_login(self, request: Any, user: Any, **kwargs: Any) -> HttpResponse | None:
        is_signing_in(user.pk)
        member = Membership.objects.select_related("school").filter(user=user).first()
        if member and member.is_shut_out:
            messages.error(request, str(ShutOut(member)))
            return HttpResponseRedirect(reverse("account_login"))
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return response

    def post_login(self, request: Any, user: Any, **kwargs: Any) -> HttpResponse:
        email_addresses.keep_in_step(user)
        response: HttpResponse = super().post_login(request, user, **kwargs)
        _record("person.signed_in", user)
        return response

    def pre_authenticate(self, request: Any, **credentials: Any) -> None:
        """Instead of allauth's limit by address, which let one visitor shut out a campus."""
        address = address_of(request.META)
        try:
            for identity in [str(account.pk) for account in accounts_of(credentials)] or [_login_of(credentials)]:
                attempts.begin("staff", address, identity, free=attempts.free_at(address))
        except PortalError as error:
            raise ValidationError(str(error)) from error

    def authenticate(self, request: Any, **credentials: Any) -> Any:
        """One password is hashed for a try: what holds an @ is looked up as an e-mail address alone.

        Whoever got in by a name that could mean other accounts too forgets no attempts at those.
        """
        if "@" in credentials.get("email", ""):
            credentials.pop("username", None)
        try:
            with brake.PASSWORDS.held():
                user = super().authenticate(request, **credentials)
        except brake.Busy as error:
            raise ValidationError(str(error)) from error
        if user:
            attempts.succeeded("staff", address_of(request.META), str(user.pk))
            attempts.entered_at(address_of(request.META), f"user:{user.pk}")
        return user

    def authentication_failed(self, request: Any, **credentials: Any) -> None:
        """Record a wrong password for each account that the name could mean.

        Unknown names are not recorded, because anyone could fill the history: a line of the log says where they came
        from, without the name, which may be a password typed in the wrong field.
        """
        accounts = accounts_of(credentials)
        attacks.failed_at_address(address_of(request.META))
        for user in accounts:
            _record("person.sign_in_failed", user)
            attacks.failed_at_account(user)
        if not accounts:
            log.warning("A sign-in with an unknown name failed from %s", address_of(request.META))

    def set_password(self, user: Any, password: str) -> None:
        passwords.set_password(user, password)

    def confirm_email(self, request: Any, email_address: Any) -> bool:
        """Who opens the link in the mail need not be signed in."""
        with about_account(email_address.user_id):
            confirmed: bool = super().confirm_email(request, email_address)
        return confirmed

    def can_delete_email(self, email_address: Any) -> bool:
        """Only an address that waits to be confirmed: reminders and new links go to the other one."""
        return not email_address.primary

    def get_reset_password_from_key_url(self, key: str) -> str:
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return settings.SITE_URL + path.replace("UID-KEY", quote(key))

    def get_email_confirmation_url(self, request: Any, emailconfirmation: Any) -> str:
        return settings.SITE_URL + reverse("account_confirm_email", args=[emailconfirmation.key])

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        site = SimpleNamespace(domain=urlsplit(settings.SITE_URL).netloc, name=_("Tucai"))
        try:
            super().send_mail(template_prefix, email, {"current_site": site} | context)
        except (OSError, smtplib.SMTPException) as error:
            log.warning("The mail %s was not sent: %s", template_prefix, error)
            raise MailNotTaken from error

    def send_notification_mail(self, template_prefix: str, *args: Any, **kwargs: Any) -> None:
        if not template_prefix.startswith("mfa/"):  # portal.accounts.second_factor tells of these
            with suppress(MailNotTaken):  # what it tells of is done
                super().send_notification_mail(template_prefix, *args, **kwargs)


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets are encrypted and bound to their row; whoever needs a second factor keeps the last one."""

    def encrypt(self, text: str) -> str:
        return Clear(text)

    def decrypt(self, encrypted_text: str) -> str:
        if not isinstance(encrypted_text, Sealed):
            raise TypeError("A secret of the second factor is read outside of its row.")
        return encrypted_text.read()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        try:
            second_factor.check_may_remove(authenticator)
        except NotAllowed:
            return False
        return True

    def get_totp_label(self, user: Any) -> str:
        return str(user.username)

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return _("Passkey %(number)d") % {"number": number}

    def _get_site_name(self) -> str:
        """The name of this account's issuer in the person's app and among the passkeys."""
        return _("Tucai")


def accounts_of(credentials: dict[str, Any]) -> list[User]:
    """The accounts that a sign-in could mean: by user name, or by an address that several may have."""
    named = Q(pk__in=[])
    for name in {credentials.get("username"), credentials.get("email")} - {None, ""}:
        named |= Q(username__iexact=name) | Q(email__iexact=name)
    return list(User.objects.filter(named).order_by("pk"))


def _login_of(credentials: dict[str, Any]) -> str:
    return str(credentials.get("username") or credentials.get("email") or "").casefold()


@receiver(signals.password_changed)
@receiver(signals.password_set)
@receiver(signals.password_reset)
def record_password(user: User, **_signal: Any) -> None:
    _record("person.password_changed", user)


@receiver(signals.email_changed)
def record_email(user: User, from_email_address: Any, to_email_address: Any, **_signal: Any) -> None:
    before = from_email_address.email if from_email_address else ""
    _record("person.email_changed", user, {"email": [before, to_email_address.email]})


def _record(kind: str, user: User, facts: dict[str, Any] | None = None) -> None:
    member = Membership.objects.filter(user=user).first()
    if member:
        with across_schools():  # who signs in, or tried to, is in no scope yet
            history.record(kind, member, by=user, facts=facts)
