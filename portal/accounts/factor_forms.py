"""django-allauth's forms of the second factor, as settings.MFA_FORMS names them, where ours are stricter."""

from typing import Any

from allauth.core import context
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as base
from allauth.mfa.totp import forms as totp
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY
from django import forms
from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from portal.security import encryption
from portal.security.encryption import Place


class SetUpApp(totp.ActivateTOTPForm):
    """While it is being set up, the secret is in the session encrypted, bound to the person."""

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


class OneTimeCode(base.BaseAuthenticateForm):
    """A code is taken once in all the time in which it is right; allauth forgets it after one period."""

    code = forms.CharField(
        label=_("Six digits, or a recovery code"),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def clean_code(self) -> str:
        code: str = super().clean_code()
        key = f"second-factor-code:{self.user.pk}:{normalize_user_code(code)}"
        periods = 1 + 2 * app_settings.TOTP_TOLERANCE
        if not cache.add(key, "", timeout=periods * app_settings.TOTP_PERIOD):
            raise get_adapter().validation_error("incorrect_code")
        return code


class SignInCode(OneTimeCode, base.AuthenticateForm):
    """After the password."""


class CodeAgain(OneTimeCode, base.ReauthenticateForm):
    """In place of the password, on a page that asks for it again."""
