import datetime as dt

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.database.scope import DatabaseRole, deleted_by
from portal.tenancy import TenantModel
from schools.models.season import Season


class GroupDays(TenantModel):
    """The days and hours of a college or of a class, inside those of the school (`schools.days.group_days`)."""

    DATABASE_RIGHTS = deleted_by(DatabaseRole.SCHOOL)

    season = models.ForeignKey(Season, on_delete=models.CASCADE, related_name="group_days")
    college = models.CharField(_("college"), max_length=60, blank=True)
    class_name = models.CharField(_("class"), max_length=60, blank=True)  # empty: the whole college
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    opens_at = models.TimeField(_("opens at"), null=True, blank=True)
    closes_at = models.TimeField(_("closes at"), null=True, blank=True)

    class Meta:
        ordering = ("college", "class_name", "starts_on")
        constraints = [
            models.CheckConstraint(
                name="group_days_end_after_start", condition=models.Q(ends_on__gte=models.F("starts_on"))
            )
        ]
        verbose_name = _("days of a class")
        verbose_name_plural = _("days of classes")

    def __str__(self) -> str:
        return " ".join(filter(None, (self.college, self.class_name)))

    @property
    def history_name(self) -> str:
        return str(self)

    def includes(self, day: dt.date) -> bool:
        return self.starts_on <= day <= self.ends_on
