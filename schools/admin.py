"""The operator's desk: everything to look at, little to change. The daily work has its own portals.

Rows are read across schools, so each admin opens the center's scope. History and messages are never edited.
"""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from import_export.admin import ImportExportModelAdmin

from schools import history
from schools.days import timetable_of
from schools.models import (
    Area,
    Enrolment,
    Event,
    Job,
    Membership,
    Message,
    School,
    Season,
    User,
    Window,
    WindowException,
)
from schools.register import record_import
from schools.resources import SchoolResource
from schools.revisions import shown
from schools.seasons import FIXED_WHEN_OPEN
from schools.tenancy import center_scope


class CenterAdmin(admin.ModelAdmin):
    """Tenant rows across all schools. TemplateResponses are rendered before the scope closes."""

    def _in_scope(self, name: str, *args: Any, **kwargs: Any) -> Any:
        with center_scope():
            response = getattr(super(), name)(*args, **kwargs)
            if hasattr(response, "render") and not response.is_rendered:
                response.render()
            return response

    def changelist_view(self, *args: Any, **kwargs: Any) -> Any:
        return self._in_scope("changelist_view", *args, **kwargs)

    def changeform_view(self, *args: Any, **kwargs: Any) -> Any:
        return self._in_scope("changeform_view", *args, **kwargs)

    def delete_view(self, *args: Any, **kwargs: Any) -> Any:
        return self._in_scope("delete_view", *args, **kwargs)

    def history_view(self, *args: Any, **kwargs: Any) -> Any:
        return self._in_scope("history_view", *args, **kwargs)


class ReadOnly(CenterAdmin):
    """To look at only."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Unscoped(ReadOnly):
    """Tenant rows: their manager refuses to work outside of a scope, and the checks of the site ask before one is open."""

    related: tuple[str, ...] = ("school", "season")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.model._base_manager.select_related(*self.related)


class Recorded(admin.ModelAdmin):
    """What the operator adds or changes stands in the history like anybody else's work. Rows are taken away in the portals."""

    added = "added"

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        label = self.model._meta.model_name
        if not change:
            super().save_model(request, obj, form, change)
            history.record(f"{label}.{self.added}", obj, by=request.user, after=getattr(obj, "status", ""))
            return
        before = self.model._base_manager.get(pk=obj.pk)
        super().save_model(request, obj, form, change)
        facts = {
            name: [shown(getattr(before, name)), shown(getattr(obj, name))]
            for name in form.changed_data
            if getattr(before, name) != getattr(obj, name)
        }
        if facts:
            history.record(f"{label}.changed", obj, by=request.user, facts=facts)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class MembershipInline(admin.StackedInline):
    model = Membership
    autocomplete_fields = ("school",)


@admin.register(User)
class PersonAdmin(UserAdmin):
    inlines = (MembershipInline,)
    list_display = ("username", "full_name", "email", "is_active", "is_superuser", "last_login")
    search_fields = ("username", "full_name", "email")
    fieldsets = (*(UserAdmin.fieldsets or ()), (_("Person"), {"fields": ("full_name", "phone")}))


class WindowInline(admin.TabularInline):
    model = Window
    extra = 0


@admin.register(Season)
class SeasonAdmin(Recorded):
    added = "created"
    list_display = ("year", "graduating_class", "status", "center_name", "payment_due")
    readonly_fields = ("status", "closed_on")
    inlines = (WindowInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: Season | None = None) -> tuple[str, ...]:
        is_told = obj is not None and obj.status != Season.Status.DRAFT
        return (*self.readonly_fields, *(FIXED_WHEN_OPEN if is_told else ()))

    def save_related(self, request: Any, form: Any, formsets: Any, change: bool) -> None:
        before = timetable_of(form.instance)
        super().save_related(request, form, formsets, change)
        after = timetable_of(form.instance)
        changes = {
            name: [before.get(name), after.get(name)] for name in before | after if before.get(name) != after.get(name)
        }
        if changes:
            history.record("season.timetable", form.instance, by=request.user, facts=changes)


@admin.register(Area)
class AreaAdmin(Recorded):
    added = "created"
    list_display = ("name", "code", "position")
    search_fields = ("name", "code")


@admin.register(School)
class SchoolAdmin(Recorded, ImportExportModelAdmin):
    resource_classes = (SchoolResource,)
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
class EnrolmentAdmin(Recorded, CenterAdmin):
    list_display = ("school", "season", "status", "payment_mode", "capture_ended_on", "proof_due_on")
    list_filter = ("season", "status", "payment_mode")
    list_select_related = ("school", "season")
    search_fields = ("school__code", "school__name")
    readonly_fields = ("school", "season", "status", "payment_mode", "capture_ended_on")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(WindowException)
class WindowExceptionAdmin(ReadOnly):
    list_display = ("school", "season", "starts_on", "ends_on", "reason")
    list_select_related = ("school", "season")


@admin.register(Job)
class JobAdmin(ReadOnly):
    list_display = ("id", "kind", "school", "status", "done", "total", "attempts", "created_at", "finished_at")
    list_filter = ("status", "kind", "queue")
    list_select_related = ("school",)


@admin.register(Message)
class MessageAdmin(ReadOnly):
    list_display = ("created_at", "school", "recipient_key", "kind", "subject", "read_at", "emailed_at")
    list_filter = ("kind",)
    list_select_related = ("school",)


@admin.register(Event)
class EventAdmin(ReadOnly):
    """The history cannot be changed here either: the database itself refuses."""

    list_display = ("at", "kind", "actor_name", "school", "object_type", "object_id", "before", "after", "source")
    list_filter = ("source",)
    list_select_related = ("school",)
    search_fields = ("kind", "actor_name")
    show_full_result_count = False
