"""What people may do in this room, action by action, and the roles that may: see portal/permissions.py."""

from django.utils.translation import gettext_lazy as _

from portal import permissions
from portal.models import Role
from portal.permissions import CENTER, OFFICERS

FINANCE = frozenset({Role.CENTER_ADMIN, Role.CENTER_FINANCE})

permissions.register_subject(_("Fees"), "fees")
permissions.register(
    "fees.see",
    _("See fees and payments"),
    roles=OFFICERS | {Role.CENTER_FINANCE, Role.CENTER_AUDITOR, Role.SCHOOL_FINANCE},
    is_about_school=True,
)
permissions.register(
    "fees.choose_mode", _("Choose the way of payment"), roles={Role.SCHOOL_ADMIN}, is_about_school=True
)
permissions.register("fees.enter", _("Enter a bank transfer"), roles=CENTER | FINANCE)
permissions.register(
    "fees.bank", _("Read bank statements in, and say whose money a line is"), roles=FINANCE, in_archive=True
)
permissions.register("fees.confirm", _("Book lines of a bank statement"), roles=FINANCE)
permissions.register("fees.confirm_large", _("Be the second person for a large amount"), roles=FINANCE)
permissions.register("fees.reverse", _("Reverse an entry"), roles=FINANCE, asks_password=True)
permissions.register(
    "fees.resolve", _("Settle a refused payment by hand"), roles=FINANCE, asks_password=True, in_archive=True
)
permissions.register(
    "fees.reconcile", _("Compare with the providers' bills, and settle differences"), roles=FINANCE, in_archive=True
)
permissions.register("fees.refund", _("Refund a payment"), roles=FINANCE, asks_password=True)
permissions.register("fees.waive", _("Waive a student's fee"), roles=FINANCE, asks_password=True)
permissions.register(
    "fees.export", _("Export waivers, receipts and paid fees"), roles=FINANCE, needs_second_factor=True, in_archive=True
)
permissions.register("fees.settle", _("Propose settlements and answer contested ones"), roles=CENTER | FINANCE)
permissions.register(
    "fees.sign_settlement",
    _("Sign a settlement off, or contest it"),
    roles={Role.SCHOOL_ADMIN, Role.SCHOOL_FINANCE},
    is_about_school=True,
)
permissions.register(
    "fees.download_list",
    _("Download the students of a settlement"),
    roles=CENTER | FINANCE | {Role.SCHOOL_ADMIN, Role.SCHOOL_FINANCE},
    is_about_school=True,
    in_archive=True,
)
permissions.register(
    "fees.ask_refund",
    _("Ask for an overpayment back"),
    roles={Role.SCHOOL_ADMIN, Role.SCHOOL_FINANCE},
    is_about_school=True,
)
permissions.register(
    "fees.school_refund", _("Ask for, decide and enter refunds to schools"), roles=FINANCE, asks_password=True
)
permissions.register(
    "fees.switch_mode", _("Change the way of payment after the first payment"), roles=FINANCE, asks_password=True
)
