"""Sign-in of center and school people: django-allauth, without self-made accounts."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpResponse

from portal import history
from portal.models import Membership, User


class AccountAdapter(DefaultAccountAdapter):
    """Administrators make the accounts; nobody can sign up. The history records every sign-in."""

    def is_open_for_signup(self, request: Any) -> bool:
        return False

    def post_login(self, request: Any, user: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        _record("person.signed_in", user)
        return response

    def authentication_failed(self, request: Any, **credentials: Any) -> None:
        """Record a wrong password for a known account.

        Unknown names are not recorded: anyone could fill the history.
        """
        name = credentials.get("username") or credentials.get("email") or ""
        user = User.objects.filter(username__iexact=name).first() or User.objects.filter(email__iexact=name).first()
        if name and user:
            _record("person.sign_in_failed", user)


def _record(kind: str, user: User) -> None:
    member = Membership.objects.filter(user=user).first()
    if member:
        history.record(kind, member, by=user)
