"""Fees in integer fen: what a school or a student owes, and what came in."""

from billing.models.accounts import DaySum, FeeAccount, LedgerEntry
from billing.models.bank import Allocation, BankHeadings, BankLine, BankStatement, PayerName
from billing.models.orders import Callback, CallbackQuerySet, Order, OrdersByState, Repayment
from billing.models.receipts import Receipt, ReceiptSeries
from billing.models.reconciliation import BillLine, Difference, LedgerProof, Reconciliation
from billing.models.school_refunds import SchoolRefund
from billing.models.settlements import Settlement, SettlementLine
from billing.models.waivers import Waiver

__all__ = [
    "Allocation",
    "BankHeadings",
    "BankLine",
    "BankStatement",
    "BillLine",
    "Callback",
    "CallbackQuerySet",
    "DaySum",
    "Difference",
    "FeeAccount",
    "LedgerEntry",
    "LedgerProof",
    "Order",
    "OrdersByState",
    "PayerName",
    "Receipt",
    "ReceiptSeries",
    "Reconciliation",
    "Repayment",
    "SchoolRefund",
    "Settlement",
    "SettlementLine",
    "Waiver",
]
