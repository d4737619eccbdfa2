"""REST for a mini program: sign in, status, consent, upload, verdict, submission.

The rules are those of the pages.

Every refusal is {"error": sentence}. Where the student has to pay first, `next` is the page of a browser, and `payment`
the call of a mini program. Paying hands in: once the fee is settled, the photo that was to be submitted is submitted.
"""

import uuid
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from capture import models
from capture.judging import explanations
from capture.models import Photo
from capture.review import appeals, exemptions
from capture.sign_in import appearing, consent, credentials, offers, photographing, wechat_binding
from capture.sign_in.providers.base import Provider, Visit
from capture.upload import intake, submission, waiting
from capture.views import pictures
from portal.accounts.addresses import address_of
from portal.errors import Conflict, NotAllowed, PortalError
from portal.notifications.channels import mini_program
from schools.days import opening_hours
from schools.models import Season
from students.identity import student_access
from students.identity.api_authentication import sent_token
from students.identity.student_api import Refusal, StudentAPI
from students.models import Student


class Credentials(serializers.Serializer):
    """The student number, and what one of the season's ways to sign in asks for besides."""

    student_no = serializers.CharField(max_length=32, required=False, help_text="always")
    name = serializers.CharField(max_length=60, required=False, help_text="with `id_number`: as the roster has them")
    id_number = serializers.CharField(max_length=40, required=False)
    capture_code = serializers.CharField(
        max_length=4000, required=False, help_text="the text of the registry's code (wx.scanCode), instead of both"
    )
    digits = serializers.CharField(max_length=20, required=False, help_text="of a helper at a station, instead of both")
    agrees_to_service = serializers.BooleanField(
        required=False,
        help_text="with name and numbers: that both go to the real-name services, whose names were shown",
    )
    by = serializers.CharField(
        max_length=20, required=False, allow_blank=True, default="", help_text="the name of a way, where several fit"
    )
    year = serializers.IntegerField(
        required=False, allow_null=True, default=None, help_text="of the season; asked for by a 409 that names `years`"
    )
    code = serializers.CharField(
        max_length=200,
        required=False,
        allow_blank=True,
        default="",
        help_text="of wx.login(): links the mini program; alone: signs in who has linked it",
    )


class Token(serializers.Serializer):
    token = serializers.CharField()
    not_linked = serializers.CharField(help_text="why the mini program is not linked to the student; mostly empty")


class SchoolWithoutList(serializers.Serializer):
    code = serializers.CharField()
    name = serializers.CharField()


class ClassOfSchool(serializers.Serializer):
    id = serializers.IntegerField()
    college = serializers.CharField()
    major = serializers.CharField()
    class_name = serializers.CharField()
    level = serializers.CharField()


class AppearingPlaces(serializers.Serializer):
    schools = SchoolWithoutList(many=True)
    classes = ClassOfSchool(many=True, help_text="of the one school that was named; none where nobody can appear now")


class NewStudent(serializers.Serializer):
    """Somebody whose school hands over no list."""

    school = serializers.CharField(max_length=20, help_text="its code")
    class_id = serializers.IntegerField(help_text="one of the school's classes")
    student_no = serializers.CharField(max_length=32)
    capture_code = serializers.CharField(max_length=4000, help_text="the text of the registry's code (wx.scanCode)")
    code = serializers.CharField(
        max_length=200, required=False, allow_blank=True, default="", help_text="of wx.login(): links the mini program"
    )


class Reason(serializers.Serializer):
    rule = serializers.CharField()
    outcome = serializers.CharField(help_text="reject | warn")
    sentence = serializers.CharField()
    advice = serializers.CharField()
    boxes = serializers.ListField(help_text="(x, y, width, height) as parts of 1 of the picture")


