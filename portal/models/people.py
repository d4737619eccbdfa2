from collections.abc import Collection
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.contrib.auth import hashers
from django.contrib.auth.models import AbstractUser
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from portal.database.scope import EVERY_SCHOOL, LOGIN, SCHOOL, DatabaseRole, current, opened
from portal.errors import NotAllowed
from portal.student_limits import Limit

_OF_THE_SCHOOL = f"NOT is_superuser AND id IN (SELECT user_id FROM portal_membership WHERE school_id = {SCHOOL})"  # noqa: S608


class UsernameValidator(UnicodeUsernameValidator):
    """Without "@": one may sign in by user name or by e-mail address, and no name is somebody's address."""

    regex = r"^[\w.+-]+\Z"
    message = _("A user name has letters, figures and . + - _ only.")


class User(AbstractUser):
    """An account of a person of the center or of a school.

    Students have no accounts: they sign in by the roster.
    """

    DATABASE_RIGHTS = {LOGIN: {"UPDATE"}, DatabaseRole.SCHOOL: {"INSERT", "UPDATE"}}
    # A school changes the accounts of its people. The trigger `guard_account` says what nobody may change, and that a
    # statement changes the account only that it names.
    DATABASE_POLICIES = {
        "read": f"FOR SELECT TO {DatabaseRole.PLAIN} USING (true)",
        "own_account": f"FOR UPDATE TO {LOGIN} USING (true)",
        "invited": f"FOR INSERT TO {DatabaseRole.SCHOOL} WITH CHECK (true)",
        "of_the_school": f"FOR UPDATE TO {DatabaseRole.SCHOOL} USING ({_OF_THE_SCHOOL})",
        "everybody": EVERY_SCHOOL,
        "owner": "TO CURRENT_USER USING (true)",
    }

    username_validator = UsernameValidator()

    username = models.CharField(
        _("User name"),
        max_length=150,
        unique=True,
        validators=[username_validator],
        error_messages={"unique": _("This user name is taken. Choose another one.")},
    )
    full_name = models.CharField(_("name"), max_length=60, blank=True)
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    language = models.CharField(max_length=10, blank=True)  # last chosen; empty: the default
    first_signed_in_at = models.DateTimeField(null=True, blank=True, editable=False)
    # An account with a known password, made by the demo; only the database role of the system can set it.
    is_demo = models.BooleanField(default=False, editable=False)
    # A second factor was removed as lost: a new one is set up before anything else. Nobody sets it back.
    has_no_grace = models.BooleanField(default=False, editable=False)
    # {list: names of the columns that the person wants to see}; a list that is not here shows its usual ones.
    list_columns = models.JSONField(default=dict, blank=True, editable=False)

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(
                condition=~Q(username__contains="@"),
                name="no_user_name_is_an_address",
                violation_error_message=UsernameValidator.message,
            )
        ]

    def set_password(self, raw_password: str | None) -> None:
        self._begin_password()
        super().set_password(raw_password)

    def set_unusable_password(self) -> None:
        self._begin_password()
        super().set_unusable_password()

    def _begin_password(self) -> None:
        if self.is_superuser and connection.is_scoped:  # type: ignore[attr-defined]
            raise NotAllowed(_("An operator's password is changed on the server: manage.py changepassword."))
        self._sets_password = True

    def check_password(self, raw_password: str | None) -> bool:
        """As Django's; the hash of an operator is not renewed on the way."""
        if self.is_superuser:
            return hashers.check_password(raw_password, self.password)
        return super().check_password(raw_password)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """The database takes a change only for the account that the statement names, and a new password only
        for the one whose password it names.
        """
        named = self.pk if self._sets_password else None
        with opened(replace(current(), account=named, user=self.pk)):
            super().save(*args, **kwargs)
        self._sets_password = False

    _sets_password = False

    @property
    def actor_key(self) -> str:
        return f"user:{self.pk}"

    @property
    def actor_name(self) -> str:
        return self.full_name or self.username

    @property
    def school_id(self) -> int | None:
        """The school whose history tells of this account; None for a person of the center."""
        return Membership.objects.filter(user=self).values_list("school_id", flat=True).first()


