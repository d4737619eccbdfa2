"""Notices of the center: what it writes, what it has published, who is told, who has read and confirmed."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.database.scope import DatabaseRole, deleted_by
from portal.tenancy import TenantModel
from schools.models.enrolment import Enrolment
from schools.models.places import School
from schools.models.season import Season
from schools.season_addresses import reverse_in


class Notice(models.Model):
    """A notice: the draft that the center edits, and whom it is for.

    Readers see its newest `NoticeVersion`. `areas`, `kinds`, `phases` and `schools` each narrow the schools of the
    season; empty: all. The text is Markdown (`portal.pages.marked_text`).
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    TRANSITIONS = {
        Status.DRAFT: {Status.PUBLISHED},
        Status.PUBLISHED: {Status.WITHDRAWN},
        Status.WITHDRAWN: set(),
    }

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="notices")
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.DRAFT)
    title = models.CharField(_("title"), max_length=80)
    body = models.TextField(_("text"), max_length=30_000)
    has_annexes = models.BooleanField(_("with the three annexes of the season"), default=False)
    for_schools = models.BooleanField(_("the people of the schools"), default=True)
    for_students = models.BooleanField(_("the students of the schools"), default=False)
    areas = ArrayField(models.BigIntegerField(), verbose_name=_("areas"), default=list, blank=True)
    kinds = ArrayField(
        models.CharField(max_length=12, choices=School.Kind),
        verbose_name=_("kinds of schools"),
        default=list,
        blank=True,
    )
    phases = ArrayField(
        models.CharField(max_length=20, choices=Enrolment.Status), verbose_name=_("states"), default=list, blank=True
    )
    schools = ArrayField(models.BigIntegerField(), verbose_name=_("single schools"), default=list, blank=True)
    asks_confirmation = models.BooleanField(_("asks to confirm"), default=True)
    confirm_by = models.DateField(_("confirm by"), null=True, blank=True)
    number = models.PositiveSmallIntegerField(_("version"), default=0)  # of the newest version; 0: never published
    # The number of the last version that asked to confirm anew: confirmations of earlier ones no longer count.
    counts_from = models.PositiveSmallIntegerField(default=1)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("-id",)
        verbose_name = _("notice")
        verbose_name_plural = _("notices")

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """The center's page of the notice."""
        return reverse_in(self.season.year, "schools:center_notice", self.pk)

    @property
    def history_name(self) -> str:
        return self.title

    @property
    def current(self) -> "NoticeVersion":
        """What readers see. Raises NoticeVersion.DoesNotExist before it is published."""
        return self.versions.get(number=self.number)

    @property
    def school_url(self) -> str:
        """The page of a school that reads it."""
        return reverse_in(self.season.year, "schools:notice", self.pk)


class NoticeVersion(models.Model):
    """What was published, word for word. It never changes: no database role may change or delete it."""

    IS_APPEND_ONLY = True

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField(_("version"))
    title = models.CharField(_("title"), max_length=80)
    body = models.TextField(_("text"))
    has_annexes = models.BooleanField(default=False)
    files = ArrayField(models.BigIntegerField(), default=list, blank=True)  # ids of NoticeFile
    change = models.CharField(_("what has changed"), max_length=200, blank=True)
    published_at = models.DateTimeField(_("published"), auto_now_add=True)
    published_by = models.CharField(_("by"), max_length=60)

    class Meta:
        ordering = ("-number",)
        constraints = [models.UniqueConstraint(fields=("notice", "number"), name="one_notice_version_a_number")]

    def __str__(self) -> str:
        return f"{self.title} {self.number}"


def notice_path(file: "NoticeFile", filename: str) -> str:
    return f"notices/{uuid.uuid4().hex}/{filename}"


class NoticeFile(models.Model):
    """A file that is attached to a notice. Once published it stays, for the readers of that version."""

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(_("File"), max_length=120)
    file = models.FileField(upload_to=notice_path, max_length=200, blank=True)
    file_size = models.PositiveIntegerField(default=0)
    media_type = models.CharField(max_length=120)
    is_dropped = models.BooleanField(default=False)  # not part of the draft any more
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.name


class NoticeAddressee(TenantModel):
    """A school that a notice was published to, and whether its administrator has confirmed it."""

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="addressees")
    told_at = models.DateTimeField(_("told"), auto_now_add=True)
    confirmed_number = models.PositiveSmallIntegerField(_("confirmed version"), null=True, blank=True)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)
    confirmed_by = models.CharField(_("by"), max_length=60, blank=True)
    reminded_on = models.DateField(_("reminded"), null=True, blank=True)
    students_reminded_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ("school__area__position", "school__code")
        constraints = [models.UniqueConstraint(fields=("notice", "school"), name="one_addressee_a_notice_and_school")]

    def __str__(self) -> str:
        return f"{self.school} {self.notice}"

    @property
    def history_name(self) -> str:
        return str(self.notice)

    @property
    def season_id(self) -> int:
        return self.notice.season_id


class NoticeReceipt(TenantModel):
    """That a person of a school, or a student, has read a version, and confirmed it."""

    DATABASE_RIGHTS = deleted_by(DatabaseRole.CENTER, DatabaseRole.SYSTEM)

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="receipts")
    reader_key = models.CharField(max_length=40)  # an Actor's key: user:5, student:9
    number = models.PositiveSmallIntegerField(_("version"))
    read_at = models.DateTimeField(_("read"))
    confirmed_number = models.PositiveSmallIntegerField(_("confirmed version"), null=True, blank=True)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = [models.UniqueConstraint(fields=("notice", "reader_key"), name="one_receipt_a_notice_and_reader")]

    def __str__(self) -> str:
        return f"{self.reader_key} {self.notice_id}"
