"""What the portal adds to django-allauth's pages of the second factor."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.views import RemoveWebAuthnView
from django.urls import reverse_lazy
from django.views.generic import RedirectView

from portal.accounts import second_factor


class RemovePasskey(RemoveWebAuthnView):
    """Refuses to remove the last factor of a person who needs one, as allauth's page of the app does."""

    success_url = reverse_lazy("mfa_index")

    def get_object(self, queryset: Any = None) -> Authenticator:
        authenticator: Authenticator = super().get_object(queryset)
        second_factor.check_may_remove(authenticator)
        return authenticator


remove_passkey: Any = RemovePasskey.as_view()
# The page of all factors lists the passkeys.
passkeys: Any = RedirectView.as_view(pattern_name="mfa_index")
