"""Who is signed in: the account, its membership with the school, and whether it has a second factor, in one statement."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings

from portal.accounts.second_factor import HAS_FACTOR
from portal.database.scope import about_account
from portal.models import Membership, User


class Backend(AuthenticationBackend):
    """django-allauth's, which also knows what every page of the staff asks of a person."""

    def get_user(self, user_id: int) -> User | None:
        people = User.objects.select_related("membership__school__area").annotate(has_factor=HAS_FACTOR)
        with about_account(user_id):
            found: User | None = people.filter(pk=user_id).first()
        return found if found and self.user_can_authenticate(found) else None

    def user_can_authenticate(self, user: Any) -> bool:
        """Everybody knows the password of a demo's account, and it is asked for no second factor: it opens nothing where real
        people work, in case the database was once that of a demo.
        """
        return super().user_can_authenticate(user) and (settings.IS_LOCAL or not user.is_demo)


def membership_of(user: Any) -> Membership | None:
    """The membership of who is signed in (`Backend`), with `has_factor`; None for an account without one."""
    member: Any = getattr(user, "membership", None) if user.is_authenticated else None
    if member is not None:
        member.has_factor = user.has_factor
    return member