class Verdict(serializers.Serializer):
    id = serializers.IntegerField()
    status = serializers.ChoiceField(choices=Photo.Status)
    status_label = serializers.CharField(source="get_status_display")
    reason = serializers.CharField(help_text="why a person returned it")
    reasons = serializers.SerializerMethodField()
    portrait_url = serializers.SerializerMethodField(help_text="empty until there is one")
    is_turned = serializers.BooleanField(help_text="it lay on its side or its head, and was turned upright")
    wait_seconds = serializers.SerializerMethodField(
        help_text="while it is being checked, about how long that will take: ask again after a fifth of it; else null"
    )
    can_appeal = serializers.SerializerMethodField(help_text="a person may be asked to look at the rejected photo")
    appealed_at = serializers.DateTimeField(allow_null=True, help_text="when a person was asked")

    @extend_schema(responses=Reason(many=True))
    def get_reasons(self, photo: Photo) -> list[dict[str, Any]]:
        return [
            {name: getattr(item, name) for name in ("rule", "outcome", "sentence", "advice", "boxes")}
            for item in explanations.explain_to_student(photo)
        ]

    def get_wait_seconds(self, photo: Photo) -> int | None:
        return round(waiting.of_photo(photo).seconds) if photo.status == Photo.Status.CHECKING else None

    def get_can_appeal(self, photo: Photo) -> bool:
        return appeals.is_allowed(photo)

    def get_portrait_url(self, photo: Photo) -> str:
        return reverse("api:portrait", args=[photo.pk]) if photo.portrait else ""


class AppealRequest(serializers.Serializer):
    reason = serializers.ChoiceField(choices=Photo.Appeal)
    words = serializers.CharField(max_length=appeals.WORDS_LENGTH, required=False, allow_blank=True, default="")


class ExemptionState(serializers.Serializer):
    kind = serializers.ChoiceField(choices=models.Exemption.Kind)
    words = serializers.CharField(max_length=exemptions.WORDS_LENGTH, required=False, allow_blank=True, default="")
    status = serializers.ChoiceField(choices=models.Exemption.Status, read_only=True)
    answer = serializers.CharField(read_only=True, help_text="why the school has not confirmed it")


class Status(serializers.Serializer):
    name = serializers.CharField()
    student_no = serializers.CharField()
    id_number = serializers.CharField(source="masked_id", help_text="masked")
    school = serializers.CharField(source="school.name")
    college = serializers.CharField()
    major = serializers.CharField()
    class_name = serializers.CharField()
    stage = serializers.ChoiceField(choices=Student.Stage)
    stage_label = serializers.CharField(source="get_stage_display")
    is_locked = serializers.BooleanField()
    lock_reason = serializers.CharField()
    agreed = serializers.BooleanField()
    camera_is_open = serializers.BooleanField()
    when = serializers.CharField(help_text="when the camera is open, as a sentence")
    photographs = serializers.BooleanField(
        help_text="false: this sign-in is not enough for a photo; sign in by another way before the camera opens"
    )
    photograph_ways = serializers.ListField(
        child=serializers.CharField(), help_text="the ways that are enough, by name; empty: at a station"
    )
    fee_due_fen = serializers.IntegerField()
    photo = Verdict(allow_null=True)


class ConsentText(serializers.Serializer):
    version = serializers.CharField()
    text = serializers.CharField(read_only=True)
    face_comparison = serializers.BooleanField(default=False, write_only=True, help_text="its own tick")
    admission_comparison = serializers.BooleanField(
        default=False, write_only=True, help_text="its own tick: the face with the admission photo"
    )
    film = serializers.BooleanField(
        default=False, write_only=True, help_text="its own tick: a second of small frames before the shutter"
    )
    printing = serializers.BooleanField(default=False, write_only=True, help_text="its own tick: the printing house")
    guardian_name = serializers.CharField(
        default="", max_length=60, write_only=True, help_text="needed where the student is under 14"
    )
    asks_age = serializers.BooleanField(
        read_only=True, help_text="no birthday is known: ask whether the student is under 14"
    )
    says_under_age = serializers.BooleanField(
        default=None, allow_null=True, write_only=True, help_text="the answer, where `asks_age`"
    )


