"""Numbers of rows that the database keeps, and their proof."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from portal.database.counters import Counts
from portal.database.rights import OWNER
from portal.database.scope import EVERY_SCHOOL, DatabaseRole, deleted_by
from portal.tenancy import TenantModel


class Numbers(models.Model):
    """A change of the number of rows in one group: a group's number is the sum of its lines, as `numbers` gives it.

    Appended by triggers (portal.database.counters), in the rights of whoever changes the rows; by nobody else but the system.
    """

    COUNTS: ClassVar[Counts | None] = None
    objects: ClassVar[Any]
    IS_APPEND_ONLY = True
    # The system makes one line of many (portal.counters.folding).
    DATABASE_RIGHTS = deleted_by(DatabaseRole.SYSTEM)
    DATABASE_POLICIES = {"owner": OWNER}

    number = models.IntegerField()  # added to the group; below 0: taken from it

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.number:+}"

    @classmethod
    def groups(cls, *by: str, **filters: Any) -> Any:
        """(value of each of `by`, number of rows), in the order of `by`, without the groups that are empty."""
        rows = cls.objects.filter(**filters).order_by(*by).values_list(*by)
        return rows.annotate(sum=Sum("number")).exclude(sum=0)

    @classmethod
    def numbers(cls, *by: str, **filters: Any) -> dict[Any, int]:
        """{value, or tuple of values, of `by`: number of rows}, without the groups that are empty."""
        return {
            key[0] if len(by) == 1 else tuple(key): number for *key, number in cls.groups(*by, **filters).order_by()
        }

    @classmethod
    def number_of(cls, **filters: Any) -> int:
        found: int | None = cls.objects.filter(**filters).aggregate(sum=Sum("number"))["sum"]
        return found or 0


class Counter(TenantModel, Numbers):
    """The numbers of a school's rows in a season."""

    # No constraints: each line would lock its school and its season for a moment.
    school = models.ForeignKey(
        settings.TENANT_MODEL, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    season = models.ForeignKey(
        settings.SEASON_MODEL, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )

    class Meta:
        abstract = True


class CounterProof(models.Model):
    """One proof of all counters against the rows (`portal.counters.proof`)."""

    IS_APPEND_ONLY = True
    DATABASE_POLICIES = {"every_school": EVERY_SCHOOL}

    at = models.DateTimeField(_("time"), auto_now_add=True)
    rows = models.PositiveBigIntegerField()  # that were counted again, once a counter
    # {label of the counter: [number of groups that differ, the first of them as {column: value, kept, counted}]}
    faults = models.JSONField(default=dict)
    was_repaired = models.BooleanField(default=False)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.at}"
