from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.database.scope import DatabaseRole


class Event(models.Model):
    """Something that happened.

    Appended only: no role of the product may do more, and a trigger refuses UPDATE and DELETE.
    """

    IS_APPEND_ONLY = True
    DATABASE_RIGHTS = {DatabaseRole.ACROSS: {"INSERT"}}
    # For constraints of other tables that ask for an event, whoever commits.
    DATABASE_POLICIES = {"owner": "FOR SELECT TO CURRENT_USER USING (true)"}

    at = models.DateTimeField(_("time"), default=timezone.now)
    kind = models.CharField(_("what"), max_length=60)
    school = models.ForeignKey(settings.TENANT_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    season = models.ForeignKey(settings.SEASON_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    object_type = models.CharField(max_length=60)
    object_id = models.BigIntegerField(null=True)
    actor_key = models.CharField(max_length=40)
    actor_name = models.CharField(_("who"), max_length=80)
    before = models.CharField(_("from"), max_length=30, blank=True)
    after = models.CharField(_("to"), max_length=30, blank=True)
    facts = models.JSONField(default=dict, blank=True)
    # HMAC of the other fields with a key that the database does not have (portal.history.seals).
    seal = models.BinaryField(max_length=32)
    source = models.CharField(_("by way of"), max_length=10, default="web")

    class Meta:
        ordering = ("-id",)
        indexes = [
            models.Index(fields=("object_type", "object_id", "-id"), name="event_by_object"),
            models.Index(fields=("school", "-id"), name="event_by_school"),
            models.Index(fields=("kind", "at"), name="event_by_kind"),
            models.Index(fields=("actor_key", "-id"), name="event_by_actor"),
            models.Index(fields=("at",), name="event_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_type}:{self.object_id}"


class Checkpoint(models.Model):
    """How many lines the history has between two numbers (portal.history.checkpoints).

    `noted`: the last number that was stored at the time `noted_at`, to which the next checkpoint counts
    when every transaction of that time has ended.
    """

    IS_APPEND_ONLY = True
    DATABASE_POLICIES = {"system": f"TO {DatabaseRole.SYSTEM}, {DatabaseRole.CENTER} USING (true)"}

    after = models.BigIntegerField(default=0)
    upto = models.BigIntegerField(_("up to"), default=0)
    number = models.BigIntegerField(_("number of lines"), default=0)
    digest = models.BinaryField(max_length=32)
    noted = models.BigIntegerField()
    noted_at = models.DateTimeField(_("time"))
    seal = models.BinaryField(max_length=32)

    class Meta:
        ordering = ("-id",)
        verbose_name = _("checkpoint of the history")
        verbose_name_plural = _("checkpoints of the history")

    def __str__(self) -> str:
        return str(self.upto)
