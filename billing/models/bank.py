"""What the center's bank says: statements with their lines, and to which account each line's money belongs.

They are the center's alone: no school sees them.
"""

import datetime as dt
import uuid

from django.db import models
from django.db.models import BigIntegerField, Case, Exists, F, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from billing.models.accounts import FeeAccount, LedgerEntry
from billing.models.school_refunds import SchoolRefund
from portal.database.scope import EVERY_SCHOOL, DatabaseRole, deleted_by
from portal.models import Job, User
from portal.tenancy import TenantModel


def statement_path(statement: "BankStatement", filename: str) -> str:
    return f"bank/{uuid.uuid4().hex}/{filename}"


class BankStatement(models.Model):
    """One file of the bank. It is kept: it is the evidence of what was booked."""

    DATABASE_POLICIES = {"every_school": EVERY_SCHOOL}

    class Status(models.TextChoices):
        READING = "reading", _("Being read")
        HEADINGS = "headings", _("Columns to be assigned")
        TAKEN = "taken", _("Read")
        DROPPED = "dropped", _("Dropped")

    TRANSITIONS = {
        Status.READING: {Status.HEADINGS, Status.TAKEN, Status.DROPPED},
        Status.HEADINGS: {Status.READING, Status.DROPPED},
        Status.TAKEN: set(),
        Status.DROPPED: set(),
    }

    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.READING)
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")  # reads it
    file = models.FileField(upload_to=statement_path)
    file_size = models.PositiveIntegerField(_("size"), default=0)
    filename = models.CharField(_("file"), max_length=120)
    digest = models.CharField(max_length=64)  # SHA-256 of the file, in hexadecimal
    # JSON of `billing.bank.columns.Assignment`.
    assigned = models.JSONField(default=dict, blank=True)
    # JSON of `billing.bank.statements`: figures, repeated lines, breaks of the balance, or a message.
    report = models.JSONField(default=dict, blank=True)
    account_no = models.CharField(_("account number"), max_length=40, blank=True)
    starts_on = models.DateField(_("first day"), null=True, blank=True)
    ends_on = models.DateField(_("last day"), null=True, blank=True)
    # None when the bank says no balance. In fen, or the hundredth part of another currency.
    opening_fen = models.BigIntegerField(_("opening balance"), null=True, blank=True)
    closing_fen = models.BigIntegerField(_("closing balance"), null=True, blank=True)
    uploaded_at = models.DateTimeField(auto_now_add=True)
    uploaded_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(fields=("digest",), condition=~Q(status="dropped"), name="one_upload_of_a_file")
        ]

    def __str__(self) -> str:
        return self.filename


class BankHeadings(models.Model):
    """What the columns of a bank's export mean, remembered by its row of headings."""

    DATABASE_POLICIES = {"every_school": EVERY_SCHOOL}

    headings = models.TextField(unique=True)  # the keys of the row, a line each
    # {key: field}, as in `billing.bank.columns`.
    fields = models.JSONField(default=dict)
    changed_at = models.DateTimeField(auto_now=True)
    changed_by_name = models.CharField(max_length=80, blank=True)

    def __str__(self) -> str:
        return self.headings


def _sum(rows: models.QuerySet, line: str) -> Case:
    """The sum of the amounts of `rows`, all of one line. `line`: their foreign key to it.

    It is not looked up for a line that is set aside or refused: nothing of that is booked or proposed.
    """
    sums = rows.order_by().values(line).annotate(sum=Sum("amount_fen")).values("sum")
    found = Coalesce(Subquery(sums), 0, output_field=BigIntegerField())
    return Case(When(status="open", then=found), default=Value(0), output_field=BigIntegerField())


class BankLineQuerySet(models.QuerySet["BankLine"]):
    def with_sums(self) -> "BankLineQuerySet":
        """With `booked_fen` by the ledger, `proposed_fen` by live proposals, `awaits_second`."""
        proposals = Allocation.objects.filter(line=OuterRef("pk"), status__in=Allocation.LIVE)
        entries = LedgerEntry.objects.filter(bank_line=OuterRef("pk"))
        return self.annotate(
            booked_fen=Value(0) - _sum(entries, "bank_line"),
            proposed_fen=_sum(proposals, "line"),
            awaits_second=Exists(proposals.filter(status=Allocation.Status.AWAITING)),
        )

    def untouched(self) -> "BankLineQuerySet":
        """Open lines of which nothing is booked or proposed."""
        return self.with_sums().filter(Q(status="open", booked_fen=0, proposed_fen=0))

    def unmatched(self) -> "BankLineQuerySet":
        """Open lines with money in that is not booked wholly."""
        return self.with_sums().filter(UNMATCHED)


UNMATCHED = Q(status="open", amount_fen__gt=F("booked_fen"))


