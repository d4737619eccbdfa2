from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.database.counters import Counts
from portal.database.rights import OWNER
from portal.database.scope import EVERY_SCHOOL, DatabaseRole, deleted_by
from portal.models.claims import Claimable, TenantClaimableQuerySet
from portal.models.counters import Numbers
from portal.tenancy import TenantModel, scoped_manager


class Notification(TenantModel):
    """A notification of a student, a person of a school or one of the center: its kind and parameters.

    The text is made in the reader's language when it is read (`portal.notification_kinds`).
    """

    DATABASE_RIGHTS = {DatabaseRole.ACROSS: {"INSERT"}} | deleted_by(DatabaseRole.CENTER, DatabaseRole.SYSTEM)

    # None: a person of the center is told of what concerns no school alone.
    school = models.ForeignKey(  # type: ignore[assignment] # a row of the center has none
        settings.TENANT_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    recipient_key = models.CharField(max_length=40)  # an Actor's key: user:5, student:9
    about_key = models.CharField(max_length=40, blank=True)  # whom it names, if not the recipient: student:9
    kind = models.CharField(_("what"), max_length=40)
    parameters = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)
    link = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(_("time"), auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = [
            models.Index(fields=("recipient_key", "-id"), name="notification_by_recipient"),
            # What is old stands at the beginning of the table: a few pages say where.
            BrinIndex(fields=("created_at",), name="notification_age", autosummarize=True),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.recipient_key}"


class Delivery(Claimable, TenantModel):
    """Sending a notification by one channel.

    It ends as sent, or as failed with a reason; it never expires.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent out")
        FAILED = "failed", _("Could not be sent")

    DATABASE_RIGHTS = {DatabaseRole.ACROSS: {"INSERT"}} | deleted_by(DatabaseRole.CENTER, DatabaseRole.SYSTEM)
    WAITING, CLAIMED = Status.QUEUED, Status.SENDING

    school = models.ForeignKey(  # type: ignore[assignment] # a row of the center has none
        settings.TENANT_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.CharField(_("by way of"), max_length=20)
    # Empty: the person's linked one, read from the `Contact` when it is sent.
    address = models.CharField(_("Address"), max_length=254, blank=True)
    language = models.CharField(max_length=10, blank=True)  # the recipient's; empty: the default
    is_urgent = models.BooleanField(_("urgent"), default=False)
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.QUEUED)
    refusals = models.PositiveSmallIntegerField(_("refused"), default=0)
    error = models.CharField(_("reason"), max_length=300, blank=True)
    parts = models.PositiveSmallIntegerField(default=0)  # text messages that were charged
    cost_millifen = models.PositiveIntegerField(default=0)  # thousandths of a fen: a part costs less than ten fen
    reference = models.CharField(max_length=80, blank=True)  # the provider's number of it
    sent_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = scoped_manager(TenantClaimableQuerySet)

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "deliveries"
        indexes = [
            # The order of sending, and the claimed rows. Partial, so that they hold only unfinished
            # deliveries.
            models.Index(
                fields=("channel", "-is_urgent", "queued_at", "id"),
                name="delivery_waiting",
                condition=Q(status="queued"),
            ),
            models.Index(
                fields=("claimed_at",),
                name="delivery_claimed",
                condition=Q(status__in=("queued", "sending"), attempts__gt=0),
            ),
            models.Index(fields=("-id",), name="delivery_failed", condition=Q(status="failed")),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.status}"


class DeliveriesByState(Numbers):
    """How many deliveries of all schools are in which state, by channel and by what one has cost. The center alone reads it."""

    COUNTS = Counts(
        of="portal.Delivery",
        scope=(),
        by={name: f"own.{name}" for name in ("channel", "status", "parts", "cost_millifen")},
    )
    DATABASE_RIGHTS = {
        DatabaseRole.SCHOOL: {"INSERT"},
        DatabaseRole.ACROSS: {"INSERT"},
        DatabaseRole.SYSTEM: {"DELETE"},
    }
    DATABASE_POLICIES = {
        "every_school": EVERY_SCHOOL,
        "appended": f"FOR INSERT TO {DatabaseRole.SCHOOL} WITH CHECK (true)",
        "owner": OWNER,
    }

    objects: ClassVar[Any] = models.Manager()

    channel = models.CharField(max_length=20)
    status = models.CharField(max_length=10, choices=Delivery.Status)
    parts = models.PositiveSmallIntegerField()
    cost_millifen = models.PositiveIntegerField()


class Contact(TenantModel):
    """How a person is reached by one channel, where it is not the address of the account or the roster alone.

    The linked address (an openid) is encrypted (`portal.notifications.contacts`).
    """

    DATABASE_RIGHTS = deleted_by(DatabaseRole.CENTER, DatabaseRole.SYSTEM)

    school = models.ForeignKey(  # type: ignore[assignment] # a row of the center has none
        settings.TENANT_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    recipient_key = models.CharField(max_length=40)  # an Actor's key: user:5, student:9
    channel = models.CharField(max_length=20)
    linked_sealed = models.BinaryField(default=b"")  # empty: the channel finds the address itself
    linked_hash = models.CharField(max_length=80, blank=True)  # keyed; empty as above
    # Nothing more is sent to this one; of a linked address its hash.
    refused_address = models.CharField(max_length=254, blank=True)
    refusal = models.CharField(max_length=300, blank=True)
    muted = ArrayField(models.CharField(max_length=20), default=list, blank=True)  # groups of kinds not wanted here

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("recipient_key", "channel"), name="one_contact_a_channel"),
            models.UniqueConstraint(
                fields=("linked_hash", "channel", "school"),
                condition=~Q(linked_hash=""),
                name="one_person_a_linked_address",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.recipient_key}"


class NotificationText(models.Model):
    """The center's own words for a kind of notification in one language, instead of the built-in ones."""

    DATABASE_RIGHTS = deleted_by(DatabaseRole.CENTER)

    kind = models.CharField(max_length=40)
    language = models.CharField(max_length=10)
    subject = models.CharField(max_length=200)
    body = models.TextField(max_length=2000, blank=True)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=("kind", "language"), name="one_text_a_kind_and_language")]

    def __str__(self) -> str:
        return f"{self.kind} {self.language}"
