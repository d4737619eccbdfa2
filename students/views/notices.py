"""The notices of the center as a student reads and confirms them."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from portal import files
from portal.pages.form_fields import whole_number
from schools.models import Notice, NoticeFile
from schools.notices import reading
from students.identity.student_access import student_page


@require_GET
@student_page
def notices(request: Any) -> HttpResponse:
    rows = reading.with_receipt(_visible(request), request.student)
    return render(request, "students/notices.html", {"notices": rows})


@require_GET
@student_page
def notice(request: Any, pk: int) -> HttpResponse:
    """The newest version. Who opens it has read it."""
    row = _own(request, pk)
    receipt = reading.read(row, request.student, school=request.school)
    version = row.current
    context = {
        "notice": row,
        "version": version,
        "is_confirmed": (receipt.confirmed_number or 0) >= row.counts_from,
        "files": NoticeFile.objects.filter(pk__in=version.files),
    }
    return render(request, "students/notice.html", context)


@require_POST
@student_page
def notice_confirm(request: Any, pk: int) -> HttpResponse:
    row = _own(request, pk)
    number = whole_number(request.POST.get("version"))
    reading.confirm(row, number, reader=request.student, school=request.school)
    messages.success(request, _("Confirmed."))
    return HttpResponseRedirect(reverse("students:own_notice", args=[row.pk]))


@require_GET
@student_page
def notice_file(request: Any, pk: int, file: int) -> HttpResponse:
    """A file of the newest version."""
    row = _own(request, pk)
    if file not in row.current.files:
        raise Http404
    found = get_object_or_404(NoticeFile, pk=file, notice=row)
    return files.send(found.file, filename=found.name, content_type=found.media_type)


def _visible(request: Any) -> Any:
    return reading.visible(request.school, request.season, to_students=True)


def _own(request: Any, pk: int) -> Notice:
    found: Notice = get_object_or_404(_visible(request), pk=pk)
    return found
