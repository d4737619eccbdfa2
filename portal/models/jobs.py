import uuid
from typing import IO

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.models.claims import Claimable, ClaimableQuerySet
from portal.models.people import User


def artefact_path(job: "Job", filename: str) -> str:
    """A path that cannot be guessed."""
    return f"jobs/{job.kind}/{uuid.uuid4().hex}/{filename}"


class Job(Claimable):
    """One long piece of work.

    The row is saved before its id is queued, so that waiting work is visible.

    Not scoped: center jobs have no school. Views filter a school's jobs by
    `Job.objects.filter(school=...)`.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    # running -> queued: the sweep queues the job of a lost worker again.
    TRANSITIONS = {
        Status.QUEUED: {Status.RUNNING, Status.FAILED},
        Status.RUNNING: {Status.DONE, Status.FAILED, Status.QUEUED},
        Status.DONE: set(),
        Status.FAILED: {Status.QUEUED},
    }

    WAITING, CLAIMED = Status.QUEUED, Status.RUNNING

    kind = models.CharField(_("kind"), max_length=40)
    queue = models.CharField(max_length=20, default="default")
    school = models.ForeignKey(
        settings.TENANT_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="jobs"
    )
    season = models.ForeignKey(settings.SEASON_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.QUEUED)
    params = models.JSONField(default=dict, blank=True)
    result = models.JSONField(default=dict, blank=True)
    done = models.PositiveIntegerField(_("done"), default=0)
    total = models.PositiveIntegerField(_("total"), default=0)
    message = models.TextField(_("message"), blank=True)
    artefact = models.FileField(upload_to=artefact_path, null=True, blank=True)
    artefact_size = models.PositiveIntegerField(_("size"), default=0)  # bytes
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    # When a person hid the failed job from the overviews.
    dismissed_at = models.DateTimeField(null=True, blank=True)

    objects = ClaimableQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        indexes = [
            models.Index(fields=("school", "kind", "-id"), name="job_by_school"),
            models.Index(
                fields=("status", "claimed_at"), name="job_open", condition=models.Q(status__in=("queued", "running"))
            ),
            models.Index(fields=("school",), name="job_failed", condition=models.Q(status="failed", dismissed_at=None)),
        ]

    output: tuple[str, bytes | IO[bytes]] | None = None  # (file name, content) from the handler, until the job is done

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} {self.status}"

    @property
    def is_open(self) -> bool:
        return self.status in (self.Status.QUEUED, self.Status.RUNNING)

    @property
    def percent(self) -> int:
        return 100 if self.status == self.Status.DONE else int(100 * self.done / self.total) if self.total else 0
