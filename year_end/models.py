"""The year's end: what a season is scored by, how each school ranks, the bulletin and its documents."""

import uuid

from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.database.scope import DatabaseRole, deleted_by
from portal.models import User
from portal.tenancy import TenantModel
from schools.models import Season

_PERCENT = (MaxValueValidator(100),)


class ScoringRules(models.Model):
    """What the schools of a season are ranked by. Fixed when the season is opened (`year_end.scoring`).

    The first five are the points of each part; together they are 100.
    """

    PARTS = ("coverage", "first_pass", "feedback", "fee", "kept")
    OTHERS = ("loss_a_day", "commended_percent", "criticised_below", "allowance_fen")

    season = models.OneToOneField(Season, on_delete=models.PROTECT, related_name="+")
    coverage = models.PositiveSmallIntegerField(_("photographed of the roster"), default=40, validators=_PERCENT)
    first_pass = models.PositiveSmallIntegerField(_("first photos that passed"), default=20, validators=_PERCENT)
    feedback = models.PositiveSmallIntegerField(_("feedback form on time"), default=15, validators=_PERCENT)
    fee = models.PositiveSmallIntegerField(_("fee on time"), default=15, validators=_PERCENT)
    kept = models.PositiveSmallIntegerField(_("portraits that were not reset"), default=10, validators=_PERCENT)
    loss_a_day = models.PositiveSmallIntegerField(
        _("percent lost with each working day of delay"), default=5, validators=_PERCENT
    )
    commended_percent = models.PositiveSmallIntegerField(
        _("percent of the schools proposed for commendation"), default=20, validators=_PERCENT
    )
    criticised_below = models.PositiveSmallIntegerField(
        _("proposed for the bulletin below (points)"), default=60, validators=_PERCENT
    )
    allowance_fen = models.PositiveIntegerField(_("allowance a photographed student (fen)"), default=50)

    class Meta:
        verbose_name = _("weights of the ranking")

    def __str__(self) -> str:
        return f"{self.season} {self.weights}"

    @property
    def weights(self) -> dict[str, int]:
        """{part: its points}"""
        return {name: getattr(self, name) for name in self.PARTS}

    @property
    def terms(self) -> dict[str, int]:
        """All that a ranking depends on, for the form and for the snapshot."""
        return self.weights | {name: getattr(self, name) for name in self.OTHERS}

    @property
    def parts(self) -> list[tuple[str, int]]:
        """[(label of the part, its points)]"""
        return [(str(self._meta.get_field(name).verbose_name), points) for name, points in self.weights.items()]  # type: ignore[union-attr]


class Ranking(models.Model):
    """The figures of a season as they were counted, and their hash; ranking again replaces them.

    `snapshot` (`year_end.figures.snapshot_of`) holds all that scores, bulletin and documents are computed from, so that
    they are the same years later, whatever has changed since.
    """

    season = models.OneToOneField(Season, on_delete=models.PROTECT, related_name="ranking")
    snapshot = models.JSONField(default=dict)
    sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.season} {self.sha256[:12]}"


class Award(TenantModel):
    """The result of one school's season: rank, score, commendation, criticism, work allowance.

    `figures` holds the fields of `figures.Figures`; `persons` the commended persons: [{"name", "post"}].
    """

    DATABASE_RIGHTS = deleted_by(DatabaseRole.CENTER, DatabaseRole.SYSTEM)

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+")
    rank = models.PositiveSmallIntegerField(_("rank"))
    score = models.DecimalField(_("score"), max_digits=5, decimal_places=2)
    figures = models.JSONField(default=dict)
    is_commended = models.BooleanField(_("excellent organisation"), default=False)
    is_criticised = models.BooleanField(_("named in the bulletin"), default=False)
    persons = models.JSONField(_("commended persons"), default=list, blank=True)
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
    # Of the ranking that stood beside the text when it was saved.
    sha256 = models.CharField(max_length=64, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return self.title


def document_path(document: "YearEndDocument", filename: str) -> str:
    return f"year_end/{document.season_id}/{uuid.uuid4().hex}/{filename}"


class YearEndDocument(models.Model):
    """A document of a published bulletin, kept as it was: it is sent with the same bytes in later years."""

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=40)  # a key of year_end.documents.DOCUMENTS
    file = models.FileField(upload_to=document_path)
    file_size = models.PositiveIntegerField(_("size"), default=0)
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ("season", "name")
        constraints = [models.UniqueConstraint(fields=("season", "name"), name="one_document_of_a_name")]

    def __str__(self) -> str:
        return self.name
