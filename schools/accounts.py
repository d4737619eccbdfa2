"""Sign-in of center and school people: django-allauth, without self-made accounts."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by an administrator, never by signing up."""

    def is_open_for_signup(self, request: Any) -> bool:
        return False
