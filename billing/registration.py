"""What billing adds to the portal: permissions, event kinds, badges, navigation, panels."""

from django.utils.translation import gettext_lazy as _

from billing.models import Order
from portal import event_kinds, navigation, panels, permissions, status_badges
from portal.models import Role
from portal.permissions import CENTER, EVERYBODY
from portal.status_badges import Badge

permissions.register("fees.see", _("See fees and payments"), roles=EVERYBODY)
permissions.register("fees.choose_mode", _("Choose the way of payment"), roles={Role.SCHOOL_ADMIN})
permissions.register("fees.enter", _("Enter a bank transfer"), roles=CENTER)
permissions.register("fees.reverse", _("Reverse an entry"), roles={Role.CENTER_ADMIN})
permissions.register("fees.resolve", _("Settle a refused payment by hand"), roles={Role.CENTER_ADMIN})
permissions.register("fees.refund", _("Refund a payment"), roles={Role.CENTER_ADMIN})

event_kinds.register_subject("fees", _("Fees"), order=70)
event_kinds.register(
    "school",
    {
        "enrolment.payment_mode": _("Way of payment changed"),
    },
)
event_kinds.register(
    "student",
    {
        "student.fee": _("Fee of the student changed"),
    },
)
event_kinds.register(
    "fees",
    {
        "ledger.charge": _("Fee charged"),
        "ledger.payment": _("Payment received"),
        "ledger.refund": _("Refund made"),
        "ledger.reversal": _("Payment reversed: it was entered in error"),
        "fees.settled": _("Fees settled"),
        "fees.reopened": _("Fees open again"),
        "fees.payment_resolved": _("Payment that the books refused settled by hand"),
        "order.created": _("Order made"),
    },
)
event_kinds.register_states(Order, _("Online order"), subject="fees")
event_kinds.register_facts(
    {
        "amount_fen": _("Amount"),
        "reference": _("Reference"),
    }
)

status_badges.register(
    Order,
    {
        Order.Status.CREATED: Badge("look", "banknotes"),
        Order.Status.PAID: Badge("ok", "check-circle"),
        Order.Status.CLOSED: Badge("", "lock-closed"),
        Order.Status.REFUNDED: Badge("", "receipt-refund"),
    },
)

navigation.register("school", "billing:account", _("Fees"), "banknotes", order=60)
navigation.register("center", "billing:center_fees", _("Fees"), "banknotes", order=70)
panels.add_panel(
    "center.dashboard", "billing:panel_fees", page="billing:center_fees", label=_("Fees"), order=60, css="foot"
)
panels.add_panel("school.overview", "billing:panel_fees", page="billing:account", label=_("Fees"), order=30)
panels.add_panel("center.school", "billing:panel_school", order=20)
