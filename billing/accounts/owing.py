"""What the center does about a school that owes when its sheets are ordered and its parcel goes: `Season.owing_rule`."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from billing.accounts import fee_accounts, overview
from portal.errors import PortalError
from portal.formatting import yuan
from schools.models import Enrolment, Season

Rule = Season.OwingRule


def check(enrolment: Enrolment, *, reason: str) -> dict[str, Any]:
    """The facts for the event of what is done all the same: what is owed, and the reason; {} when nothing is due.

    Raises PortalError when the rule of the season forbids it, or asks for a reason and there is none.
    """
    due_fen = fee_accounts.statement(enrolment).due_fen
    if not due_fen:
        return {}
    values = {"school": enrolment.school.name, "amount": yuan(due_fen)}
    if enrolment.season.owing_rule == Rule.BLOCK:
        raise PortalError(
            _("%(school)s still owes %(amount)s yuan. By the rule of this season it is paid before this goes on.")
            % values
        )
    if enrolment.season.owing_rule == Rule.REASON and not reason.strip():
        raise PortalError(_("%(school)s still owes %(amount)s yuan. Give a reason to go on anyway.") % values)
    return {"owed_fen": due_fen} | ({"reason": reason.strip()} if reason.strip() else {})


def due_by_school(season: Season | None, schools: Iterable[int]) -> dict[int, int]:
    """{school: fen} of those schools that owe, in a fixed number of queries."""
    asked = set(schools)
    if not asked:
        return {}
    rows = overview.by_school(season)
    return {row.enrolment.school_id: row.due_fen for row in rows if row.due_fen and row.enrolment.school_id in asked}
