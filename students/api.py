"""REST for a school's own systems: its students, and rosters that come in by file. The same rules as the pages.

A person of the school signs in; every refusal is {"error": sentence}. Document numbers are masked.
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
from portal.tenancy import school_scope
from students.models import RosterImport, Student
from students.roster import import_jobs
from students.roster.columns import BY_FIELD
from students.roster.importing import check_size
from students.student_list import students_asked_for

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
    """What the list of students may be asked for beside the filters of the portal's own list."""

    updated_since = serializers.DateTimeField(
        required=False, help_text="only rows that changed at or after this moment"
    )


class WrongCell(serializers.Serializer):
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
                "row": entry["row"],
                "column": BY_FIELD[name].heading,
                "code": entry["cells"][name][0],
                "message": sentence,
            }
            for entry in row.report.get("wrong", [])
            for name, sentence in import_jobs.sentences(entry["cells"]).items()
        ]


class ImportIn(serializers.Serializer):
    file = serializers.FileField()


class IsSchoolPerson(BasePermission):
    """Somebody of a school whose role may do what the view is for."""

    def has_permission(self, request: Any, view: Any) -> bool:
        member = request._request.membership
        return member is not None and member.school is not None and permissions.may(member, view.may)


class SchoolView(APIView):
    """Runs in the scope of the person's school. `may`: the action that the view is for."""

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
        mine = RosterImport.objects.select_related("school", "season")
        return mine.filter(school=self.request.school, season=self.request.season)


class Students(SchoolView):
    may = "students.see"

    @extend_schema(
        parameters=[*FILTERS, StudentsIn, OpenApiParameter("limit", int), OpenApiParameter("offset", int)],
        responses=StudentOut(many=True),
    )
    def get(self, request: Any) -> Response:
        """The roster; searched and filtered like the list of the portal. An unknown filter or order is refused."""
        mine = Student.objects.filter(season=request.season, school=request.school)
        if since := _updated_since(request):
            mine = mine.filter(updated_at__gte=since)
        pages = LimitOffsetPagination()
        page = pages.paginate_queryset(students_asked_for(mine, request.query_params), request, view=self)
        return pages.get_paginated_response(StudentOut(page, many=True).data)


def _updated_since(request: Any) -> dt.datetime | None:
    asked = StudentsIn(data=request.query_params)
    if not asked.is_valid():
        raise PortalError(_("Give updated_since as a moment with its offset, such as 2026-11-01T08:00:00+08:00."))
    return asked.validated_data.get("updated_since")


class OneStudent(SchoolView):
    may = "students.see"

    @extend_schema(responses=StudentOut)
    def get(self, request: Any, student_no: str) -> Response:
        mine = Student.objects.filter(season=request.season, school=request.school)
        return Response(StudentOut(get_object_or_404(mine, student_no=student_no)).data)


class Imports(SchoolView):
    may = "roster.import"
    parser_classes = [MultiPartParser]

    @extend_schema(request={"multipart/form-data": ImportIn}, responses={202: ImportOut})
    def post(self, request: Any) -> Response:
        """Send a roster to be read and judged; ask for the import until it is in `preview`, then confirm it."""
        file = request.FILES.get("file")
        if file is None:
            raise PortalError(_("Send the roster as the part “file” of a form."))
        check_size(file.size)
        row = import_jobs.upload(
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
        row = import_jobs.confirm(row=get_object_or_404(self.imports, pk=pk), by=request.user)
        return Response(ImportOut(row).data, status=202)
