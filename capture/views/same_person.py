"""Admission photos of a school, and what the comparison of faces found."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from capture.forms import AdmissionFileForm, AdmissionPartForm
from capture.models import AdmissionUpload, FaceComparison
from capture.same_person import admission_photos, admission_upload, comparison
from capture.views.review import back_to_review
from portal.access import center_page, school_page
from portal.errors import PortalError
from portal.models import Job, Look
from portal.pages.form_fields import checked
from portal.pages.lists import List, cases, choice, search
from portal.pages.lists import row as row_filter
from portal.privacy import looks
from portal.security.sealed_parts import PART_BYTES
from schools.models import Area, Enrolment, School
from students import progress
from students.models import Student

BETWEEN_STUDENTS = comparison.BETWEEN_STUDENTS
WORKING = (AdmissionUpload.Status.READING, AdmissionUpload.Status.STORING)


def _uploads(request: Any) -> Any:
    """Of the own school; for the center, of all."""
    rows = AdmissionUpload.objects.filter(season=request.season).select_related("job", "school")
    return rows if request.membership.is_center else rows.filter(school=request.school)


def _url(request: Any, page: str, pk: int) -> str:
    """The page of an upload, in the portal of the person."""
    return reverse(f"capture:center_{page}" if request.membership.is_center else f"capture:{page}", args=[pk])


def _form_url(request: Any, row: AdmissionUpload) -> str:
    """Where the next file is sent."""
    if not request.membership.is_center:
        return reverse("capture:admission_photos")
    enrolment = Enrolment.objects.get(season=row.season_id, school=row.school_id)
    return reverse("capture:center_school_admission", args=[enrolment.pk])


@school_page(may="admission_photos.upload")
def admission_photos_page(request: Any) -> HttpResponse:
    """The form of the upload. Without JavaScript a smaller archive comes in one request."""
    return _upload_page(request, request.school, reverse("capture:admission_begin"))


@center_page(may="admission_photos.upload")
def center_school_admission(request: Any, pk: int) -> HttpResponse:
    """The same, for a school. `pk`: its enrolment."""
    return _upload_page(request, _school_of(request, pk), reverse("capture:center_admission_begin", args=[pk]))


def _school_of(request: Any, pk: int) -> School:
    return get_object_or_404(Enrolment.objects.select_related("school"), pk=pk, season=request.season).school


def _upload_page(request: Any, school: School, begin: str) -> HttpResponse:
    form = AdmissionFileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            row = _begin(request, school, file.name, -(-file.size // PART_BYTES))
            for number, content in enumerate(file.chunks(PART_BYTES)):
                row = admission_upload.add_part(row=row, number=number, content=content, by=request.user)
        except PortalError as error:
            form.add_error("file", str(error))
        else:
            return HttpResponseRedirect(_url(request, "admission_upload", row.pk))
    have, all_students = admission_photos.coverage(request.season, school)
    rows = list(_uploads(request).filter(school=school)[:20])
    context = {
        "form": form,
        "have": have,
        "all": all_students,
        "uploads": [(row, _url(request, "admission_upload", row.pk)) for row in rows],
        "part_bytes": PART_BYTES,
        "begin": begin,
        "of": school if request.membership.is_center else None,
    }
    return render(request, "capture/admission_photos.html", context, status=422 if form.errors else 200)


def _begin(request: Any, school: School, filename: str, parts: int) -> AdmissionUpload:
    return admission_upload.begin(school=school, season=request.season, filename=filename, parts=parts, by=request.user)


@require_POST
@school_page(may="admission_photos.upload")
def admission_begin(request: Any) -> HttpResponse:
    """The page begins an archive that it sends in parts; the answer says where to."""
    return _begun(request, request.school)


@require_POST
@center_page(may="admission_photos.upload")
def center_admission_begin(request: Any, pk: int) -> HttpResponse:
    return _begun(request, _school_of(request, pk))


def _begun(request: Any, school: School) -> HttpResponse:
    given = checked(AdmissionPartForm(request.POST))
    row = _begin(request, school, given["name"], given["parts"])
    return JsonResponse(
        {"part": _url(request, "admission_part", row.pk), "page": _url(request, "admission_upload", row.pk)}
    )


@require_POST
@school_page(may="admission_photos.upload")
def admission_part(request: Any, pk: int) -> HttpResponse:
    return _keep_part(request, pk)


@require_POST
@center_page(may="admission_photos.upload")
def center_admission_part(request: Any, pk: int) -> HttpResponse:
    return _keep_part(request, pk)


def _keep_part(request: Any, pk: int) -> HttpResponse:
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
    return _detail(request, pk)


@vary_on_headers("HX-Request")
@require_GET
@center_page(may="admission_photos.upload")
def center_admission_detail(request: Any, pk: int) -> HttpResponse:
    return _detail(request, pk)


def _detail(request: Any, pk: int) -> HttpResponse:
    """One upload, in every state. The page refreshes itself while a job runs."""
    row = get_object_or_404(_uploads(request), pk=pk)
    context = {
        "upload": row,
        "is_working": row.status in WORKING,
        "has_failed": row.job is not None and row.job.status == Job.Status.FAILED,
        "wrong": admission_upload.wrong_names(row),
        "counts": admission_upload.wrong_counts(row),
        "report": row.report,
        "here": request.path,
        "form_url": _form_url(request, row),
        "confirm_url": _url(request, "admission_confirm", pk),
        "drop_url": _url(request, "admission_drop", pk),
    }
    return render(request, "capture/admission_upload.html" + ("#state" if request.htmx else ""), context)


@require_POST
@school_page(may="admission_photos.upload")
def admission_confirm(request: Any, pk: int) -> HttpResponse:
    return _confirm(request, pk)


@require_POST
@center_page(may="admission_photos.upload")
def center_admission_confirm(request: Any, pk: int) -> HttpResponse:
    return _confirm(request, pk)


def _confirm(request: Any, pk: int) -> HttpResponse:
    row = admission_upload.confirm(row=get_object_or_404(_uploads(request), pk=pk), by=request.user)
    return HttpResponseRedirect(_url(request, "admission_upload", row.pk))


@require_POST
@school_page(may="admission_photos.upload")
def admission_drop(request: Any, pk: int) -> HttpResponse:
    return _drop(request, pk)


@require_POST
@center_page(may="admission_photos.upload")
def center_admission_drop(request: Any, pk: int) -> HttpResponse:
    return _drop(request, pk)


def _drop(request: Any, pk: int) -> HttpResponse:
    row = admission_upload.drop(row=get_object_or_404(_uploads(request), pk=pk), by=request.user)
    messages.success(request, _("Dropped: nothing was stored."))
    return HttpResponseRedirect(_form_url(request, row))


class AdmissionSchools(List):
    filters = {
        "q": search("school__name__icontains", "school__code__startswith"),
        "area": row_filter("school__area", Area.objects.all(), label=gettext_lazy("Area")),
    }
    sorts = {"": ("school__code",)}


@require_GET
@center_page(may="admission_photos.upload")
def center_admission(request: Any) -> HttpResponse:
    """Which schools have admission photos of how many students, and what was found there."""
    if request.season is None:
        raise Http404
    listed = AdmissionSchools(Enrolment.objects.filter(season=request.season).select_related("school"), request.GET)
    have = admission_photos.coverage_of_schools(request.season)
    students = progress.counts_by_school(request.season)
    open_rows = comparison.doubted(request.season).filter(answer="")
    found = dict(open_rows.order_by().values_list("photo__school").annotate(n=Count("pk", distinct=True)))
    rows = [
        {
            "enrolment": row,
            "have": have.get(row.school_id, 0),
            "all": students.get(row.school_id, progress.StageCounts()).total,
            "found": found.get(row.school_id, 0),
        }
        for row in listed.page
    ]
    context = {"listed": listed, "page": listed.page, "rows": rows}
    return render(request, "capture/center_admission.html", context)


@require_GET
@school_page(may="likenesses.compare")
def admission_picture(request: Any, pk: int) -> HttpResponse:
    return _picture(request, pk)


@require_GET
@center_page(may="likenesses.compare")
def center_admission_picture(request: Any, pk: int) -> HttpResponse:
    return _picture(request, pk)


def _picture(request: Any, pk: int) -> HttpResponse:
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
    _note_answer(request, pk)
    return back_to_review(request)


@require_POST
@center_page(may="likenesses.clear")
def center_face_answer(request: Any, pk: int) -> HttpResponse:
    row = _note_answer(request, pk)
    return redirect("capture:center_photo", pk=row.photo_id)


def _note_answer(request: Any, pk: int) -> FaceComparison:
    row = get_object_or_404(
        FaceComparison.objects.select_related("photo", "other_student"), pk=pk, photo__season=request.season
    )
    comparison.answer(row=row, answer=request.POST.get("answer", ""), by=request.user)
    messages.success(request, _("Noted."))
    return row


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
    others = [row.other_student_id for row in listed.page if not row.is_beyond_limit]
    looks.record(request, Look.Kind.LIST, sorted({row.photo.student_id for row in listed.page} | set(others)))
    return render(request, "capture/faces.html", {"listed": listed, "page": listed.page})


class CenterFaceList(List):
    """Of all schools, also those far from the student's own picture; the unanswered by default."""

    filters = {
        "kind": choice("kind", FaceComparison.Kind.choices, label=gettext_lazy("What was found")),
        "school": row_filter("photo__school", School.objects.all(), label=gettext_lazy("School")),
        "answer": cases(
            {
                "open": (gettext_lazy("Not answered"), Q(answer="")),
                **{value: (label, Q(answer=value)) for value, label in FaceComparison.Answer.choices},
            },
            label=gettext_lazy("Answer"),
        ),
    }
    sorts = {"": ("-found_at", "-id"), "distance": ("distance", "id")}
    defaults = {"answer": "open"}


@require_GET
@center_page(may="likenesses.compare")
def center_faces(request: Any) -> HttpResponse:
    """What the comparison has found at all schools."""
    if request.season is None:
        raise Http404
    listed = CenterFaceList(comparison.doubted(request.season), request.GET)
    seen = {row.photo.student_id for row in listed.page} | {row.other_student_id for row in listed.page}
    looks.record(request, Look.Kind.LIST, sorted(seen - {None}))
    schools = School.objects.filter(pk__in=Enrolment.objects.filter(season=request.season).values("school"))
    return render(request, "capture/center_faces.html", {"listed": listed, "page": listed.page, "schools": schools})
