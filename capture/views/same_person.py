"""Admission photos of a school, and what the comparison of faces found."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from capture.forms import AdmissionFileForm, AdmissionPartForm
from capture.models import AdmissionUpload, FaceComparison
from capture.same_person import admission_photos, admission_upload, comparison
from capture.views.review import back_to_review
from portal.access import school_page
from portal.errors import PortalError
from portal.models import Job, Look
from portal.pages.form_fields import checked
from portal.pages.lists import List, choice
from portal.privacy import looks
from portal.security.sealed_parts import PART_BYTES
from students.models import Student

Kind = FaceComparison.Kind
BETWEEN_STUDENTS = (Kind.SWAPPED, Kind.OTHER_ADMISSION, Kind.SAME_FACE)
WORKING = (AdmissionUpload.Status.READING, AdmissionUpload.Status.STORING)


def _uploads(request: Any) -> Any:
    return AdmissionUpload.objects.filter(season=request.season, school=request.school).select_related("job")


@school_page(may="admission_photos.upload")
def admission_photos_page(request: Any) -> HttpResponse:
    """The form of the upload. Without JavaScript the archive is one part."""
    form = AdmissionFileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            row = _begin(request, file.name, 1)
            row = admission_upload.add_part(row=row, number=0, content=file.read(PART_BYTES + 1), by=request.user)
        except PortalError as error:
            form.add_error("file", str(error))
        else:
            return HttpResponseRedirect(reverse("capture:admission_upload", args=[row.pk]))
    have, all_students = admission_photos.coverage(request.season, request.school)
    context = {
        "form": form,
        "have": have,
        "all": all_students,
        "uploads": _uploads(request)[:20],
        "part_bytes": PART_BYTES,
    }
    return render(request, "capture/admission_photos.html", context, status=422 if form.errors else 200)


def _begin(request: Any, filename: str, parts: int) -> AdmissionUpload:
    return admission_upload.begin(
        school=request.school, season=request.season, filename=filename, parts=parts, by=request.user
    )


@require_POST
@school_page(may="admission_photos.upload")
def admission_begin(request: Any) -> HttpResponse:
    """The page begins an archive that it sends in parts; the answer says where to."""
    given = checked(AdmissionPartForm(request.POST))
    row = _begin(request, given["name"], given["parts"])
    return JsonResponse(
        {
            "part": reverse("capture:admission_part", args=[row.pk]),
            "page": reverse("capture:admission_upload", args=[row.pk]),
        }
    )


@require_POST
@school_page(may="admission_photos.upload")
def admission_part(request: Any, pk: int) -> HttpResponse:
    row = get_object_or_404(_uploads(request), pk=pk)
    number, file = request.POST.get("number", ""), request.FILES.get("part")
    if not number.isdecimal() or len(number) > 4 or file is None:
        raise PortalError(_("A part of the file did not arrive whole. Send the file again."))
    admission_upload.add_part(row=row, number=int(number), content=file.read(PART_BYTES + 1), by=request.user)
    return JsonResponse({})


@vary_on_headers("HX-Request")
@require_GET
@school_page(may="admission_photos.upload")
def admission_detail(request: Any, pk: int) -> HttpResponse:
    """One upload, in every state. The page refreshes itself while a job runs."""
    row = get_object_or_404(_uploads(request), pk=pk)
    context = {
        "upload": row,
        "is_working": row.status in WORKING,
        "has_failed": row.job is not None and row.job.status == Job.Status.FAILED,
        "wrong": admission_upload.wrong_names(row),
        "counts": admission_upload.wrong_counts(row),
        "report": row.report,
    }
    return render(request, "capture/admission_upload.html" + ("#state" if request.htmx else ""), context)


@require_POST
@school_page(may="admission_photos.upload")
def admission_confirm(request: Any, pk: int) -> HttpResponse:
    row = admission_upload.confirm(row=get_object_or_404(_uploads(request), pk=pk), by=request.user)
    return HttpResponseRedirect(reverse("capture:admission_upload", args=[row.pk]))


@require_POST
@school_page(may="admission_photos.upload")
def admission_drop(request: Any, pk: int) -> HttpResponse:
    admission_upload.drop(row=get_object_or_404(_uploads(request), pk=pk), by=request.user)
    messages.success(request, _("Dropped: nothing was stored."))
    return HttpResponseRedirect(reverse("capture:admission_photos"))


@require_GET
@school_page(may="likenesses.compare")
def admission_picture(request: Any, pk: int) -> HttpResponse:
    """`pk`: the student. The look is an event."""
    content = admission_photos.picture(get_object_or_404(Student, pk=pk, season=request.season), by=request.user)
    response = HttpResponse(content, content_type="image/jpeg")
    response["Cache-Control"] = "private, max-age=600"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_POST
@school_page(may="likenesses.clear")
def face_answer(request: Any, pk: int) -> HttpResponse:
    """Record whether the two pictures show one person."""
    row = get_object_or_404(FaceComparison.objects.select_related("photo"), pk=pk)
    comparison.answer(row=row, answer=request.POST.get("answer", ""), by=request.user)
    messages.success(request, _("Noted."))
    return back_to_review(request)


class FaceList(List):
    filters = {
        "kind": choice(
            "kind", [(kind.value, kind.label) for kind in BETWEEN_STUDENTS], label=gettext_lazy("What was found")
        )
    }
    sorts = {"": ("distance",), "found": ("-found_at", "-id")}


@require_GET
@school_page(may="likenesses.compare")
def faces(request: Any) -> HttpResponse:
    """Pairs of students whose faces fit each other's pictures, and that nobody has answered."""
    rows = FaceComparison.objects.filter(
        photo__season=request.season, photo__school=request.school, kind__in=BETWEEN_STUDENTS, answer=""
    ).select_related("photo__student", "other_student")
    listed = FaceList(rows, request.GET)
    looks.record(request, Look.Kind.LIST, [row.photo.student_id for row in listed.page])
    return render(request, "capture/faces.html", {"listed": listed, "page": listed.page})
