"""The tables of this room in the Django admin, for the operator. Daily work is done in the portals.

The classes that read rows of schools do so in the center's scope (`portal.admin`).
"""

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest
from import_export.admin import ImportExportModelAdmin
from import_export.formats import base_formats

from portal import history
from portal.admin import CenterAdmin, ReadOnlyAdmin, RecordedAdmin
from schools.days.timetable import describe_timetable
from schools.models import Area, Enrolment, School, Season, Window, WindowException
from schools.resources import SchoolResource
from schools.school_sheets import read_sheet, record_import
from schools.seasons import FIXED_WHEN_OPEN


class WindowInline(admin.TabularInline):
    model = Window
    extra = 0


@admin.register(Season)
class SeasonAdmin(RecordedAdmin):
    added = "created"
    list_display = ("year", "graduating_class", "status", "center_name", "payment_due")
    readonly_fields = ("status", "closed_on")
    inlines = (WindowInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: Season | None = None) -> tuple[str, ...]:
        has_been_opened = obj is not None and obj.status != Season.Status.DRAFT
        return (*self.readonly_fields, *(FIXED_WHEN_OPEN if has_been_opened else ()))

    def save_related(self, request: Any, form: Any, formsets: Any, change: bool) -> None:
        before = describe_timetable(form.instance)
        super().save_related(request, form, formsets, change)
        after = describe_timetable(form.instance)
        changes = {
            name: [before.get(name), after.get(name)] for name in before | after if before.get(name) != after.get(name)
        }
        if changes:
            history.record("season.timetable", form.instance, by=request.user, facts=changes)


@admin.register(Area)
class AreaAdmin(RecordedAdmin):
    added = "created"
    list_display = ("name", "code", "position")
    search_fields = ("name", "code")


class AnySheet(base_formats.XLSX):
    """A workbook or delimited text that a stranger made, read as in the portal: in a process of its own."""

    def create_dataset(self, in_stream: bytes, **kwargs: Any) -> Any:
        return read_sheet(in_stream)


@admin.register(School)
class SchoolAdmin(RecordedAdmin, ImportExportModelAdmin):
    resource_classes = (SchoolResource,)
    import_formats = (AnySheet,)
    list_display = ("code", "name", "kind", "area", "is_active")
    list_filter = ("area", "kind", "is_active")
    list_select_related = ("area",)
    search_fields = ("code", "name", "short_name")

    def process_dataset(self, dataset: Any, form: Any, request: Any, **kwargs: Any) -> Any:
        with transaction.atomic():
            result = super().process_dataset(dataset, form, request, **kwargs)
            record_import(result, by=request.user)
        return result


@admin.register(Enrolment)
class EnrolmentAdmin(RecordedAdmin, CenterAdmin):
    added = "created"
    list_display = ("school", "season", "status", "payment_mode", "capture_ended_on", "proof_due_on")
    list_filter = ("season", "status", "payment_mode")
    list_select_related = ("school", "season")
    search_fields = ("school__code", "school__name")
    readonly_fields = (
        *("school", "season", "status", "payment_mode", "capture_ended_on"),
        *("hands_over_list", "stated_students"),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(WindowException)
class WindowExceptionAdmin(ReadOnlyAdmin):
    list_display = ("school", "season", "starts_on", "ends_on", "reason")
    list_select_related = ("school", "season")