class Upload(serializers.Serializer):
    photo = serializers.FileField(help_text="JPEG, PNG, WebP, HEIC or AVIF")
    frames = serializers.FileField(
        required=False,
        help_text="with the tick: a line of JSON, {frames: [{at: ms before, size: bytes}]}, then 3 to 12 JPEG frames of 96 to"
        " 320 px, oldest first, 200 kB in all",
    )
    token = serializers.UUIDField(help_text="drawn anew for each picture: sent twice, it is one photo")
    origin = serializers.ChoiceField(
        choices=[(each.value, each.label) for each in (Photo.Origin.CAMERA, Photo.Origin.FILE)],  # no station's
        default=Photo.Origin.CAMERA,
    )


class SignIn(StudentAPI):
    permission_classes = ()

    @extend_schema(request=Credentials, responses={200: Token, 403: Refusal, 429: Refusal})
    def post(self, request: Any) -> Response:
        """By one of the ways that the season offers; the token is good for two hours."""
        form = Credentials(data=request.data)
        form.is_valid(raise_exception=True)
        season = _season_of(request)
        # A tick that is not set: a form does not send it, and is read as if it had.
        values = {name: value for name, value in form.validated_data.items() if value is not False}
        code, year, by = values.pop("code"), values.pop("year"), values.pop("by")
        if not values.get("agrees_to_service"):  # a box that a form leaves out is sent as an answer in JSON alone
            values.pop("agrees_to_service", None)
        if code and not values:
            values, code, by = {"code": code, "channel": mini_program.CHANNEL.name}, "", wechat_binding.WAY
        visit = Visit(season=season, address=address_of(request.META))
        way, cleaned = self._way(visit, values, by)
        try:
            found = credentials.sign_in(provider=way, visit=visit, values=cleaned, year=year)
        except credentials.WhichSeason as error:
            return Response({"error": str(error), "years": error.years}, status=error.status)
        return _signed_in(found, code)

    @staticmethod
    def _way(visit: Visit, values: dict[str, Any], by: str) -> tuple[Provider, dict[str, Any]]:
        """The way of the season that asks for what the mini program sends, and the values that it takes."""
        offered = [way for way in offers.of_season(visit.season) if by in ("", way.name)]
        forms = [(way, way.start(visit).form(values)) for way in offered]
        asking = [(way, form) for way, form in forms if values.keys() <= form.fields.keys()]
        if not asking:
            raise NotAllowed(_("Your school does not let students sign in this way. Choose another one."))
        way, form = next((each for each in asking if each[1].is_valid()), asking[0])
        if not form.is_valid():
            raise serializers.ValidationError({name: [*found] for name, found in form.errors.items()})
        return way, form.cleaned_data


class Appearing(StudentAPI):
    permission_classes = ()

    @extend_schema(
        parameters=[OpenApiParameter("school", description="its code; without it, all such schools and no classes")],
        responses={200: AppearingPlaces, 404: Refusal},
    )
    def get(self, request: Any) -> Response:
        """The schools that hand over no list; of one of them, the classes that a student chooses from."""
        season = _season_of(request)
        if not (code := request.query_params.get("school", "")):
            return Response(AppearingPlaces({"schools": appearing.schools(season), "classes": []}).data)
        place = _place_at(season, code)
        classes = place.classes if place.is_open else []
        return Response(AppearingPlaces({"schools": [place.enrolment.school], "classes": classes}).data)

    @extend_schema(request=NewStudent, responses={200: Token, 400: Refusal, 403: Refusal, 404: Refusal, 409: Refusal})
    def post(self, request: Any) -> Response:
        """Appear with the registry's code, in a class that the student has chosen; signed in from then on, as by
        `sign-in`. Later sign in with the code and the student number."""
        form = NewStudent(data=request.data)
        form.is_valid(raise_exception=True)
        values = dict(form.validated_data)
        place = _place_at(_season_of(request), values.pop("school"))
        way = offers.of_newcomers()
        if way is None or not place.is_open:
            raise Conflict(
                _("Your school is not ready yet, or its photo days are over. Ask the person in charge there.")
            )
        entry = next((row for row in place.classes if row.pk == values["class_id"]), None)
        if entry is None:
            raise serializers.ValidationError({"class_id": [_("Choose your class.")]})
        visit = Visit(season=place.enrolment.season, address=address_of(request.META))
        asked = way.start(visit).form({name: values[name] for name in ("student_no", "capture_code")})
        if not asked.is_valid():
            raise serializers.ValidationError({name: [*found] for name, found in asked.errors.items()})
        newcomer = credentials.Newcomer(place.enrolment, entry)
        found = credentials.sign_in(provider=way, visit=visit, values=asked.cleaned_data, newcomer=newcomer)
        return _signed_in(found, values["code"])


