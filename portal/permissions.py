"""Which role may do what.

A room registers its actions, with their roles, in its module `permissions`:

    permissions.register("fees.refund", _("Refund a payment"), roles={Role.CENTER_ADMIN})

A page names its action (`@center_page(may="fees.refund")`), a rule asks `may`, a template asks
`{% if membership|may:"fees.refund" %}`. `manage.py permissions` prints the whole table.

The roles are those of `portal.models.Role`; a person with several may do what any of them may. An
action does not say on which rows: a person of a school may do it for that school, a person of the
center for all schools. A person limited to colleges or classes (`portal.student_limits`) may do it for their
students, and may not do it at all if it `is_about_school`, the whole of it.

Before a page of an action that `asks_password`, the person gives the password again (portal.accounts.password_again).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from portal.errors import NotAllowed
from portal.models import Membership, Role
from portal.models.people import CENTER_ROLES

# Groups of roles that many actions use. Add a new role to a group only if it may do everything that
# the group may.
CENTER = frozenset({Role.CENTER_ADMIN, Role.CENTER_OFFICER})
SCHOOL = frozenset({Role.SCHOOL_ADMIN, Role.SCHOOL_OFFICER})
OFFICERS = CENTER | SCHOOL
REVIEWERS = frozenset({Role.CENTER_REVIEWER, Role.SCHOOL_REVIEWER})
ALL_ROLES = frozenset(Role)
CENTER_STAFF = frozenset(CENTER_ROLES)


@dataclass(frozen=True)
class Action:
    name: str
    label: Any
    roles: frozenset[Role]
    is_about_school: bool = False
    asks_password: bool = False
    needs_second_factor: bool = False
    in_archive: bool = False

    @property
    def area(self) -> str:
        return self.name.partition(".")[0]


ACTIONS: dict[str, Action] = {}
_SUBJECTS: dict[Any, tuple[str, ...]] = {}  # heading of the table -> areas below it


def register(
    name: str,
    label: Any,
    *,
    roles: Iterable[Role],
    is_about_school: bool = False,
    asks_password: bool = False,
    needs_second_factor: bool = False,
    in_archive: bool = False,
) -> None:
    """Register an action, `<area>.<verb>`, with its label and the roles that may do it.

    `is_about_school`: it shows or changes something of a whole school, so that a person limited to
    colleges or classes may not do it. `asks_password`: only after the password was given again.
    `needs_second_factor`: it shows document numbers in clear or carries data of many students away, so
    that whoever may do it signs in with a second factor. `in_archive`: its forms are answered where pages
    can only be read (`request.read_only`): it shows or exports, or does not change what is archived.
    """
    if name in ACTIONS:
        raise ValueError(f"The action {name} is registered twice.")
    ACTIONS[name] = Action(
        name, label, frozenset(roles), is_about_school, asks_password, needs_second_factor, in_archive
    )


def register_subject(label: Any, *areas: str) -> None:
    """Register a heading of the table of permissions, and the areas whose actions stand below it."""
    _SUBJECTS[label] = areas


def by_subject() -> list[tuple[Any, list[Action]]]:
    """[(heading, its actions)]: the whole table, in the order of registration."""
    return [(label, [entry for entry in ACTIONS.values() if entry.area in areas]) for label, areas in _SUBJECTS.items()]


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
    asked = action(name)
    if member is None or (member.is_limited and asked.is_about_school):
        return False
    if member.is_visiting and asked.needs_second_factor:  # see portal.accounts.visits
        return False
    return not asked.roles.isdisjoint(member.roles)


def check(member: Membership | None, name: str) -> None:
    """Raise NotAllowed unless the person may do this."""
    if not may(member, name):
        raise NotAllowed(
            _("Your role does not allow this: %(action)s. Ask your administrator.") % {"action": action(name).label}
        )


def needs_second_factor(member: Membership | None) -> bool:
    """Whether a person must sign in with a second factor: all of the center, and by what the person may do."""
    if member is None:
        return False
    return member.is_center or any(may(member, name) for name, entry in ACTIONS.items() if entry.needs_second_factor)
