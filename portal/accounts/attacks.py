"""Who is told when somebody tries to get in: once a day for an account, a student or an address."""

from portal.accounts import telling
from portal.models import Membership
from portal.permissions import roles_of
from portal.security import attempts

FAILURES_AN_IDENTITY = 20  # a day, from all addresses together
FAILURES_AN_ADDRESS = 60  # a day, at all identities together


def failed_at_address(address: str) -> None:
    """A failure of a student or of a person of the staff. The center's administrators are told of many."""
    if attempts.reached("address", address, most=FAILURES_AN_ADDRESS):
        for member in _administrators(None):
            telling.tell(member, "attack.address", {"address": address, "number": FAILURES_AN_ADDRESS})


def failed_at_account(member: Membership) -> None:
    """The owner and the administrators of the organisation are told of many."""
    if attempts.reached("account", str(member.user_id), most=FAILURES_AN_IDENTITY):
        parameters = {"name": member.user.actor_name, "number": FAILURES_AN_IDENTITY}
        telling.tell(member, "attack.account", parameters)
        for other in _administrators(member.school_id):
            if other.pk != member.pk:
                telling.tell(other, "attack.account", parameters)


def _administrators(school: int | None) -> list[Membership]:
    rows = Membership.objects.filter(
        school=school, roles__overlap=sorted(roles_of("people.manage")), user__is_active=True
    )
    return list(rows.select_related("user", "school"))
