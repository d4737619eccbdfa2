"""Print runs with their volumes, and shipments."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from capture.models import Photo
from portal.database.scope import DatabaseRole, deleted_by
from portal.models import Job, User
from portal.tenancy import TenantModel
from schools.models import Enrolment, Season
from students.models import Student


class PrintRun(TenantModel):
    """An order of sheets for one school, made after its feedback form was accepted.

    It has volumes and items.
    """

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

    @property
    def history_name(self) -> str:
        return str(self.school)


def volume_path(volume: "Volume", filename: str) -> str:
    return f"sheets/{volume.school_id}/{uuid.uuid4().hex}/{filename}"


class Volume(TenantModel):
    """One PDF of a print run: at most 500 students."""

    DATABASE_RIGHTS = deleted_by(DatabaseRole.SCHOOL, DatabaseRole.SYSTEM)

    run = models.ForeignKey(PrintRun, on_delete=models.CASCADE, related_name="volumes")
    number = models.PositiveSmallIntegerField(_("volume"))
    file = models.FileField(upload_to=volume_path)
    students = models.PositiveIntegerField(_("students"), default=0)
    pages = models.PositiveIntegerField(_("pages"), default=0)
    file_size = models.PositiveBigIntegerField(_("size"), default=0)  # bytes
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("number",)
        constraints = [models.UniqueConstraint(fields=("run", "number"), name="one_volume_a_number")]

    def __str__(self) -> str:
        return f"{self.run} {self.number}"


class PrintItem(TenantModel):
    """One student in a print run: the portrait, and the volume and page where it is.

    The items are created with the run, so that a rebuild prints the same students. Volume and page
    are set by the build; before it they are 0.
    """

    path_to_student = "student"
    DATABASE_RIGHTS = deleted_by(DatabaseRole.SCHOOL, DatabaseRole.CENTER)

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
    """The parcel with the sheets of one run."""

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
