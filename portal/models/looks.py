from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.database.scope import DatabaseRole, deleted_by


class Look(models.Model):
    """One person of the staff saw the data of some students on one page.

    `portal.privacy.looks` writes it. It holds ids and no name of a student.
    """

    IS_APPEND_ONLY = True
    DATABASE_RIGHTS = deleted_by(DatabaseRole.SYSTEM)  # when their time is over
    # A school sees the looks of its own people; a student also those of the center at the own data.
    DATABASE_POLICIES = {
        "at_the_student": f"FOR SELECT TO {DatabaseRole.SCHOOL} USING (school_id IS NULL AND"
        " students @> ARRAY[(SELECT nullif(current_setting('app.student', true), '')::bigint)])",
    }

    class Kind(models.TextChoices):
        LIST = "list", _("List of students")
        RECORD = "record", _("Data of a student")
        PORTRAIT = "portrait", _("Portraits")
        NUMBER = "number", _("Search by document number or phone")

    at = models.DateTimeField(_("time"), auto_now_add=True)
    kind = models.CharField(_("what"), max_length=10, choices=Kind)
    page = models.CharField(max_length=60)  # the URL name
    actor_key = models.CharField(max_length=40)
    actor_name = models.CharField(_("who"), max_length=80)
    # Of the person who looked; none for the center.
    school = models.ForeignKey(settings.TENANT_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    address = models.GenericIPAddressField(_("address"))
    students = ArrayField(models.BigIntegerField())
    number = models.PositiveIntegerField(_("students"))

    class Meta:
        ordering = ("-id",)
        indexes = [
            models.Index(fields=("actor_key", "at"), name="look_by_actor"),
            models.Index(fields=("school", "at"), name="look_by_school"),
            models.Index(fields=("at",), name="look_by_time"),
            GinIndex(fields=("students",), name="look_by_student"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_key} {self.kind} {self.number}"
