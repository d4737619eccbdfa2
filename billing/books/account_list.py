"""The accounts of all schools as a file."""

from collections.abc import Iterable
from typing import IO

from django.utils.translation import gettext as _

from billing.accounts.overview import SchoolFees
from billing.accounts.references import reference_of
from billing.books import sheets


def sheet(rows: Iterable[SchoolFees]) -> IO[bytes]:
    """What the page of accounts shows, and what is overpaid, as an open .xlsx file."""
    headings = (
        _("School"),
        _("School code"),
        _("Area"),
        _("Reference"),
        _("Payment method"),
        _("Photographed"),
        _("Waived"),
        _("Amount due"),
        _("Transferred"),
        _("Still due"),
        _("Overpaid"),
        _("Paid by students"),
    )
    lines = (
        [
            row.enrolment.school.name,
            row.enrolment.school.code,
            row.enrolment.school.area.name,
            reference_of(row.enrolment.season.year, row.enrolment.school.code),
            str(row.enrolment.get_payment_mode_display()),
            row.photographed,
            row.waived,
            sheets.yuan(row.charged_fen),
            sheets.yuan(row.received_fen),
            sheets.yuan(row.due_fen),
            sheets.yuan(row.overpaid_fen),
            sheets.yuan(row.student_fen),
        ]
        for row in rows
    )
    return sheets.write(_("School accounts"), headings, lines)
