"""Station mode: a device that a helper signed in at a station photographs one student after the other.

One page does all of it, so that it goes on through a lost network; it asks and sends JSON.
"""

import datetime as dt
import json
import uuid
from itertools import groupby
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from capture.forms import ConfirmForm
from capture.judging import explanations, limits
from capture.models import Photo, Slot, Station
from capture.sign_in import consent
from capture.stations import devices, documents, slots
from portal.access import school_page
from portal.errors import PortalError
from portal.models import Look
from portal.pages.form_fields import whole_number
from portal.privacy import looks
from portal.security import headers
from portal.untrusted import json_bodies
from schools.days import opening_hours
from students.models import Student


@require_POST
@school_page(may="stations.help")
def begin(request: Any) -> HttpResponse:
    """Sign this device in at a station; the helper is signed out of it."""
    station = get_object_or_404(Station, pk=whole_number(request.POST.get("station", "")))
    devices.begin(request, station, helper=request.user)
    return redirect("capture:station_mode")


@require_POST
@devices.station_page
def end(request: Any) -> HttpResponse:
    devices.end(request, request.station_session)
    return redirect("account_login")


@require_GET
@devices.station_page
def page(request: Any) -> HttpResponse:
    """The page of the station."""
    now = timezone.now()
    plan = opening_hours.schedule_of(enrolment=request.enrolment, at=now)
    today = timezone.localdate(now)
    expected = Slot.objects.filter(season=request.season, day=today, station=request.station_session.station)
    to_photograph = Student.objects.filter(season=request.season, stage__in=slots.TO_PHOTOGRAPH)
    classes = to_photograph.order_by("college", "class_name").values_list("college", "class_name").distinct()
    local = timezone.localtime(now).time()
    here = next((slot for slot in expected if local < slot.ends_at), None)
    context = {
        "station": request.station_session.station,
        "helper": request.station_session.helper,
        "device_key": devices.key_of(request.station_session),
        "when_sentence": plan.describe(now),
        "slots": expected,
        "colleges": [
            (college, [(json.dumps(key, ensure_ascii=False), key[1] or college) for key in found])
            for college, found in groupby(classes, key=lambda key: key[0])
        ],
        "chosen": json.dumps([here.college, here.class_name], ensure_ascii=False) if here else "",
        "consent_form": ConfirmForm(
            initial={"version": request.season.consent_version}, under_age=None, at_station=True
        ),
        "limits": json.dumps(limits.of_the_head(limits.in_force(request.season))),
        "season": request.season,
        "form_token": uuid.uuid4(),
        "at_station": True,
    }
    response = render(request, "capture/station_mode.html", context)
    response["Permissions-Policy"] = headers.WITH_CAMERA
    return response


@require_GET
@devices.station_page
def students(request: Any) -> JsonResponse:
    """The students of a class, or those whom a number finds."""
    within = _class_of(request.GET.get("class", ""))
    asked = request.GET.get("q", "").strip()
    if asked:
        found = devices.find(request.station_session, asked[:40], within=within)
    else:
        found = devices.of_class(request.season, *within) if within else []
    request.user, request.membership = request.helper.user, request.helper  # whose look it is
    looks.record(request, Look.Kind.LIST, [each["pk"] for each in found])
    return JsonResponse({"students": found})


def _class_of(text: str) -> tuple[str, str] | None:
    try:
        college, class_name = json_bodies.read_json(text)
    except (ValueError, TypeError):
        return None
    return (college, class_name) if isinstance(college, str) and isinstance(class_name, str) else None


@require_POST
@devices.station_page
def document(request: Any) -> JsonResponse:
    """The helper has seen the student's document: six digits for the student's own phone."""
    student = _student(request)
    return JsonResponse({"digits": documents.confirm(session=request.station_session, student=student)})


@require_POST
@devices.station_page
def photo(request: Any) -> JsonResponse:
    """Take a photo in, with what its student ticked before it."""
    student = _student(request)
    if "photo" not in request.FILES:
        raise PortalError(_("No photo has arrived. Please choose it again."))
    try:
        token = uuid.UUID(request.POST.get("token", ""))
        taken_at = dt.datetime.fromtimestamp(int(request.POST.get("taken_at", "")) / 1000, tz=dt.UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise PortalError(_("This form is not complete. Reload the page and take the photo again.")) from error
    taken = devices.take(
        session=request.station_session,
        student=student,
        enrolment=request.enrolment,
        data=request.FILES["photo"],
        film=request.FILES.get("frames"),
        token=token,
        taken_at=taken_at,
        agreement=_agreement(request, student),
    )
    return JsonResponse({"photo": taken.pk})


def _agreement(request: Any, student: Student) -> dict[str, Any] | None:
    """What was ticked on the station's screen; None where the student had agreed before."""
    if "version" not in request.POST:
        return None
    under_age = consent.is_under_age(student)
    form = ConfirmForm(request.POST, under_age=under_age, at_station=True)
    if not form.is_valid():
        raise PortalError(
            _("The student has not agreed yet: the ticks are set on the station's screen, by the student.")
        )
    return {name: value for name, value in form.cleaned_data.items() if name not in ("is_me", "agrees")}


def _student(request: Any) -> Student:
    found = Student.objects.select_related("school", "season").filter(season=request.season)
    return get_object_or_404(found, pk=whole_number(request.POST.get("student", "")))


@require_GET
@devices.station_page
def verdict(request: Any) -> JsonResponse:
    """How a photo of the station was judged; `state` is "checking" until it is."""
    row = get_object_or_404(
        Photo.objects.prefetch_related("findings"),
        pk=whole_number(request.GET.get("photo", "")),
        origin=Photo.Origin.STATION,
        season=request.season,
    )
    found = explanations.explain_to_student(row)
    rejects = [item for item in found if item.is_reject][: explanations.REASONS_SHOWN]
    reasons = [{"title": str(item.title), "advice": str(item.advice)} for item in rejects]
    return JsonResponse({"state": row.status, "reasons": reasons})


@require_POST
@devices.station_page
def submit(request: Any) -> JsonResponse:
    """Hand the photo in: the student presses it, on the station's screen."""
    student = _student(request)
    devices.submit(session=request.station_session, student=student, enrolment=request.enrolment)
    return JsonResponse({"said": _("Your photo has been submitted.")})
