"""Pictures are private files: each view checks who asks. What is written to the history: see docs/decisions.

Previews, portraits and miniatures of the worklist are the daily tool of those who review and leave no event of their
own; opening one photo on the light table does, once a person and day, and taking the original does each time.
"""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404

from capture.judging import likeness as likenesses
from capture.models import Likeness, Photo
from portal import files
from portal.access import center_page, school_page
from students.models import Student
from students.student_access import student_page

KINDS = ("preview", "portrait", "thumbnail")
# A browser may keep a picture for a while; proxies may not. A portrait may be made anew under the same address, so it is
# asked for each time (a 304 mostly), unless the address names its version.
KEEP = "private, max-age=600"
ASK = "private, no-cache"


@student_page
def mine(request: Any, pk: int, kind: str) -> HttpResponse:
    return _send(request, get_object_or_404(Photo, pk=pk, student=request.student), kind)


def portrait_of(request: Any, student: Student, pk: int) -> HttpResponse:
    """For the student's API, which has opened the scope by itself."""
    return _send(request, get_object_or_404(Photo, pk=pk, student=student), "portrait")


@school_page(may="photos.see")
def of_school(request: Any, pk: int, kind: str) -> HttpResponse:
    return _send(request, get_object_or_404(Photo, pk=pk), kind)


@center_page(may="photos.see")
def of_center(request: Any, pk: int, kind: str) -> HttpResponse:
    return _send(request, get_object_or_404(Photo, pk=pk), kind)


@school_page(may="photos.download")
def original(request: Any, pk: int) -> HttpResponse:
    return _download(request, get_object_or_404(Photo.objects.select_related("student"), pk=pk))


@school_page(may="likenesses.compare")
def likeness(request: Any, pk: int) -> HttpResponse:
    """The picture on the other side of an open likeness of a photo of one's own school, and no other of another school. Each
    look is an event on the other side."""
    row = get_object_or_404(Likeness, pk=pk, cleared_at=None)
    file = likenesses.other_picture(row, by=request.user)
    return files.send(file, filename=f"likeness-{row.pk}.jpg", content_type="image/jpeg", download=False)


@center_page(may="photos.download")
def center_original(request: Any, pk: int) -> HttpResponse:
    return _download(request, get_object_or_404(Photo.objects.select_related("student"), pk=pk))


def _send(request: Any, photo: Photo, kind: str) -> HttpResponse:
    if kind not in KINDS:
        raise Http404
    is_lasting = kind == "preview" or request.GET.get("v") == photo.portrait_version
    etag = f'"{kind}-{photo.portrait_version}"'
    if not is_lasting and request.headers.get("If-None-Match") == etag:
        return _kept(HttpResponse(status=304), ASK, etag)
    response = files.send(
        getattr(photo, kind), filename=f"{kind}-{photo.pk}.jpg", content_type="image/jpeg", download=False
    )
    return _kept(response, KEEP) if is_lasting else _kept(response, ASK, etag)


def _kept(response: HttpResponse, how: str, etag: str = "") -> HttpResponse:
    response["Cache-Control"] = how
    if etag:
        response["ETag"] = etag
    return response


def _download(request: Any, photo: Photo) -> HttpResponse:
    return files.download(
        photo.original,
        of=photo,
        by=request.user,
        filename=f"{photo.student.student_no}-{photo.pk}.jpg",
        content_type="image/jpeg",
        kind="photo.downloaded",
    )
