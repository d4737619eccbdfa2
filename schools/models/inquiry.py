"""Letters of a school to the center, and what was answered."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.tenancy import TenantModel
from schools.models.notice import Notice
from schools.models.season import Season
from schools.season_addresses import reverse_in


class Inquiry(TenantModel):
    """A subject that a school and the center write to each other about; to a notice, or free."""

    class Status(models.TextChoices):
        OPEN = "open", _("Waits for the center")
        ANSWERED = "answered", _("Answered")
        CLOSED = "closed", _("Dealt with")

    TRANSITIONS = {
        Status.OPEN: {Status.ANSWERED, Status.CLOSED},
        Status.ANSWERED: {Status.OPEN, Status.CLOSED},
        Status.CLOSED: {Status.OPEN, Status.ANSWERED},
    }

    class Topic(models.TextChoices):
        """Who at the center is asked: `schools.inquiries.may_answer`."""

        GENERAL = "general", _("Season, days and others")
        PHOTOS = "photos", _("Photos and proofreading")
        FEES = "fees", _("Fees")
        PRINTS = "prints", _("Printing and delivery")

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="inquiries")
    notice = models.ForeignKey(Notice, null=True, blank=True, on_delete=models.PROTECT, related_name="inquiries")
    topic = models.CharField(_("topic"), max_length=10, choices=Topic, default=Topic.GENERAL)
    subject = models.CharField(_("subject"), max_length=80)
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.OPEN)
    created_at = models.DateTimeField(_("time"), auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("-updated_at", "-id")
        verbose_name = _("letter")
        verbose_name_plural = _("letters")

    def __str__(self) -> str:
        return self.subject

    def get_absolute_url(self) -> str:
        """The center's page of it."""
        return reverse_in(self.season.year, "schools:center_inquiry", self.pk)

    @property
    def school_url(self) -> str:
        return reverse_in(self.season.year, "schools:inquiry", self.pk)


class InquiryMessage(TenantModel):
    """One letter of either side. It stays as it was sent."""

    IS_APPEND_ONLY = True

    inquiry = models.ForeignKey(Inquiry, on_delete=models.PROTECT, related_name="messages")
    text = models.TextField(_("text"), max_length=4000)
    by_name = models.CharField(max_length=60)
    is_center = models.BooleanField()
    sent_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.inquiry_id} {self.by_name}"
