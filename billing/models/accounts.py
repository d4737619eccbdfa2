import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models.orders import Order
from portal.models import User
from portal.tenancy import TenantModel
from schools.models import Enrolment, Season


class FeeAccount(TenantModel):
    """A school's account for one season. Its balance is the sum of its ledger entries."""

    enrolment = models.OneToOneField(Enrolment, on_delete=models.PROTECT, related_name="fee_account")
    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+")
    # What the school writes in the remark of its transfer: accounts/references.py.
    reference = models.CharField(_("reference of the transfer"), max_length=32, unique=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("school__code",)

    def __str__(self) -> str:
        return f"{self.school} {self.season}"

    @property
    def history_name(self) -> str:
        return str(self.school)


class LedgerEntry(TenantModel):
    """One entry of an account: charge, payment, refund or reversal.

    Only `billing.accounts.ledger` writes entries.
    """

    IS_APPEND_ONLY = True

    class Kind(models.TextChoices):
        CHARGE = "charge", _("Charge")
        PAYMENT = "payment", _("Payment")
        REFUND = "refund", _("Refund")
        REVERSAL = "reversal", _("Reversal of an entry made in error")

    account = models.ForeignKey(FeeAccount, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    # Owed is positive, received is negative: the sum is the amount still due.
    amount_fen = models.IntegerField(_("amount (fen)"))
    order = models.ForeignKey(Order, null=True, blank=True, on_delete=models.PROTECT, related_name="entries")
    # The line of a bank statement that the entry books, or takes back.
    bank_line = models.ForeignKey(
        "billing.BankLine", null=True, blank=True, on_delete=models.PROTECT, related_name="entries"
    )
    reference = models.CharField(_("reference"), max_length=80, blank=True)
    remarks = models.CharField(_("remarks"), max_length=200, blank=True)
    external_id = models.CharField(max_length=64, default=uuid.uuid4)
    at = models.DateTimeField(_("time"), auto_now_add=True)
    booked_on = models.DateField(_("value date"), null=True, blank=True)
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ("-id",)
        constraints = [models.UniqueConstraint(fields=("account", "kind", "external_id"), name="one_entry_a_movement")]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_fen}"

    @property
    def history_name(self) -> str:
        return str(self.school)
