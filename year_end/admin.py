"""The Django admin of the year's end, read-only: awards and bulletins."""

from django.contrib import admin

from portal.admin import ReadOnlyAdmin, TenantAdmin
from year_end.models import Award, Bulletin, Ranking, ScoringRules, YearEndDocument


@admin.register(Award)
class AwardAdmin(TenantAdmin):
    list_display = ("rank", "school", "season", "score", "is_commended", "is_criticised", "allowance_fen")
    list_filter = ("season", "is_commended", "is_criticised")


@admin.register(Bulletin)
class BulletinAdmin(ReadOnlyAdmin):
    list_display = ("title", "season", "published_at")


@admin.register(Ranking)
class RankingAdmin(ReadOnlyAdmin):
    list_display = ("season", "made_at", "sha256")


@admin.register(ScoringRules)
class ScoringRulesAdmin(ReadOnlyAdmin):
    list_display = ("season", "weights")


@admin.register(YearEndDocument)
class YearEndDocumentAdmin(ReadOnlyAdmin):
    list_display = ("season", "name", "sha256")
