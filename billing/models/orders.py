import json
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.changes import states
from portal.database.counters import Counts
from portal.database.scope import EVERY_SCHOOL, DatabaseRole, deleted_by
from portal.models import Counter
from portal.security import encryption
from portal.security.encryption import Place
from portal.tenancy import TenantModel
from schools.models import Season
from students.models import Student


class Order(TenantModel):
    """One student's fee, paid online."""

    path_to_student = "student"

    class Status(models.TextChoices):
        CREATED = "created", _("To be paid")
        PAID = "paid", _("Paid")
        CLOSED = "closed", _("Closed")
        REFUNDING = "refunding", _("Refund asked")
        REFUNDED = "refunded", _("Refunded")
        REFUND_FAILED = "refund_failed", _("Refund failed")
        MOVED = "moved", _("Moved along to another school")

    TRANSITIONS = {
        Status.CREATED: {Status.PAID, Status.CLOSED},
        Status.PAID: {Status.REFUNDING, Status.MOVED},
        Status.CLOSED: {Status.PAID},  # a provider may report late that the money came in
        Status.REFUNDING: {Status.REFUNDED, Status.REFUND_FAILED},
        # Asked again, or put right by the center at the provider itself.
        Status.REFUND_FAILED: {Status.REFUNDING, Status.REFUNDED},
        Status.REFUNDED: set(),
        Status.MOVED: set(),  # the student's order at the school that the student is at now goes on
    }
    IN_REFUND = (Status.REFUNDING, Status.REFUND_FAILED)
    # The student's money is with the center.
    RECEIVED = (Status.PAID, Status.REFUNDING, Status.REFUND_FAILED)

    number = models.CharField(_("order number"), max_length=32, unique=True)
    # Under which the provider knows the payment, where it was made at another school; else empty.
    provider_number = models.CharField(max_length=32, blank=True)
    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+")
    student = models.ForeignKey(Student, on_delete=models.PROTECT, related_name="orders")
    status = models.CharField(_("state"), max_length=13, choices=Status, default=Status.CREATED)
    provider = models.CharField(max_length=20)
    # Our name of the provider's merchant (providers.get): there the order is asked about and paid back.
    merchant = models.CharField(max_length=32)
    # Where the payer was (providers.Channel): a provider takes an order number for one way of paying only.
    channel = models.CharField(max_length=10, default="computer")
    # Keyed hash of the payer's openid, where it is paid inside of WeChat: whether the next start is for the same payer.
    payer_hash = models.CharField(max_length=80, blank=True)
    amount_fen = models.PositiveIntegerField(_("amount (fen)"))
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)
    # Our number of the refund that was asked last. After a failure the next one has another number.
    refund_number = models.CharField(max_length=40, blank=True)
    refund_requested_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(fields=("student",), condition=Q(status="created"), name="one_open_order"),
            models.UniqueConstraint(
                fields=("student", "season"),
                condition=Q(status__in=("paid", "refunding", "refund_failed")),
                name="one_paid_order",
            ),
        ]
        indexes = [
            models.Index(fields=("provider_number",), name="moved_order", condition=~Q(provider_number="")),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number_at_provider(self) -> str:
        return self.provider_number or self.number

    @property
    def history_name(self) -> str:
        return str(self.student)

    @property
    def may_be_refunded(self) -> bool:
        return states.may(self, self.Status.REFUNDING)


class OrdersByState(Counter):
    """How many orders of a school are in which state, by provider."""

    COUNTS = Counts(of="billing.Order", by={"provider": "own.provider", "status": "own.status"})

    provider = models.CharField(max_length=20)
    status = models.CharField(max_length=13, choices=Order.Status)


class CallbackQuerySet(models.QuerySet["Callback"]):
    def unresolved(self) -> "CallbackQuerySet":
        """Payments that came in, that the ledger refused, and that nobody has resolved yet."""
        return self.filter(is_refused=True, resolved_at=None)


class Callback(models.Model):
    """A provider's message as it came, encrypted, since Alipay's names the buyer: the evidence of a payment when `verified`,
    else a forgery, kept for days.

    It has no school, because the school is not known yet, and no school sees it.
    """

    DATABASE_RIGHTS = {DatabaseRole.ACROSS: {"SELECT", "INSERT", "UPDATE"}} | deleted_by(
        DatabaseRole.SYSTEM
    )  # forgeries
    DATABASE_POLICIES = {"every_school": EVERY_SCHOOL}

    provider = models.CharField(max_length=20)
    merchant = models.CharField(max_length=32, blank=True)
    external_id = models.CharField(max_length=64)
    sealed = models.BinaryField(default=b"", editable=False)  # `headers` and `body`
    received_at = models.DateTimeField(auto_now_add=True)
    verified = models.BooleanField(default=False)
    outcome = models.CharField(max_length=200, blank=True)
    # Read from the verified message. `order` is the order with this number, None when there is
    # none.
    order_number = models.CharField(_("order number"), max_length=32, blank=True)
    amount_fen = models.BigIntegerField(_("amount (fen)"), null=True, blank=True)
    is_refund = models.BooleanField(default=False)  # it tells of a refund, not of a payment
    order = models.ForeignKey(Order, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    is_refused = models.BooleanField(_("refused by the books"), default=False)
    resolved_at = models.DateTimeField(_("settled by hand"), null=True, blank=True)

    objects = CallbackQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("provider", "external_id"), name="one_callback")]
        indexes = [
            models.Index(fields=("-id",), name="unresolved_callback", condition=Q(is_refused=True, resolved_at=None)),
            models.Index(fields=("received_at",), name="unverified_callback", condition=Q(verified=False)),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.external_id}"

    def seal(self, headers: dict[str, str], body: str) -> None:
        self.sealed = encryption.encrypt(json.dumps([headers, body]), self._place)

    @property
    def headers(self) -> dict[str, str]:
        """Raises Unreadable."""
        return dict(self._message[0])

    @property
    def body(self) -> str:
        """Raises Unreadable."""
        return str(self._message[1])

    @property
    def _message(self) -> list[Any]:
        return list(json.loads(encryption.decrypt(self.sealed, self._place))) if self.sealed else [{}, ""]

    @property
    def _place(self) -> Place:
        return Place("billing_callback.sealed", f"{self.provider}/{self.external_id}")