class BankLine(models.Model):
    """One movement of the center's account. It is taken once, whatever file brings it again.

    How much of it is booked is the sum of its ledger entries. A trigger refuses an entry that would exceed it.
    """

    DATABASE_POLICIES = {"every_school": EVERY_SCHOOL}

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        ASIDE = "aside", _("Set aside")
        REFUSED = "refused", _("Refused: to be sent back")

    TRANSITIONS = {
        Status.OPEN: {Status.ASIDE, Status.REFUSED},
        Status.ASIDE: {Status.OPEN},
        Status.REFUSED: {Status.OPEN},
    }

    class Reason(models.TextChoices):
        """Why a line is set aside or refused."""

        PERSON = "person", _("Paid from a person's account")
        INTEREST = "interest", _("Interest")
        CHARGE = "charge", _("Charge of the bank")
        PROVIDER = "provider", _("Money of students, paid out by the provider")
        OUTGOING = "outgoing", _("Outgoing, no refund to a school")
        BY_HAND = "by_hand", _("Entered by hand already")
        OTHER = "other", _("No fee")

    statement = models.ForeignKey(BankStatement, on_delete=models.PROTECT, related_name="lines")
    row = models.PositiveIntegerField(_("row"))  # in its file
    status = models.CharField(_("state"), max_length=8, choices=Status, default=Status.OPEN)
    reason = models.CharField(_("reason"), max_length=10, choices=Reason, blank=True)
    # What makes it the same movement in another file: `billing.bank.statements`.
    key = models.CharField(max_length=64, unique=True)
    serial = models.CharField(_("bank reference"), max_length=64, blank=True)
    booked_on = models.DateField(_("value date"))
    booked_at = models.TimeField(_("time"), null=True, blank=True)
    # Received is positive, paid is negative. What of it may be booked: 0 for foreign money until
    # somebody says what the bank made of it.
    amount_fen = models.BigIntegerField(_("amount (fen)"))
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    foreign_amount = models.BigIntegerField(_("amount in its currency"), null=True, blank=True)  # hundredth parts
    balance_fen = models.BigIntegerField(_("balance"), null=True, blank=True)
    payer = models.CharField(_("other party"), max_length=120, blank=True)
    payer_account = models.CharField(_("account of the other party"), max_length=64, blank=True)
    remark = models.CharField(_("remark"), max_length=400, blank=True)
    # JSON of `billing.bank.matching.Share`, the best first; and why none of them is sure, a code of its DOUBTS.
    suggestions = models.JSONField(default=list, blank=True)
    doubt = models.CharField(max_length=20, blank=True)

    objects = BankLineQuerySet.as_manager()

    class Meta:
        ordering = ("-booked_on", "-id")
        indexes = [models.Index(fields=("status", "-booked_on"), name="bank_lines_by_state")]

    def __str__(self) -> str:
        return f"{self.booked_on} {self.payer}"

    @property
    def reference(self) -> str:
        """What the ledger calls the movement."""
        return self.serial or f"{self.booked_on:%Y%m%d}-{self.pk}"

    @property
    def moment(self) -> dt.datetime | dt.date:
        return dt.datetime.combine(self.booked_on, self.booked_at) if self.booked_at else self.booked_on


class Allocation(models.Model):
    """So much of a line belongs to this account: proposed, confirmed by one or by two, booked."""

    DATABASE_POLICIES = {"every_school": EVERY_SCHOOL}

    class Status(models.TextChoices):
        PROPOSED = "proposed", _("Proposed")
        AWAITING = "awaiting", _("Waits for a second person")
        BOOKED = "booked", _("Booked")
        DROPPED = "dropped", _("Dropped")

    TRANSITIONS = {
        Status.PROPOSED: {Status.AWAITING, Status.BOOKED, Status.DROPPED},
        Status.AWAITING: {Status.BOOKED, Status.DROPPED},
        Status.BOOKED: set(),
        Status.DROPPED: set(),
    }
    LIVE = (Status.PROPOSED, Status.AWAITING)

    class How(models.TextChoices):
        """What the proposal rests on."""

        REFUND = "refund", _("Refund to the school")
        REFERENCE = "reference", _("Reference in the remark")
        NAME = "name", _("Payer's name")
        ALIAS = "alias", _("Payer's name, learned")
        SHORT = "short", _("Payer's name, shortened")
        NEAR = "near", _("Reference with a typing error")
        AMOUNT = "amount", _("Exact amount")
        HAND = "hand", _("By hand")

    line = models.ForeignKey(BankLine, on_delete=models.PROTECT, related_name="allocations")
    account = models.ForeignKey(FeeAccount, on_delete=models.PROTECT, related_name="allocations")
    # Money that goes back to the school: the line is outgoing, the amount negative.
    refund = models.ForeignKey(
        SchoolRefund, null=True, blank=True, on_delete=models.PROTECT, related_name="allocations"
    )
    amount_fen = models.BigIntegerField(_("amount (fen)"))
    how = models.CharField(_("found by"), max_length=10, choices=How, default=How.HAND)
    confidence = models.PositiveSmallIntegerField(_("confidence"), default=100)  # of 100
    status = models.CharField(_("state"), max_length=8, choices=Status, default=Status.PROPOSED)
    first_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    entry = models.OneToOneField(
        LedgerEntry, null=True, blank=True, on_delete=models.PROTECT, related_name="allocation"
    )

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(
                fields=("line", "account"), condition=Q(status__in=("proposed", "awaiting")), name="one_live_proposal"
            ),
            models.UniqueConstraint(
                fields=("refund",), condition=Q(status__in=("proposed", "awaiting")), name="one_live_line_a_refund"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.amount_fen}"

    @property
    def school_id(self) -> int:
        return self.account.school_id

    @property
    def season_id(self) -> int:
        return self.account.season_id

    @property
    def history_name(self) -> str:
        return str(self.account.school)


class PayerName(TenantModel):
    """A name under which a school pays: learned from a confirmed booking, or entered by the center."""

    DATABASE_RIGHTS = deleted_by(DatabaseRole.CENTER)

    name = models.CharField(_("payer's name"), max_length=120)  # as it is compared: `billing.bank.names.plain`
    label = models.CharField(_("payer's name"), max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ("label",)
        constraints = [models.UniqueConstraint(fields=("school", "name"), name="one_payer_name_a_school")]

    def __str__(self) -> str:
        return self.label
