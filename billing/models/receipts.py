import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.orders import Order
from portal.database.scope import DatabaseRole
from portal.tenancy import TenantModel
from schools.models import Season


class ReceiptSeries(models.Model):
    """The last number that was given to a receipt of a season: counted up under its lock, so that no number is left out."""

    DATABASE_RIGHTS = {DatabaseRole.SCHOOL: {"INSERT", "UPDATE"}}  # a payment is booked in the scope of its school

    season = models.OneToOneField(Season, on_delete=models.PROTECT, related_name="+")
    last = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "receipt series"

    def __str__(self) -> str:
        return f"{self.season} {self.last}"


def fiscal_path(receipt: "Receipt", filename: str) -> str:
    return f"fiscal/{receipt.school_id}/{uuid.uuid4().hex}/{filename}"


class Receipt(TenantModel):
    """The center's receipt for one paid order. Void when the payment was refunded; it is kept, its number too."""

    path_to_student = "order__student"

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+")
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="receipt")
    number = models.CharField(_("receipt number"), max_length=20, unique=True)
    serial = models.PositiveIntegerField()
    amount_fen = models.PositiveIntegerField(_("amount (fen)"))
    payer = models.CharField(_("payer"), max_length=60)  # the student's name at the payment
    issued_at = models.DateTimeField(_("issued"), auto_now_add=True)
    voided_at = models.DateTimeField(_("void since"), null=True, blank=True)
    # The fiscal e-receipt (财政电子票据) that the center's issuing system made of it.
    fiscal_code = models.CharField(_("code of the e-receipt"), max_length=20, blank=True)
    fiscal_number = models.CharField(_("number of the e-receipt"), max_length=20, blank=True)
    fiscal_check = models.CharField(_("check code of the e-receipt"), max_length=20, blank=True)
    fiscal_at = models.DateTimeField(null=True, blank=True)
    fiscal_file = models.FileField(upload_to=fiscal_path, blank=True)
    fiscal_file_size = models.PositiveIntegerField(default=0)  # bytes

    class Meta:
        ordering = ("-season", "-serial")
        constraints = [
            models.UniqueConstraint(fields=("season", "serial"), name="one_receipt_a_number"),
            models.UniqueConstraint(
                fields=("fiscal_code", "fiscal_number"), condition=~Q(fiscal_number=""), name="one_fiscal_receipt"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def history_name(self) -> str:
        return self.number

    @property
    def is_void(self) -> bool:
        return self.voided_at is not None
