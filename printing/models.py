"""What follows an approved portrait: proofreading, feedback form, sheets, delivery, the year's end."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from capture.models import Photo
from schools.models import Enrolment, Job, Season, User
from schools.tenancy import TenantModel
from students.models import Student


class Proof(TenantModel):
    """The student looked at portrait and data: right, or to be corrected."""

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
    # The school may settle for a student who does not answer; then the reason says why.
    settled_by_school = models.BooleanField(default=False)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.student} {self.status}"


def feedback_path(feedback: "Feedback", filename: str) -> str:
    return f"feedback/{feedback.school_id}/{uuid.uuid4().hex}/{filename}"


class Feedback(TenantModel):
    """The feedback form (annex 3) of a school: made by us, stamped by the school, accepted by the center."""

    class Status(models.TextChoices):
        MADE = "made", _("To be stamped")
        SENT = "sent", _("With the center")
        ACCEPTED = "accepted", _("Accepted")
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
    stamped_type = models.CharField(max_length=40, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-sent_at", "-id")

    def __str__(self) -> str:
        return f"{self.school} {self.status}"


class PrintRun(TenantModel):
    """The sheets of one school: made once its feedback is accepted; volumes hang on it."""

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+")
    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="print_runs")
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    students = models.PositiveIntegerField(_("students"), default=0)
    pages = models.PositiveIntegerField(_("pages"), default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    printed_at = models.DateTimeField(_("printed"), null=True, blank=True)
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.school} {self.pk}"


def volume_path(volume: "Volume", filename: str) -> str:
    return f"sheets/{volume.school_id}/{uuid.uuid4().hex}/{filename}"


class Volume(TenantModel):
    """One PDF of a print run: at most 500 students."""

    run = models.ForeignKey(PrintRun, on_delete=models.CASCADE, related_name="volumes")
    number = models.PositiveSmallIntegerField(_("volume"))
    file = models.FileField(upload_to=volume_path)
    students = models.PositiveIntegerField(_("students"), default=0)
    pages = models.PositiveIntegerField(_("pages"), default=0)
    size = models.PositiveBigIntegerField(_("size"), default=0)
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("number",)
        constraints = [models.UniqueConstraint(fields=("run", "number"), name="one_volume_a_number")]

    def __str__(self) -> str:
        return f"{self.run} {self.number}"


class PrintItem(TenantModel):
    """One student's place in a print run: which portrait was printed, and on which page of which volume.

    Written when the run is made, so that building again prints the same students; the place follows the building.
    """

    run = models.ForeignKey(PrintRun, on_delete=models.CASCADE, related_name="items")
    student = models.ForeignKey(Student, on_delete=models.PROTECT, related_name="prints")
    photo = models.ForeignKey(Photo, on_delete=models.PROTECT, related_name="+")
    volume = models.PositiveSmallIntegerField(_("volume"), default=0)
    page = models.PositiveIntegerField(_("page"), default=0)

    class Meta:
        ordering = ("volume", "page", "id")
        constraints = [models.UniqueConstraint(fields=("run", "student"), name="one_item_a_student")]

    def __str__(self) -> str:
        return f"{self.run} {self.student}"


class Shipment(TenantModel):
    """The parcel with a school's sheets."""

    class Status(models.TextChoices):
        SHIPPED = "shipped", _("On its way")
        RECEIVED = "received", _("Received")

    TRANSITIONS = {Status.SHIPPED: {Status.RECEIVED}, Status.RECEIVED: set()}

    run = models.OneToOneField(PrintRun, on_delete=models.PROTECT, related_name="shipment")
    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.SHIPPED)
    carrier = models.CharField(_("carrier"), max_length=40)
    tracking_no = models.CharField(_("tracking number"), max_length=40)
    address = models.CharField(_("address"), max_length=200, blank=True)
    shipped_on = models.DateField(_("shipped on"))
    received_at = models.DateTimeField(_("received"), null=True, blank=True)
    received_by_name = models.CharField(_("received by"), max_length=80, blank=True)
    remarks = models.CharField(_("remarks"), max_length=200, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.carrier} {self.tracking_no}"


class Award(TenantModel):
    """The year's end for one school: rank, allowance for its work, praise."""

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+")
    rank = models.PositiveSmallIntegerField(_("rank"))
    score = models.DecimalField(_("score"), max_digits=5, decimal_places=2)
    figures = models.JSONField(default=dict)
    is_commended = models.BooleanField(_("excellent organisation"), default=False)
    is_criticised = models.BooleanField(_("named in the bulletin"), default=False)
    commended_person = models.CharField(_("commended person"), max_length=60, blank=True)
    allowance_fen = models.PositiveIntegerField(_("work allowance (fen)"), default=0)

    class Meta:
        ordering = ("rank",)
        constraints = [models.UniqueConstraint(fields=("season", "school"), name="one_award_a_season")]

    def __str__(self) -> str:
        return f"{self.rank} {self.school}"


class Bulletin(models.Model):
    """What the center publishes at the year's end. The center's own row: it has no school."""

    season = models.OneToOneField(Season, on_delete=models.PROTECT, related_name="bulletin")
    title = models.CharField(_("title"), max_length=120)
    text = models.TextField(_("text"))
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return self.title
