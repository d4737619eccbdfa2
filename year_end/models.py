"""The year's end: how each school ranks, and the bulletin."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.database.scope import DatabaseRole, deleted_by
from portal.models import User
from portal.tenancy import TenantModel
from schools.models import Season


class Award(TenantModel):
    """The result of one school's season: rank, score, commendation, criticism, work allowance.

    `figures` holds the fields of `ranking.Figures`.
    """

    DATABASE_RIGHTS = deleted_by(DatabaseRole.CENTER)

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+")
    rank = models.PositiveSmallIntegerField(_("rank"))
    score = models.DecimalField(_("score"), max_digits=5, decimal_places=2)
    figures = models.JSONField(default=dict)
    is_commended = models.BooleanField(_("excellent organisation"), default=False)
    is_criticised = models.BooleanField(_("named in the bulletin"), default=False)
    commended_person = models.CharField(_("commended person"), max_length=60, blank=True)
    allowance_fen = models.PositiveIntegerField(_("work allowance (fen)"), default=0)

    class Meta:
        ordering = ("rank",)
        constraints = [models.UniqueConstraint(fields=("season", "school"), name="one_award_a_season")]

    def __str__(self) -> str:
        return f"{self.rank} {self.school}"


class Bulletin(models.Model):
    """The center's bulletin (通报) at the end of the season. It belongs to no school."""

    season = models.OneToOneField(Season, on_delete=models.PROTECT, related_name="bulletin")
    title = models.CharField(_("title"), max_length=120)
    text = models.TextField(_("text"))
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return self.title