class SignOut(StudentAPI):
    in_archive = True

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Any) -> Response:
        """The token, or the session of the browser, is worth nothing from now on."""
        if token := sent_token(request):
            student_access.end_token(token)
        else:
            student_access.end_session(request._request)
        return Response(status=204)


class Me(StudentAPI):
    @extend_schema(responses=Status)
    def get(self, request: Any) -> Response:
        """Where the student stands, and the current photo."""
        student, now = self.student, timezone.now()
        plan = intake.schedule_of(student, self.enrolment, at=now)
        student.agreed = consent.has_agreed(student, self.enrolment.season)  # type: ignore[attr-defined]
        student.camera_is_open = plan.is_open(now)  # type: ignore[attr-defined]
        student.when = plan.describe(now)  # type: ignore[attr-defined]
        student.photographs = photographing.is_enough(self.student_session.strength, student.season)  # type: ignore[attr-defined]
        student.photograph_ways = [way.name for way in photographing.ways(self.enrolment)]  # type: ignore[attr-defined]
        due = student.must_pay(self.enrolment)
        student.fee_due_fen = self.enrolment.season.price_fen if due else 0  # type: ignore[attr-defined]
        student.photo = submission.current_photo(student)  # type: ignore[attr-defined]
        return Response(Status(student).data)


class Consent(StudentAPI):
    @extend_schema(responses=ConsentText)
    def get(self, request: Any) -> Response:
        """The text of the season, to be shown before agreeing."""
        return Response(self._shown())

    @extend_schema(request=ConsentText, responses={201: ConsentText, 400: Refusal})
    def post(self, request: Any) -> Response:
        """Agree to the version that was shown."""
        season = self.enrolment.season
        form = ConsentText(data=request.data)
        form.is_valid(raise_exception=True)
        consent.agree(student=self.student, season=season, by=self.student, **form.validated_data)
        return Response(self._shown(), status=201)

    def _shown(self) -> dict[str, Any]:
        season, asks_age = self.enrolment.season, consent.is_under_age(self.student) is None
        return {"version": season.consent_version, "text": season.consent_text, "asks_age": asks_age}


class Photos(StudentAPI):
    @extend_schema(
        request={"multipart/form-data": Upload}, responses={201: Verdict, 400: Refusal, 403: Refusal, 503: Refusal}
    )
    def post(self, request: Any) -> Response:
        """Send a photo; the verdict follows within a second or so: ask for the current photo.

        503 with `Retry-After` (seconds) while very many photos wait: keep the picture, and send it then with the same token."""
        form = Upload(data=request.data)
        form.is_valid(raise_exception=True)
        token: uuid.UUID = form.validated_data["token"]
        try:
            photo = intake.accept_upload(
                student=self.student,
                enrolment=self.enrolment,
                data=form.validated_data["photo"],
                film=form.validated_data.get("frames"),
                token=token,
                origin=form.validated_data["origin"],
                by=self.student,
                strength=self.student_session.strength,
            )
        except photographing.StrongerWayNeeded as error:
            ways = [way.name for way in error.ways]
            return Response({"error": str(error), "ways": ways}, status=error.status)
        return Response(Verdict(photo).data, status=201)


class CurrentPhoto(StudentAPI):
    @extend_schema(responses={200: Verdict, 404: Refusal})
    def get(self, request: Any) -> Response:
        """The verdict on the current photo; `status` is "checking" until there is one."""
        return Response(Verdict(_current(self.student)).data)