class Role(models.TextChoices):
    """The roles. A value begins with center_ or school_. What each may do: `portal.permissions`."""

    CENTER_ADMIN = "center_admin", _("Center administrator")
    CENTER_OFFICER = "center_officer", _("Center officer")
    CENTER_REVIEWER = "center_reviewer", _("Center reviewer")
    CENTER_FINANCE = "center_finance", _("Center finance")
    CENTER_PRINTING = "center_printing", _("Center printing")
    CENTER_AUDITOR = "center_auditor", _("Center auditor")
    SCHOOL_ADMIN = "school_admin", _("School administrator")
    SCHOOL_OFFICER = "school_officer", _("School officer")
    SCHOOL_REVIEWER = "school_reviewer", _("School reviewer")
    SCHOOL_FINANCE = "school_finance", _("School finance")
    SCHOOL_HELPER = "school_helper", _("Station helper")
    SCHOOL_MONITOR = "school_monitor", _("Class monitor")


CENTER_ROLES = {role for role in Role if role.startswith("center_")}
SCHOOL_ROLES = {role for role in Role if role.startswith("school_")}
# Whose work is with single students: these can be limited to colleges or classes.
LIMITABLE_ROLES = {Role.SCHOOL_OFFICER, Role.SCHOOL_REVIEWER, Role.SCHOOL_HELPER, Role.SCHOOL_MONITOR}


class Rank(models.IntegerChoices):
    """The order in which people stand. Nobody gives a role above the own rank (`portal.accounts.people`)."""

    SCHOOL = 1
    SCHOOL_ADMIN = 2
    CENTER = 3
    CENTER_ADMIN = 4
    OPERATOR = 5  # a superuser


def rank_of(role: str) -> Rank:
    administrators = {Role.CENTER_ADMIN.value: Rank.CENTER_ADMIN, Role.SCHOOL_ADMIN.value: Rank.SCHOOL_ADMIN}
    return administrators.get(role, Rank.CENTER if role in CENTER_ROLES else Rank.SCHOOL)


def role_labels(roles: Collection[str]) -> str:
    """The roles in the reader's language, in the order of `Role`."""
    return pgettext("between the items of a list", ", ").join(str(role.label) for role in Role if role in roles)


class Membership(models.Model):
    """The roles of an account, at one school or at the center.

    `colleges` and `class_names` limit a person to the students of these colleges and of these
    classes; both empty: no limit.
    """

    # Who signs in is read before a scope is open. A school sees its own people and those of the center.
    DATABASE_POLICIES = {
        "who_signs_in": f"FOR SELECT TO {LOGIN} USING (true)",
        "of_the_center": f"FOR SELECT TO {DatabaseRole.SCHOOL} USING (school_id IS NULL)",
    }

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="membership")
    roles = ArrayField(models.CharField(max_length=20, choices=Role), verbose_name=_("roles"))
    school = models.ForeignKey(
        settings.TENANT_MODEL,
        verbose_name=_("school"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="memberships",
    )
    is_contact = models.BooleanField(_("responsible for the capture"), default=False)
    colleges = ArrayField(models.CharField(max_length=60), verbose_name=_("only colleges"), default=list, blank=True)
    class_names = ArrayField(models.CharField(max_length=60), verbose_name=_("only classes"), default=list, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="membership_school_fits_roles",
                condition=models.Q(roles__contained_by=sorted(CENTER_ROLES), school__isnull=True)
                | models.Q(roles__contained_by=sorted(SCHOOL_ROLES), school__isnull=False),
            ),
            models.CheckConstraint(name="membership_has_a_role", condition=models.Q(roles__len__gt=0)),
            models.CheckConstraint(
                name="membership_limit_fits_roles",
                condition=models.Q(colleges=[], class_names=[]) | models.Q(roles__contained_by=sorted(LIMITABLE_ROLES)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user.actor_name}, {self.roles_label}"

    @property
    def history_name(self) -> str:
        return self.user.actor_name

    is_visiting = False  # a person of the center with the eyes of the school: portal.accounts.visits

    @property
    def is_center(self) -> bool:
        return self.school_id is None

    @property
    def is_limited(self) -> bool:
        return bool(self.colleges or self.class_names)

    @property
    def limit(self) -> Limit:
        return Limit(self.colleges, self.class_names)

    @property
    def roles_label(self) -> str:
        return role_labels(self.roles)

    @property
    def limit_label(self) -> str:
        """The colleges and classes that the person is limited to; empty: no limit."""
        return pgettext("between the items of a list", ", ").join([*self.colleges, *self.class_names])

    @property
    def is_shut_out(self) -> bool:
        """Whether the school is switched off; the query must have selected it."""
        return self.school is not None and not self.school.is_active

    @property
    def rank(self) -> Rank:
        if self.user.is_superuser:
            return Rank.OPERATOR
        return max(rank_of(role) for role in self.roles)
