import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models.orders import Order
from portal.database.rights import OWNER
from portal.models import User
from portal.tenancy import TenantModel
from schools.models import Enrolment, Season


class FeeAccount(TenantModel):
    """A school's account for one season."""

    DATABASE_POLICIES = {"owner": OWNER}  # the trigger that keeps the balance

    enrolment = models.OneToOneField(Enrolment, on_delete=models.PROTECT, related_name="fee_account")
    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+")
    # What the school writes in the remark of its transfer: accounts/references.py.
    reference = models.CharField(_("reference of the transfer"), max_length=32, unique=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    # The sum of the entries, what is still due. A trigger keeps it; the database takes it from nobody else.
    balance_fen = models.BigIntegerField(_("balance (fen)"), default=0, editable=False)

    class Meta:
        ordering = ("school__code",)

    def __str__(self) -> str:
        return f"{self.school} {self.season}"

    @property
    def history_name(self) -> str:
        return str(self.school)


class LedgerEntry(TenantModel):
    """One entry of an account: charge, payment, refund, reversal, or a payment that moves with its student.

    Only `billing.accounts.ledger` writes entries. With each the database brings the account's balance and the sums of
    the day (DaySum) up to date; it takes no entry without an event in the history.
    """

    IS_APPEND_ONLY = True
    DATABASE_POLICIES = {"owner": OWNER}

    class Kind(models.TextChoices):
        CHARGE = "charge", _("Charge")
        PAYMENT = "payment", _("Payment")
        REFUND = "refund", _("Refund")
        REVERSAL = "reversal", _("Reversal of an entry made in error")
        MOVED = "moved", _("Payment moved with a student to another school")

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey(FeeAccount, on_delete=models.PROTECT, related_name="entries", db_index=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    # Owed is positive, received is negative: the sum is the amount still due.
    amount_fen = models.IntegerField(_("amount (fen)"))
    # Of the account with this entry, written by the database.
    balance_fen = models.BigIntegerField(_("balance (fen)"), db_default=0, editable=False)
    order = models.ForeignKey(Order, null=True, blank=True, on_delete=models.PROTECT, related_name="entries")
    # The line of a bank statement that the entry books, or takes back.
    bank_line = models.ForeignKey(
        "billing.BankLine", null=True, blank=True, on_delete=models.PROTECT, related_name="entries"
    )
    # The order's provider; "" for what the school itself owes and transfers.
    provider = models.CharField(_("provider"), max_length=20, blank=True)
    reference = models.CharField(_("reference"), max_length=80, blank=True)
    remarks = models.CharField(_("remarks"), max_length=200, blank=True)
    external_id = models.CharField(max_length=64, default=uuid.uuid4)
    at = models.DateTimeField(_("time"), auto_now_add=True)
    # The day of the day book. The bank's value date of a transfer may lie before it.
    posted_on = models.DateField(_("day"), default=timezone.localdate)
    booked_on = models.DateField(_("value date"), null=True, blank=True)
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(fields=("account", "kind", "external_id"), name="one_entry_a_movement"),
            models.UniqueConstraint(  # whatever school's order it is booked for
                fields=("provider", "kind", "external_id"),
                condition=Q(kind__in=("payment", "refund")) & ~Q(provider=""),
                name="one_entry_a_movement_online",
            ),
        ]
        indexes = [
            models.Index(fields=("season", "-id"), name="entry_by_season"),
            models.Index(fields=("season", "amount_fen", "id"), name="entry_by_amount"),
            models.Index(fields=("account", "-id"), name="entry_by_account"),
            models.Index(fields=("account", "-id"), name="entry_of_school", condition=Q(order=None)),
            models.Index(fields=("posted_on", "-id"), name="entry_by_day"),
            models.Index(fields=("reference",), name="entry_by_reference", opclasses=["varchar_pattern_ops"]),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_fen}"

    @property
    def is_reversible(self) -> bool:
        """A transfer of the school, or back to it. What came or went online is put right at the provider."""
        return self.kind in (self.Kind.PAYMENT, self.Kind.REFUND) and self.order_id is None

    @property
    def debit_fen(self) -> int:
        """What the entry adds to the amount due."""
        return max(0, self.amount_fen)

    @property
    def credit_fen(self) -> int:
        """What it takes from the amount due."""
        return max(0, -self.amount_fen)

    @property
    def history_name(self) -> str:
        return str(self.school)


class DaySum(TenantModel):
    """The sums of an account's entries of one day, provider and kind, in fen.

    Kept by the database with each entry: day book and balances are read from it.
    """

    IS_WRITTEN_BY_TRIGGERS = True
    DATABASE_POLICIES = {"owner": OWNER}

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey(FeeAccount, on_delete=models.PROTECT, related_name="day_sums", db_index=False)
    day = models.DateField(_("day"))
    provider = models.CharField(_("provider"), max_length=20, blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=LedgerEntry.Kind)
    entries = models.PositiveIntegerField(_("number of entries"))
    # What adds to the amount due, and what takes from it.
    debit_fen = models.BigIntegerField(_("debit (fen)"))
    credit_fen = models.BigIntegerField(_("credit (fen)"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=("account", "day", "provider", "kind"), name="one_sum_a_day")]
        indexes = [models.Index(fields=("season", "day"), name="sums_by_season")]

    def __str__(self) -> str:
        return f"{self.day} {self.kind} {self.debit_fen} {self.credit_fen}"
