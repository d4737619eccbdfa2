"""Print runs with their volumes, shipments, sheets that are printed again, and what the registry gets."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from capture.models import Photo
from portal.database.scope import EVERY_SCHOOL, DatabaseRole, deleted_by
from portal.models import Job, User
from portal.tenancy import TenantModel
from printing import volume_numbers
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


class Shipment(TenantModel):
    """A parcel with sheets of one run: with all of its volumes, or with some of them."""

    class Status(models.TextChoices):
        SHIPPED = "shipped", _("On its way")
        RECEIVED = "received", _("Received")

    TRANSITIONS = {Status.SHIPPED: {Status.RECEIVED}, Status.RECEIVED: set()}

    run = models.ForeignKey(PrintRun, on_delete=models.PROTECT, related_name="shipments")
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

    @property
    def volume_numbers(self) -> str:
        return volume_numbers.written(volume.number for volume in self.volumes.all())


def volume_path(volume: "Volume", filename: str) -> str:
    return f"sheets/{volume.school_id}/{uuid.uuid4().hex}/{filename}"


class Volume(TenantModel):
    """One PDF of a print run: at most 500 students."""

    DATABASE_RIGHTS = deleted_by(DatabaseRole.SCHOOL, DatabaseRole.SYSTEM)

    run = models.ForeignKey(PrintRun, on_delete=models.CASCADE, related_name="volumes")
    shipment = models.ForeignKey(Shipment, null=True, blank=True, on_delete=models.PROTECT, related_name="volumes")
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


class Again(models.TextChoices):
    """Why a sheet is printed once more."""

    MISSING = "missing", _("missing")
    DAMAGED = "damaged", _("damaged")
    CORRECTED = "corrected", _("corrected")


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
    # Why it is printed again; empty for the first sheet of a student.
    again = models.CharField(_("printed again"), max_length=10, choices=Again, blank=True, default="")

    class Meta:
        ordering = ("volume", "page", "id")
        constraints = [models.UniqueConstraint(fields=("run", "student"), name="one_item_a_student")]

    def __str__(self) -> str:
        return f"{self.run} {self.student}"


class SheetReport(TenantModel):
    """A school says that the sheet of one student is missing in a parcel, or damaged: it is printed again."""

    path_to_student = "student"

    class Status(models.TextChoices):
        REPORTED = "reported", _("Reported")
        PRINTED = "printed", _("Printed again")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    TRANSITIONS = {
        Status.REPORTED: {Status.PRINTED, Status.WITHDRAWN},
        Status.PRINTED: set(),
        Status.WITHDRAWN: set(),
    }

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+")
    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="reports")
    student = models.ForeignKey(Student, on_delete=models.PROTECT, related_name="sheet_reports")
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.REPORTED)
    reason = models.CharField(_("reason"), max_length=10, choices=Again)
    reported_at = models.DateTimeField(_("reported"), auto_now_add=True)
    reported_by_name = models.CharField(max_length=80, blank=True)
    # The run in which it was printed again.
    run = models.ForeignKey(PrintRun, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=("student",), condition=models.Q(status="reported"), name="one_open_sheet_report_a_student"
            )
        ]

    def __str__(self) -> str:
        return f"{self.student} {self.reason}"

    @property
    def history_name(self) -> str:
        return str(self.student)


class Receiver(models.Model):
    """Who opens the hand-over packages: the OpenPGP certificate of the registry.

    The newest row is in force. A row is never changed: another certificate is another row.
    """

    # Everybody may read it, as packages are made in the scope of a school; no school writes it.
    DATABASE_POLICIES = {
        "read": f"FOR SELECT TO {DatabaseRole.PLAIN} USING (true)",
        "every_school": EVERY_SCHOOL,
    }

    name = models.CharField(_("receiver"), max_length=80)
    certificate = models.TextField(_("certificate"))
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    expires_at = models.DateTimeField(_("valid until"), null=True, blank=True)
    entered_at = models.DateTimeField(auto_now_add=True)
    entered_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.name


class HandoverPackage(TenantModel):
    """What the registry gets of one school: the portraits and the list of its students, encrypted.

    The first one of a school has everybody; each later one is a supplement. What stands in it is fixed once it is made
    (its items); the encrypted file is the one of its job, deleted soon, and can be made again.
    """

    class Status(models.TextChoices):
        ORDERED = "ordered", _("To be made")
        MADE = "made", _("Made")
        SENT = "sent", _("Sent to the registry")
        RECEIVED = "received", _("Confirmed by the registry")

    TRANSITIONS = {
        Status.ORDERED: {Status.MADE},
        Status.MADE: {Status.SENT},
        Status.SENT: {Status.RECEIVED},
        Status.RECEIVED: set(),
    }

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+")
    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="handovers")
    number = models.PositiveSmallIntegerField(_("number"))
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.ORDERED)
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    # The certificate that the file is encrypted for: that of `Receiver` when it was last made.
    receiver_name = models.CharField(_("receiver"), max_length=80)
    certificate = models.TextField(_("certificate"))
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    students = models.PositiveIntegerField(_("students"), default=0)
    # Moment since which a correction is not in it.
    read_at = models.DateTimeField(null=True, blank=True)
    # Of the content before it is encrypted, the same each time that it is made.
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(_("size"), default=0)  # bytes
    # Of the encrypted file that was made last, another one each time.
    sealed_sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    made_at = models.DateTimeField(_("made"), null=True, blank=True)
    sent_on = models.DateField(_("sent on"), null=True, blank=True)
    sent_by_name = models.CharField(max_length=80, blank=True)
    sent_how = models.CharField(_("way"), max_length=120, blank=True)
    confirmed_on = models.DateField(_("confirmed on"), null=True, blank=True)
    confirmed_by_name = models.CharField(_("confirmed by"), max_length=80, blank=True)  # at the registry
    receipt_no = models.CharField(_("number of the receipt"), max_length=60, blank=True)
    differences = models.CharField(_("differences"), max_length=500, blank=True)

    class Meta:
        ordering = ("-number",)
        constraints = [models.UniqueConstraint(fields=("enrolment", "number"), name="one_handover_a_number")]

    def __str__(self) -> str:
        return f"{self.season.year}-{self.school.code}-{self.number}"

    @property
    def history_name(self) -> str:
        return str(self)

    @property
    def filename(self) -> str:
        return f"{self}.zip.gpg"

    @property
    def is_supplement(self) -> bool:
        return self.number > 1

    @property
    def is_being_made(self) -> bool:
        return self.job is not None and self.job.is_open


class HandoverItem(TenantModel):
    """One student in a hand-over package, with the portrait that the registry gets."""

    path_to_student = "student"

    package = models.ForeignKey(HandoverPackage, on_delete=models.PROTECT, related_name="items")
    student = models.ForeignKey(Student, on_delete=models.PROTECT, related_name="handovers")
    photo = models.ForeignKey(Photo, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("student_id",)
        constraints = [models.UniqueConstraint(fields=("package", "student"), name="one_handover_a_student")]

    def __str__(self) -> str:
        return f"{self.package} {self.student}"
