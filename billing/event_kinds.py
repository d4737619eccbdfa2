"""How the events of this room read in the history: see portal/event_kinds.py."""

from django.utils.translation import gettext_lazy as _

from billing.models import Allocation, BankLine, BankStatement, Order, Repayment, SchoolRefund, Settlement
from portal import event_kinds

event_kinds.register_subject("fees", _("Fees"), order=70)
event_kinds.register(
    "school",
    {
        "enrolment.payment_mode": _("Payment method changed"),
    },
)
event_kinds.register(
    "student",
    {
        "student.fee": _("Fee of the student changed"),
        "waiver.granted": _("Fee waived"),
        "waiver.revoked": _("Waiver of the fee revoked"),
    },
)
event_kinds.register(
    "fees",
    {
        "ledger.charge": _("Fee charged"),
        "ledger.payment": _("Payment received"),
        "ledger.refund": _("Refund made"),
        "ledger.moved": _("Payment moved with its student to another school"),
        "ledger.reversal": _("Payment reversed: it was entered in error"),
        "fees.settled": _("Fees settled"),
        "fees.reopened": _("Fees open again"),
        "fees.difference_settled": _("Difference to a provider's bill settled"),
        "fees.exported": _("Fees exported as a table"),
        "fees.payment_resolved": _("Payment that the books refused settled by hand"),
        "order.created": _("Order made"),
        "order.moved_here": _("Payment came with a student from another school"),
        "receipt.moved": _("Receipt replaced: the student is at another school now"),
        "settlement.upheld": _("The center stands by a contested settlement"),
        "settlement.downloaded": _("Students of a settlement downloaded"),
        "receipt.issued": _("Receipt issued"),
        "receipt.voided": _("Receipt voided: the payment was refunded"),
        "receipts.fiscal_exported": _("Paid fees exported for fiscal e-receipts"),
        "receipts.fiscal_read": _("Numbers of fiscal e-receipts read in"),
        "waivers.exported": _("Waivers exported"),
        "bankstatement.uploaded": _("Bank statement uploaded"),
        "bankline.yuan": _("Foreign money in a bank statement: yuan entered"),
        "payername.learned": _("Payer's name remembered"),
        "payername.forgotten": _("Payer's name forgotten"),
        "allocation.proposed": _("Bank line assigned to an account"),
        "schoolrefund.asked": _("Refund to the school asked for"),
    },
)
event_kinds.register_states(Order, _("Online order"), subject="fees")
event_kinds.register_states(Repayment, _("Refused payment"), subject="fees")
event_kinds.register_states(Settlement, _("Settlement"), subject="fees")
event_kinds.register_states(SchoolRefund, _("Refund to the school"), subject="fees")
event_kinds.register_states(BankStatement, _("Bank statement"), subject="fees")
event_kinds.register_states(BankLine, _("Bank line"), subject="fees")
event_kinds.register_states(Allocation, _("Part of a bank line"), subject="fees")
event_kinds.register_facts(
    {
        "amount_fen": _("Amount"),
        "owed_fen": _("Still due"),
        "reference": _("Reference"),
        "payer": _("Payer's name"),
        "confidence": _("Confidence (of 100)"),
        "note": _("Remarks"),
        "item_code": _("Item code"),
        "item_name": _("Item name"),
        "numbers": _("Numbers read"),
        "files": _("Files"),
        "problems": _("Problems"),
    }
)
