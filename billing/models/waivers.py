from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.models import User
from portal.tenancy import TenantModel
from schools.models import Season
from students.models import Student


class Waiver(TenantModel):
    """The center asks no fee of a student; from the school neither. Revoked, it stays as a record."""

    path_to_student = "student"

    class Kind(models.TextChoices):
        HARDSHIP = "hardship", _("Hardship")
        ELSEWHERE = "elsewhere", _("Paid elsewhere")
        RETAKE = "retake", _("Retake of last year")

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+")
    student = models.ForeignKey(Student, on_delete=models.PROTECT, related_name="waivers")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    # For the center alone: it may tell of a student's need. Not in the history, which cannot be erased.
    reason = models.CharField(_("reason"), max_length=200)
    granted_at = models.DateTimeField(_("granted"), auto_now_add=True)
    granted_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    revoked_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    revoked_reason = models.CharField(_("reason of the revocation"), max_length=200, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(fields=("student",), condition=Q(revoked_at=None), name="one_waiver_in_force")
        ]

    def __str__(self) -> str:
        return f"{self.student} {self.get_kind_display()}"

    @property
    def history_name(self) -> str:
        return str(self.student)
