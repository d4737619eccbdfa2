"""Proofreading: the student's confirmation, and the school's feedback form."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from capture.models import Photo
from portal.database.scope import DatabaseRole, deleted_by
from portal.tenancy import TenantModel
from schools.models import Enrolment, Season
from students.models import Student


class Proof(TenantModel):
    """One student's proof: portrait and data are confirmed, or a correction is asked for."""

    path_to_student = "student"
    DATABASE_RIGHTS = deleted_by(DatabaseRole.SCHOOL)  # with their student

    class Status(models.TextChoices):
        CONFIRMED = "confirmed", _("Confirmed")
        DISPUTED = "disputed", _("Correction asked for")

    TRANSITIONS = {
        Status.CONFIRMED: {Status.DISPUTED},
        Status.DISPUTED: {Status.CONFIRMED},
    }

    student = models.OneToOneField(Student, on_delete=models.CASCADE, related_name="proof")
    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+")
    photo = models.ForeignKey(Photo, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.CONFIRMED)
    # The school may confirm for a student who does not answer. It gives a reason then.
    confirmed_by_school = models.BooleanField(default=False)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.student} {self.status}"

    @property
    def history_name(self) -> str:
        return str(self.student)


def feedback_path(feedback: "Feedback", filename: str) -> str:
    return f"feedback/{feedback.school_id}/{uuid.uuid4().hex}/{filename}"


class Feedback(TenantModel):
    """The feedback form (annex 3 of the notice) of one school."""

    class Status(models.TextChoices):
        MADE = "made", _("To be stamped")
        SENT = "sent", _("With the center")
        ACCEPTED = "accepted", pgettext_lazy("feedback form", "Accepted")
        SENT_BACK = "sent_back", _("Sent back")

    TRANSITIONS = {
        Status.MADE: {Status.SENT},
        Status.SENT: {Status.ACCEPTED, Status.SENT_BACK},
        Status.SENT_BACK: {Status.SENT},
        Status.ACCEPTED: set(),
    }

    class Opinion(models.TextChoices):
        GOOD = "good", _("Satisfied")
        FAIR = "fair", _("Fairly satisfied")
        POOR = "poor", _("Not satisfied")

    enrolment = models.OneToOneField(Enrolment, on_delete=models.PROTECT, related_name="feedback")
    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.MADE)
    students = models.PositiveIntegerField(_("students"), default=0)
    quality = models.CharField(_("quality of the photos"), max_length=6, choices=Opinion, blank=True)
    service = models.CharField(_("work of the center"), max_length=6, choices=Opinion, blank=True)
    remarks = models.CharField(_("remarks and suggestions"), max_length=500, blank=True)
    handler_name = models.CharField(_("handled by"), max_length=40, blank=True)
    handler_phone = models.CharField(_("phone"), max_length=40, blank=True)
    stamped = models.FileField(upload_to=feedback_path, blank=True)
    stamped_size = models.PositiveIntegerField(_("size"), default=0)  # bytes
    stamped_type = models.CharField(max_length=40, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-sent_at", "-id")

    def __str__(self) -> str:
        return f"{self.school} {self.status}"

    @property
    def history_name(self) -> str:
        return str(self.school)
