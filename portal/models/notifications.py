from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.tenancy import TenantModel


class Message(TenantModel):
    """Something a student or a person of a school is told; by e-mail too where there is an address."""

    recipient_key = models.CharField(max_length=40)  # an Actor's key: user:5, student:9; school for all its people
    kind = models.CharField(max_length=40)
    subject = models.CharField(_("subject"), max_length=120)
    body = models.TextField(_("text"))
    link = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    created_at = models.DateTimeField(_("time"), auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)
    emailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = [
            models.Index(fields=("recipient_key", "-id"), name="message_by_recipient"),
            models.Index(
                fields=("id",), name="message_to_email", condition=models.Q(emailed_at=None) & ~models.Q(email="")
            ),
        ]

    def __str__(self) -> str:
        return self.subject
