"""The daily comparison with the providers, and the nightly proof of the sums. They are the center's alone."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.accounts import LedgerEntry
from billing.models.bank import BankLine
from billing.models.orders import Order
from billing.online.providers.base import BillKind
from portal.database.scope import EVERY_SCHOOL, DatabaseRole, deleted_by

_KINDS = [(BillKind.PAYMENT, _("Payment")), (BillKind.REFUND, _("Refund"))]


class Reconciliation(models.Model):
    """One day's bill of one merchant, compared with the books. Running it again replaces its lines."""

    DATABASE_POLICIES = {"every_school": EVERY_SCHOOL}

    merchant = models.CharField(_("merchant"), max_length=32)
    day = models.DateField(_("day"))
    run_at = models.DateTimeField(_("compared"), auto_now=True)
    billed_at = models.DateTimeField(null=True, blank=True)  # None while the provider gives no bill
    # Of the bill, in fen and numbers of lines. `fee_fen`: what the provider keeps.
    payments = models.PositiveIntegerField(default=0)
    payments_fen = models.BigIntegerField(default=0)
    refunds = models.PositiveIntegerField(default=0)
    refunds_fen = models.BigIntegerField(default=0)
    fee_fen = models.BigIntegerField(_("fee of the provider"), default=0)
    matched = models.PositiveIntegerField(_("matched"), default=0)
    # On the merchant's account at the provider, None without a movement: the balance at the end of the day, and the sum
    # of what moved, payouts and withdrawals among it.
    closing_fen = models.BigIntegerField(_("balance at the provider (fen)"), null=True, blank=True)
    moved_fen = models.BigIntegerField(null=True, blank=True)
    # The movement by which the provider paid this day out to the center's account, perhaps with the days beside it.
    payout = models.ForeignKey(BankLine, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ("-day", "merchant")
        constraints = [models.UniqueConstraint(fields=("merchant", "day"), name="one_reconciliation_a_day")]

    def __str__(self) -> str:
        return f"{self.merchant} {self.day}"

    @property
    def net_fen(self) -> int:
        """What the provider owes the center for the day."""
        return self.payments_fen - self.refunds_fen - self.fee_fen

    @property
    def other_fen(self) -> int:
        """What moved at the provider besides the lines of the bill: payouts, what was added for refunds."""
        return (self.moved_fen or 0) - self.net_fen


class BillLine(models.Model):
    """A line of a provider's bill, and the entry that books it."""

    DATABASE_RIGHTS = deleted_by(DatabaseRole.SYSTEM)  # when the day is compared again
    DATABASE_POLICIES = {"every_school": EVERY_SCHOOL}

    reconciliation = models.ForeignKey(Reconciliation, on_delete=models.CASCADE, related_name="lines")
    kind = models.CharField(_("kind"), max_length=10, choices=_KINDS)
    order_number = models.CharField(_("order number"), max_length=64)
    refund_number = models.CharField(_("number of the refund"), max_length=64, blank=True)
    external_id = models.CharField(_("number of the provider"), max_length=64)
    amount_fen = models.BigIntegerField(_("amount (fen)"))
    fee_fen = models.BigIntegerField(_("fee of the provider"))
    at = models.DateTimeField(_("time"))
    # None: the books know nothing of it.
    entry = models.ForeignKey(LedgerEntry, null=True, blank=True, on_delete=models.PROTECT, related_name="bill_lines")

    class Meta:
        ordering = ("at", "id")
        indexes = [models.Index(fields=("order_number",), name="bill_line_by_order")]

    def __str__(self) -> str:
        return f"{self.kind} {self.order_number}"


class Difference(models.Model):
    """What bill and books do not agree about. It goes away when a later run finds them agreed, or a person settles it."""

    DATABASE_RIGHTS = deleted_by(DatabaseRole.SYSTEM)  # when the day is compared again
    DATABASE_POLICIES = {"every_school": EVERY_SCHOOL}

    class What(models.TextChoices):
        MISSING_HERE = "missing_here", _("Missing here")
        MISSING_THERE = "missing_there", _("Missing at the provider")
        AMOUNT = "amount", _("Amounts differ")
        STATE = "state", _("States differ")

    reconciliation = models.ForeignKey(Reconciliation, on_delete=models.PROTECT, related_name="differences")
    what = models.CharField(_("difference"), max_length=13, choices=What)
    kind = models.CharField(_("kind"), max_length=10, choices=_KINDS)
    order_number = models.CharField(_("order number"), max_length=64)
    external_id = models.CharField(_("number of the provider"), max_length=64)
    order = models.ForeignKey(Order, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    ours_fen = models.BigIntegerField(_("in the books"), null=True, blank=True)
    theirs_fen = models.BigIntegerField(_("on the bill"), null=True, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    settled_by_name = models.CharField(max_length=80, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(
                fields=("reconciliation", "what", "kind", "order_number", "external_id"), name="one_difference"
            )
        ]
        indexes = [models.Index(fields=("reconciliation",), name="open_difference", condition=Q(settled_at=None))]

    def __str__(self) -> str:
        return f"{self.what} {self.order_number}"

    @property
    def history_name(self) -> str:
        return f"{self.reconciliation} {self.order_number}"


class LedgerProof(models.Model):
    """One proof of the ledger's sums (`billing.books.proof`)."""

    IS_APPEND_ONLY = True
    DATABASE_POLICIES = {"every_school": EVERY_SCHOOL}

    at = models.DateTimeField(_("time"), auto_now_add=True)
    accounts = models.PositiveIntegerField()
    entries = models.PositiveBigIntegerField()
    # {name of the check: [number of faults, ids of the first ones]}, without the checks that found none.
    faults = models.JSONField(default=dict)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.at}"
