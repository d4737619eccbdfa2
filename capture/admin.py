"""Read-only admin pages: photos, findings, limits, consents and stations of all schools.

Changes: in the portals.
"""

from django.contrib import admin

from capture.models import Consent, Exemption, Finding, LimitSet, Photo, Station
from portal.admin import ReadOnlyAdmin, TenantAdmin


@admin.register(Photo)
class PhotoAdmin(TenantAdmin):
    """States, times and measures, but no pictures: the portals show pictures, and record who views
    them. What students say about themselves is for the own school only."""

    list_display = ("id", "student", "school", "season", "status", "outcome", "is_current", "attempts", "taken_at")
    list_filter = ("season", "status", "outcome", "is_current", "origin", "school")
    search_fields = ("=id", "student__student_no__startswith")
    related = ("student", "school", "season")
    exclude = ("original", "preview", "portrait", "thumbnail", "token", "excuses", "appeal_words")
    show_full_result_count = False


@admin.register(Finding)
class FindingAdmin(TenantAdmin):
    list_display = ("photo_id", "school", "rule", "outcome", "value", "limit")
    list_filter = ("rule", "outcome", "school")
    search_fields = ("=photo__id", "photo__student__student_no__startswith")
    related = ("school", "photo__student")
    show_full_result_count = False


@admin.register(Consent)
class ConsentAdmin(TenantAdmin):
    list_display = ("student", "school", "version", "agreed_at")
    list_filter = ("version", "school")
    search_fields = ("student__student_no__startswith",)
    related = ("student", "school")
    show_full_result_count = False


@admin.register(Exemption)
class ExemptionAdmin(TenantAdmin):
    """States and times. What a student declares is for the own school only."""

    list_display = ("student_id", "school", "season", "status", "declared_at", "decided_at")
    list_filter = ("season", "status", "school")
    exclude = ("kind", "words", "answer")
    related = ("school", "season")
    show_full_result_count = False


@admin.register(Station)
class StationAdmin(TenantAdmin):
    list_display = ("name", "school", "season", "place", "hours", "has_soft_light", "helper")
    list_filter = ("season", "has_soft_light", "school")
    search_fields = ("name", "place")


@admin.register(LimitSet)
class LimitSetAdmin(ReadOnlyAdmin):
    """Read-only: sets are made on the center's page of photo rules, which shows a preview first."""

    list_display = ("season", "number", "approves_green", "rejects_red", "reason", "made_by", "made_at")
    list_filter = ("season",)
    list_select_related = ("season", "made_by")
