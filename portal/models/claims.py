"""Rows that wait until a worker claims them: photos to judge, jobs, deliveries."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from portal.tenancy import TenantQuerySet


class Claimable(models.Model):
    """A row that at most one worker works on at a time.

    The worker claims the row; an old claim counts as lost.

    The model sets `WAITING`, its state before a claim, and `CLAIMED`, its state during one (they
    may be the same state). `attempts` counts the claims of a row that is not finished; after
    `MAX_ATTEMPTS` lost claims the row is given up.
    """

    WAITING: ClassVar[str]
    CLAIMED: ClassVar[str]
    MAX_ATTEMPTS: ClassVar[int] = 2
    # After this time a claim or a queue message counts as lost; None for settings.CLAIM_SECONDS,
    # which is the most.
    CLAIM_SECONDS: ClassVar[int | None] = None

    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)  # None: no worker has it
    # When its id was last sent to the queue.
    queued_at = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True

    @classmethod
    def claim_time(cls) -> dt.timedelta:
        """How old a claim or a queue message may be that does not count as lost."""
        seconds = (
            settings.CLAIM_SECONDS if cls.CLAIM_SECONDS is None else min(cls.CLAIM_SECONDS, settings.CLAIM_SECONDS)
        )
        return dt.timedelta(seconds=seconds)

    @classmethod
    def stale_before(cls) -> dt.datetime:
        """Claims and queue messages from before this time count as lost."""
        return timezone.now() - cls.claim_time()

    @classmethod
    def is_lost(cls, field: str) -> Q:
        """The time in this field is too long ago, or so far ahead that the clock has been set back since."""
        before = cls.stale_before()
        return Q(**{f"{field}__lt": before}) | Q(**{f"{field}__gt": before + 2 * cls.claim_time()})

    @property
    def is_given_up(self) -> bool:
        """Whether it has been claimed as often as allowed."""
        return self.attempts >= self.MAX_ATTEMPTS

    @staticmethod
    def anew() -> dict[str, Any]:
        """Field values of a row that waits as if it were new."""
        return {"attempts": 0, "claimed_at": None, "queued_at": timezone.now()}


class ClaimableQuerySet(models.QuerySet[Any]):
    """Every change is one conditional UPDATE, or holds the rows that it has looked at, so that of two workers at the same
    time only one succeeds.
    """

    def claim(self, pk: int) -> Any:
        """Claim a row and return it.

        None if another worker has it, it is finished, or it is to be given up.
        """
        mine = self.unclaimed().filter(pk=pk)
        now = timezone.now()
        claimed = mine.update(status=self.model.CLAIMED, claimed_at=now, attempts=F("attempts") + 1)
        return self.get(pk=pk) if claimed else None

    def claim_next(self, *order: Any) -> Any:
        """Claim the first row in this order that is free, and return it; None when there is none.

        Workers that ask at the same time get different rows, without waiting for each other.
        """
        with transaction.atomic():
            free = self.unclaimed().order_by(*order).select_for_update(no_key=True, skip_locked=True)
            pk = free.values_list("pk", flat=True).first()
            return None if pk is None else self.claim(pk)

    def unclaimed(self) -> Self:
        """Unfinished rows that no worker has, and that are not to be given up."""
        free = Q(claimed_at=None) | self.model.is_lost("claimed_at")
        return self._open().filter(free, attempts__lt=self.model.MAX_ATTEMPTS)

    def stale(self) -> Self:
        """Unfinished rows whose claim or queue message is lost."""
        unheard = Q(claimed_at=None) & self.model.is_lost("queued_at")
        return self._open().filter(unheard | self.model.is_lost("claimed_at"))

    def queue_again(self, rows: Sequence[Any]) -> list[Any]:
        """Set stale rows back to waiting, all in one statement.

        Returns those that neither their worker nor another sweep has changed since they were read.
        """
        seen = {row.pk: (row.claimed_at, row.queued_at) for row in rows}
        with transaction.atomic():
            held = self._open().filter(pk__in=seen).order_by("pk").select_for_update(no_key=True, skip_locked=True)
            now = held.values_list("pk", "claimed_at", "queued_at")
            same = {pk for pk, claimed_at, queued_at in now if seen[pk] == (claimed_at, queued_at)}
            fields = {"status": self.model.WAITING, "claimed_at": None, "queued_at": timezone.now()}
            self.filter(pk__in=same).update(**fields)
        return [row for row in rows if row.pk in same]

    def release(self, row: Any, **fields: Any) -> bool:
        """Undo a claim, so that it does not count as an attempt.

        False if the claim was lost before.
        """
        held = self.filter(pk=row.pk, status=self.model.CLAIMED, claimed_at__gte=self.model.stale_before())
        return bool(
            held.update(status=self.model.WAITING, **Claimable.anew() | {"attempts": row.attempts - 1} | fields)
        )

    def _open(self) -> Self:
        return self.filter(status__in={self.model.WAITING, self.model.CLAIMED})


class TenantClaimableQuerySet(ClaimableQuerySet, TenantQuerySet):  # type: ignore[override] # as_manager, which is not called
    """For claimable rows that belong to a school."""
