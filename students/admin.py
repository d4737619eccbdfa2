"""Students, imports and corrections of all schools in the Django admin: read-only, with export."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from import_export.admin import ExportMixin

from portal import history
from portal.admin import ReadOnlyAdmin
from students.lists.resources import StudentResource
from students.models import Correction, RosterImport, Student


@admin.register(Student)
class StudentAdmin(ExportMixin, ReadOnlyAdmin):
    resource_classes = [StudentResource]
    list_display = ("student_no", "name", "school", "season", "class_name", "stage", "fee_state")
    list_filter = ("season", "stage", "fee_state", "school")
    search_fields = ("student_no__startswith", "name__startswith")
    list_select_related = ("school", "season")
    exclude = ("id_sealed", "id_hash", "id_tail")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Student]:
        # Django calls this before a view has opened a scope; the scoped manager would refuse.
        return Student._base_manager.select_related("school", "season")

    def students_of(self, rows: Iterable[Any]) -> list[int]:
        return [student.pk for student in rows]

    def get_export_resource_kwargs(self, request: HttpRequest, **kwargs: Any) -> dict[str, Any]:
        return super().get_export_resource_kwargs(request, **kwargs) | {"with_school": True}

    def get_export_data(self, file_format: Any, request: HttpRequest, queryset: Any, **kwargs: Any) -> Any:
        history.record("roster.exported", request.user, by=request.user, facts={"count": queryset.count()})
        return super().get_export_data(file_format, request, queryset, **kwargs)


@admin.register(RosterImport)
class RosterImportAdmin(ReadOnlyAdmin):
    list_display = ("filename", "school", "season", "status", "new", "changed", "unchanged", "wrong", "created_at")
    list_filter = ("season", "status", "school")
    list_select_related = ("school", "season")
    exclude = ("file", *RosterImport.SEALED)

    def get_queryset(self, request: HttpRequest) -> QuerySet[RosterImport]:
        return RosterImport._base_manager.select_related("school", "season").defer(*RosterImport.SEALED)


@admin.register(Correction)
class CorrectionAdmin(ReadOnlyAdmin):
    list_display = ("student", "field", "status", "created_at", "decided_by_name")
    list_filter = ("status", "field")
    list_select_related = ("student",)
    exclude = ("wanted_sealed",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Correction]:
        return Correction._base_manager.select_related("student", "school")
