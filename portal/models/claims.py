"""Work that waits in a table until a worker takes it: photos to judge, jobs, deliveries."""

import datetime as dt
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from portal.tenancy import TenantQuerySet


class Claimable(models.Model):
    """A row that one worker at a time works on. Whoever works on it has claimed it; a claim that grows old is lost.

    The model names its states: `WAITING` before a claim, `CLAIMED` while it is held (the same, if the state does not
    show who holds it). `attempts` counts the claims that came to no end: a row is given up after `MAX_ATTEMPTS` of them.
    """

    WAITING: ClassVar[str]
    CLAIMED: ClassVar[str]
    MAX_ATTEMPTS: ClassVar[int] = 2
    # How long a claim or a message to the queue is trusted, where that is less than settings.CLAIM_SECONDS.
    CLAIM_SECONDS: ClassVar[int | None] = None

    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)  # None: nobody works on it
    queued_at = models.DateTimeField(default=timezone.now)  # when the queue was told last; in the future: not before

    class Meta:
        abstract = True

    @classmethod
    def stale_before(cls) -> dt.datetime:
        """Claims and messages to the queue from before this moment are taken to be lost."""
        seconds = (
            settings.CLAIM_SECONDS if cls.CLAIM_SECONDS is None else min(cls.CLAIM_SECONDS, settings.CLAIM_SECONDS)
        )
        return timezone.now() - dt.timedelta(seconds=seconds)

    @property
    def is_given_up(self) -> bool:
        """Whether its last claim was the last allowed."""
        return self.attempts >= self.MAX_ATTEMPTS

    @staticmethod
    def anew() -> dict[str, Any]:
        """The fields of a row that waits as if it had just come in."""
        return {"attempts": 0, "claimed_at": None, "queued_at": timezone.now()}


class ClaimableQuerySet(models.QuerySet[Any]):
    """Each of these is one conditional UPDATE: of two workers at once, one wins."""

    def claim(self, pk: int) -> Any:
        """Take a row for this worker and return it; None when another has it, it is over, or it is to be given up."""
        free = Q(claimed_at=None) | Q(claimed_at__lt=self.model.stale_before())
        mine = self._open().filter(free, pk=pk, attempts__lt=self.model.MAX_ATTEMPTS)
        now = timezone.now()
        taken = mine.update(status=self.model.CLAIMED, claimed_at=now, attempts=F("attempts") + 1)
        return self.get(pk=pk) if taken else None

    def stale(self) -> Self:
        """Open rows whose claim is lost, or of which the queue was told so long ago that its message is."""
        before = self.model.stale_before()
        return self._open().filter(Q(claimed_at=None, queued_at__lt=before) | Q(claimed_at__lt=before))

    def queue_again(self, row: Any) -> bool:
        """Note that the queue is told of a stale row once more. False when its worker, or another sweep, was faster."""
        same = self._open().filter(pk=row.pk, claimed_at=row.claimed_at, queued_at=row.queued_at)
        return bool(same.update(status=self.model.WAITING, claimed_at=None, queued_at=timezone.now()))

    def release(self, row: Any, **fields: Any) -> bool:
        """Give a claim back as if it had not been taken. False when it was lost before."""
        held = self.filter(pk=row.pk, status=self.model.CLAIMED, claimed_at__gte=self.model.stale_before())
        return bool(
            held.update(status=self.model.WAITING, **Claimable.anew() | {"attempts": row.attempts - 1} | fields)
        )

    def _open(self) -> Self:
        return self.filter(status__in={self.model.WAITING, self.model.CLAIMED})


class TenantClaimableQuerySet(ClaimableQuerySet, TenantQuerySet):  # type: ignore[override] # as_manager, which is not called
    """For claimable rows that belong to a school."""
