"""Who is told when somebody tries to get in: once a day for an account, a student or an address."""

from portal.accounts import telling
from portal.models import Membership, User
from portal.permissions import roles_of
from portal.security import attempts

FAILURES_AN_IDENTITY = 20  # a day, from all addresses together
WRONG_CODES = 5  # a day, from all addresses together


def failed_at_address(address: str) -> None:
    """A failure of a student or of a person of the staff. The center's administrators are told of many."""
    if attempts.failed_at(address):
        for member in _administrators(None):
            telling.tell(member, "attack.address", {"address": address, "number": attempts.FREE_AT_ADDRESS})


def failed_at_account(user: User) -> None:
    """The owner and the administrators of the organisation are told of many."""
    if attempts.reached("account", str(user.pk), most=FAILURES_AN_IDENTITY):
        _tell_of(user, "attack.account", FAILURES_AN_IDENTITY)


def failed_at_second_step(user: User) -> None:
    """Owner and administrators are told of several: somebody knows the password."""
    if attempts.reached("second-step", str(user.pk), most=WRONG_CODES):
        _tell_of(user, "attack.second_step", WRONG_CODES)


def _tell_of(user: User, kind: str, number: int) -> None:
    """Tell the owner of the account, and the administrators of the organisation."""
    member = Membership.objects.select_related("user", "school").filter(user=user).first()
    parameters = {"name": user.actor_name, "number": number}
    telling.tell_owner(user, kind, parameters)
    for other in _administrators(member.school_id if member else None):
        if other.user_id != user.pk:
            telling.tell(other, kind, parameters)


def _administrators(school: int | None) -> list[Membership]:
    rows = Membership.objects.filter(
        school=school, roles__overlap=sorted(roles_of("people.manage")), user__is_active=True
    )
    return list(rows.select_related("user", "school"))
