"""The notifications of this room."""

from django.utils.translation import gettext_lazy as _

from portal.formatting import yuan
from portal.notification_kinds import NotificationKind, register

FEES = "/school/fees/"

register(
    NotificationKind(
        "school_refund.approved",
        _("The center has approved a refund of %(amount)s yuan"),
        _("It will be transferred to the account of your school."),
        link=FEES,
        formats={"amount": yuan},
        may="fees.see",
    ),
    NotificationKind(
        "school_refund.paid",
        _("The center has transferred %(amount)s yuan back to your school"),
        _("Please look for it on your bank statement."),
        link=FEES,
        formats={"amount": yuan},
        may="fees.see",
    ),
    NotificationKind(
        "school_refund.declined",
        _("The center has declined a refund of %(amount)s yuan"),
        _("Reason: %(reason)s"),
        link=FEES,
        formats={"amount": yuan},
        may="fees.see",
    ),
)
