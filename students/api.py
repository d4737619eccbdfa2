"""REST API for a school's own systems: list students, import rosters. Same rules as the pages.

A person of the school signs in. Every refusal is {"error": sentence}. Document numbers are masked.
"""

import datetime as dt
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import BasePermission
from rest_framework.response import Response
from rest_framework.views import APIView

from portal import permissions
from portal.errors import PortalError
from portal.models import Look
from portal.privacy import looks
from portal.tenancy import school_scope
from students.lists import number_search
from students.lists.student_list import filter_students
from students.models import RosterImport, Student
from students.roster import roster_imports
from students.roster.columns import BY_FIELD
from students.roster.importer import check_size
from students.roster.spreadsheet_reader import SHEET_STEP

FILTERS = [
    OpenApiParameter(name, str) for name in ("q", "college", "major", "class_name", "stage", "fee_state", "sort")
]


class StudentOut(serializers.ModelSerializer):
    id_number = serializers.CharField(source="masked_id", help_text="masked")

    class Meta:
        model = Student
        fields = (
            *("student_no", "name", "gender", "id_type", "id_number", "level", "college", "major", "class_name"),
            *("stage", "fee_state", "locked_at", "created_at", "updated_at"),
        )


class StudentsIn(serializers.Serializer):
    """Query parameters of the list of students, in addition to the filters of the portal's list."""

    updated_since = serializers.DateTimeField(
        required=False, help_text="only rows that changed at or after this moment"
    )


class WrongCell(serializers.Serializer):
    sheet = serializers.CharField()
    row = serializers.IntegerField(help_text="as the spreadsheet counts, from 1")
    column = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class ImportOut(serializers.ModelSerializer):
    errors = serializers.SerializerMethodField(help_text="the first wrong cells")

    class Meta:
        model = RosterImport
        fields = ("id", "filename", "status", "new", "changed", "unchanged", "wrong", "message", "created_at", "errors")

    @extend_schema(responses=WrongCell(many=True))
    def get_errors(self, row: RosterImport) -> list[dict[str, Any]]:
        return [
            {
                "row": entry["row"] % SHEET_STEP,
                "sheet": _sheet(row.report, entry["row"]),
                "column": BY_FIELD[name].heading,
                "code": entry["cells"][name][0],
                "message": sentence,
            }
            for entry in row.report.get("wrong", [])
            for name, sentence in roster_imports.describe_problems(entry["cells"]).items()
        ]


def _sheet(report: dict[str, Any], number: int) -> str:
    names = report.get("sheets", [])
    return str(names[number // SHEET_STEP]) if number // SHEET_STEP < len(names) else ""


class ImportIn(serializers.Serializer):
    file = serializers.FileField()


class IsSchoolPerson(BasePermission):
    """Allows members of a school whose role may perform the action of the view."""

    def has_permission(self, request: Any, view: Any) -> bool:
        member = request._request.membership
        return member is not None and member.school is not None and permissions.may(member, view.may)


class SchoolView(APIView):
    """A view in the scope of the member's school. `may`: the action that the view needs."""

    may: str
    permission_classes = [IsSchoolPerson]

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        member = request.membership
        if member is None or member.school is None:
            return super().dispatch(request, *args, **kwargs)
        request.school = member.school
        with school_scope(member.school):
            return super().dispatch(request, *args, **kwargs)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, PortalError):
            return Response({"error": str(exc)}, status=exc.status)
        return super().handle_exception(exc)

    @property
    def imports(self) -> Any:
        mine = RosterImport.objects.select_related("school", "season").defer(*RosterImport.SEALED)
        return mine.filter(school=self.request.school, season=self.request.season)


class Pages(LimitOffsetPagination):
    max_limit = 500  # a larger `limit` gets so many


class Students(SchoolView):
    may = "students.see"

    @extend_schema(
        parameters=[
            *FILTERS,
            StudentsIn,
            OpenApiParameter("limit", int, description=f"at most {Pages.max_limit}"),
            OpenApiParameter("offset", int),
        ],
        responses=StudentOut(many=True),
    )
    def get(self, request: Any) -> Response:
        """The roster, with the filters and orders of the portal. Unknown ones are refused."""
        mine = Student.objects.filter(season=request.season, school=request.school)
        if since := _updated_since(request):
            mine = mine.filter(updated_at__gte=since)
        pages = Pages()
        found = filter_students(mine, request.query_params)
        page: list[Student] = pages.paginate_queryset(found, request, view=self) or []
        kind = number_search.kind_of_look(request.query_params)
        looks.record(request._request, kind, [student.pk for student in page])
        return pages.get_paginated_response(StudentOut(page, many=True).data)


def _updated_since(request: Any) -> dt.datetime | None:
    query = StudentsIn(data=request.query_params)
    if not query.is_valid():
        raise PortalError(_("Give updated_since as a moment with its offset, such as 2026-11-01T08:00:00+08:00."))
    return query.validated_data.get("updated_since")


class OneStudent(SchoolView):
    may = "students.see"

    @extend_schema(responses=StudentOut)
    def get(self, request: Any, student_no: str) -> Response:
        mine = Student.objects.filter(season=request.season, school=request.school)
        student: Student = get_object_or_404(mine, student_no=student_no)
        looks.record(request._request, Look.Kind.RECORD, [student.pk])
        return Response(StudentOut(student).data)


class Imports(SchoolView):
    may = "roster.import"
    parser_classes = [MultiPartParser]

    @extend_schema(request={"multipart/form-data": ImportIn}, responses={202: ImportOut})
    def post(self, request: Any) -> Response:
        """Upload a roster. Poll the import until its status is `preview`, then confirm it."""
        file = request.FILES.get("file")
        if file is None:
            raise PortalError(_("Send the roster as the part “file” of a form."))
        check_size(file.size)
        row = roster_imports.upload_roster(
            school=request.school, season=request.season, content=file.read(), filename=file.name, by=request.user
        )
        return Response(ImportOut(row).data, status=202)


class OneImport(SchoolView):
    may = "roster.import"

    @extend_schema(responses=ImportOut)
    def get(self, request: Any, pk: int) -> Response:
        return Response(ImportOut(get_object_or_404(self.imports, pk=pk)).data)


class ConfirmImport(SchoolView):
    may = "roster.import"

    @extend_schema(request=None, responses={202: ImportOut})
    def post(self, request: Any, pk: int) -> Response:
        """Write what the preview showed."""
        row = roster_imports.confirm_import(row=get_object_or_404(self.imports, pk=pk), by=request.user)
        return Response(ImportOut(row).data, status=202)
