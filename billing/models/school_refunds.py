from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.accounts import FeeAccount, LedgerEntry
from portal.models import User
from portal.tenancy import TenantModel


class SchoolRefund(TenantModel):
    """An overpayment that goes back to the school, to an account in the school's own name."""

    class Status(models.TextChoices):
        ASKED = "asked", _("Requested")
        APPROVED = "approved", _("Approved, to be transferred")
        PAID = "paid", _("Transferred back")
        DECLINED = "declined", _("Not approved")

    TRANSITIONS = {
        Status.ASKED: {Status.APPROVED, Status.DECLINED},
        Status.APPROVED: {Status.PAID, Status.DECLINED},
        # The entry of the transfer is reversed: it was booked in error.
        Status.PAID: {Status.APPROVED},
        Status.DECLINED: set(),
    }
    # Part of the overpayment is set aside for it.
    OPEN = (Status.ASKED, Status.APPROVED)

    account = models.ForeignKey(FeeAccount, on_delete=models.PROTECT, related_name="refunds")
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.ASKED)
    amount_fen = models.PositiveIntegerField(_("amount (fen)"))
    reason = models.CharField(_("reason"), max_length=200)
    # Where the money goes. The account's name is the school's: money goes to no person.
    bank_name = models.CharField(_("bank"), max_length=80)
    bank_account_no = models.CharField(_("account number"), max_length=40)
    answer = models.CharField(_("answer"), max_length=200, blank=True)
    asked_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField(_("asked for"), auto_now_add=True)
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    # The entry of the transfer that paid it.
    entry = models.OneToOneField(LedgerEntry, null=True, blank=True, on_delete=models.PROTECT, related_name="refund")

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="refund_is_more_than_nothing"),
            models.CheckConstraint(
                condition=~Q(status="paid") | Q(entry__isnull=False), name="a_paid_refund_has_its_entry"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.school} {self.amount_fen}"

    @property
    def history_name(self) -> str:
        return str(self.school)
