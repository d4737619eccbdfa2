"""The notifications of this room."""

from functools import partial

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from billing.models import Waiver
from portal.formatting import yuan
from portal.notification_kinds import NotificationKind, register
from schools.models import Enrolment

FEES, ME = "/school/fees/", "/me/"


def _waiver_label(kind: str) -> object:
    return Waiver.Kind(kind).label


SETTLED = ngettext_lazy(
    "%(n)d student, %(amount)s yuan. Please sign it off, or say what is wrong.",
    "%(n)d students, %(amount)s yuan. Please sign it off, or say what is wrong.",
    "n",
)

DUE = _("%(amount)s yuan are due by %(day)s. Account and reference stand in the payment advice on the fee page.")


def _mode_label(mode: str) -> object:
    return Enrolment.PaymentMode(mode).label


to_school = partial(NotificationKind, link=FEES, formats={"amount": yuan}, may="fees.see")

register(
    to_school(
        "fees.due",
        ngettext_lazy("%(n)d day left to pay the fee", "%(n)d days left to pay the fee", "n"),
        DUE,
        is_urgent=False,
    ),
    to_school(
        "fees.overdue",
        _("The fee of your school is overdue"),
        DUE,
        is_urgent=False,
    ),
    to_school(
        "settlement.proposed",
        _("The center has settled the fee of your school"),
        SETTLED,
        is_urgent=False,
    ),
    to_school(
        "settlement.upheld",
        _("The center stands by the settlement that your school contested"),
        ngettext_lazy(
            "The settlement stays: %(n)d student, %(amount)s yuan. Reason: %(reason)s",
            "The settlement stays: %(n)d students, %(amount)s yuan. Reason: %(reason)s",
            "n",
        ),
    ),
    to_school(
        "settlement.corrected",
        _("The center has corrected the settlement of your school"),
        ngettext_lazy(
            "The new one: %(n)d student, %(amount)s yuan. Please sign it off, or say what is wrong. Reason: %(reason)s",
            "The new one: %(n)d students, %(amount)s yuan. Please sign it off, or say what is wrong. Reason: %(reason)s",
            "n",
        ),
    ),
    to_school(
        "settlement.withdrawn",
        _("The center has withdrawn a settlement of your school"),
        ngettext_lazy(
            "It was for %(n)d student, %(amount)s yuan. Reason: %(reason)s",
            "It was for %(n)d students, %(amount)s yuan. Reason: %(reason)s",
            "n",
        ),
    ),
    to_school(
        "school_refund.approved",
        _("The center has approved a refund of %(amount)s yuan"),
        _("It will be transferred to the account of your school."),
    ),
    to_school(
        "school_refund.paid",
        _("The center has transferred %(amount)s yuan back to your school"),
        _("Please look for it on your bank statement."),
    ),
    to_school(
        "school_refund.declined",
        _("The center has declined a refund of %(amount)s yuan"),
        _("Reason: %(reason)s"),
    ),
    group="fee",
)
register(
    NotificationKind(
        "fee.waived",
        _("You need not pay the fee"),
        _(
            "The center has waived it: %(waiver)s. A photo that was ready and waiting for the fee is submitted automatically."
        ),
        link=ME,
        is_urgent=False,
        formats={"waiver": _waiver_label},
    ),
    NotificationKind(
        "fee.waiver_revoked",
        _("The fee is due after all"),
        _("The center has withdrawn your exemption from the fee. Please ask your school if you do not know why."),
        link=ME,
    ),
    group="fee",
)
register(
    NotificationKind(
        "fee.paid",
        _("Your fee of %(amount)s yuan is paid"),
        _("Receipt number: %(number)s. You find the receipt on your page. A new photo costs nothing."),
        link="/me/pay/receipt/",
        formats={"amount": yuan},
    ),
    NotificationKind(
        "fee.refunded",
        _("Your fee of %(amount)s yuan is being refunded"),
        _("It goes back the way you paid, usually within a few days. Receipt %(number)s is void."),
        link="/me/pay/receipt/",
        formats={"amount": yuan},
    ),
    NotificationKind(
        "fee.refund_failed",
        _("The refund of your fee of %(amount)s yuan has not been made yet"),
        _("The payment provider has refused it. The center knows and will ask again. You need not do anything."),
        link=ME,
        formats={"amount": yuan},
    ),
    NotificationKind(
        "fee.order_closed",
        _("Your payment of %(amount)s yuan was not completed"),
        _("No payment arrived in time. Please start again; your photo is submitted once the fee is paid."),
        link="/me/pay/",
        is_urgent=False,
        formats={"amount": yuan},
    ),
    NotificationKind(
        "fee.not_booked",
        _("Your payment of %(amount)s yuan needs to be checked"),
        _(
            "It arrived, but the fee was already paid or the amount differs. The center is looking into it and will refund"
            " what you paid too much. You need not do anything."
        ),
        link=ME,
        formats={"amount": yuan},
    ),
    NotificationKind(
        "fee.repaid",
        _("Your payment of %(amount)s yuan is being refunded"),
        _(
            "It did not match the fee, or the fee was already paid. It goes back the way you paid, usually within a few days."
        ),
        link=ME,
        formats={"amount": yuan},
    ),
    NotificationKind(
        "fee.resolved",
        _("The center has dealt with your payment of %(amount)s yuan"),
        _("If you expect a refund and do not receive it within a week, please ask the center."),
        link=ME,
        formats={"amount": yuan},
    ),
    NotificationKind(
        "fee.school_pays",
        _("Your school pays the fee: you owe nothing"),
        _(
            "A payment that you had started is closed. A photo that was ready and waiting for the fee is submitted automatically."
        ),
        link=ME,
        is_urgent=False,
    ),
    NotificationKind(
        "fee.students_pay",
        _("Please pay the fee yourself"),
        _("At your school each student pays online from now on. You find the amount on the page."),
        link="/me/pay/",
        is_urgent=False,
    ),
    NotificationKind(
        "fee.mode_switched",
        _("The center has changed the way of payment: %(mode)s"),
        _("Reason: %(reason)s"),
        link=FEES,
        formats={"mode": _mode_label},
        may="fees.see",
    ),
    group="fee",
)
# To the finance people of the center.
register(
    NotificationKind(
        "fees.refund_failed",
        _("A provider has refused to refund %(amount)s yuan"),
        _("Order %(number)s. Ask for the refund again, or pay the money back at the provider."),
        formats={"amount": yuan},
        may="fees.refund",
    ),
    NotificationKind(
        "fees.differences",
        ngettext_lazy(
            "%(n)d difference to the bill of %(merchant)s of %(day)s",
            "%(n)d differences to the bill of %(merchant)s of %(day)s",
            "n",
        ),
        _("Where the bill and the books differ is shown on the page of that day. Please settle each difference."),
        is_urgent=False,
        may="fees.reconcile",
    ),
    NotificationKind(
        "fees.proof_failed",
        ngettext_lazy(
            "The books do not agree with themselves in %(n)d place",
            "The books do not agree with themselves in %(n)d places",
            "n",
        ),
        _(
            "The proof of the sums has found what nobody can do in the portal. Please call the operator before you book on."
        ),
        link="/center/fees/reconciliation/",
        may="fees.reconcile",
    ),
    group="fee",
)
