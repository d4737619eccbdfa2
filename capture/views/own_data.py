"""The student's own data: what is kept, who looked at it, the consent, and a copy to take away."""

import io
import json
import zipfile
from typing import Any

from django.contrib import messages
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from capture.forms import OwnNumberForm
from capture.live import films
from capture.models import Consent, Photo
from capture.sign_in import consent, consent_withdrawal
from capture.sign_in.providers import all_providers
from portal import files, history
from portal.errors import NotAllowed
from portal.pages.form_fields import checked
from students.identity.student_access import in_archive, student_page
from students.privacy import own_data

SHOWN = 100


@require_GET
@student_page
def own_data_page(request: Any) -> HttpResponse:
    student = request.student
    context = {
        "consent": consent.in_force(student),
        "earlier": Consent.objects.filter(student=student, ended_at__isnull=False).order_by("-ended_at"),
        "lookers": own_data.lookers(student, most=SHOWN),
        "photos": Photo.objects.filter(student=student),
        "number_form": OwnNumberForm() if student.id_sealed and not student.appeared_by_code else None,
        "is_handed_in": Photo.objects.filter(
            student=student, is_current=True, status__in=consent_withdrawal.HANDED_IN
        ).exists(),
    }
    return render(request, "capture/own_data.html", context)


@require_POST
@student_page
def own_data_copy(request: Any) -> HttpResponse:
    """A ZIP with data.json and the student's pictures, for who knows the student's document number, or has the code that
    says the registry's number."""
    student = request.student
    if student.appeared_by_code:
        _require_code(request)
    elif student.id_sealed:  # else the copy has none
        own_data.require_own_number(student, checked(OwnNumberForm(request.POST))["id_number"])
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        data = json.dumps(own_data.collect(student), cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)
        made.writestr("data.json", data)
        for photo in Photo.objects.filter(student=student):
            for kind in ("original", "portrait"):
                picture = files.content_of(getattr(photo, kind).name)
                if picture is not None:
                    made.writestr(f"{photo.pk}-{kind}.jpg", picture)
            for number, frame in enumerate(films.frames_of_photo(photo)):
                made.writestr(f"{photo.pk}-film-{number}.jpg", frame.jpeg)
    history.record("student.data_taken", student, by=student)
    return files.attachment(file.getvalue(), filename=f"{student.student_no}.zip", content_type="application/zip")


def _require_code(request: Any) -> None:
    """Of who is on no list: the copy has the registry's number, which no student types and a helper's digits do not prove."""
    way = all_providers().get(request.student_session.recognised_by)
    if way is None or not way.names_newcomers:
        raise NotAllowed(
            _("Sign in with your capture code first: the copy holds the number that the registry gave you.")
        )


@require_POST
@student_page
@in_archive
def choose(request: Any) -> HttpResponse:
    """Other ticks for comparisons, film and printing house, under the text that the student agreed to."""
    given = consent.in_force(request.student)
    if given is None or given.version != request.season.consent_version:
        return redirect("capture:confirm")
    consent.agree(
        student=request.student,
        season=request.season,
        version=given.version,
        by=request.student,
        face_comparison="face_comparison" in request.POST,
        admission_comparison="admission_comparison" in request.POST,
        film="film" in request.POST,
        printing="printing" in request.POST,
        guardian_name=given.guardian_name,
        says_under_age=bool(given.guardian_name),
    )
    messages.success(request, _("Saved."))
    return redirect("capture:own_data")


@require_POST
@student_page
@in_archive
def withdraw(request: Any) -> HttpResponse:
    consent_withdrawal.withdraw(student=request.student, by=request.student)
    messages.success(request, _("Your consent is taken back."))
    return redirect("capture:own_data")
