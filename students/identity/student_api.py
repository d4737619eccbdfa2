"""What the calls of the student's API have in common."""

from contextlib import ExitStack
from typing import Any

from rest_framework import serializers
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.errors import PortalError
from portal.tenancy import school_scope
from portal.untrusted.json_bodies import JSONParser
from schools.models import Action, Enrolment
from students.identity.api_authentication import IsStudent, StudentAuthentication, StudentThrottle
from students.models import Student


class Refusal(serializers.Serializer):
    error = serializers.CharField()
    next = serializers.CharField(required=False, help_text="the page where the student goes first")
    payment = serializers.CharField(required=False, help_text="the call by which the student pays first")
    ways = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="the ways by one of which the student signs in first"
    )


class StudentAPI(APIView):
    """A call by a signed-in student, in the scope of the student's school."""

    authentication_classes = (StudentAuthentication,)
    permission_classes: tuple[type[BasePermission], ...] = (IsStudent,)
    throttle_classes = (StudentThrottle,)
    parser_classes = (JSONParser, MultiPartParser, FormParser)
    in_archive = False  # whether it is answered after the season has been archived

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        with ExitStack() as self.scopes:
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if isinstance(request.user, Student):
            self.student, self.student_session = request.user, request.auth
            self.scopes.enter_context(school_scope(self.student.school))
            self.enrolment = Enrolment.objects.select_related("season", "school").get(
                school=self.student.school, season=self.student.season
            )
            if request.method not in SAFE_METHODS and not self.in_archive:
                self.enrolment.season.require(Action.CHANGE)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, PortalError):
            return Response({"error": str(exc)}, status=exc.status, headers=exc.headers)
        response = super().handle_exception(exc)
        if isinstance(response.data, dict) and "detail" in response.data:
            response.data = {"error": response.data["detail"]}
        return response
