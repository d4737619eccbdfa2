from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Event(models.Model):
    """Something that happened.

    Appended only: a trigger in the database refuses UPDATE and DELETE.
    """

    at = models.DateTimeField(_("time"), auto_now_add=True)
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
