from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """An account of a person of the center or of a school.

    Students have no accounts: they sign in by the roster.
    """

    full_name = models.CharField(_("name"), max_length=60, blank=True)
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    language = models.CharField(max_length=10, blank=True)  # last chosen; empty: the default

    @property
    def actor_key(self) -> str:
        return f"user:{self.pk}"

    @property
    def actor_name(self) -> str:
        return self.full_name or self.username


class Role(models.TextChoices):
    """The roles. A value begins with center_ or school_. What each may do: `portal.permissions`."""

    CENTER_ADMIN = "center_admin", _("Center administrator")
    CENTER_OFFICER = "center_officer", _("Center officer")
    SCHOOL_ADMIN = "school_admin", _("School administrator")
    SCHOOL_OFFICER = "school_officer", _("School officer")


CENTER_ROLES = {role for role in Role if role.startswith("center_")}
SCHOOL_ROLES = {role for role in Role if role.startswith("school_")}


class Membership(models.Model):
    """The role of an account, at one school or at the center."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="membership")
    role = models.CharField(_("role"), max_length=20, choices=Role)
    school = models.ForeignKey(
        settings.TENANT_MODEL,
        verbose_name=_("school"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="memberships",
    )
    is_contact = models.BooleanField(_("responsible for the capture"), default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="membership_school_fits_role",
                condition=models.Q(role__in=sorted(CENTER_ROLES), school__isnull=True)
                | models.Q(role__in=sorted(SCHOOL_ROLES), school__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user.actor_name}, {self.get_role_display()}"

    @property
    def history_name(self) -> str:
        return self.user.actor_name

    @property
    def is_center(self) -> bool:
        return self.role in CENTER_ROLES
