from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.tenancy import TenantModel
from schools.models.season import Season, WindowException, WindowKind
from schools.season_addresses import reverse_in


class DaysRequest(TenantModel):
    """A school asks the center for other days, with a reason. What is granted is a `WindowException`, maybe with other days."""

    class Status(models.TextChoices):
        ASKED = "asked", _("Waits for the center")
        GRANTED = "granted", _("Granted")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Taken back")

    TRANSITIONS = {
        Status.ASKED: {Status.GRANTED, Status.REFUSED, Status.WITHDRAWN},
        Status.GRANTED: set(),
        Status.REFUSED: set(),
        Status.WITHDRAWN: set(),
    }

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="days_requests")
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.ASKED)
    kind = models.CharField(_("for whom"), max_length=8, choices=WindowKind, default=WindowKind.REGULAR)
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    opens_at = models.TimeField(_("opens at"), null=True, blank=True)
    closes_at = models.TimeField(_("closes at"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200)
    asked_by = models.CharField(_("asked by"), max_length=60)
    asked_at = models.DateTimeField(_("time"), auto_now_add=True)
    answer = models.CharField(_("answer of the center"), max_length=200, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    exception = models.ForeignKey(WindowException, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ("-asked_at", "-id")
        constraints = [
            models.CheckConstraint(
                name="days_request_ends_after_start", condition=models.Q(ends_on__gte=models.F("starts_on"))
            )
        ]
        verbose_name = _("request for days")
        verbose_name_plural = _("requests for days")

    def __str__(self) -> str:
        return f"{self.starts_on} - {self.ends_on}"

    @property
    def history_name(self) -> str:
        return f"{self.starts_on} – {self.ends_on}"

    def get_absolute_url(self) -> str:
        """The center's page of it."""
        return reverse_in(self.season.year, "schools:days_request", self.pk)