class Repayment(models.Model):
    """A payment that the books refused, paid back at its provider. The ledger never hears of either.

    While it is asked for or done, the payment counts as settled by hand; when it failed, it waits for a person again.
    """

    DATABASE_RIGHTS = {DatabaseRole.ACROSS: {"SELECT", "UPDATE"}}
    DATABASE_POLICIES = {"every_school": EVERY_SCHOOL}

    class Status(models.TextChoices):
        REFUNDING = "refunding", _("Refund asked")
        REFUNDED = "refunded", _("Refunded")
        FAILED = "failed", _("Refund failed")

    TRANSITIONS = {
        Status.REFUNDING: {Status.REFUNDED, Status.FAILED},
        Status.FAILED: {Status.REFUNDING},
        Status.REFUNDED: set(),
    }

    callback = models.OneToOneField(Callback, on_delete=models.PROTECT, related_name="repayment")
    status = models.CharField(_("state"), max_length=9, choices=Status, default=Status.REFUNDING)
    # Ours of the refund that was asked last. After a failure the next one has another number.
    number = models.CharField(_("number of the refund"), max_length=60, unique=True)
    requested_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.number

    @property
    def school_id(self) -> int | None:
        return self.callback.order.school_id if self.callback.order else None

    @property
    def season_id(self) -> int | None:
        return self.callback.order.season_id if self.callback.order else None

    @property
    def history_name(self) -> str:
        return self.callback.order_number
