"""What this room adds to the portal: badges, navigation, panels, jobs."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.accounts import (
    moved_fees,  # noqa: F401 - what it does when a student moves
    overview,
    school_refunds,
    settlements,
)
from billing.books import (
    figures,  # noqa: F401 - for a monitor
    proof,  # noqa: F401 - a sign that operators watch
    reconciliation,  # noqa: F401 - its kind of job
)
from billing.models import (
    Allocation,
    BankLine,
    BankStatement,
    Callback,
    Order,
    Receipt,
    Repayment,
    SchoolRefund,
    Settlement,
    Waiver,
)
from billing.online import (
    evidence,  # noqa: F401 - what it keeps encrypted
    orders,
)
from portal.formatting import yuan
from portal.pages import navigation, panels, status_badges
from portal.pages.status_badges import Badge
from portal.privacy import retention
from schools.models import School, Season
from schools.register import columns
from schools.register.columns import Choices, Column
from schools.seasons import season_objects, unfinished
from students.privacy import own_data

season_objects.register(
    {
        "center/fees/refund/": (Order, "season"),
        "center/fees/refunds/": (SchoolRefund, "account__season"),
        "center/fees/settlements/": (Settlement, "account__season"),
        "school/fees/settlements/": (Settlement, "account__season"),
        "center/fees/waivers/": (Waiver, "season"),
        "center/fees/receipts/": (Receipt, "season"),
    }
)
status_badges.register(
    Order,
    {
        Order.Status.CREATED: Badge("look", "banknotes"),
        Order.Status.PAID: Badge("ok", "check-circle"),
        Order.Status.CLOSED: Badge("", "lock-closed"),
        Order.Status.REFUNDING: Badge("look", "receipt-refund"),
        Order.Status.REFUNDED: Badge("", "receipt-refund"),
        Order.Status.REFUND_FAILED: Badge("act", "x-circle"),
        Order.Status.MOVED: Badge("", "arrows-right-left"),
    },
)
status_badges.register(
    Repayment,
    {
        Repayment.Status.REFUNDING: Badge("look", "receipt-refund"),
        Repayment.Status.REFUNDED: Badge("", "receipt-refund"),
        Repayment.Status.FAILED: Badge("act", "x-circle"),
    },
)
status_badges.register(
    Settlement,
    {
        Settlement.Status.PROPOSED: Badge("look", "inbox-arrow-down"),
        Settlement.Status.SIGNED: Badge("ok", "check-badge"),
        Settlement.Status.CONTESTED: Badge("act", "exclamation-triangle"),
        Settlement.Status.WITHDRAWN: Badge("", "arrow-uturn-left"),
    },
)
status_badges.register(
    SchoolRefund,
    {
        SchoolRefund.Status.ASKED: Badge("look", "clock"),
        SchoolRefund.Status.APPROVED: Badge("look", "receipt-refund"),
        SchoolRefund.Status.PAID: Badge("ok", "check-circle"),
        SchoolRefund.Status.DECLINED: Badge("act", "x-circle"),
    },
)

status_badges.register(
    BankStatement,
    {
        BankStatement.Status.READING: Badge("sky", "arrow-path"),
        BankStatement.Status.HEADINGS: Badge("look", "pencil-square"),
        BankStatement.Status.TAKEN: Badge("ok", "check-circle"),
        BankStatement.Status.DROPPED: Badge("", "x-mark"),
    },
)
status_badges.register(
    BankLine,
    {
        BankLine.Status.OPEN: Badge("look", "clock"),
        BankLine.Status.ASIDE: Badge("", "archive-box"),
        BankLine.Status.REFUSED: Badge("act", "no-symbol"),
    },
)
status_badges.register(
    Allocation,
    {
        Allocation.Status.PROPOSED: Badge("look", "clock"),
        Allocation.Status.AWAITING: Badge("look", "users"),
        Allocation.Status.BOOKED: Badge("ok", "check-circle"),
        Allocation.Status.DROPPED: Badge("", "x-mark"),
    },
)

navigation.register("school", "billing:account", _("Fees"), "banknotes", order=60)
navigation.register("center", "billing:center_fees", _("Fees"), "banknotes", order=70)
navigation.register_tab("center.fees", "billing:center_fees", _("School accounts"), order=10)
navigation.register_tab("center.fees", "billing:entries", _("Entries"), order=30)
navigation.register_tab("center.fees", "billing:day_book", _("Day book"), order=40)
navigation.register_tab("center.fees", "billing:reconciliations", _("Reconciliation"), order=50)
navigation.register_tab("center.fees", "billing:receipts", _("Receipts"), order=55)
navigation.register_tab("center.fees", "billing:waivers", _("Waivers"), order=60)
navigation.register_tab(
    "center.fees", "billing:center_settlements", _("Settlements"), order=20, counted=settlements.contested
)
navigation.register_tab(
    "center.fees", "billing:center_refunds", _("Refunds to schools"), order=60, counted=school_refunds.undecided
)
navigation.register_tab("center.fees", "billing:bank", _("Bank statements"), order=20)
panels.add_panel(
    "center.dashboard", "billing:panel_fees", page="billing:center_fees", label=_("Fees"), order=60, css="foot"
)
panels.add_panel("school.overview", "billing:panel_fees", page="billing:account", label=_("Fees"), order=30)
panels.add_panel("center.school", "billing:panel_school", order=20)
panels.add_panel("student", "billing:panel_student", order=10)
panels.add_panel(
    "center.callouts", "billing:panel_proof", page="billing:reconciliations", label=_("Proof of the books"), order=10
)

own_data.register(
    "payments",
    lambda student: list(
        Order.objects.filter(student=student).values(
            "number", "status", "provider", "amount_fen", "created_at", "paid_at"
        )
    ),
)

own_data.register(
    "receipts",
    lambda student: list(
        Receipt.objects.filter(order__student=student).values(
            "number", "order__number", "amount_fen", "payer", "issued_at", "voided_at", "fiscal_code", "fiscal_number"
        )
    ),
)
own_data.register(
    "waivers",
    lambda student: list(
        Waiver.objects.filter(student=student).values("kind", "reason", "granted_at", "revoked_at", "revoked_reason")
    ),
)

retention.register(
    "callbacks",
    _("Messages to the payment address that nobody signed"),
    setting="CALLBACK_DAYS",
    due=lambda before: Callback.objects.filter(received_at__lt=before, verified=False).count(),
    delete=lambda before: orders.purge_unverified(older_than=before),
)


def _read_fees(season: Season) -> dict[int, overview.SchoolFees]:
    return {row.enrolment.school_id: row for row in overview.by_school(season)}


def _account_url(school: School, row: overview.SchoolFees) -> str:
    return reverse("billing:center_school_fees", args=[row.enrolment.pk])


columns.register(
    "fees",
    read=_read_fees,
    empty=None,  # every school that takes part is in the answer
    columns=[
        Column("due", _("Yuan due"), lambda row: row.due_fen, kind="fen", link=_account_url),
        Column(
            "received",
            _("Yuan received"),
            lambda row: row.received_fen + row.student_fen,
            kind="fen",
            link=_account_url,
        ),
    ],
    filters=[
        Choices(
            "money",
            _("Fees"),
            {
                "due": (_("Something due"), lambda row: row.due_fen > 0),
                "settled": (_("Settled"), lambda row: row.state == "settled"),
                "overpaid": (_("Overpaid"), lambda row: row.overpaid_fen > 0),
                "students": (_("Students pay"), lambda row: row.state == "students"),
            },
        )
    ],
    may="fees.see",
    order=20,
)
unfinished.register(
    _("Yuan that schools owe"),
    lambda season: overview.totals(overview.by_school(season)).due_fen,
    "billing:center_fees",
    order=50,
    write=yuan,
)
