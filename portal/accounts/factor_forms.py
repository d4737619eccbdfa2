"""django-allauth's forms of the second factor, as settings.MFA_FORMS names them, where ours are stricter."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.core import context
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings, signals
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as base
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY
from allauth.mfa.webauthn import forms as webauthn
from cryptography.exceptions import InvalidSignature
from django import forms
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from portal.accounts import open_sessions
from portal.accounts.addresses import address_of
from portal.errors import PortalError
from portal.models import User
from portal.security import attempts, encryption
from portal.security.encryption import Place
from portal.untrusted.json_bodies import UnreadableJson, read_json

ELSEWHERE = 100  # codes a day from all the places together in which the account never signed in


@contextmanager
def _paced(user: User) -> Iterator[None]:
    """Codes are slowed down as passwords are, by address and account: who knows the password blocks nobody elsewhere.

    A thief with a thousand addresses has few guesses all the same. Where the owner has signed in before,
    the thief's do not count.
    """
    address, account = address_of(context.request.META), str(user.pk)
    try:
        attempts.begin("code", address, account, free=attempts.free_at(address))
        if not open_sessions.is_known(user, address):
            attempts.begin("code-elsewhere", account, free=ELSEWHERE)
    except PortalError as error:
        raise ValidationError(str(error)) from error
    yield
    attempts.succeeded("code", address, account)


def _take(user: User, code: str) -> None:
    """A code counts once in all the time in which it is right; allauth forgets it after one period."""
    key = f"second-factor-code:{user.pk}:{normalize_user_code(code)}"
    periods = 1 + 2 * app_settings.TOTP_TOLERANCE
    if not cache.add(key, "", timeout=periods * app_settings.TOTP_PERIOD):
        raise get_adapter().validation_error("incorrect_code")


class SetUpApp(totp.ActivateTOTPForm):
    """While it is being set up, the secret is in the session encrypted, bound to the person.

    Nobody guesses a code whose secret stands beside the field: it is not paced.
    """

    code = forms.CharField(
        label=_("Six digits"), widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        session = context.request.session
        place = Place("session.totp", str(kwargs["user"].pk))
        kept = session.get(SECRET_SESSION_KEY)
        super().__init__(*args, **kwargs)
        if self.is_bound and kept:
            self.secret = encryption.decrypt_text(kept, place)
        else:
            session[SECRET_SESSION_KEY] = encryption.encrypt_text(self.secret, place)

    def clean_code(self) -> str:
        code: str = super().clean_code()
        _take(self.user, code)
        return code


class OneTimeCode(base.BaseAuthenticateForm):
    code = forms.CharField(
        label=_("Six digits, or a recovery code"),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def clean_code(self) -> str:
        with _paced(self.user):
            code: str = super().clean_code()
            try:
                _take(self.user, code)
            except ValidationError:
                self._emit_authentication_failed(self.authenticator)
                raise
        return code


class Credential(forms.JSONField):
    """What a browser sends of a passkey. It may be anything."""

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        try:
            return read_json(value)
        except UnreadableJson as error:
            raise get_adapter().validation_error("incorrect_code") from error

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What was sent does not stand in the form again."""
        return initial


@contextmanager
def _answering_nonsense() -> Iterator[None]:
    """The library of passkeys raises many kinds of errors for what is no passkey, or not the right one."""
    try:
        yield
    except (
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        NotImplementedError,
        struct.error,
        InvalidSignature,
    ) as error:
        raise get_adapter().validation_error("incorrect_code") from error


class AddPasskey(webauthn.AddWebAuthnForm):
    credential = Credential(widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        with _answering_nonsense():
            cleaned: dict[str, Any] = super().clean()
        return cleaned


class SignInPasskey(webauthn.AuthenticateWebAuthnForm):
    """After the password. Nobody guesses a passkey, so it is not slowed down; but the password is known to who fails."""

    credential = Credential(widget=forms.HiddenInput)

    def clean_credential(self) -> Any:
        try:
            with _answering_nonsense():
                return super().clean_credential()
        except ValidationError:
            signals.authentication_failed.send(
                sender=Authenticator,
                request=context.request,
                user=self.user,
                authenticator=None,
                reauthentication=self.reauthenticated,
            )
            raise


class PasskeyAgain(SignInPasskey):
    """In place of the password."""

    reauthenticated = True


class SignInCode(OneTimeCode, base.AuthenticateForm):
    """After the password."""


class CodeAgain(OneTimeCode, base.ReauthenticateForm):
    """In place of the password, on a page that asks for it again."""
