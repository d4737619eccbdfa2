from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.database.scope import DatabaseRole, deleted_by


class Area(models.Model):
    """A city or part of a city. All its schools photograph on the same days."""

    DATABASE_RIGHTS = deleted_by(DatabaseRole.CENTER)

    code = models.SlugField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=40, unique=True)
    position = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        ordering = ("position", "name")
        verbose_name = _("area")
        verbose_name_plural = _("areas")

    def __str__(self) -> str:
        return self.name


class School(models.Model):
    """A university or research institute: a tenant."""

    DATABASE_RIGHTS = {DatabaseRole.SCHOOL: {"UPDATE"}}

    class Kind(models.TextChoices):
        UNIVERSITY = "university", _("University")
        COLLEGE = "college", _("Vocational college")
        INSTITUTE = "institute", _("Research institute")

    code = models.CharField(_("school code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=60, unique=True)
    short_name = models.CharField(_("short name"), max_length=20, blank=True)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.UNIVERSITY)
    area = models.ForeignKey(Area, verbose_name=_("area"), on_delete=models.PROTECT, related_name="schools")
    address = models.CharField(_("delivery address"), max_length=200, blank=True)
    contact_name = models.CharField(_("contact"), max_length=40, blank=True)
    contact_phone = models.CharField(_("contact phone"), max_length=40, blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        ordering = ("area__position", "code")
        swappable = "TENANT_MODEL"
        verbose_name = _("school")
        verbose_name_plural = _("schools")

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The center's page of the school."""
        return reverse("schools:school", args=[self.pk])

    @property
    def register_url(self) -> str:
        """The center's list of all schools."""
        return reverse("schools:schools")
