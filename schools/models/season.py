import datetime as dt

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.database.scope import DatabaseRole, deleted_by
from portal.tenancy import TenantModel
from schools.models.places import Area


def every_merchant() -> list[str]:
    return list(settings.PAYMENT_MERCHANTS)


class SeasonQuerySet(models.QuerySet["Season"]):
    def current(self) -> "Season | None":
        """The newest open season, else the newest season, else None."""
        return self.filter(status=Season.Status.OPEN).order_by("-year").first() or self.order_by("-year").first()

    def closed_before(self, moment: dt.datetime) -> "SeasonQuerySet":
        """The seasons that are closed, since a day before this moment's."""
        return self.filter(status=Season.Status.CLOSED, closed_on__lt=timezone.localdate(moment))


class Season(models.Model):
    """One year's capture: season 2022 captures the class of 2023."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("In preparation")
        OPEN = "open", _("Open")
        CLOSED = "closed", _("Closed")

    TRANSITIONS = {
        Status.DRAFT: {Status.OPEN},
        Status.OPEN: {Status.CLOSED},
        Status.CLOSED: {Status.OPEN},
    }

    class Background(models.TextChoices):
        BLUE = "blue", _("Light blue")
        WHITE = "white", _("White")
        GREY = "grey", _("Light grey")

    class OwingRule(models.TextChoices):
        """What the center does about a school that owes, when its sheets are ordered or shipped."""

        WARN = "warn", _("Say so and go on")
        REASON = "reason", _("Go on with a reason only")
        BLOCK = "block", _("Neither print nor ship")

    year = models.PositiveSmallIntegerField(_("year"), unique=True)
    graduating_class = models.PositiveSmallIntegerField(_("graduating class"))
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.DRAFT)
    center_name = models.CharField(_("center"), max_length=60)
    notice = models.TextField(_("notice"), blank=True)
    opens_at = models.TimeField(_("capture opens at"), default=dt.time(8))
    closes_at = models.TimeField(_("capture closes at"), default=dt.time(18))
    proof_workdays = models.PositiveSmallIntegerField(_("working days for proofreading"), default=30)
    price_fen = models.PositiveIntegerField(_("price a student (fen)"), default=1500)
    copies = models.PositiveSmallIntegerField(_("copies a student"), default=5)
    # Names of merchants (settings.PAYMENT_MERCHANTS), in the order in which students are offered them.
    payment_merchants = models.JSONField(_("online payment"), default=every_merchant, blank=True)
    payment_due = models.DateField(_("payment due"))
    owing_rule = models.CharField(
        _("when a school still owes"), max_length=6, choices=OwingRule, default=OwingRule.WARN
    )
    four_eyes_fen = models.PositiveIntegerField(_("second person above (fen)"), default=5_000_000)
    bank_account_name = models.CharField(_("account name"), max_length=80, blank=True)
    bank_name = models.CharField(_("bank"), max_length=80, blank=True)
    bank_account_no = models.CharField(_("account number"), max_length=40, blank=True)
    bank_code = models.CharField(_("bank code"), max_length=20, blank=True)
    contact_name = models.CharField(_("contact"), max_length=40, blank=True)
    contact_phone = models.CharField(_("contact phone"), max_length=40, blank=True)
    contact_email = models.EmailField(_("contact e-mail"), blank=True)
    background = models.CharField(_("background"), max_length=8, choices=Background, default=Background.BLUE)
    consent_version = models.CharField(_("version of the consent"), max_length=20, default="1")
    consent_text = models.TextField(_("text of the consent"), blank=True)
    retention_days = models.PositiveSmallIntegerField(_("days originals are kept after closing"), default=180)
    closed_on = models.DateField(_("closed on"), null=True, blank=True)

    objects = SeasonQuerySet.as_manager()

    class Meta:
        ordering = ("-year",)
        swappable = "SEASON_MODEL"
        verbose_name = _("season")
        verbose_name_plural = _("seasons")

    def __str__(self) -> str:
        return str(self.year)


class Window(models.Model):
    """The days of an area in a season; the first and the last day are included."""

    DATABASE_RIGHTS = deleted_by(DatabaseRole.CENTER)

    season = models.ForeignKey(Season, on_delete=models.CASCADE, related_name="windows")
    area = models.ForeignKey(Area, verbose_name=_("area"), on_delete=models.PROTECT, related_name="windows")
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))

    class Meta:
        ordering = ("starts_on", "area__position")
        constraints = [
            models.UniqueConstraint(fields=("season", "area"), name="one_window_an_area"),
            models.CheckConstraint(
                name="window_ends_after_start", condition=models.Q(ends_on__gte=models.F("starts_on"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.area} {self.starts_on} - {self.ends_on}"


class WindowException(TenantModel):
    """More days or other hours that the center grants one school (special cases of the notice)."""

    DATABASE_RIGHTS = deleted_by(DatabaseRole.CENTER)

    season = models.ForeignKey(Season, on_delete=models.CASCADE, related_name="exceptions")
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    opens_at = models.TimeField(_("opens at"), null=True, blank=True)
    closes_at = models.TimeField(_("closes at"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200)

    class Meta:
        ordering = ("starts_on",)
        constraints = [
            models.CheckConstraint(
                name="exception_ends_after_start", condition=models.Q(ends_on__gte=models.F("starts_on"))
            )
        ]

    def __str__(self) -> str:
        return f"{self.starts_on} - {self.ends_on}"