class Submission(StudentAPI):
    @extend_schema(request=None, responses={200: Verdict, 402: Refusal, 409: Refusal})
    def post(self, request: Any) -> Response:
        """Hand the current photo in. 402 with `payment` where the student pays first: the photo waits for the fee and is
        handed in when it is settled, without a second call. Ask for the current photo: `status` is no longer "ready"."""
        try:
            photo = submission.submit(student=self.student, enrolment=self.enrolment, by=self.student)
        except submission.FeeDue as error:
            return _fee_due(error)
        return Response(Verdict(photo).data)

    @extend_schema(request=None, responses={200: Verdict, 409: Refusal})
    def delete(self, request: Any) -> Response:
        """Withdraw the ready photo, to take another."""
        return Response(Verdict(submission.withdraw(student=self.student, by=self.student)).data)


class Appeal(StudentAPI):
    @extend_schema(request=AppealRequest, responses={200: Verdict, 402: Refusal, 409: Refusal})
    def post(self, request: Any) -> Response:
        """Ask for a person's look at the rejected photo, once a photo. 402 with `payment` where
        the student pays first."""
        form = AppealRequest(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            photo = appeals.appeal(
                student=self.student, enrolment=self.enrolment, by=self.student, **form.validated_data
            )
        except submission.FeeDue as error:
            return _fee_due(error)
        return Response(Verdict(photo).data)


class Exemption(StudentAPI):
    @extend_schema(responses={200: ExemptionState, 404: Refusal})
    def get(self, request: Any) -> Response:
        """What the student has declared about the own appearance."""
        row = exemptions.of_student(self.student)
        if row is None:
            raise NothingDeclared(_("You have declared nothing."))
        return Response(ExemptionState(row).data)

    @extend_schema(request=ExemptionState, responses={200: ExemptionState, 400: Refusal, 409: Refusal})
    def post(self, request: Any) -> Response:
        """Declare it, or something else in its place."""
        form = ExemptionState(data=request.data)
        form.is_valid(raise_exception=True)
        row = exemptions.declare(student=self.student, by=self.student, **form.validated_data)
        return Response(ExemptionState(row).data)

    @extend_schema(request=None, responses={204: None, 409: Refusal})
    def delete(self, request: Any) -> Response:
        """Delete it."""
        exemptions.take_back(student=self.student, by=self.student)
        return Response(status=204)


class Portrait(StudentAPI):
    @extend_schema(responses={(200, "image/jpeg"): OpenApiTypes.BINARY})
    def get(self, request: Any, pk: int) -> HttpResponse:
        """The standard portrait of one of the own photos."""
        return pictures.portrait_of(request, self.student, pk)


def _season_of(request: Any) -> Season:
    """Of a call of somebody who is not signed in."""
    season: Season | None = request._request.season
    if season is None:
        raise NotAllowed(opening_hours.Schedule(()).describe(timezone.now()))
    return season


def _place_at(season: Season, code: str) -> appearing.Place:
    place = appearing.place_at(season, code)
    if place is None:
        raise NoSuchSchool(_("Your school has sent us a list. Sign in with the details that it registered."))
    return place


def _signed_in(found: student_access.Recognition | credentials.Away, code: str) -> Response:
    """`code`: of wx.login(), which links the mini program."""
    assert isinstance(found, student_access.Recognition)  # without a page to come back to nobody is sent away
    refused = wechat_binding.bind_mini_program(found.student, code, strength=found.strength, way=found.provider)
    token = student_access.new_token(found.student, **found.fields)
    return Response({"token": token, "not_linked": refused})


def _fee_due(error: submission.FeeDue) -> Response:
    return Response(
        {"error": str(error), "next": reverse("billing:pay"), "payment": reverse("billing_api:payment")},
        status=error.status,
    )


def _current(student: Student) -> Photo:
    photo = submission.current_photo(student)
    if photo is None:
        raise NoPhoto(_("You have not taken a photo yet."))
    return photo


class NoPhoto(PortalError):
    status = 404


class NoSuchSchool(PortalError):
    status = 404


class NothingDeclared(PortalError):
    status = 404
