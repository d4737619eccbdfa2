"""Which role may do what.

A room registers its actions, with their roles, in its module `permissions`:

    permissions.register("fees.refund", _("Refund a payment"), roles={Role.CENTER_ADMIN})

A page names its action (`@center_page(may="fees.refund")`), a rule asks `may`, a template asks
`{% if membership|may:"fees.refund" %}`. `manage.py permissions` prints the whole table.

The roles are those of `portal.models.Role`. An action does not say on which rows: a person of a
school may do it for that school, a person of the center for all schools.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from portal.errors import NotAllowed
from portal.models import Membership, Role

# Groups of roles that many actions use. Add a new role to a group only if it may do everything that
# the group may.
CENTER = frozenset({Role.CENTER_ADMIN, Role.CENTER_OFFICER})
SCHOOL = frozenset({Role.SCHOOL_ADMIN, Role.SCHOOL_OFFICER})
EVERYBODY = CENTER | SCHOOL


@dataclass(frozen=True)
class Action:
    name: str
    label: Any
    roles: frozenset[Role]


ACTIONS: dict[str, Action] = {}


def register(name: str, label: Any, *, roles: Iterable[Role]) -> None:
    """Register an action, `<area>.<verb>`, with its label and the roles that may do it."""
    if name in ACTIONS:
        raise ValueError(f"The action {name} is registered twice.")
    ACTIONS[name] = Action(name, label, frozenset(roles))


def action(name: str) -> Action:
    """The registered action; LookupError for a name that no room has registered."""
    if name not in ACTIONS:
        raise LookupError(f"The action {name} is not registered: see portal/permissions.py.")
    return ACTIONS[name]


def roles_of(name: str) -> frozenset[Role]:
    """The roles that may do this."""
    return action(name).roles


def may(member: Membership | None, name: str) -> bool:
    """Whether a person may do this. A person without a membership may do nothing."""
    roles = roles_of(name)
    return member is not None and member.role in roles


def check(member: Membership | None, name: str) -> None:
    """Raise NotAllowed unless the person may do this."""
    if not may(member, name):
        raise NotAllowed(
            _("Your role does not allow this: %(action)s. Ask your administrator.") % {"action": action(name).label}
        )
